import Monitors
public import Predicates
import X86

/// Stopping a run at what a predicate says: before an instruction, after an access or an event.
///
/// The processor is asked to stop only where the predicate can be true; then it is asked about what
/// happened there. The run itself does not change: a stopped and continued run has the same ledger
/// and digest as one that was not stopped.
extension Machine {
  /// Has runs stop when `predicate` is true; nil: never. What matched at this very place and time
  /// does not stop the next run again.
  public func stop(when predicate: CompiledPredicate?) {
    let passedTick = condition?.passedTick
    condition = predicate.map { StopCondition($0, checked: cpu.log.end) }
    if let passedTick { condition?.passedTick = passedTick }
    watch = nil
    var code: [CPU.AddressRange] = []
    if let places = predicate?.places { code = places.map(Self.addresses) }
    let data = predicate.map { $0.accessed.map(Self.addresses) } ?? []
    cpu.watch(code: code, data: data, kinds: predicate?.kinds.rawValue ?? 0)
    monitor?.watch(code: code, data: data)
    updateKeeping()
  }

  /// Whether port and device memory accesses and interrupt edges stay in the log for whoever looks.
  public var keepsAccesses: Bool {
    get { keepsAccessesForReaders }
    set {
      keepsAccessesForReaders = newValue
      updateKeeping()
    }
  }

  private func updateKeeping() {
    cpu.log.keepsAccesses = keepsAccessesForReaders || condition?.predicate.asksAccessEvents == true
  }

  private static func addresses(_ range: ValueRange) -> CPU.AddressRange {
    UInt32(clamping: range.low)...UInt32(clamping: range.high)
  }

  /// Before running: whether the instruction that comes next is meant, and how far to run until it is
  /// worth asking again.
  func conditionBeforeRun(_ target: inout UInt64) -> Moment? {
    guard let condition, condition.predicate.asksInstructions, condition.predicate.places == nil
    else { return nil }
    let now = cpu.ticks
    let earliest = condition.predicate.earliestTick(now: now, instructions: cpu.instructions)
    guard now >= earliest else {
      target = min(target, earliest)
      return nil
    }
    target = now + 1
    guard condition.passedTick != now, !cpu.isHalted, !cpu.hasPendingEvent else { return nil }
    self.condition?.passedTick = now
    let moment = instructionMoment(condition.predicate)
    return condition.predicate.matches(moment) ? moment : nil
  }

  /// After running: what of it is meant.
  func conditionAfterRun(_ exit: RunExit) -> Moment? {
    guard let condition else { return nil }
    if exit == .breakpoint {
      let moment = instructionMoment(condition.predicate)
      if condition.predicate.matches(moment) { return moment }
    }
    for access in cpu.takeWatchedAccesses() {
      let moment = accessMoment(access)
      if condition.predicate.matches(moment) { return moment }
    }
    return conditionOfEvents()
  }

  /// The first new event that is meant.
  func conditionOfEvents() -> Moment? {
    guard let condition, condition.predicate.asksEvents else { return nil }
    let end = cpu.log.end
    var place = max(condition.checked, cpu.log.start)
    self.condition?.checked = end
    while place < end {
      let moment = Moment(cpu.log[place: place], instructions: cpu.instructions)
      if condition.predicate.matches(moment) { return moment }
      place += 1
    }
    return nil
  }

  private func momentNow(_ subject: Word.Subject) -> Moment {
    var moment = Moment(subject)
    moment.cpl = cpu.cpl
    moment.virtualRing = cpu.cpl
    moment.actor = cpu.cpl == 3 ? .guestUser : .guestKernel
    moment.tick = cpu.ticks
    moment.guestTick = cpu.ticks
    moment.instructions = cpu.instructions
    moment.eip = cpu.eip
    moment.cs = cpu.segment(SegmentRegister.cs).selector
    return moment
  }

  private func instructionMoment(_ predicate: CompiledPredicate) -> Moment {
    var moment = momentNow(.instruction)
    let code = cpu.segment(SegmentRegister.cs)
    let linear = code.base &+ cpu.eip
    moment.linear = linear
    if predicate.needsSensitivity {
      moment.sensitivity =
        Disassembly.decode(address: cpu.eip, is32Bit: code.isBig) {
          cpu.peekByte(linear &+ UInt32($0))
        }.privilege
    }
    return moment
  }

  private func accessMoment(_ access: CPU.WatchedAccess) -> Moment {
    var moment = momentNow(.access)
    moment.linear = access.linear
    moment.size = UInt32(access.size)
    moment.isWrite = access.isWrite
    moment.eip = access.eip
    moment.cs = access.cs
    moment.cpl = access.cpl
    moment.virtualRing = access.cpl
    moment.actor = access.cpl == 3 ? .guestUser : .guestKernel
    return moment
  }
}

/// A predicate that a machine stops at, and how far it has been asked.
struct StopCondition {
  let predicate: CompiledPredicate
  /// The first place of the log not asked about.
  var checked: UInt64
  /// The tick of the boundary that was asked about last.
  var passedTick = UInt64.max

  init(_ predicate: CompiledPredicate, checked: UInt64) {
    self.predicate = predicate
    self.checked = checked
  }
}
