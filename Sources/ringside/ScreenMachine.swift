import Cells
import Chipset
import Machine
import Monitors
import Narration
import Panes
import Predicates
import Terminal
import X86

/// The machine's side of the screen, in a thread of its own: obeys commands and publishes views.
final class ScreenMachine {
  enum Activity: Equatable {
    case paused, running, toRingChange, travelling
    /// To where calls and handlers are as deep as this, from a machine that may be deeper.
    case toDepth(Int, CallDepth)
  }

  /// What the user chose for the session.
  struct Session {
    /// Wait for the user before the guest's first instruction.
    var startsPaused = false
    /// What the history may take, in bytes; 0 for none.
    var historyBudget = History.defaultBudget
    /// Where to write the run down at the end.
    var recording: String?
  }

  let mailbox: ScreenMailbox
  let session: Session
  let make: (MachineChoice) throws(UserError) -> BuiltMachine
  /// What was chosen on the screen in place of what the command line says.
  var choice = MachineChoice()
  /// The same guest in other modes, to be compared.
  var companions: [Companion] = []
  /// The lab that is being done.
  private var desk: LabDesk?
  var built: BuiltMachine
  var timeline: Timeline
  var maker: ViewMaker
  var governor: Governor
  var mode: Activity
  var stop: Stop?
  private var meter = SpeedMeter()
  var lastPublished = 0.0
  var lastScreen: TextScreen?
  var hasNewConsole = true
  var isIdle = false
  /// What the machine is to stop at, and where it did.
  var breakpoint: CompiledPredicate?
  var reached: Moment?
  /// What it stops at once, beside that.
  var goal: CompiledPredicate?
  /// Instructions in a second; nil for full speed.
  private var pace: Int?
  var remark: String?
  /// What came in while the machine was on its way to another moment.
  var postponed: [Command] = []

  var machine: Machine { built.machine }

  /// Seconds between two views at least, and between two that differ in counters only: while the
  /// guest computes, and while it waits.
  static let frame = 1.0 / 60
  static let counters = 0.1
  static let idleCounters = 1.0

  /// Makes the machine and serves it until the mailbox is closed.
  static func serve(
    _ mailbox: ScreenMailbox, _ session: Session,
    make: (MachineChoice) throws(UserError) -> BuiltMachine
  ) {
    Terminal.guardThread()
    do throws(UserError) {
      try withoutActuallyEscaping(make) { make throws(UserError) in
        let server = ScreenMachine(mailbox, session, built: try make(MachineChoice()), make: make)
        if session.recording != nil {
          try server.built.requireUnwrittenDisks(for: "--record")
        }
        server.serve()
        if let path = session.recording {
          try server.built.record(path, stop: server.stop?.name ?? Stop.interrupted.name)
        }
      }
    } catch {
      mailbox.fail(error.description)
    }
  }

  private init(
    _ mailbox: ScreenMailbox, _ session: Session, built: BuiltMachine,
    make: @escaping (MachineChoice) throws(UserError) -> BuiltMachine
  ) {
    self.mailbox = mailbox
    self.session = session
    self.make = make
    self.built = built
    mode = session.startsPaused ? .paused : .running
    maker = ViewMaker(guest: built.name)
    timeline = Timeline(built.machine, budget: session.historyBudget)
    governor = Governor(ticksPerSecond: built.machine.configuration.ticksPerSecond)
  }

  private func serve() {
    publish()
    while let commands = mailbox.takeCommands() {
      for command in commands { obey(command) }
      switch mode {
      case .paused:
        if !commands.isEmpty { publish() }
        mailbox.forMachine.wait(nil)
      case .running: if let pace { runSlowly(pace) } else { runSlice() }
      case .toRingChange: runToRingChange()
      case .toDepth(let depth, let calls): run(toDepth: depth, calls)
      case .travelling: travel()
      }
    }
  }

  func obey(_ command: Command) {
    if mode == .travelling && command != .pause { return postponed.append(command) }
    remark = nil
    switch command {
    case .run:
      setGoal(nil)
      resume(.running)
    case .stopAt(let predicate, let runs):
      breakpoint = predicate.map { CompiledPredicate($0, default: .instruction) }
      setGoal(nil)
      if runs { resume(.running) }
    case .pause: pause()
    case .step(let goal): step(to: goal)
    case .pace(let rate): pace = rate
    case .travel(let destination): setOut(for: destination)
    case .reset: start(MachineChoice())
    case .start(let choice): if start(choice) { mode = desk == nil ? .running : .paused }
    case .compare(let mode): compare(with: mode)
    case .goOn(let mode): goOn(in: mode)
    case .answer(let text, let question): desk?.take(text, to: question)
    case .play(let steps, let choice): play(steps, from: choice)
    case .edit(let edit): change(edit)
    case .saveSnapshot: saveSnapshot()
    case .guestKey(let key, let console): type(key, on: console)
    case .suspend, .redraw, .quit: break
    }
  }

  private func step(to goal: StepGoal) {
    setGoal(nil)
    switch goal {
    case .instruction:
      mode = .paused
      reached = nil
      if stop == nil { end(timeline.step()) }
      drain()
    case .over: resume(.toDepth(0, CallDepth(machine)))
    case .out: resume(.toDepth(-1, CallDepth(machine)))
    case .ringChange: resume(.toRingChange)
    case .predicate: resume(.running)
    case .trap, .hypercall, .exit:
      guard let predicate = predicate(for: goal) else { return }
      setGoal(CompiledPredicate(predicate, default: .event))
      resume(.running)
    }
  }

  /// What a goal means on this machine; nil if it can never come, which is then said.
  func predicate(for goal: StepGoal) -> Predicate? {
    let text: String
    switch goal {
    case .trap: text = "fault"
    case .hypercall: text = "hypercall"
    default:
      text = machine.monitor == nil ? "exit" : "exit or ring 1>0 or ring 2>0 or ring 3>0"
    }
    let hasHypervisor =
      machine.monitor != nil || machine.configuration.profile.features.contains(.virtualMachines)
    guard goal == .trap || hasHypervisor else {
      remark =
        "In \(machine.configuration.mode.rawValue) there is no monitor; {mode} offers other modes."
      mode = .paused
      return nil
    }
    return try? Predicate(parsing: text)
  }

  /// Has the machine stop where `goal` is true too, once.
  func setGoal(_ goal: CompiledPredicate?) {
    self.goal = goal
    guard let goal else { return machine.stop(when: breakpoint) }
    guard let breakpoint else { return machine.stop(when: goal) }
    let both = Predicate.or(goal.predicate, breakpoint.predicate)
    machine.stop(when: CompiledPredicate(both, default: .instruction))
  }

  private func resume(_ mode: Activity) {
    guard stop == nil else { return }
    self.mode = mode
    reached = nil
  }

  func pause() {
    if mode == .travelling { arrive() }
    postponed = []
    mode = .paused
  }

  /// Makes the machine anew, or another one. Says whether that could be done.
  @discardableResult
  private func start(_ wanted: MachineChoice) -> Bool {
    let next = choice.followed(by: wanted)
    do throws(UserError) {
      if next.mode != choice.mode, next.lab != nil, let refusal = labsOwnMode {
        throw UserError(refusal)
      }
      let fresh = try make(next)
      if next.lab != choice.lab {
        desk = try next.lab.map { lab throws(UserError) in try LabDesk(lab) }
      }
      built = fresh
    } catch {
      // The present one stays as it is.
      remark = error.description
      return false
    }
    choice = next
    setGoal(nil)
    reached = nil
    timeline = Timeline(machine, budget: session.historyBudget)
    governor = Governor(ticksPerSecond: machine.configuration.ticksPerSecond)
    stop = nil
    companions = []
    maker = ViewMaker(guest: built.name)
    meter = SpeedMeter()
    lastScreen = nil
    hasNewConsole = true
    if let desk { type(desk.typed) }
    return true
  }

  /// Types lines on the serial console, all at once.
  private func type(_ lines: [String]) {
    let bytes = lines.flatMap { line -> [UInt8] in Array(line.utf8) + [0x0D] }
    if !bytes.isEmpty { timeline.receive(.serial(bytes)) }
  }

  /// Brings the machine to the moment of a guide's card, without waiting for its clock.
  private func play(_ steps: [Guide.Step], from choice: MachineChoice?) {
    if let choice, !start(choice) { return }
    mode = .paused
    reached = nil
    machine.stop(when: nil)
    for step in steps where stop == nil {
      let hasCome = perform(step)
      drain()
      if !hasCome {
        remark = "What is waited for here has not come; the machine stands where it was given up."
      }
    }
    setGoal(nil)
    hasNewConsole = true
  }

  private func saveSnapshot() {
    let path = "\(maker.fileName)-\(machine.ticks).snapshot"
    do throws(UserError) {
      try built.requireUnwrittenDisks(for: "A snapshot")
      try built.saveSnapshot(path)
      remark = "Saved: ringside --snapshot \(path)"
    } catch {
      remark = error.description
    }
  }

  /// An input like a key: from here on the run is another one.
  private func change(_ edit: ControlBlockEdit) {
    guard stop == nil, let monitor = machine.monitor as? SVMMonitor else { return }
    timeline.receive(
      .controlBlock(edit.field, edit.applied(to: monitor.block[edit.field])))
  }

  private func type(_ key: Key, on console: Console) {
    governor.noteActivity(at: HostClock.now)
    let input: Journal.Input? =
      switch console {
      case .serial: .serial(key.serialBytes)
      case .text: key.keyboardText.map { .keys($0) }
      }
    guard stop == nil, let input else { return }
    timeline.receive(input)
  }

  func end(_ stop: Stop?) {
    guard let stop else { return }
    self.stop = stop
    timeline.noteEnd(stop)
    mode = .paused
  }

  // MARK: Views

  func publishIfDue() {
    let age = HostClock.now - lastPublished
    guard age >= Self.frame else { return }
    if mode == .travelling { return age >= Self.counters ? publish() : () }
    if !hasNewConsole && machine.board.textScreen() != lastScreen { hasNewConsole = true }
    if hasNewConsole || age >= (isIdle ? Self.idleCounters : Self.counters) { publish() }
  }

  func publish() {
    lastPublished = HostClock.now
    if hasNewConsole { governor.noteActivity(at: lastPublished) }
    lastScreen = machine.board.textScreen()
    hasNewConsole = false
    let speed = meter.measure(machine.instructions, at: lastPublished)
    var view = maker.view(of: machine, state: runState, speed: speed)
    view.clock.latest = timeline.latest
    view.clock.start = timeline.start
    if mode == .paused { view.clock.checkpoints = timeline.checkpoints }
    view.remark = remark
    view.sheet = desk?.sheet
    view.isCompared = !companions.isEmpty
    if mode == .paused { view.others = compared() }
    if areOtherKernels {
      let printed = timeline.printed
      view.comparedAt = .printed(lines: printed.lines, column: printed.column)
    }
    view.stoppedAt = reached?.sentence
    mailbox.publish(view)
  }

  private var runState: MachineView.RunState {
    if let stop { return .stopped(stop.sentence) }
    return switch mode {
    case .paused: .paused
    case .running where pace != nil: .slow(pace ?? 0)
    case .running, .toRingChange, .toDepth: isIdle ? .idle : .running
    case .travelling:
      .travelling(percent: timeline.percent, seconds: timeline.secondsLeft)
    }
  }
}

/// How fast the guest's instructions go by, over half a second or more.
private struct SpeedMeter {
  private var since: (time: Double, instructions: UInt64)?
  private var value: Double?

  mutating func measure(_ instructions: UInt64, at now: Double) -> Double? {
    guard let start = since, start.instructions <= instructions else {
      since = (now, instructions)
      return nil
    }
    if now - start.time >= 0.5 {
      value = Double(instructions - start.instructions) / (now - start.time) / 1e6
      since = (now, instructions)
    }
    return value
  }
}

extension Stop {
  /// The reason in a few words.
  var sentence: String {
    switch self {
    case .exit(let code): "the guest ended with status \(code)"
    case .haltedForGood: "halted for good"
    case .tripleFault: "triple fault"
    case .unsupported(let name): "needs \(name)"
    case .untilMatched, .instructionLimit, .timeLimit, .interrupted, .breakpoint, .outputFailed,
      .recordingEnd:
      name
    }
  }
}
