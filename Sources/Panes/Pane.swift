import Cells

/// The parts of the picture: what Tab goes through, `z` enlarges and `?` explains.
public enum Pane: CaseIterable, Equatable, Sendable {
  case console, code, rings, registers, stack, pages, monitor, counters, vmcb, events

  /// Those that share a place where there is no room for all; their numbers are their keys, from 1.
  static let exchangeable: [Pane] = [
    .rings, .registers, .stack, .pages, .monitor, .counters, .vmcb,
  ]

  /// The same, for whoever remembers the choice.
  public static var choices: [Pane] { exchangeable }

  /// The pane's key, if it has one.
  var number: Int? { Self.exchangeable.firstIndex(of: self).map { $0 + 1 } }

  /// Its name in the border.
  func title(_ view: MachineView, _ state: ScreenState, in rect: Rect) -> String {
    switch self {
    case .console: ConsolePane.title(view, state, in: rect)
    case .code: "code"
    case .rings: "rings"
    case .registers: view.lab == nil ? "registers" : "registers: real and believed"
    case .stack: "stack"
    case .pages: "page walk"
    case .monitor: "monitor"
    case .counters: "counters"
    case .vmcb: "VMCB"
    case .events: "events"
    }
  }

  /// What it shows and how to read it, for the help.
  var explanation: String {
    switch self {
    case .console:
      "What the guest prints: its VGA text or its serial line (v changes). F12 or Ctrl-] gives it the "
        + "keys. On small terminals it is a part of 80x25; z shows all."
    case .code:
      "The instructions around CS:EIP; > is next. !TRAPS: faults in the ring it really runs in. "
        + "?SILENT: does not fault there, but answers differently than in ring 0. ~TRANSL: sensitive, "
        + "and not executed as it is: the monitor has translated it."
    case .rings:
      "The ring the processor is really in, [ ], and the one the guest believes in; ≠ where they "
        + "differ. CPL: one digit for each change, the last is now. Below, who runs where in this mode."
    case .registers:
      "A * marks what has changed since the last stop. Under a monitor the left column is the lab CPU's, "
        + "the right one what the guest believes; ≠ where they differ."
    case .stack:
      "The words at SS:ESP, lowest address first, and what the processor pushed of them when it "
        + "entered a handler."
    case .pages:
      "How the addresses in EIP and ESP become physical ones: each entry with its address and bits. "
        + "P present, W writable, U user, S supervisor only, A accessed, D dirty, L large. Under a "
        + "monitor also where in the machine's memory the page really is."
    case .monitor:
      "What the monitor has given the lab CPU: its own tables, in place of the guest's, and what it "
        + "has had to do."
    case .counters:
      "How often each kind of event has happened since the reset. Counted, not estimated."
    case .vmcb:
      "AMD-V's control block: why the guest was left the last time and what VT-x calls that, the fields "
        + "that changed, the intercepts by name. e changes a field or an intercept; z shows all."
    case .events:
      "Number, ring (3>0: a change), what. v: it happened to the guest's virtual processor, in the "
        + "monitor. Up and Down choose one, w explains it, g goes to it."
    }
  }

  /// Draws it into its place.
  func draw(
    _ view: MachineView, _ state: ScreenState, into surface: inout Surface, in rect: Rect
  ) {
    guard rect.width > 0, rect.height > 0 else { return }
    let lines: [Line]
    switch self {
    case .console: return ConsolePane.draw(view, state, into: &surface, in: rect)
    case .code: return CodePane.draw(view, state, into: &surface, in: rect)
    case .events: return EventPane.draw(view, state, into: &surface, in: rect)
    case .rings: lines = RingPane.lines(view, width: rect.width, height: rect.height)
    case .registers: lines = RegisterPane.lines(view, width: rect.width, height: rect.height)
    case .stack: lines = StackPane.lines(view, height: rect.height)
    case .pages: lines = PagePane.lines(view, width: rect.width, height: rect.height)
    case .monitor: lines = MonitorPane.lines(view, width: rect.width)
    case .counters: lines = CounterPane.lines(view, width: rect.width, height: rect.height)
    case .vmcb: lines = ControlBlockPane.lines(view, width: rect.width, height: rect.height)
    }
    for (row, line) in lines.prefix(rect.height).enumerated() {
      line.draw(into: &surface, in: rect, row: row)
    }
  }
}
