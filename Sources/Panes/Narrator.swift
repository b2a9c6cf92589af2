public import Cells
import Narration
import Predicates

/// The screen in words, a line each, for whoever reads with the ears and for logs: what is new since the
/// last time.
public struct Narrator: Sendable {
  private var view = MachineView()
  private var state = ScreenState()
  private var console = ConsoleReader()
  /// The newest event that was told.
  private var newest: UInt64 = 0
  /// What was last told of the machine: whether it runs, and at which tick it stood.
  private var told: (activity: Activity, ticks: UInt64)?
  private let charset: Charset

  /// More events at once are only counted.
  private static let most = 8

  private enum Activity: Equatable { case running, idle, travelling, still }

  public init(charset: Charset = .unicode) { self.charset = charset }

  /// Something is asked now: what was remarked before may be remarked again.
  public mutating func listen() { view.remark = nil }

  /// What is new.
  public mutating func news(_ view: MachineView, _ state: ScreenState) -> [String] {
    var lines: [String] = []
    if view.guest != self.view.guest || view.mode != self.view.mode {
      self.view = MachineView()
      (console, newest, told) = (ConsoleReader(), 0, nil)
      lines.append("\(view.guest) in \(RingPane.truth(of: view.mode))")
    }
    // On the way to another moment nothing is new.
    if Self.activity(view) == .travelling {
      self.state = state
      return place(view)
    }
    let happenings = happenings(view, state)
    let place = place(view)
    lines += Self.activity(view) == .running ? place + happenings : happenings + place
    if let remark = view.remark, remark != self.view.remark {
      lines.append(state.keys.fill(remark))
    }
    if let notice = state.notice, notice != self.state.notice { lines.append(notice) }
    lines += compared(view)
    lines += questions(view, state)
    (self.view, self.state) = (view, state)
    return lines.map(plain)
  }

  /// Nothing that a guest prints may drive a terminal.
  public func plain(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.compactMap { charset.shown($0) }))
  }

  // MARK: The machine

  /// What the guest has printed, and the transitions. After a way back, only where that led.
  private mutating func happenings(_ view: MachineView, _ state: ScreenState) -> [String] {
    let isEarlier = view.clock.ticks < self.view.clock.ticks
    let printed = console.news(
      PlainText.console(view, state), isStill: Self.activity(view) != .running)
    let fresh = view.events.filter { $0.sequence > newest && $0.idleWakes == 0 }
    let first = newest + 1
    if let last = view.events.last { newest = last.sequence }
    if isEarlier {
      return view.events.last.map { ["before this: " + PlainText.event($0)] } ?? []
    }
    var lines = printed.map { "console: \($0)" }
    let shown = fresh.suffix(Self.most)
    if fresh.count > shown.count, let next = shown.first {
      lines.append(
        "events \(first) to \(next.sequence - 1) are not told; ‘events \(fresh.count)’ tells what is kept "
          + "of them")
    }
    // That a guest waits again is told when it has done something meanwhile.
    if told?.activity == .idle && !(printed.isEmpty && fresh.isEmpty) { told?.activity = .running }
    return lines + shown.map(PlainText.event)
  }

  private static func activity(_ view: MachineView) -> Activity {
    switch view.runState {
    case .running, .slow: .running
    case .idle: .idle
    case .travelling: .travelling
    case .paused, .stopped: .still
    }
  }

  /// Whether it runs; where it stands, if not.
  private mutating func place(_ view: MachineView) -> [String] {
    let activity = Self.activity(view)
    let isNew = told?.activity != activity || activity == .still && told?.ticks != view.clock.ticks
    // A guest is idle and not a hundred times a second; that it runs on is told once.
    guard isNew, !(activity == .running && told?.activity == .idle) else { return [] }
    told = (activity, view.clock.ticks)
    switch activity {
    case .running: return ["running"]
    case .idle: return ["idle: the guest waits"]
    case .travelling: return ["running again to that moment"]
    case .still: return PlainText.place(view)
    }
  }

  private func compared(_ view: MachineView) -> [String] {
    guard !view.others.isEmpty, view.others != self.view.others else { return [] }
    return ComparePane.words([view] + view.others)
  }

  // MARK: What the screen asks

  private func questions(_ view: MachineView, _ state: ScreenState) -> [String] {
    var lines: [String] = []
    if let guide = state.guide { lines += PlainText.card(guide, after: self.state.guide) }
    if let sheet = view.sheet {
      lines += PlainText.part(
        sheet, state.sheetPart, after: self.view.sheet, self.state.sheetPart
      ).map(state.keys.fill)
    }
    if let menu = state.menu, menu != self.state.menu { lines += PlainText.menu(menu) }
    if let prompt = state.prompt, prompt != self.state.prompt {
      lines.append(
        prompt.error.map { "mistake at character \($0.position + 1): \($0.reason)" }
          ?? "\(prompt.runs ? "run until" : "stop at"): type a predicate, as #GP and cpl 3; empty: nowhere"
      )
    }
    if let prompt = state.fieldPrompt, prompt != self.state.fieldPrompt {
      lines.append("VMCB: " + prompt.remark.text)
    }
    if let answering = state.answering, answering != self.state.answering {
      lines.append("\(answering.question) = ? " + answering.remark(state.keys).text)
    }
    if let prediction = state.prediction, prediction.guess == nil,
      prediction != self.state.prediction
    {
      lines.append(PlainText.trimmed(Prediction.question))
    }
    if state.asksReset && !self.state.asksReset {
      lines.append("Reset the machine and lose its state? y: yes, any other line: no")
    }
    return lines
  }
}

/// New lines on a console of which only the present state is known.
struct ConsoleReader {
  private var old: [String] = []

  /// The lines that have come since the last time. One that is still growing is kept back, unless the
  /// guest stands still.
  mutating func news(_ lines: [String], isStill: Bool) -> [String] {
    var new = lines
    while new.last?.allSatisfy({ $0 == " " }) == true { new.removeLast() }
    if !isStill, !new.isEmpty, new.last != old.last { new.removeLast() }
    defer { old = new }
    let settled = max(0, old.count - 1)
    // How far it has scrolled: all that was there but its last line is there again.
    for shift in 0...settled where old[shift..<settled].elementsEqual(new.prefix(settled - shift)) {
      let first = settled - shift
      guard first < new.count, let last = old.last else { return Array(new.dropFirst(first)) }
      return Array(new.dropFirst(new[first] == last ? first + 1 : first))
    }
    return new
  }
}
