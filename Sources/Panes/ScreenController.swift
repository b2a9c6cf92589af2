public import Cells
import Predicates

/// Turns keys into commands and keeps the screen's state. Pure: a list of keys in, commands out.
public struct ScreenController: Sendable {
  /// What the panes need to know beside the machine.
  public internal(set) var state = ScreenState()
  /// The terminal's size, for whoever scrolls.
  public var size = Size(width: 80, height: 24)
  /// What is shown in place of the machine as it is now.
  private var frozen: MachineView?

  /// What can be opened.
  let catalogue: Catalogue

  /// A controller at the start of a session.
  public init(_ catalogue: Catalogue = Catalogue(), keys: KeyMap = .usual) {
    self.catalogue = catalogue
    state.keys = keys
  }

  /// Takes a key, and says what is to be done if it is not the screen's own affair.
  public mutating func handle(_ key: Key, view: MachineView) -> Command? {
    state.notice = nil
    if state.keys.toggleKeys.contains(key) {
      toggleInput()
      return nil
    }
    if state.input == .guest { return leavePath(.guestKey(key, state.console(for: view))) }
    if state.asksReset {
      state.asksReset = false
      return key == .character("y") || key == .character("Y") ? leavePath(.reset) : nil
    }
    if state.prediction != nil && state.prediction?.guess == nil {
      guard let guess = Prediction.guess(key) else {
        state.prediction = nil
        return nil
      }
      state.prediction?.guess = guess
      return leavePath(goForward(.step(.instruction)))
    }
    if state.prompt != nil { return leavePath(handlePrompt(key)) }
    if state.fieldPrompt != nil { return leavePath(handleFieldPrompt(key)) }
    if let answer = state.answering?.handle(key) {
      let question = state.answering?.question ?? ""
      state.answering = nil
      return answer.isEmpty ? nil : .answer(answer, to: question)
    }
    if state.answering != nil { return nil }
    if state.menu != nil { return handleMenu(key, view: view) }
    if let stays = state.page?.handle(key) {
      if !stays { state.page = nil }
      return nil
    }
    if state.showsWhy, handleWhy(key) { return nil }
    if state.helpRow != nil, handleHelp(key) { return nil }
    if state.guide != nil, let command = handleGuide(key) { return command.command }
    guard let action = state.keys.action(for: key) else {
      state.notice = notice(for: key)
      return nil
    }
    return leavePath(perform(action, view: view))
  }

  /// What is to be drawn when the machine is as in `view`.
  public func shown(_ view: MachineView) -> MachineView { frozen ?? view }

  /// Takes news of the machine in: what came of a guess.
  public mutating func see(_ view: MachineView) {
    guard let verdict = state.prediction?.verdict(view) else { return }
    state.prediction = nil
    state.notice = verdict
  }

  /// A controller whose exchangeable place shows what it did the last time.
  public mutating func restore(side: Pane) { state.side = side }

  private mutating func toggleInput() {
    state.input = state.input == .control ? .guest : .control
    state.helpRow = nil
    state.asksReset = false
    state.showsWhy = false
    (state.prompt, state.fieldPrompt) = (nil, nil)
    (state.menu, state.page, state.answering) = (nil, nil, nil)
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

  /// The keys of the row in which a change of the VMCB is typed.
  private mutating func handleFieldPrompt(_ key: Key) -> Command? {
    switch state.fieldPrompt?.handle(key) {
    case .entered(let edit):
      state.fieldPrompt = nil
      return .edit(edit)
    case .cancelled: state.fieldPrompt = nil
    case .editing, nil: break
    }
    return nil
  }

  private mutating func editControlBlock(_ view: MachineView) {
    guard view.wholeControlBlock != nil else {
      state.notice = "There is a VMCB in the mode hardware, while the machine is paused."
      return
    }
    state.side = .vmcb
    state.fieldPrompt = FieldPrompt()
  }

  /// Whether the explanation took the key: it follows the event list, and closes on the rest.
  private mutating func handleWhy(_ key: Key) -> Bool {
    let action = state.keys.action(for: key)
    if [.older, .newer, .newest].contains(action) { return false }
    state.showsWhy = false
    return [.why, .quit].contains(action)
      || [.character("q"), .escape, .enter, .character(" ")].contains(key)
  }

  /// Whether the help took the key: it scrolls, and any key but a command closes it.
  private mutating func handleHelp(_ key: Key) -> Bool {
    guard let row = state.helpRow else { return false }
    let rows = HelpPane.lines(focus: state.zoomed ?? state.focus, state.keys).count
    switch key {
    case .up: state.helpRow = max(0, row - 1)
    case .down: state.helpRow = min(rows - 5, row + 1)
    case .pageUp: state.helpRow = max(0, row - 15)
    case .pageDown: state.helpRow = min(rows - 5, row + 15)
    case .character("q"), .escape, .enter, .character(" "): state.helpRow = nil
    case _ where [.help, .quit].contains(state.keys.action(for: key)): state.helpRow = nil
    default:
      state.helpRow = nil
      return false
    }
    return true
  }

  mutating func perform(_ action: Action, view: MachineView) -> Command? {
    switch action {
    case .run: return mayRun(view) ? goForward(.run) : nil
    case .forward(let goal): return step(goal, view)
    case .runOrPause:
      guard mayRun(view) else { return nil }
      return view.runState == .paused ? goForward(.run) : .pause
    case .pause: return .pause
    case .backward(let goal):
      if goal == .predicate && state.breakpoint == nil {
        state.notice = "Nothing to look for yet: {break} takes a predicate."
        return nil
      }
      return .travel(.back(goal))
    case .start: return .travel(.start)
    case .latest: return .travel(.latest)
    case .scrub(let count): return .travel(.fiftieths(count))
    case .goTo: return goToChosen(in: shown(view))
    case .slower, .faster:
      state.changePace(by: action == .slower ? -1 : 1)
      state.notice =
        state.pace.map { "r runs \($0) instructions a second." } ?? "r runs at full speed."
      return .pace(state.pace)
    case .saveSnapshot: return .saveSnapshot
    case .compare where view.isCompared: return .compare(nil)
    case .quit: return .quit
    case .suspend: return .suspend
    case .redraw: return .redraw
    default: perform(ownAction: action, view: view, shown: shown(view))
    }
    return nil
  }

  /// What is the screen's own affair.
  private mutating func perform(
    ownAction action: Action, view: MachineView, shown: MachineView
  ) {
    switch action {
    case .toggleInput: toggleInput()
    case .reset: state.asksReset = true
    case .breakpoint:
      state.prompt = PredicatePrompt(text: state.breakpoint?.description ?? "", runs: false)
    case .editControlBlock: editControlBlock(view)
    case .why: state.showsWhy = state.explained(in: shown) != nil
    case .zoom: zoom()
    case .show(let pane):
      state.focus = pane
      if let zoomed = state.zoomed, zoomed.number != nil { state.zoomed = pane }
      (state.side, state.scrolled) = (pane, 0)
    case .nextPane: state.moveFocus(by: 1)
    case .previousPane: state.moveFocus(by: -1)
    case .labs:
      if view.sheet == nil {
        open(.labs, view: view)
      } else {
        state.hidesSheet.toggle()
      }
    case .answer: beginAnswer(view)
    case .compare: open(.compare, view: view)
    case .predict:
      state.predicts.toggle()
      state.notice =
        state.predicts
        ? "{step} asks for your guess first; the marks in the code are hidden. {predict} ends this."
        : "{step} steps at once again."
    case .leaf(let step):
      if let sheet = view.sheet, state.zoomed == nil { return state.leaf(sheet, by: step) }
      scroll(by: step, in: shown)
    case .open(let kind): open(kind, view: view)
    case .freeze:
      state.isFrozen.toggle()
      frozen = state.isFrozen ? view : nil
    case .console: state.chosenConsole = state.console(for: view) == .text ? .serial : .text
    case .help: state.helpRow = 0
    case .newest: state.selectedEvent = nil
    case .older: select(-1, in: shown)
    case .newer: select(1, in: shown)
    default: break
    }
  }

  /// Scrolls the exchangeable pane, or the enlarged one, by what there is room for.
  private mutating func scroll(by step: Int, in view: MachineView) {
    let layout = Layout(size, side: state.side)
    let pane = state.scrollable
    guard let rect = state.zoomed == nil ? layout.rect(of: pane) : layout.zoomed else { return }
    let content = pane.content(view, state.keys, in: rect)
    guard content.lines.count > rect.height else {
      state.notice = "All of it is in sight."
      return
    }
    let first = state.firstRow(of: pane, content, height: rect.height)
    let last = content.lines.count - rect.height
    let wanted = max(0, min(last, first + step * max(1, rect.height - 1)))
    state.scrolled += wanted - first
  }

  private mutating func beginAnswer(_ view: MachineView) {
    guard let sheet = view.sheet, sheet.parts.indices.contains(state.sheetPart) else {
      state.notice = "There is no lab to be answered; {labs} lists them."
      return
    }
    let part = sheet.parts[state.sheetPart]
    guard let question = part.question else {
      state.notice = "Nothing is asked on this part of the page; {page-down} goes on."
      return
    }
    state.hidesSheet = false
    state.answering = AnswerPrompt(
      question: question, needsEvent: part.needsEvent, event: state.selectedEvent)
  }

  private mutating func zoom() {
    state.scrolled = 0
    if state.zoomed != nil {
      state.zoomed = nil
    } else {
      state.zoomed = state.focus ?? .console
      state.notice = "{zoom} shows all panes again."
    }
  }

  private mutating func step(_ goal: StepGoal, _ view: MachineView) -> Command? {
    guard mayRun(view) else { return nil }
    if goal == .predicate && state.breakpoint == nil {
      state.prompt = PredicatePrompt(text: "", runs: true)
      return nil
    }
    if goal == .instruction && state.predicts {
      // What comes next can be guessed only of a machine that stands still.
      guard view.runState == .paused else {
        state.notice = "Paused: now {step} asks what the next instruction will do."
        return .pause
      }
      state.prediction = Prediction(before: view)
      return nil
    }
    return goForward(.step(goal))
  }

  private mutating func goForward(_ command: Command) -> Command {
    state.selectedEvent = nil
    return command
  }

  /// Whether the machine can run; if not, that is said.
  private mutating func mayRun(_ view: MachineView) -> Bool {
    guard case .stopped(let reason) = view.runState else { return true }
    state.notice = "The machine has stopped (\(reason)); {step-back} goes back, {reset} resets it."
    return false
  }

  /// Right behind the chosen event, where it is the newest one.
  private mutating func goToChosen(in view: MachineView) -> Command? {
    guard let chosen = view.events.first(where: { $0.sequence == state.selectedEvent }) else {
      state.notice = "Choose an event first, with {older}; {go} goes to it."
      return nil
    }
    state.selectedEvent = nil
    return .travel(.tick(chosen.guestTick + 1))
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
      "Ctrl-C is the guest's, after \(state.keys.toggleName); here {quit} quits."
    case .escape: "{help} shows the keys."
    default:
      "That key does nothing here; {help} shows the keys, \(state.keys.toggleName) types to the guest."
    }
  }
}
