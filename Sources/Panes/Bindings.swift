import Cells

/// What a key does while the screen is in CONTROL.
enum Action: Equatable, Sendable {
  case toggleInput, run, pause, runOrPause, step, stepToRingChange, console, zoom, reset
  case breakpoint, runToBreakpoint, why
  case back, previousRingChange, start, latest, goTo, saveSnapshot
  case older, newer, newest, help, quit, suspend, redraw
}

/// One row of the table that the controller obeys and that the key line and the help show.
struct Binding {
  let keys: [Key]
  /// The keys as they are called on screen.
  let name: String
  /// A word or two for the key line; empty keeps it out.
  let word: String
  /// A sentence for the help.
  let help: String
  let action: Action

  init(_ keys: [Key], _ name: String, _ word: String, _ help: String, _ action: Action) {
    self.keys = keys
    self.name = name
    self.word = word
    self.help = help
    self.action = action
  }

  /// The keys that change between CONTROL and GUEST; the only ones a guest can never get. Two,
  /// because some terminals lack F12 and some keyboards make Ctrl-] hard.
  static let toggleKeys: [Key] = [.function(12), .control("]")]
  /// Their name on the screen.
  static let toggleName = "F12/^]"

  /// Every key of CONTROL, in the order of the key line.
  static let control: [Binding] = [
    Binding(toggleKeys, "F12, Ctrl-]", "", "between CONTROL and GUEST", .toggleInput),
    Binding([.character("r")], "r", "run", "run", .run),
    Binding([.character("p")], "p", "pause", "pause", .pause),
    Binding([.character(" ")], "Space", "", "run or pause", .runOrPause),
    Binding([.character("s")], "s", "step", "one instruction", .step),
    Binding([.character("S")], "S", "back", "one instruction back", .back),
    Binding(
      [.character("n")], "n", "next ring", "run until the ring changes", .stepToRingChange),
    Binding([.character("w")], "w", "why", "the event in full: gate, stack, frame", .why),
    Binding([.character("b")], "b", "break", "where to stop: type a predicate", .breakpoint),
    Binding([.character("c")], "c", "", "run until that is true", .runToBreakpoint),
    Binding([.character("N")], "N", "", "back to where the ring last changed", .previousRingChange),
    Binding([.home], "Home", "", "back to the start of the history", .start),
    Binding([.character("G")], "G", "", "forward to the latest moment known", .latest),
    Binding([.character("g")], "g", "", "to the moment of the chosen event", .goTo),
    Binding([.character("v")], "v", "view", "console: VGA text or serial line", .console),
    Binding([.character("z")], "z", "zoom", "console over the whole screen", .zoom),
    Binding([.character("R")], "R", "reset", "reset the machine (asks first)", .reset),
    Binding([.character("k")], "k", "", "keep a snapshot in a file", .saveSnapshot),
    Binding([.up], "Up", "", "an older event, and why it happened", .older),
    Binding([.down], "Down", "", "a newer event", .newer),
    Binding([.end], "End", "", "follow the newest event", .newest),
    Binding([.control("l")], "Ctrl-L", "", "draw the screen anew", .redraw),
    Binding([.control("z")], "Ctrl-Z", "", "back to the shell; fg returns", .suspend),
    Binding([.character("?"), .function(1)], "?", "help", "this page (also F1)", .help),
    Binding([.character("q")], "q", "quit", "quit", .quit),
  ]
}
