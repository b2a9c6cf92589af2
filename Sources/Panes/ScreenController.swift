public import Cells
public import Predicates

/// What the screen asks of the machine or of the terminal.
public enum Command: Equatable, Sendable {
  /// Let the machine run.
  case run
  /// Stop it after the current instruction.
  case pause
  /// One instruction.
  case step
  /// Run until CPL changes.
  case stepToRingChange
  /// Stop where this is true from now on, nowhere if nil; and let the machine run.
  case stopAt(Predicate?, runs: Bool)
  /// Go to another moment of the history.
  case travel(Destination)
  /// Start the guest again from its beginning.
  case reset
  /// Write the machine to a file.
  case saveSnapshot
  /// A key for the guest, by the way the shown console has.
  case guestKey(Key, Console)
  /// Give the terminal back for a while.
  case suspend
  /// Draw everything anew.
  case redraw
  /// Leave.
  case quit
}

/// Moments that keys lead to.
public enum Destination: Equatable, Sendable {
  /// One instruction back.
  case back
  /// Right behind the last change of ring before now.
  case previousRingChange
  /// Where the history begins.
  case start
  /// The last moment that is known.
  case latest
  /// A machine tick.
  case tick(UInt64)
}

/// The ways a guest shows text and takes keys.
public enum Console: Equatable, Sendable {
  /// VGA text memory and the keyboard.
  case text
  /// The first serial line.
  case serial
}

/// What the screen remembers between keys; nothing of it concerns the machine.
public struct ScreenState: Equatable, Sendable {
  /// Who gets the keys.
  public enum Input: Equatable, Sendable {
    /// Keys drive the lab.
    case control
    /// Keys go to the guest.
    case guest
  }

  /// Who gets the keys.
  public var input = Input.control
  /// The console takes the whole screen.
  public var isZoomed = false
  /// First row of the help; nil when it is closed.
  public var helpRow: Int?
  /// The console the user chose; nil lets the guest's output decide.
  public var chosenConsole: Console?
  /// The chosen event's sequence number; nil follows the newest.
  public var selectedEvent: UInt64?
  /// The event's explanation covers the screen.
  public var showsWhy = false
  /// What the machine stops at.
  public var breakpoint: Predicate?
  /// A predicate is being typed.
  public var prompt: PredicatePrompt?
  /// The screen asks whether to reset.
  public var asksReset = false
  /// A remark on the last key.
  public var notice: String?

  /// The state a session starts with.
  public init() {}

  /// The console to show: the chosen one, else the one the guest writes to.
  public func console(for view: MachineView) -> Console {
    if let chosenConsole { return chosenConsole }
    let isBlank = view.textScreen?.cells.allSatisfy { $0.glyph == 0x20 || $0.glyph == 0 } ?? true
    return isBlank && view.serial.bytes > 0 ? .serial : .text
  }
}

/// Turns keys into commands and keeps the screen's state. Pure: a list of keys in, commands out.
public struct ScreenController: Sendable {
  /// What the panes need to know beside the machine.
  public private(set) var state = ScreenState()

  /// A controller at the start of a session.
  public init() {}

  /// Takes a key, and says what is to be done if it is not the screen's own affair.
  public mutating func handle(_ key: Key, view: MachineView) -> Command? {
    state.notice = nil
    if Binding.toggleKeys.contains(key) {
      toggleInput()
      return nil
    }
    if state.input == .guest { return .guestKey(key, state.console(for: view)) }
    if state.asksReset {
      state.asksReset = false
      return key == .character("y") || key == .character("Y") ? .reset : nil
    }
    if state.prompt != nil { return handlePrompt(key) }
    if state.showsWhy, handleWhy(key) { return nil }
    if state.helpRow != nil, handleHelp(key) { return nil }
    guard let binding = Binding.control.first(where: { $0.keys.contains(key) }) else {
      state.notice = notice(for: key)
      return nil
    }
    return perform(binding.action, view: view)
  }

  /// A remark of the program itself, shown until the next key.
  public mutating func note(_ text: String) { state.notice = text }

  private mutating func toggleInput() {
    state.input = state.input == .control ? .guest : .control
    state.helpRow = nil
    state.asksReset = false
    state.showsWhy = false
    state.prompt = nil
  }

  /// The keys of the row in which a predicate is typed.
  private mutating func handlePrompt(_ key: Key) -> Command? {
    guard let outcome = state.prompt?.handle(key) else { return nil }
    switch outcome {
    case .editing: return nil
    case .cancelled: state.prompt = nil
    case .entered(let predicate):
      let runs = state.prompt?.runs == true && predicate != nil
      state.prompt = nil
      state.breakpoint = predicate
      if runs { state.selectedEvent = nil }
      return .stopAt(predicate, runs: runs)
    }
    return nil
  }

  /// Whether the explanation took the key: it follows the event list, and closes on the rest.
  private mutating func handleWhy(_ key: Key) -> Bool {
    if [.up, .down, .end].contains(key) { return false }
    state.showsWhy = false
    return [.character("w"), .character("q"), .escape, .enter, .character(" ")].contains(key)
  }

  /// Whether the help took the key: it scrolls, and any key but a command closes it.
  private mutating func handleHelp(_ key: Key) -> Bool {
    guard let row = state.helpRow else { return false }
    switch key {
    case .up: state.helpRow = max(0, row - 1)
    case .down: state.helpRow = min(HelpPane.lines.count - 1, row + 1)
    case .character("q"), .character("?"), .function(1), .escape, .enter, .character(" "):
      state.helpRow = nil
    default:
      state.helpRow = nil
      return false
    }
    return true
  }

  private mutating func perform(_ action: Action, view: MachineView) -> Command? {
    switch action {
    case .run, .step, .stepToRingChange, .runOrPause, .runToBreakpoint:
      if case .stopped(let reason) = view.runState {
        state.notice = "The machine has stopped (\(reason)); S goes back, R resets it."
        return nil
      }
      if action == .runToBreakpoint && state.breakpoint == nil {
        state.prompt = PredicatePrompt(text: "", runs: true)
        return nil
      }
      state.selectedEvent = nil
      return command(action, isRunning: view.runState != .paused)
    case .pause: return .pause
    case .back: return .travel(.back)
    case .previousRingChange: return .travel(.previousRingChange)
    case .start: return .travel(.start)
    case .latest: return .travel(.latest)
    case .goTo: return goToChosen(in: view)
    case .saveSnapshot: return .saveSnapshot
    case .quit: return .quit
    case .suspend: return .suspend
    case .redraw: return .redraw
    case .toggleInput: toggleInput()
    case .reset: state.asksReset = true
    case .breakpoint:
      state.prompt = PredicatePrompt(text: state.breakpoint?.description ?? "", runs: false)
    case .why: state.showsWhy = state.explained(in: view) != nil
    case .zoom:
      state.isZoomed.toggle()
      if state.isZoomed { state.notice = "z shows all panes again." }
    case .console: state.chosenConsole = state.console(for: view) == .text ? .serial : .text
    case .help: state.helpRow = 0
    case .newest: state.selectedEvent = nil
    case .older: select(-1, in: view)
    case .newer: select(1, in: view)
    }
    return nil
  }

  /// Right behind the chosen event, where it is the newest one.
  private mutating func goToChosen(in view: MachineView) -> Command? {
    guard let chosen = view.events.first(where: { $0.sequence == state.selectedEvent }) else {
      state.notice = "Choose an event first, with Up; g goes to it."
      return nil
    }
    state.selectedEvent = nil
    return .travel(.tick(chosen.guestTick + 1))
  }

  private func command(_ action: Action, isRunning: Bool) -> Command {
    switch action {
    case .step: .step
    case .stepToRingChange: .stepToRingChange
    case .runOrPause: isRunning ? .pause : .run
    default: .run
    }
  }

  private mutating func select(_ step: Int, in view: MachineView) {
    guard !view.events.isEmpty else { return }
    let last = view.events.count - 1
    let current =
      state.selectedEvent.map { chosen in
        view.events.firstIndex { $0.sequence >= chosen } ?? last
      } ?? (step < 0 ? last + 1 : last)
    let next = max(0, current + step)
    state.selectedEvent = next > last ? nil : view.events[next].sequence
  }

  private func notice(for key: Key) -> String {
    switch key {
    case .control("c"):
      "Ctrl-C is the guest's, after \(Binding.toggleName); here q quits."
    case .escape: "? shows the keys."
    default:
      "That key does nothing here; ? shows the keys, \(Binding.toggleName) types to the guest."
    }
  }
}
