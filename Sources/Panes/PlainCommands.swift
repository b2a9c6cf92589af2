import Cells
import Machine

/// Lines typed in place of keys: a key by its name, or the word for what it does, with what it asks for
/// behind it.
extension ScreenController {
  /// What came of a line.
  public struct Reply: Equatable, Sendable {
    /// What the machine is to do, in order.
    public var commands: [Command] = []
    /// What is to be read at once.
    public var words: [String] = []
  }

  /// Takes a line.
  public mutating func handle(line: String, view: MachineView) -> Reply {
    let text = PlainText.trimmed(line)
    var reply = Reply()
    if state.input == .guest, Key(named: text).map({ !state.keys.toggleKeys.contains($0) }) ?? true
    {
      reply.commands = typed(line, view)
    } else if isAsking {
      answer(text, view, &reply)
    } else {
      obey(text, view, &reply)
    }
    read(view, &reply)
    return reply
  }

  /// A question is open, to which the next line is the answer.
  private var isAsking: Bool {
    state.menu != nil || state.prompt != nil || state.fieldPrompt != nil || state.answering != nil
      || state.asksReset || state.prediction.map { $0.guess == nil } ?? false
  }

  private mutating func press(_ key: Key, _ view: MachineView, _ reply: inout Reply) {
    if let command = handle(key, view: view) { reply.commands.append(command) }
  }

  private mutating func answer(_ text: String, _ view: MachineView, _ reply: inout Reply) {
    if let menu = state.menu { return choose(text, menu, view, &reply) }
    if Key(named: text) == .escape { return press(.escape, view, &reply) }
    if state.asksReset || state.prediction != nil {
      return press(text.unicodeScalars.first.map { .character($0) } ?? .escape, view, &reply)
    }
    // What was typed before and has a mistake is replaced.
    press(.control("u"), view, &reply)
    for scalar in text.unicodeScalars { press(.character(scalar), view, &reply) }
    press(.enter, view, &reply)
  }

  /// By number, or by name: `full:trap`, `2`, `c 2`.
  private mutating func choose(
    _ text: String, _ menu: Menu, _ view: MachineView, _ reply: inout Reply
  ) {
    let goesOn = text.hasPrefix("c ")
    let wanted = (goesOn ? String(text.dropFirst(2)) : text).lowercased()
    if Key(named: wanted) == .escape || wanted == "q" || wanted.isEmpty {
      return press(.escape, view, &reply)
    }
    let number = Int(wanted).map { $0 - 1 }
    let place =
      number ?? menu.items.firstIndex {
        $0.label.lowercased() == wanted || $0.choice.name == wanted
      }
      ?? menu.items.firstIndex { $0.label.lowercased().hasPrefix(wanted) }
    guard let place, menu.items.indices.contains(place) else {
      reply.words.append("there is no ‘\(text)’ in this list; esc leaves it")
      return
    }
    state.menu?.chosen = place
    press(goesOn ? .character("c") : .enter, view, &reply)
  }

  private mutating func obey(_ text: String, _ view: MachineView, _ reply: inout Reply) {
    let parts = text.split(separator: " ", maxSplits: 1).map(String.init)
    let head = parts.first ?? ""
    let rest = parts.count > 1 ? PlainText.trimmed(parts[1]) : ""
    switch head.lowercased() {
    case "", "where": reply.words += PlainText.place(view)
    case "type": reply.commands += typed(rest, view)
    case "key":
      guard let key = Key(named: rest) else {
        return reply.words.append("there is no key ‘\(rest)’; as in ‘key Up’, ‘key Ctrl-C’")
      }
      reply.commands.append(.guestKey(key, console(view)))
    case "wait":
      guard !rest.isEmpty else { return reply.words.append("wait for which text? ‘wait ready’") }
      reply.commands.append(.play([.wait(rest)], from: nil))
    case "events":
      reply.words += view.events.suffix(Int(rest) ?? 20).map(PlainText.event)
      if view.events.isEmpty { reply.words.append("no events yet") }
    case "code", "console":
      reply.words += PlainText.pane(head.lowercased() == "code" ? .code : .console, view, state)
    default: act(head, rest, text, view, &reply)
    }
  }

  /// The action or the key of this name, with the answer to what it asks.
  private mutating func act(
    _ head: String, _ rest: String, _ whole: String, _ view: MachineView, _ reply: inout Reply
  ) {
    let selected = state.selectedEvent
    if rest.isEmpty, state.guide != nil, let key = Key(named: head) {
      // A guide has keys of its own.
      press(key, view, &reply)
      return note(state.keys.action(for: key), view, &reply)
    }
    let isWhole = Action(named: whole) != nil
    guard
      let action = Action(named: whole) ?? Action(named: head)
        ?? Key(named: head).flatMap({ state.keys.action(for: $0) })
    else { return reply.words.append("no command ‘\(whole)’; ‘help’ lists them") }
    let answers = !rest.isEmpty && !isWhole
    if answers, action == .goTo || action == .why, let number = UInt64(rest) {
      state.selectedEvent = number
    }
    perform(action, view, &reply)
    if answers, isAsking { answer(rest, view, &reply) }
    note(action, view, &reply)
    if action == .why {
      read(view, &reply)
      state.selectedEvent = selected
    }
  }

  private mutating func perform(_ action: Action, _ view: MachineView, _ reply: inout Reply) {
    state.notice = nil
    if action == .toggleInput { return press(state.keys.toggleKeys[0], view, &reply) }
    // A lab's page is read part by part.
    if case .leaf(let step) = action, let sheet = view.sheet {
      let next = state.sheetPart + step
      if sheet.parts.indices.contains(next) { (state.sheetPart, state.sheetScroll) = (next, 0) }
      return
    }
    if let command = leavePath(perform(action, view: view)) { reply.commands.append(command) }
  }

  /// What a sighted user would look at after that.
  private mutating func note(_ action: Action?, _ view: MachineView, _ reply: inout Reply) {
    switch action {
    case .show(let pane): reply.words += PlainText.pane(pane, view, state)
    case .zoom:
      reply.words += PlainText.pane(state.zoomed ?? .console, view, state)
      (state.zoomed, state.notice) = (nil, nil)
    case .nextPane, .previousPane:
      if let focus = state.focus { reply.words += PlainText.pane(focus, view, state) }
    case .console: reply.words += PlainText.pane(.console, view, state)
    case .older, .newer, .newest:
      if let event = state.explained(in: view) { reply.words.append(PlainText.event(event)) }
    case .toggleInput:
      reply.words.append(
        state.input == .guest
          ? "lines go to the guest now; a line \(state.keys.toggleKeys[0].name) takes them back"
          : "lines are commands again")
    case .freeze:
      reply.words.append(state.isFrozen ? "silent until ‘freeze’ comes again" : "told again")
    default: break
    }
  }

  /// What covers the screen is read and closed.
  private mutating func read(_ view: MachineView, _ reply: inout Reply) {
    if state.helpRow != nil {
      reply.words += PlainText.help(state.keys)
      state.helpRow = nil
    }
    if state.showsWhy {
      if let event = state.explained(in: view) {
        reply.words.append(PlainText.event(event))
        reply.words += ExplanationPane.rows(of: event, width: 10_000).filter { !$0.isEmpty }
      } else {
        reply.words.append("no events yet")
      }
      state.showsWhy = false
    }
    if let page = state.page {
      reply.words += PlainText.page(page)
      state.page = nil
    }
    if let notice = state.notice {
      reply.words.append(notice)
      state.notice = nil
    }
  }

  private func console(_ view: MachineView) -> Console {
    state.chosenConsole ?? (view.serial.bytes > 0 ? .serial : .text)
  }

  /// A line for the guest, with Enter.
  private func typed(_ text: String, _ view: MachineView) -> [Command] {
    text.unicodeScalars.map { .guestKey(.character($0), console(view)) }
      + [.guestKey(.enter, console(view))]
  }
}

extension Menu.Choice {
  /// The name on the command line of what is chosen.
  fileprivate var name: String? {
    switch self {
    case .guide(let name), .lab(let name), .page(let name): name
    case .machine(let choice): choice.mode?.rawValue ?? choice.image
    case .goOn(let mode), .compare(let mode): mode.rawValue
    case .menu, .close: nil
    }
  }
}

extension PlainText {
  /// The words there are.
  static func help(_ keys: KeyMap) -> [String] {
    let own: [(String, String)] = [
      ("where", "where the machine stands; an empty line says it too"),
      ("events 20", "the newest events, each with its why"),
      ("code, console", "the instructions around EIP; what the guest has printed"),
      ("type TEXT, key NAME", "to the guest"), ("wait TEXT", "run until the guest prints it"),
      ("why 7, go 7", "about event 7, and to its moment"),
    ]
    let listed = keys.listed.map { binding in
      let words = Action.names.filter { name in
        binding.keys.contains { $0.action == name.action }
      }
      return (words.map(\.name).joined(separator: ", "), binding.name, keys.fill(binding.help))
    }
    return [
      "Lines are commands: a word, or the key by its name; what it asks for may stand behind it."
    ]
      + own.map { "  \($0.0): \($0.1)" }
      + listed.map { "  \($0.0) (\($0.1)): \($0.2)" }
  }
}
