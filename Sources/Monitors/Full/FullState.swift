public import X86

/// The monitor between two runs as a value: what it needs to go on as if nothing had been.
///
/// Which pages the shadow tables have belongs to it, because that decides when the guest's A and D
/// bits are set. What follows from something else does not: the lab processor's TLB, which holds
/// nothing that the shadow has not; decoded blocks; gates, stubs and descriptors of the monitor's own.
struct FullState {
  var lab = ProcessorState()
  var isInMonitor = true
  var isProjected = false
  var fpuIsInLab = false
  var hasNotableEvent = false
  var mustFollow = false
  /// The frame on the monitor's stack, from the vector on.
  var frame = [UInt32](repeating: 0, count: Int(TrapFrame.size / 4))
  var interpretedUntil: UInt64 = 0
  var directStart: UInt64 = 0
  var trapNumber: UInt64 = 0
  /// How many places before the end of the guest's log the first is that was not looked at.
  var unseenEvents: UInt64 = 0
  var projected = [Segment](repeating: Segment(), count: 6)
  /// UTF-8; empty if there is nothing.
  var unsupported: [UInt8] = []
  var counters = FullCounters()
  var descriptors = ShadowDescriptors.State()
  var paging = ShadowPaging.State()

  mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
    lab.exchange(&coder)
    coder.flag(&isInMonitor)
    coder.flag(&isProjected)
    coder.flag(&fpuIsInLab)
    coder.flag(&hasNotableEvent)
    coder.flag(&mustFollow)
    coder.numbers(&frame)
    coder.field(&interpretedUntil)
    coder.field(&directStart)
    coder.field(&trapNumber)
    coder.field(&unseenEvents)
    coder.array(&projected, empty: Segment()) { $1.exchange(&$0) }
    coder.numbers(&unsupported)
    counters.exchange(&coder)
    descriptors.exchange(&coder)
    paging.exchange(&coder)
  }

  /// What the monitor relies on and always sees to.
  private var isPossible: Bool {
    let code = frame.count > 3 ? frame[3] : 0
    return lab.isPossible && frame.count == Int(TrapFrame.size / 4) && projected.count == 6
      && directStart <= lab.time.ticks && interpretedUntil < 1 << 62
      && (!(isInMonitor && isProjected) || code & 3 != 0)
      && counters.isPossible && descriptors.isPossible
  }
}

extension FullVirtualization {
  public func save(_ guest: borrowing CPU) -> [UInt64] {
    precondition(labPlace == lab.log.end, "a run takes over all that the lab processor did")
    var state = FullState()
    state.lab = lab.state.withoutTranslations
    (state.isInMonitor, state.isProjected, state.fpuIsInLab) = (
      isInMonitor, isProjected, fpuIsInLab
    )
    (state.hasNotableEvent, state.mustFollow) = (hasNotableEvent, mustFollow)
    for index in state.frame.indices {
      state.frame[index] = memory.load(TrapFrame.offset + UInt32(index * 4))
    }
    (state.interpretedUntil, state.directStart) = (interpretedUntil, directStart)
    (state.trapNumber, state.unseenEvents) = (trapNumber, guest.log.end - guestPlace)
    state.projected = projected
    state.unsupported = Array((unsupported ?? "").utf8)
    state.counters = counters
    state.descriptors = descriptors.state
    state.paging = paging.state
    var coder = WordWriter()
    state.exchange(&coder)
    return coder.words
  }

  public func restore(_ words: [UInt64], _ guest: inout CPU) -> Bool {
    guard var state = FullState(words: words), paging.canTake(state.paging, lab.memory) else {
      return false
    }
    let before = lab.state
    lab.state = state.lab
    leaveTranslation(&state)
    guard isOurs(isInMonitor: state.isInMonitor, root: state.paging.root) else {
      lab.state = before
      return false
    }
    for (index, word) in state.frame.enumerated() {
      memory.store(word, at: TrapFrame.offset + UInt32(index * 4))
    }
    (isInMonitor, isProjected, fpuIsInLab) = (
      state.isInMonitor, state.isProjected, state.fpuIsInLab
    )
    (hasNotableEvent, mustFollow) = (state.hasNotableEvent, state.mustFollow)
    (interpretedUntil, directStart) = (state.interpretedUntil, state.directStart)
    trapNumber = min(state.trapNumber, guest.log.count)
    projected = state.projected
    unsupported =
      state.unsupported.isEmpty ? nil : String(decoding: state.unsupported, as: UTF8.self)
    counters = state.counters
    descriptors.take(state.descriptors)
    paging.take(state.paging)
    for page in descriptors.pages { guest.watch(page: page.physical) }
    for frame in paging.tracedFrames { guest.watch(page: frame) }
    labPlace = lab.log.end
    lab.log.fullAt = labPlace &+ UInt64(lab.log.capacity / 2)
    guestPlace = guest.log.end - min(state.unseenEvents, guest.log.end)
    _ = guest.takeFlush()
    return !(isInMonitor && isProjected) || canReturn
  }

  /// The exit's IRET leads to the guest and to nowhere else.
  private var canReturn: Bool {
    let frame = TrapFrame(in: memory)
    let level = frame.cs & 3
    let image = ShadowDescriptors.Image(ring: UInt8(level))
    guard level != 0, frame.ss & 3 == level, lab.gdtBase == MonitorLayout.hole + image.gdt,
      let code = descriptors.segment(frame.cs, image) ?? descriptors.admit(frame.cs, image),
      let stack = descriptors.segment(frame.ss, image) ?? descriptors.admit(frame.ss, image),
      code.access & 0x18 == 0x18, stack.access & 0x1A == 0x12,
      UInt16(stack.access >> 5 & 3) == level, frame.eip <= code.limit,
      frame.eflags.contains(.interrupt),
      frame.eflags.isDisjoint(with: [.ioPrivilegeLevel, .virtual8086, .trap])
    else { return false }
    let codeLevel = UInt16(code.access >> 5 & 3)
    guard code.access & 4 != 0 ? codeLevel <= level : codeLevel == level else { return false }
    return [SegmentRegister.es, SegmentRegister.ds, SegmentRegister.fs, SegmentRegister.gs]
      .allSatisfy { ShadowDescriptors.isSafe(lab.segment($0), image) }
  }

  /// The lab processor is as this monitor leaves it: with its own tables, and behind a gate or
  /// outside ring 0, where no segment reaches into the hole.
  private func isOurs(isInMonitor: Bool, root: UInt32) -> Bool {
    let home = home
    guard lab.cr0.isSuperset(of: home.cr0), lab.cr4.contains(.timeStampDisable),
      lab.cr4.isDisjoint(with: [.physicalAddressExtension, .pageGlobal, .pageSizeExtensions]),
      lab.cr3 == root, !lab.isHalted, !lab.isShutDown,
      let image = [ShadowDescriptors.Image.kernel, .user].first(where: {
        lab.gdtBase == MonitorLayout.hole + $0.gdt
      }), lab.gdtLimit == home.gdtLimit,
      lab.idtBase == home.idtBase, lab.idtLimit == home.idtLimit,
      lab.segment(SegmentRegister.tr).base == MonitorLayout.hole + MonitorLayout.task,
      lab.segment(SegmentRegister.ldtr).base == MonitorLayout.hole + image.ldt,
      !lab.isDebugged, !lab.isAddressMasked
    else { return false }
    let code = lab.segment(SegmentRegister.cs)
    let stack = lab.segment(SegmentRegister.ss)
    if isInMonitor {
      return lab.cpl == 0 && code.selector == home.code && stack.selector == home.data
        && lab[.esp] == home.esp
        && (lab.eip &- MonitorLayout.hole &- MonitorLayout.stubs) % 16 == MonitorMemory.exitOffset
        && lab.eip &- MonitorLayout.hole &- MonitorLayout.stubs < 4096
    }
    guard lab.cpl != 0, UInt16(lab.cpl) == code.selector & 3, UInt16(lab.cpl) == stack.selector & 3,
      lab.eflags.contains(.interrupt),
      lab.eflags.isDisjoint(with: [.ioPrivilegeLevel, .virtual8086, .trap])
    else { return false }
    // From ring 1 a guest gets to ring 3 without the monitor, by RETF say: with the tables for ring 1.
    guard lab.cpl == 3 || image == .kernel else { return false }
    return (0..<6).allSatisfy { ShadowDescriptors.isSafe(lab.segment($0), image) }
  }
}

extension FullState {
  /// The state that gave these words; nil if they are none.
  fileprivate init?(words: [UInt64]) {
    self.init()
    var coder = WordReader(words)
    exchange(&coder)
    guard coder.isComplete, isPossible else { return nil }
  }
}
