/// What keys are called on the screen, in settings and in lines that stand for keys.
extension Key {
  /// `s`, `Space`, `PgDn`, `F1`, `Ctrl-L`.
  public var name: String {
    if let named = Self.named.first(where: { $0.key == self }) { return named.name }
    return switch self {
    case .character(let scalar) where scalar.value < 0x20:
      "Ctrl-\(Character(Unicode.Scalar(UInt8(scalar.value | 0x40))))"
    case .character(let scalar): String(Character(scalar))
    case .function(let number): "F\(number)"
    default: "\(self)"
    }
  }

  /// The key of this name. Names of more than one letter may be written in small letters; `Return`,
  /// `Escape`, `PageUp`, `PageDown` and `^L` are understood too.
  public init?(named name: String) {
    let scalars = Array(name.unicodeScalars)
    if scalars.count == 1, scalars[0].value > 0x20, scalars[0].value != 0x7F {
      self = .character(scalars[0])
      return
    }
    let small = name.lowercased()
    if let named = Self.named.first(where: { $0.name.lowercased() == small }) {
      self = named.key
    } else if let named = Self.synonyms.first(where: { $0.name == small }) {
      self = named.key
    } else if small.hasPrefix("f"), let number = Int(small.dropFirst()), (1...12).contains(number) {
      self = .function(number)
    } else if let control = Self.control(small) {
      self = control
    } else {
      return nil
    }
  }

  /// `ctrl-l` or `^l`. Some of these are keys of their own on every terminal.
  private static func control(_ small: String) -> Key? {
    guard let prefix = ["ctrl-", "c-", "^"].first(where: { small.hasPrefix($0) }) else {
      return nil
    }
    let rest = Array(small.dropFirst(prefix.count).uppercased().unicodeScalars)
    guard rest.count == 1, (0x40...0x5F).contains(rest[0].value) else { return nil }
    switch rest[0] {
    case "H": return .backspace
    case "I": return .tab
    case "J", "M": return .enter
    case "[": return .escape
    default: return .control(rest[0])
    }
  }

  private static let named: [(name: String, key: Key)] = [
    ("Space", .character(" ")), ("Enter", .enter), ("Esc", .escape), ("Tab", .tab),
    ("Shift-Tab", .backTab), ("Backspace", .backspace), ("Delete", .delete), ("Insert", .insert),
    ("Up", .up), ("Down", .down), ("Left", .left), ("Right", .right), ("Home", .home),
    ("End", .end), ("PgUp", .pageUp), ("PgDn", .pageDown),
  ]

  private static let synonyms: [(name: String, key: Key)] = [
    ("return", .enter), ("escape", .escape), ("pageup", .pageUp), ("pagedown", .pageDown),
    ("backtab", .backTab),
  ]
}
