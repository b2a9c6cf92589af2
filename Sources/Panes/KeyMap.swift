import Cells

/// Which key does what in CONTROL: the usual table, with the user's changes.
public struct KeyMap: Equatable, Sendable {
  /// Every key, in the order of the key line.
  let rows: [Binding]
  /// The keys that change between CONTROL and GUEST; the only ones a guest can never get.
  let toggleKeys: [Key]
  /// Their name on the screen.
  let toggleName: String

  /// As it is without changes.
  public static let usual = KeyMap(
    rows: Binding.control, toggleKeys: Binding.toggleKeys, toggleName: "F12/^]")

  private init(rows: [Binding], toggleKeys: [Key], toggleName: String) {
    (self.rows, self.toggleKeys, self.toggleName) = (rows, toggleKeys, toggleName)
  }

  /// Other keys for an action.
  public struct Change: Equatable, Sendable {
    public var action: String
    /// By their names; none takes the action its keys.
    public var keys: [String]
    /// Where it says so.
    public var line: Int

    public init(_ action: String, _ keys: [String], line: Int = 0) {
      (self.action, self.keys, self.line) = (action, keys, line)
    }
  }

  /// Why changes cannot be made.
  public struct Mistake: Error, Equatable, Sendable {
    public var line: Int
    /// What is wrong, and what to do instead.
    public var what: String
    public var remedy: String
  }

  /// The usual table with other keys for some actions.
  public init(_ changes: [Change]) throws(Mistake) {
    var keys: [Action: [Key]] = [:]
    var lines: [Action: Int] = [:]
    for change in changes {
      guard let action = Action(named: change.action) else {
        throw Mistake(
          line: change.line, what: "there is no action ‘\(change.action)’",
          remedy: "‘ringside keys’ lists them")
      }
      keys[action] = try change.keys.map { name throws(Mistake) in
        try Self.key(name, for: action, line: change.line)
      }
      lines[action] = change.line
      if change.keys.isEmpty, [.toggleInput, .help, .quit].contains(action) {
        throw Mistake(
          line: change.line, what: "‘\(action.name)’ needs a key", remedy: "name one, as F2")
      }
    }
    let rows = Binding.control.map { row in
      row.actions.contains { keys[$0] != nil } ? row.with(keys) : row
    }
    try Self.refuseKeysWithTwoMeanings(rows, lines)
    let toggles = keys[.toggleInput]
    self.init(
      rows: rows, toggleKeys: toggles ?? Self.usual.toggleKeys,
      toggleName: toggles?.map(\.name).joined(separator: "/") ?? Self.usual.toggleName)
  }

  private static func key(
    _ name: String, for action: Action, line: Int
  ) throws(Mistake) -> Key {
    guard let key = Key(named: name) else {
      throw Mistake(
        line: line, what: "there is no key ‘\(name)’",
        remedy: "write a character, Space, Enter, Tab, Up, PgDn, F2, Ctrl-A …")
    }
    if action == .toggleInput, case .character(let scalar) = key, scalar.value >= 0x20 {
      throw Mistake(
        line: line, what: "with ‘\(name)’ as its key a guest could not be given that character",
        remedy: "use F1 to F12, or Ctrl and a letter")
    }
    return key
  }

  private static func refuseKeysWithTwoMeanings(
    _ rows: [Binding], _ lines: [Action: Int]
  ) throws(Mistake) {
    var actions: [Key: Action] = [:]
    for bound in rows.flatMap(\.keys) {
      guard let other = actions.updateValue(bound.action, forKey: bound.key), other != bound.action
      else { continue }
      // The one that was changed is at fault; the later one if both were.
      let isFirst = lines[other] ?? -1 > lines[bound.action] ?? -1
      let (changed, kept) = isFirst ? (other, bound.action) : (bound.action, other)
      throw Mistake(
        line: lines[changed] ?? 0,
        what: "‘\(bound.key.name)’ is the key of ‘\(kept.name)’ too",
        remedy: "give ‘\(kept.name)’ another one here, or none")
    }
  }

  // MARK: Looking it up

  /// What a key does; nil if nothing.
  func action(for key: Key) -> Action? {
    for row in rows {
      if let found = row.keys.first(where: { $0.key == key }) { return found.action }
    }
    return nil
  }

  /// What the first key of an action is called.
  func name(of action: Action) -> String {
    for row in rows {
      if let found = row.keys.first(where: { $0.action == action }) { return found.key.name }
    }
    return "(no key)"
  }

  /// A text with the keys' names in place of actions' in braces: `{help} shows the keys`.
  func fill(_ text: String) -> String {
    let parts = text.split(separator: "{", omittingEmptySubsequences: false)
    return parts.dropFirst().reduce(String(parts.first ?? "")) { filled, part in
      guard let end = part.firstIndex(of: "}"), let action = Action(named: String(part[..<end]))
      else { return filled + "{" + part }
      return filled + name(of: action) + part[part.index(after: end)...]
    }
  }

  /// Those that the help lists: `S back` is only for the key line.
  var listed: [Binding] { rows.filter { !$0.help.isEmpty } }

  /// The keys of the key line, for a machine that stands still or not.
  func useful(isPaused: Bool) -> [Binding] {
    rows.filter { row in
      !row.word.isEmpty && !row.keys.isEmpty && row.actions[0] != (isPaused ? .pause : .run)
        && (isPaused || row.actions[0] != .backward(.instruction))
    }
  }

  /// All of it as a file of settings, from which a user may start.
  public var settings: String {
    let width = (Action.names.map(\.name.count).max() ?? 0) + 1
    return Action.names.map { name, action in
      let names = rows.filter { !$0.help.isEmpty || $0.word.isEmpty }.flatMap(\.keys)
        .filter { $0.action == action }.map { Self.quoted($0.key.name) }
      let value = names.count == 1 ? names[0] : "[\(names.joined(separator: ", "))]"
      return Digits.left(name + ":", width) + " " + (names.isEmpty ? "none" : value) + "\n"
    }.joined()
  }

  /// YAML has a use of its own for most signs.
  private static func quoted(_ name: String) -> String {
    name.allSatisfy { $0.isLetter || $0.isNumber } ? name : "\"\(name)\""
  }
}

extension Action {
  /// Its name in settings.
  var name: String { Self.names.first { $0.action == self }?.name ?? "" }
}
