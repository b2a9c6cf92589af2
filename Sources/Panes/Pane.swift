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

  /// Its name in the border; and which of its rows are shown, if there are more.
  func title(_ view: MachineView, _ state: ScreenState, in rect: Rect) -> String {
    let name = name(view, state, in: rect)
    let content = content(view, state.keys, in: rect)
    guard content.lines.count > rect.height, rect.height > 0 else { return name }
    let first = state.firstRow(of: self, content, height: rect.height)
    let place = "\(name)  \(first + 1)-\(first + rect.height) of \(content.lines.count)"
    return self == state.scrollable ? "\(place): \(state.keys.name(of: .leaf(1)))" : place
  }

  private func name(_ view: MachineView, _ state: ScreenState, in rect: Rect) -> String {
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
      "What the guest prints: its VGA text or its serial line ({view} changes). {guest} gives it the "
        + "keys. On small terminals it is a part of 80x25; {zoom} shows all."
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
        + "has had to do. full:translate: the guest's code beside what is really executed; CALLOUT calls "
        + "the monitor. para: domains, event channels, grants; mfn is a frame of the machine, pfn the "
        + "domain's own number for it. {page-down} and {page-up} scroll, {zoom} shows more."
    case .counters:
      "How often each kind of event has happened since the reset. Counted, not estimated."
    case .vmcb:
      "AMD-V's control block: why the guest was left the last time and what VT-x calls that, the fields "
        + "that changed, the intercepts by name. e changes a field or an intercept; {zoom} shows all."
    case .events:
      "Number, ring (3>0: a change), what. v: it happened to the guest's virtual processor, in the "
        + "monitor. {older} and {newer} choose one, {why} explains it, {go} goes to it."
    }
  }

  /// Draws it into its place.
  func draw(
    _ view: MachineView, _ state: ScreenState, into surface: inout Surface, in rect: Rect
  ) {
    guard rect.width > 0, rect.height > 0 else { return }
    switch self {
    case .console: return ConsolePane.draw(view, state, into: &surface, in: rect)
    case .code: return CodePane.draw(view, state, into: &surface, in: rect)
    case .events: return EventPane.draw(view, state, into: &surface, in: rect)
    case .rings, .registers, .stack, .pages, .monitor, .counters, .vmcb: break
    }
    let content = content(view, state.keys, in: rect)
    let first = state.firstRow(of: self, content, height: rect.height)
    for (row, line) in content.lines.dropFirst(first).prefix(rect.height).enumerated() {
      line.draw(into: &surface, in: rect, row: row)
    }
  }

  /// The rows of a pane that is made of rows, and which of them must be in sight; there may be more than
  /// there is room for.
  func content(
    _ view: MachineView, _ keys: KeyMap, in rect: Rect
  ) -> (lines: [Line], current: Int?) {
    let (width, height) = (rect.width, rect.height)
    switch self {
    case .console, .code, .events: return ([], nil)
    case .rings: return (RingPane.lines(view, width: width, height: height), nil)
    case .registers: return (RegisterPane.lines(view, width: width, height: height), nil)
    case .stack: return (StackPane.lines(view, keys, height: height), nil)
    case .pages: return (PagePane.lines(view, keys, width: width, height: height), nil)
    case .monitor: return MonitorPane.content(view, keys, width: width)
    case .counters: return (CounterPane.lines(view, width: width, height: height), nil)
    case .vmcb: return (ControlBlockPane.lines(view, width: width, height: height), nil)
    }
  }
}
