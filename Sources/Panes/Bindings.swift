import Cells

/// What a key does while the screen is in CONTROL.
enum Action: Hashable, Sendable {
  case toggleInput, run, pause, runOrPause, reset, slower, faster, freeze
  case forward(StepGoal), backward(StepGoal)
  case breakpoint, why, editControlBlock
  case start, latest, goTo, scrub(Int), saveSnapshot
  case console, zoom, show(Pane), nextPane, previousPane
  case open(Menu.Kind), compare, predict, labs, answer, leaf(Int)
  case older, newer, newest, help, quit, suspend, redraw
}

/// One row of the table that the controller obeys and that the key line and the help show.
struct Binding: Equatable, Sendable {
  /// A key and what it does.
  struct Bound: Equatable, Sendable {
    let key: Key
    let action: Action
  }

  /// What the row is about, in the order of its usual keys.
  let actions: [Action]
  /// The keys and what each does; there may be none.
  let keys: [Bound]
  /// The keys as they are called on screen.
  let name: String
  /// A word or two for the key line; empty keeps it out.
  let word: String
  /// A sentence for the help.
  let help: String

  init(_ keys: [Key], _ name: String, _ word: String, _ help: String, _ action: Action) {
    self.init(keys.map { ($0, action) }, name, word, help)
  }

  /// A letter that goes forward, and its capital that goes back.
  init(_ letter: Character, _ word: String, _ help: String, _ goal: StepGoal) {
    let capital = letter.uppercased()
    self.init(
      [
        (.character(letter.unicodeScalars.first ?? " "), .forward(goal)),
        (.character(capital.unicodeScalars.first ?? " "), .backward(goal)),
      ], "\(letter), \(capital)", word, help)
  }

  private init(
    _ keys: [(Key, Action)], _ name: String, _ word: String = "", _ help: String
  ) {
    self.init(keys.map { Bound(key: $0.0, action: $0.1) }, name, word, help)
  }

  private init(_ keys: [Bound], _ name: String, _ word: String, _ help: String) {
    self.keys = keys
    actions = keys.reduce(into: []) { actions, bound in
      if !actions.contains(bound.action) { actions.append(bound.action) }
    }
    (self.name, self.word, self.help) = (name, word, help)
  }

  private init(_ row: Binding, keys: [Bound]) {
    (actions, word, help, self.keys) = (row.actions, row.word, row.help, keys)
    name = keys.isEmpty ? "none" : keys.map(\.key.name).joined(separator: ", ")
  }

  /// The same row with other keys for some actions.
  func with(_ changes: [Action: [Key]]) -> Binding {
    Binding(
      self,
      keys: actions.flatMap { action in
        changes[action]?.map { Bound(key: $0, action: action) }
          ?? keys.filter { $0.action == action }
      })
  }

  /// The key as the key line calls it.
  var shortName: String { name.split(separator: ",").first.map(String.init) ?? name }

  /// The keys that change between CONTROL and GUEST. Two, because some terminals lack F12 and some
  /// keyboards make Ctrl-] hard.
  static let toggleKeys: [Key] = [.function(12), .control("]")]

  /// Every usual key of CONTROL, in the order of the key line.
  static let control: [Binding] = [
    Binding(toggleKeys, "F12, Ctrl-]", "", "between CONTROL and GUEST", .toggleInput),
    Binding([.character("r")], "r", "run", "run", .run),
    Binding([.character("p")], "p", "pause", "pause", .pause),
    Binding([.character(" ")], "Space", "", "run or pause", .runOrPause),
    Binding("s", "step", "an instruction; capitals go back", .instruction),
    Binding([(.character("S"), .backward(.instruction))], "S", "back", ""),
    Binding("n", "ring", "to the next change of ring", .ringChange),
    Binding("t", "trap", "to the next fault", .trap),
    Binding("o", "", "over a call, INT or handler", .over),
    Binding("u", "", "out of this function or handler", .out),
    Binding("h", "", "to the next hypercall", .hypercall),
    Binding("x", "", "to where the guest is left for the monitor", .exit),
    Binding([.character("w")], "w", "why", "the event in full: gate, stack, frame", .why),
    Binding(
      zip(1..., Pane.exchangeable).map { number, pane in
        (.character(Unicode.Scalar(UInt8(0x30 + number))), .show(pane))
      }, "1-7", "pane", "rings regs stack pages monitor counts VMCB"),
    Binding(
      [.character("m")], "m", "mode", "another mode: from the start, or from here", .open(.modes)),
    Binding([.character("=")], "=", "", "compare with another mode at the same tick", .compare),
    Binding([.character("P")], "P", "", "predict: guess before each step s", .predict),
    Binding([.character("e")], "e", "", "edit the VMCB, in the mode hardware", .editControlBlock),
    Binding([.character("b")], "b", "break", "where to stop: type a predicate", .breakpoint),
    Binding("c", "", "run until that is true", .predicate),
    Binding([(.tab, .nextPane), (.backTab, .previousPane)], "Tab", "", "focus the next pane"),
    Binding([.character("z")], "z", "zoom", "the focused pane, else the console, large", .zoom),
    Binding([.character("v")], "v", "view", "console: VGA text or serial line", .console),
    Binding([.up], "Up", "", "an older event, and why it happened", .older),
    Binding([.down], "Down", "", "a newer event", .newer),
    Binding([.end], "End", "", "follow the newest event", .newest),
    Binding([.character("g")], "g", "", "to the moment of the chosen event", .goTo),
    Binding(
      [(.left, .scrub(-1)), (.right, .scrub(1))], "Left, Right", "",
      "a fiftieth of the history back, forward"),
    Binding([.home], "Home", "", "back to the start of the history", .start),
    Binding([.character("G")], "G", "", "forward to the latest moment known", .latest),
    Binding([(.character("-"), .slower), (.character("+"), .faster)], "-, +", "", "slow motion"),
    Binding([.character("f")], "f", "", "freeze the picture while the machine runs", .freeze),
    Binding([.character("i")], "i", "", "ideas: cards about the concepts", .open(.pages)),
    Binding([.character("d")], "d", "", "demos: walks over one thing each", .open(.guides)),
    Binding([.character("l")], "l", "", "labs; in a lab: its page, or the console", .labs),
    Binding([.character("a")], "a", "", "answer the lab's question", .answer),
    Binding(
      [(.pageDown, .leaf(1)), (.pageUp, .leaf(-1))], "PgDn, PgUp", "",
      "leaf through the lab's page; scroll the pane"),
    Binding([.character("k")], "k", "", "keep a snapshot in a file", .saveSnapshot),
    Binding([.character("R")], "R", "reset", "reset the machine (asks first)", .reset),
    Binding([.control("l")], "Ctrl-L", "", "draw the screen anew", .redraw),
    Binding([.control("z")], "Ctrl-Z", "", "back to the shell; fg returns", .suspend),
    Binding([.character("?"), .function(1)], "?", "help", "this page (also F1)", .help),
    Binding([.character("q")], "q", "quit", "quit", .quit),
  ]
}
