import Chipset
import Machine
import Panes
import Predicates
import X86

/// How the screen's machine gets on: in slices between which it looks at what is asked of it, and
/// to other moments of its history.
extension ScreenMachine {
  // MARK: Forward

  /// Runs a two-hundredth of a guest second.
  func runSlice() {
    isIdle = false
    let limit = machine.ticks + machine.configuration.ticksPerSecond / 200
    let progress = timeline.run(until: limit, returningWhenIdle: true)
    drain()
    switch progress {
    case .reached, .reset, .watched: publishIfDue()
    case .breakpoint(let moment):
      reach(moment)
      publish()
    case .stopped(let reason):
      end(reason)
      publish()
    case .idle(let tick): rest(until: tick)
    }
  }

  /// What the machine was to stop at has come. A goal is reached without a word.
  private func reach(_ moment: Moment) {
    mode = .paused
    reached = goal?.matches(moment) == true ? nil : moment
    setGoal(nil)
  }

  /// One instruction or an event's delivery, on the way to somewhere: the machine may be stopped there.
  private func pass() -> Progress {
    timeline.run(until: machine.ticks + 1, returningWhenIdle: true)
  }

  /// Looks at what came of it. Returns the tick until which the guest waits in HLT, if it does.
  private func take(_ progress: Progress) -> UInt64? {
    switch progress {
    case .reached, .reset, .watched: return nil
    case .breakpoint(let moment): reach(moment)
    case .stopped(let reason): end(reason)
    case .idle(let tick): return tick
    }
    return nil
  }

  /// One instruction, and a rest for whoever watches.
  func runSlowly(_ rate: Int) {
    isIdle = false
    let started = HostClock.now
    let wakening = take(pass())
    drain()
    publish()
    if let wakening { return rest(until: wakening) }
    guard mode == .running else { return }
    mailbox.forMachine.wait(max(0, 1 / Double(rate) - (HostClock.now - started)))
  }

  /// A stretch of single steps, until as deep in calls as `depth`.
  func run(toDepth depth: Int, _ calls: CallDepth) {
    isIdle = false
    var calls = calls
    var wakening: UInt64?
    for _ in 0..<20_000 where mode != .paused && wakening == nil {
      wakening = take(calls.step(machine, pass))
      if wakening == nil && calls.depth <= depth { mode = .paused }
    }
    drain()
    if mode == .paused { return publish() }
    mode = .toDepth(depth, calls)
    if let wakening { rest(until: wakening) } else { publishIfDue() }
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
  func runToRingChange() {
    isIdle = false
    let rings = (machine.ring, machine.cpu.cpl)
    var wakening: UInt64?
    for _ in 0..<20_000 where mode != .paused && wakening == nil {
      wakening = take(pass())
      if rings != (machine.ring, machine.cpu.cpl) { mode = .paused }
    }
    drain()
    if mode == .paused { return publish() }
    if let wakening { rest(until: wakening) } else { publishIfDue() }
  }

  // MARK: Guides

  /// Does one step of a guide; false if what it waits for does not come.
  func perform(_ step: Guide.Step) -> Bool {
    // Ten seconds of the guest's time; and what is executed in a few seconds of ours.
    let limit = machine.ticks + machine.configuration.ticksPerSecond * 10
    let work = machine.instructions + 300_000_000
    switch step {
    case .type(let text):
      timeline.receive(.serial(Array(text.utf8) + [0x0D]))
      return true
    case .step(let count):
      for _ in 0..<count where stop == nil { end(timeline.step()) }
      return true
    case .until(let predicate):
      machine.stop(when: CompiledPredicate(predicate, default: .instruction))
      defer { machine.stop(when: nil) }
      while machine.ticks < limit && machine.instructions < work {
        switch timeline.run(until: min(limit, machine.ticks + 5_000_000), returningWhenIdle: false)
        {
        case .breakpoint: return true
        case .stopped(let reason):
          end(reason)
          return false
        default: drain()
        }
      }
      return false
    case .wait(let text):
      while machine.ticks < limit && machine.instructions < work {
        if isOnConsole(text) { return true }
        let progress = timeline.run(until: machine.ticks + 20_000, returningWhenIdle: false)
        drain()
        if case .stopped(let reason) = progress {
          end(reason)
          return isOnConsole(text)
        }
      }
      return false
    }
  }

  private func isOnConsole(_ text: String) -> Bool {
    maker.hasSent(text)
      || ScreenText.lines(of: machine.board.textScreen()).contains { $0.contains(text) }
  }

  func drain() {
    let bytes = timeline.takeOutput()
    if !bytes.isEmpty { hasNewConsole = true }
    maker.receive(bytes)
  }

  // MARK: To another moment

  func setOut(for destination: Destination) {
    let events: CompiledPredicate? =
      switch destination {
      case .back(.predicate): breakpoint
      case .back(let goal) where [.trap, .hypercall, .exit].contains(goal):
        predicate(for: goal).map { CompiledPredicate($0, default: .event) }
      default: nil
      }
    if case .back(let goal) = destination, [.hypercall, .exit].contains(goal), events == nil {
      return
    }
    switch timeline.setOut(for: destination, events: events) {
    case .nowhere(let reason):
      remark = reason
      mode = .paused
    case .underway:
      isIdle = false
      mode = .travelling
    }
  }

  /// A frame's worth of the way.
  func travel() {
    let start = HostClock.now
    var arrival = timeline.proceed()
    while case .underway = arrival, HostClock.now - start < Self.frame {
      arrival = timeline.proceed()
    }
    switch arrival {
    case .underway: return publishIfDue()
    case .arrived: break
    case .nowhere: remark = "There is none before this moment, in the history that is known."
    case .stopped(let reason): timeline.noteEnd(reason)
    }
    arrive()
    mode = .paused
    let commands = postponed
    postponed = []
    for command in commands { obey(command) }
    if mode == .paused { publish() }
  }

  /// The console, the events and the reason for standing still, as they were at this moment.
  func arrive() {
    stop = timeline.endReached
    reached = nil
    maker.revisit(timeline.outputUntilNow)
    lastScreen = nil
    hasNewConsole = true
    publish()
  }
}
