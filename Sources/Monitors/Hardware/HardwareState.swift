public import X86

/// The monitor between two runs as a value: what it needs to go on as if nothing had been.
///
/// The lab processor's TLB belongs to it: with nested paging it is the guest's, and decides when the
/// guest's A and D bits are set. What never changes (host loop, tables of the host, nested tables) does
/// not.
struct HardwareState {
  var lab = ProcessorState()
  var isInMonitor = true
  var fpuIsInLab = false
  var hasNotableEvent = false
  var mustFlush = true
  var interpretedUntil: UInt64 = 0
  var directStart: UInt64 = 0
  var exitNumber: UInt64 = 0
  var exitTick: UInt64 = 0
  /// How many places before the end of the guest's log the first is that was not looked at.
  var unseenEvents: UInt64 = 0
  /// UTF-8; empty if there is nothing.
  var unsupported: [UInt8] = []
  var counters = HardwareCounters()
  var paging = ShadowPaging.State()
  /// `SVMMonitor.keptMemory`, then the copies of the VMCB at the last entry and exit.
  var memory: [UInt64] = []

  mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
    lab.exchange(&coder)
    coder.flag(&isInMonitor)
    coder.flag(&fpuIsInLab)
    coder.flag(&hasNotableEvent)
    coder.flag(&mustFlush)
    coder.field(&interpretedUntil)
    coder.field(&directStart)
    coder.field(&exitNumber)
    coder.field(&exitTick)
    coder.field(&unseenEvents)
    coder.numbers(&unsupported)
    counters.exchange(&coder)
    paging.exchange(&coder)
    coder.numbers(&memory)
  }

  /// What the monitor relies on and always sees to.
  private var isPossible: Bool {
    lab.isPossible && (isInMonitor || directStart <= lab.time.ticks) && exitTick <= lab.time.ticks
      && interpretedUntil < 1 << 62 && counters.isPossible
      && memory.count == SVMMonitor.keptWords
  }

  /// The state that gave these words; nil if they are none.
  init?(words: [UInt64]) {
    var coder = WordReader(words)
    exchange(&coder)
    guard coder.isComplete, isPossible else { return nil }
  }

  init() {}
}

extension SVMMonitor {
  /// What changes of the machine's memory that is the monitor's: the guest's registers, its VMCB, the
  /// host save area. Offsets and sizes in bytes.
  private static let keptMemory = [
    (HardwareLayout.registers, 24), (HardwareLayout.guestBlock, ControlBlock.size),
    (HardwareLayout.hostSaveArea, ControlBlock.size),
  ]
  static let keptWords = (24 + 4 * ControlBlock.size) / 8

  public func save(_ guest: borrowing CPU) -> [UInt64] {
    precondition(labPlace == lab.log.end, "a run takes over all that the lab processor did")
    var state = HardwareState()
    state.lab = lab.state
    (state.isInMonitor, state.fpuIsInLab) = (isInMonitor, fpuIsInLab)
    (state.hasNotableEvent, state.mustFlush) = (hasNotableEvent, mustFlush)
    (state.interpretedUntil, state.directStart) = (interpretedUntil, directStart)
    (state.exitNumber, state.exitTick) = (exitNumber, exitTick)
    state.unseenEvents = guest.log.end - guestPlace
    state.unsupported = Array((unsupported ?? "").utf8)
    state.counters = counters
    state.paging = paging.state
    for (start, size) in Self.keptMemory {
      for offset in stride(from: 0, to: size, by: 8) {
        state.memory.append(memory.load(start + UInt32(offset)))
      }
    }
    state.memory += blockAtEntry.words + blockAtExit.words
    var coder = WordWriter()
    state.exchange(&coder)
    return coder.words
  }

  public func restore(_ words: [UInt64], _ guest: inout CPU) -> Bool {
    guard let state = HardwareState(words: words),
      paging.canTake(state.paging, lab.memory)
    else { return false }
    let before = lab.state
    lab.state = state.lab
    guard isOurs(isInMonitor: state.isInMonitor) else {
      lab.state = before
      return false
    }
    var place = 0
    for (start, size) in Self.keptMemory {
      for offset in stride(from: 0, to: size, by: 8) {
        memory.store(state.memory[place], at: start + UInt32(offset))
        place += 1
      }
    }
    let copies = ControlBlock.size / 8
    blockAtEntry.words = Array(state.memory[place..<place + copies])
    blockAtExit.words = Array(state.memory[(place + copies)...])
    (isInMonitor, fpuIsInLab) = (state.isInMonitor, state.fpuIsInLab)
    (hasNotableEvent, mustFlush) = (state.hasNotableEvent, state.mustFlush)
    (interpretedUntil, directStart) = (state.interpretedUntil, state.directStart)
    (exitNumber, exitTick) = (min(state.exitNumber, guest.log.count), state.exitTick)
    unsupported =
      state.unsupported.isEmpty ? nil : String(decoding: state.unsupported, as: UTF8.self)
    counters = state.counters
    paging.take(state.paging)
    labPlace = lab.log.end
    lab.log.fullAt = labPlace &+ UInt64(lab.log.capacity / 2)
    guestPlace = guest.log.end - min(state.unseenEvents, guest.log.end)
    _ = guest.takeFlush()
    return true
  }

  /// The lab processor is as this monitor leaves it: in the guest, or its own host behind the gate.
  private func isOurs(isInMonitor: Bool) -> Bool {
    guard !lab.isShutDown, !lab.isAddressMasked, lab.isInGuest != isInMonitor else { return false }
    guard isInMonitor else { return true }
    let home = MonitorMemory.hostState
    return lab.cpl == 0 && lab.cr0 == home.cr0 && lab.cr3 == home.cr3 && lab.cr4 == home.cr4
      && lab.gdtBase == home.gdtBase && lab.idtBase == home.idtBase && !lab.isHalted
      && lab.segment(SegmentRegister.cs).selector == home.code
      && lab.eip == HardwareLayout.code + HostLoop().behindGate
  }
}
