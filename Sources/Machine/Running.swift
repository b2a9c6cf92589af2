import Chipset
import Monitors
import X86

/// The run loop: the processor runs until the next thing that can happen on the board.
extension Machine {
  /// The machine's time, see `CPU.ticks`.
  public var ticks: UInt64 { cpu.ticks }

  /// Guest instructions executed, see `CPU.instructions`.
  public var instructions: UInt64 { cpu.instructions }

  /// Whether something that arrived as input has not reached the guest yet.
  public var hasPendingInput: Bool { !board.serialQueueIsEmpty || replayed < replay.count }

  /// Runs the guest until `limit`, a machine tick; at most one block runs past no deadline.
  ///
  /// While the processor waits in HLT, time jumps to the next deadline. With `returningWhenIdle` it
  /// does not: the answer is then `.idle`, and `skip(to:)` goes on when the caller has waited.
  public func run(until limit: UInt64, returningWhenIdle: Bool = false) -> Progress {
    defer {
      monitor?.lift(&cpu)
      emptyLog()
    }
    while true {
      let now = cpu.ticks
      if let stop = settle(at: now) { return .stopped(stop) }
      if condition != nil, let moment = conditionOfEvents() { return .breakpoint(moment) }
      guard now < limit else { return .reached }
      // A guest that resets in a circle makes little time pass: its caller has limits to look at.
      if takeReset() { return .reset }
      var target = min(limit, nextHappening)
      if condition != nil, let moment = conditionBeforeRun(&target) { return .breakpoint(moment) }
      let exit = execute(until: target)
      if condition != nil, let moment = conditionAfterRun(exit) { return .breakpoint(moment) }
      if watch != nil, let hit = watchHit(exit) { return .watched(hit) }
      if cpu.log.end >= cpu.log.fullAt { emptyLog() }
      switch exit {
      case .budget, .attention, .breakpoint, .gate:
        if let stop = missingService() { return .stopped(stop) }
      case .shutdown: return .stopped(missingService() ?? .tripleFault)
      case .halted:
        if let stop = settle(at: cpu.ticks) ?? missingService() { return .stopped(stop) }
        if canWake { continue }
        guard cpu.acceptsInterrupts else { return .stopped(.haltedForGood) }
        let next = nextHappening
        if returningWhenIdle || next == .max { return .idle(until: next) }
        skip(to: min(limit, next))
      }
    }
  }

  /// Whether the guest has pulled the reset line since the last call.
  private func takeReset() -> Bool {
    defer { wasReset = false }
    return wasReset
  }

  /// Executes one instruction, or delivers one event. Returns why the machine cannot go on, if so.
  public func step() -> Stop? {
    defer {
      monitor?.lift(&cpu)
      emptyLog()
    }
    passWatch()
    if let stop = settle(at: cpu.ticks) { return stop }
    switch execute(until: cpu.ticks + 1) {
    case .shutdown: return .tripleFault
    case .halted where !canWake:
      guard cpu.acceptsInterrupts else { return .haltedForGood }
      let next = nextHappening
      if next == .max { return .haltedForGood }
      skip(to: next)
    case .budget, .attention, .halted, .breakpoint, .gate: break
    }
    // Whoever steps sees for himself.
    condition?.checked = cpu.log.end
    let accesses = cpu.takeWatchedAccesses()
    stepHit = watch?.hit(accesses)
    return settle(at: cpu.ticks)
  }

  /// Lets the guest execute, in whatever way the mode has.
  private func execute(until tick: UInt64) -> RunExit {
    guard let monitor else { return cpu.run(until: tick) }
    return monitor.run(&cpu, until: tick)
  }

  /// Lets time pass in HLT without instructions.
  public func skip(to tick: UInt64) {
    if tick > cpu.ticks { cpu.skip(to: tick) }
  }

  /// Takes an input in, now. Inputs still to be repeated are forgotten: from here on the run is
  /// another one.
  public func receive(_ input: Journal.Input) {
    replay.removeSubrange(replayed...)
    takeIn(input)
    // As when it is repeated. The guest has had no time to ask for anything since the last time.
    _ = settleBoard(at: cpu.ticks)
  }

  /// Has inputs of an earlier run arrive at their ticks, after the machine's present one.
  public func replay(_ journal: Journal) {
    precondition(
      journal.entries.first.map { $0.tick >= ticks } ?? true, "time does not run backwards")
    replay = journal.entries
    replayed = 0
  }

  private func takeIn(_ input: Journal.Input) {
    journal.append(input, at: cpu.ticks)
    deliver(input)
  }

  /// A hash of the whole state: processor, RAM, video memory and devices.
  public var digest: UInt64 {
    var hash = StateHash()
    cpu.combine(into: &hash)
    hash.combine(pages: ram.start, size: ram.size)
    hash.combine(pages: board.videoMemory, size: 0x2_0000)
    if let shadow { hash.combine(pages: shadow.start, size: shadow.size) }
    var writer = StateWriter()
    board.save(into: &writer)
    writer.bytes.withUnsafeBytes { hash.combine(bytes: $0) }
    return hash.value
  }

  /// An event is waiting that the halted processor will take.
  private var canWake: Bool {
    cpu.interruptRequested && cpu.acceptsInterrupts
  }

  /// The next tick at which the board or the journal has something to do.
  private var nextHappening: UInt64 {
    let replayTick = replayed < replay.count ? replay[replayed].tick : .max
    return min(board.nextDeadline, replayTick)
  }

  /// Brings the board up to the processor's time, and lets inputs arrive that are to be repeated
  /// now. When they came first, all that was due had happened before them.
  private func settle(at now: UInt64) -> Stop? {
    if let stop = settleBoard(at: now) { return stop }
    guard replayed < replay.count, replay[replayed].tick <= now else { return nil }
    while replayed < replay.count, replay[replayed].tick <= now {
      replayed += 1
      takeIn(replay[replayed - 1].input)
    }
    return settleBoard(at: now)
  }

  /// Brings the board up to the processor's time and its lines to the processor.
  private func settleBoard(at now: UInt64) -> Stop? {
    board.advance(to: now)
    for range in directAccess.takeChanges() {
      cpu.memoryChanged(at: range.start, size: range.size)
      monitor?.memoryChanged(at: range.start, size: range.size)
    }
    board.coprocessorError = cpu.floatingPointError
    let requests = board.takeRequests()
    if let code = requests.exitCode { return .exit(code: code) }
    if let reason = monitor?.unsupported { return .unsupported(reason) }
    if requests.reset {
      reset()
      wasReset = true
    }
    cpu.setA20(board.isA20Open)
    for sound in board.takeSounds() {
      cpu.recordSpeaker(frequency: sound.frequency, divisor: sound.divisor ?? 0)
    }
    let isRequesting = board.interruptLine
    if isRequesting && !cpu.interruptRequested {
      cpu.recordInterruptRequest(line: board.requestedInterrupt)
    }
    cpu.interruptRequested = isRequesting
    board.lookedAt()
    return nil
  }

  private func deliver(_ input: Journal.Input) {
    switch input {
    case .serial(let bytes): board.receiveSerial(bytes, at: cpu.ticks)
    case .secondSerial(let bytes): board.receiveSerial(bytes, on: .com2, at: cpu.ticks)
    case .keys(let text): board.keyboard.type(text)
    case .memory(let address, let bytes): poke(address, bytes)
    case .register(let register, let value):
      monitor?.release(&cpu)
      cpu.write(value, to: register)
    case .controlBlock(let field, let value):
      (monitor as? SVMMonitor)?.edit(&cpu) { $0[field] = value }
    }
  }
}
