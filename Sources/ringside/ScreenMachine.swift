import Cells
import Chipset
import Machine
import Panes
import Predicates
import Terminal

/// The machine's side of the screen, in a thread of its own: obeys commands and publishes views.
final class ScreenMachine {
  private enum Mode {
    case paused, running, toRingChange, travelling
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

  private let mailbox: ScreenMailbox
  private let session: Session
  private let make: () throws(UserError) -> BuiltMachine
  private var built: BuiltMachine
  private var timeline: Timeline
  private var maker: ViewMaker
  private var governor: Governor
  private var mode: Mode
  private var stop: Stop?
  private var meter = SpeedMeter()
  private var lastPublished = 0.0
  private var lastScreen: TextScreen?
  private var hasNewConsole = true
  private var isIdle = false
  /// What the machine is to stop at, and where it did.
  private var breakpoint: CompiledPredicate?
  private var reached: Moment?
  private var remark: String?
  /// What came in while the machine was on its way to another moment.
  private var postponed: [Command] = []

  private var machine: Machine { built.machine }

  /// Seconds between two views at least, and between two that differ in counters only: while the
  /// guest computes, and while it waits.
  private static let frame = 1.0 / 60
  private static let counters = 0.1
  private static let idleCounters = 1.0

  /// Makes the machine and serves it until the mailbox is closed.
  static func serve(
    _ mailbox: ScreenMailbox, _ session: Session, make: () throws(UserError) -> BuiltMachine
  ) {
    Terminal.guardThread()
    do throws(UserError) {
      try withoutActuallyEscaping(make) { make throws(UserError) in
        let server = ScreenMachine(mailbox, session, built: try make(), make: make)
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
    make: @escaping () throws(UserError) -> BuiltMachine
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
      case .running: runSlice()
      case .toRingChange: runToRingChange()
      case .travelling: travel()
      }
    }
  }

  private func obey(_ command: Command) {
    if mode == .travelling && command != .pause { return postponed.append(command) }
    remark = nil
    switch command {
    case .run: resume(.running)
    case .stopAt(let predicate, let runs):
      breakpoint = predicate.map { CompiledPredicate($0, default: .instruction) }
      machine.stop(when: breakpoint)
      if runs { resume(.running) }
    case .pause: pause()
    case .step:
      mode = .paused
      reached = nil
      if stop == nil { end(timeline.step()) }
      drain()
    case .stepToRingChange: resume(.toRingChange)
    case .travel(let destination): setOut(for: destination)
    case .reset: reset()
    case .saveSnapshot: saveSnapshot()
    case .guestKey(let key, let console): type(key, on: console)
    case .suspend, .redraw, .quit: break
    }
  }

  private func resume(_ mode: Mode) {
    guard stop == nil else { return }
    self.mode = mode
    reached = nil
  }

  private func pause() {
    if mode == .travelling { arrive() }
    postponed = []
    mode = .paused
  }

  private func reset() {
    // The files were good a moment ago; if they are not any more, the machine stays as it is.
    guard let fresh = try? make() else { return }
    built = fresh
    machine.stop(when: breakpoint)
    reached = nil
    timeline = Timeline(machine, budget: session.historyBudget)
    stop = nil
    maker.reset()
    meter = SpeedMeter()
    lastScreen = nil
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

  private func end(_ stop: Stop?) {
    guard let stop else { return }
    self.stop = stop
    timeline.noteEnd(stop)
    mode = .paused
  }

  // MARK: Forward

  /// Runs a two-hundredth of a guest second.
  private func runSlice() {
    isIdle = false
    let limit = machine.ticks + machine.configuration.ticksPerSecond / 200
    let progress = timeline.run(until: limit, returningWhenIdle: true)
    drain()
    switch progress {
    case .reached, .reset, .watched: publishIfDue()
    case .breakpoint(let moment): reach(moment)
    case .stopped(let reason):
      end(reason)
      publish()
    case .idle(let tick): rest(until: tick)
    }
  }

  /// What the machine was to stop at has come.
  private func reach(_ moment: Moment) {
    mode = .paused
    reached = moment
    publish()
  }

  /// The guest waits in HLT until `tick`: sleep until then, a command or a view that is due.
  private func rest(until tick: UInt64) {
    isIdle = true
    publishIfDue()
    let due = hasNewConsole ? Self.frame : Self.idleCounters
    let untilPublished = max(0, lastPublished + due - HostClock.now)
    guard tick < .max else {
      // Nothing moves any more; one last view, then silence.
      let isShown = maker.shownTicks == machine.ticks && !hasNewConsole
      mailbox.forMachine.wait(isShown ? nil : untilPublished + 0.001)
      return
    }
    let now = machine.ticks
    guard let seconds = governor.rest(from: now, until: tick, at: HostClock.now) else {
      return timeline.skip(to: tick)
    }
    mailbox.forMachine.wait(hasNewConsole ? min(seconds, untilPublished + 0.001) : seconds)
    let reached = governor.tick(at: HostClock.now)
    timeline.skip(to: min(tick, max(now, reached)))
  }

  /// A stretch of single steps, until CPL differs.
  private func runToRingChange() {
    isIdle = false
    let ring = machine.ring
    for _ in 0..<20_000 where mode == .toRingChange {
      switch timeline.run(until: machine.ticks + 1, returningWhenIdle: true) {
      case .reached, .reset, .watched: if machine.ring != ring { mode = .paused }
      case .breakpoint(let moment):
        mode = .paused
        reached = moment
      case .stopped(let reason): end(reason)
      case .idle(let tick):
        drain()
        return rest(until: tick)
      }
    }
    drain()
    if mode == .paused { publish() } else { publishIfDue() }
  }

  private func drain() {
    let bytes = timeline.takeOutput()
    if !bytes.isEmpty { hasNewConsole = true }
    maker.receive(bytes)
  }

  // MARK: To another moment

  private func setOut(for destination: Destination) {
    switch timeline.setOut(for: destination) {
    case .nowhere(let reason):
      remark = reason
      mode = .paused
    case .underway:
      isIdle = false
      mode = .travelling
    }
  }

  /// A frame's worth of the way.
  private func travel() {
    let start = HostClock.now
    var arrival = timeline.proceed()
    while case .underway = arrival, HostClock.now - start < Self.frame {
      arrival = timeline.proceed()
    }
    switch arrival {
    case .underway: return publishIfDue()
    case .arrived: break
    case .nowhere: remark = "There is none before this moment."
    case .stopped(let reason): stop = reason
    }
    arrive()
    mode = .paused
    let commands = postponed
    postponed = []
    for command in commands { obey(command) }
    if mode == .paused { publish() }
  }

  /// The console, the events and the reason for standing still, as they were at this moment.
  private func arrive() {
    stop = timeline.endReached
    reached = nil
    maker.revisit(timeline.outputUntilNow)
    lastScreen = nil
    hasNewConsole = true
    publish()
  }

  // MARK: Views

  private func publishIfDue() {
    let age = HostClock.now - lastPublished
    guard age >= Self.frame else { return }
    if mode == .travelling { return age >= Self.counters ? publish() : () }
    if !hasNewConsole && machine.board.textScreen() != lastScreen { hasNewConsole = true }
    if hasNewConsole || age >= (isIdle ? Self.idleCounters : Self.counters) { publish() }
  }

  private func publish() {
    lastPublished = HostClock.now
    if hasNewConsole { governor.noteActivity(at: lastPublished) }
    lastScreen = machine.board.textScreen()
    hasNewConsole = false
    let speed = meter.measure(machine.instructions, at: lastPublished)
    var view = maker.view(of: machine, state: runState, speed: speed)
    view.clock.latest = timeline.latest
    view.remark = remark
    view.stoppedAt = reached?.sentence
    mailbox.publish(view)
  }

  private var runState: MachineView.RunState {
    if let stop { return .stopped(stop.sentence) }
    return switch mode {
    case .paused: .paused
    case .running, .toRingChange: isIdle ? .idle : .running
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
