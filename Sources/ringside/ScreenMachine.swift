import Cells
import Chipset
import Machine
import Panes
import Predicates
import Terminal

/// The machine's side of the screen, in a thread of its own: obeys commands and publishes views.
final class ScreenMachine {
  private enum Mode {
    case paused, running, toRingChange
  }

  private let mailbox: ScreenMailbox
  private let make: () throws(UserError) -> Machine
  private var machine: Machine
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

  /// Seconds between two views at least, and between two that differ in counters only: while the
  /// guest computes, and while it waits.
  private static let frame = 1.0 / 60
  private static let counters = 0.1
  private static let idleCounters = 1.0

  /// Makes the machine and serves it until the mailbox is closed.
  static func serve(
    _ mailbox: ScreenMailbox, guest: String, startsPaused: Bool,
    make: () throws(UserError) -> Machine
  ) {
    Terminal.guardThread()
    do throws(UserError) {
      try withoutActuallyEscaping(make) { make throws(UserError) in
        let server = ScreenMachine(
          mailbox, guest: guest, startsPaused: startsPaused, machine: try make(), make: make)
        server.serve()
      }
    } catch {
      mailbox.fail(error.description)
    }
  }

  private init(
    _ mailbox: ScreenMailbox, guest: String, startsPaused: Bool, machine: Machine,
    make: @escaping () throws(UserError) -> Machine
  ) {
    self.mailbox = mailbox
    self.make = make
    self.machine = machine
    mode = startsPaused ? .paused : .running
    maker = ViewMaker(guest: guest)
    governor = Governor(ticksPerSecond: machine.configuration.ticksPerSecond)
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
      }
    }
  }

  private func obey(_ command: Command) {
    switch command {
    case .run: resume(.running)
    case .stopAt(let predicate, let runs):
      breakpoint = predicate.map { CompiledPredicate($0, default: .instruction) }
      machine.stop(when: breakpoint)
      if runs { resume(.running) }
    case .pause: mode = .paused
    case .step:
      mode = .paused
      reached = nil
      if stop == nil { end(machine.step()) }
      drain()
    case .stepToRingChange: resume(.toRingChange)
    case .reset: reset()
    case .guestKey(let key, let console): type(key, on: console)
    case .suspend, .redraw, .quit: break
    }
  }

  private func resume(_ mode: Mode) {
    guard stop == nil else { return }
    self.mode = mode
    reached = nil
  }

  private func reset() {
    // The files were good a moment ago; if they are not any more, the machine stays as it is.
    guard let fresh = try? make() else { return }
    machine = fresh
    machine.stop(when: breakpoint)
    reached = nil
    stop = nil
    maker.reset()
    meter = SpeedMeter()
    lastScreen = nil
    hasNewConsole = true
  }

  private func type(_ key: Key, on console: Console) {
    guard stop == nil else { return }
    governor.noteActivity(at: HostClock.now)
    switch console {
    case .serial: machine.receive(.serial(key.serialBytes))
    case .text: if let text = key.keyboardText { machine.receive(.keys(text)) }
    }
  }

  private func end(_ stop: Stop?) {
    guard let stop else { return }
    self.stop = stop
    mode = .paused
  }

  /// Runs a two-hundredth of a guest second.
  private func runSlice() {
    isIdle = false
    let limit = machine.ticks + machine.configuration.ticksPerSecond / 200
    let progress = machine.run(until: limit, returningWhenIdle: true)
    drain()
    switch progress {
    case .reached, .reset: publishIfDue()
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
      return machine.skip(to: tick)
    }
    mailbox.forMachine.wait(hasNewConsole ? min(seconds, untilPublished + 0.001) : seconds)
    let reached = governor.tick(at: HostClock.now)
    machine.skip(to: min(tick, max(now, reached)))
  }

  /// A stretch of single steps, until CPL differs.
  private func runToRingChange() {
    isIdle = false
    let ring = machine.ring
    for _ in 0..<20_000 where mode == .toRingChange {
      switch machine.run(until: machine.ticks + 1, returningWhenIdle: true) {
      case .reached, .reset: if machine.ring != ring { mode = .paused }
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
    let bytes = machine.board.takeSerialOutput()
    _ = machine.board.takeDebugOutput()
    if !bytes.isEmpty { hasNewConsole = true }
    maker.receive(bytes)
  }

  private func publishIfDue() {
    let age = HostClock.now - lastPublished
    guard age >= Self.frame else { return }
    if !hasNewConsole && machine.board.textScreen() != lastScreen { hasNewConsole = true }
    if hasNewConsole || age >= (isIdle ? Self.idleCounters : Self.counters) { publish() }
  }

  private func publish() {
    lastPublished = HostClock.now
    if hasNewConsole { governor.noteActivity(at: lastPublished) }
    lastScreen = machine.board.textScreen()
    hasNewConsole = false
    let state: MachineView.RunState =
      if let stop {
        .stopped(stop.sentence)
      } else if mode == .paused {
        .paused
      } else {
        isIdle ? .idle : .running
      }
    let speed = meter.measure(machine.instructions, at: lastPublished)
    var view = maker.view(of: machine, state: state, speed: speed)
    view.stoppedAt = reached?.sentence
    mailbox.publish(view)
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
    case .untilMatched, .instructionLimit, .timeLimit, .interrupted, .breakpoint, .outputFailed:
      name
    }
  }
}
