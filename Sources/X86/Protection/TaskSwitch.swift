/// Task switches (SDM 3A, 7.3): 16- and 32-bit TSS, busy bits, links, and the checks on the new task.
enum TaskSwitchReason { case jump, call, interrupt, interruptReturn }

extension CPU {
  /// Switches to the task of a TSS descriptor that is global, present and available (or, for IRET,
  /// busy), after `prepareTaskSwitch`. Faults belong to the new task, whose EIP is then in `eip`. Sets
  /// `eip` and `nextEIP` to the new task's.
  mutating func switchTask(
    to selector: UInt16, _ descriptor: Descriptor, _ reason: TaskSwitchReason, returnEIP: UInt32,
    flags: EFLAGS
  ) throws(Interruption) {
    let old = segments[SegmentRegister.tr]
    let oldIs16 = old.access & 8 == 0
    let newIs16 = descriptor.type & 8 == 0
    let entry = open(.taskSwitch)
    entry.pointee.info = UInt64(selector)
    entry.pointee.detail = UInt64(old.selector)
    let outer = setOffBy
    setOffBy = entry.pointee.sequence

    let nests = reason == .call || reason == .interrupt
    if !nests { try setBusy(old.selector, false) }
    try saveTask(
      at: old.base, is16: oldIs16, eip: returnEIP,
      flags: reason == .interruptReturn ? flags.subtracting(.nestedTask) : flags)
    if nests { try writeSystem(descriptor.base, old.selector) }
    let state =
      try newIs16 ? readTask16(at: descriptor.base) : readTask32(at: descriptor.base)
    if reason != .interruptReturn { try setBusy(selector, true) }

    var task = Segment(selector: selector, descriptor: descriptor)
    task.access |= 2
    setSegment(SegmentRegister.tr, task)
    cr0.insert(.taskSwitched)
    // Local breakpoints belong to the task that set them.
    debugRegisters[7] &= ~0x155
    loadRegisters(state, nests: nests)
    eip = state.eip
    nextEIP = state.eip
    close(entry)
    // A fault from here on is the new task's: the instruction or event that switched is over.
    currentInstruction = blockEnd
    if cr0.contains(.paging) && !newIs16 { try loadCR3(state.cr3) }
    try loadTaskSegments(state)
    try checkCodeLimit(state.eip, segments[SegmentRegister.cs].limit)
    close(entry)
    setOffBy = outer
    guard state.traps else { return }
    pendingDebug |= 1 << 15
    requestAttention()
  }

  /// Limits, and every page that the switch reads or writes. Nothing has changed when it throws.
  mutating func prepareTaskSwitch(
    to selector: UInt16, _ descriptor: Descriptor, _ reason: TaskSwitchReason, flags: EFLAGS,
    errorCode: UInt32? = nil
  ) throws(Interruption) {
    let old = segments[SegmentRegister.tr]
    let newLimit = TaskState.minimumLimit(is16: descriptor.type & 8 == 0)
    if descriptor.limit < newLimit { throw .invalidTSS(selector: selector, .tssLimitTooSmall) }
    if svm.isGuest {
      try interceptTaskSwitch(to: selector, reason, errorCode: errorCode, flags: flags)
    }
    // Of the old one only the part with registers is written.
    let oldLimit: UInt32 = old.access & 8 == 0 ? 0x29 : 0x5F
    if old.limit < oldLimit { throw .invalidTSS(selector: old.selector, .tssLimitTooSmall) }
    try probeSystem(old.base, oldLimit, .write)
    try probeSystem(descriptor.base, newLimit, .read)
    if reason == .call || reason == .interrupt { try probeSystem(descriptor.base, 1, .write) }
    try probeSystem(gdtBase &+ UInt32(selector & 0xFFF8), 7, .write)
    try probeSystem(gdtBase &+ UInt32(old.selector & 0xFFF8), 7, .write)
  }

  private mutating func probeSystem(
    _ linear: UInt32, _ last: UInt32, _ kind: AccessKind
  ) throws(Interruption) {
    _ = try translate(linear, kind, user: false)
    _ = try translate(linear &+ last, kind, user: false)
  }

  /// The part of the new state that needs no checks. Selectors are visible, but nothing is loaded.
  private mutating func loadRegisters(_ state: TaskState, nests: Bool) {
    let values = state.registers
    setRegister(0, values.0)
    setRegister(1, values.1)
    setRegister(2, values.2)
    setRegister(3, values.3)
    setRegister(4, values.4)
    setRegister(5, values.5)
    setRegister(6, values.6)
    setRegister(7, values.7)
    var flags = EFLAGS(rawValue: state.eflags)
    if nests { flags.insert(.nestedTask) }
    loadFlags(flags.rawValue, mask: implementedFlags)
    for index in 0..<6 {
      var segment = segments[index]
      segment.loadNull(selector: state.selector(index))
      setSegment(index, segment)
    }
    var table = segments[SegmentRegister.ldtr]
    table.loadNull(selector: state.ldt)
    setSegment(SegmentRegister.ldtr, table)
    setCPL(isVirtual8086 ? 3 : Selector.rpl(state.selectors.1))
  }

  /// Qualifies the segments of the new task, in the order of SDM 3A, table 7-1.
  private mutating func loadTaskSegments(_ state: TaskState) throws(Interruption) {
    try loadTaskLDT(state.ldt)
    if isVirtual8086 {
      for index in 0..<6 { loadUnprotected(index, selector: state.selector(index)) }
      return
    }
    let code = try taskCode(state.selectors.1)
    let stack = try taskStack(state.selectors.2)
    if !code.isPresent { throw .notPresent(selector: state.selectors.1) }
    setSegment(SegmentRegister.cs, try loadCode(state.selectors.1, code, level: cpl))
    setSegment(SegmentRegister.ss, try load(state.selectors.2, stack))
    for index in [SegmentRegister.ds, SegmentRegister.es, SegmentRegister.fs, SegmentRegister.gs] {
      let selector = state.selector(index)
      if Selector.isNull(selector) { continue }
      setSegment(index, try taskData(selector))
    }
  }

  private mutating func loadTaskLDT(_ selector: UInt16) throws(Interruption) {
    if Selector.isNull(selector) { return }
    if Selector.isLocal(selector) { throw .invalidTSS(selector: selector, .selectorOutsideTable) }
    let found = try descriptor(selector, orElse: Vector.invalidTSS)
    if !found.isSystem || found.type != SystemType.ldt {
      throw .invalidTSS(selector: selector, .notAnLDT)
    }
    if !found.isPresent { throw .invalidTSS(selector: selector, .descriptorNotPresent) }
    setSegment(SegmentRegister.ldtr, Segment(selector: selector, descriptor: found))
  }

  private mutating func taskCode(_ selector: UInt16) throws(Interruption) -> Descriptor {
    if Selector.isNull(selector) { throw .invalidTSS(0, .nullSelector) }
    let found = try descriptor(selector, orElse: Vector.invalidTSS)
    if !found.isCode { throw .invalidTSS(selector: selector, .notCode) }
    if found.isConforming {
      if found.dpl > cpl { throw .invalidTSS(selector: selector, .conformingDPLAboveCPL) }
    } else if found.dpl != cpl {
      throw .invalidTSS(selector: selector, .dplNotEqualCPL)
    }
    return found
  }

  private mutating func taskStack(_ selector: UInt16) throws(Interruption) -> Descriptor {
    if Selector.isNull(selector) { throw .invalidTSS(0, .nullSelector) }
    let found = try descriptor(selector, orElse: Vector.invalidTSS)
    if !found.isWritable { throw .invalidTSS(selector: selector, .notWritableData) }
    if !found.isPresent { throw .stackFault(selector: selector, .descriptorNotPresent) }
    if found.dpl != cpl { throw .invalidTSS(selector: selector, .dplNotEqualCPL) }
    if Selector.rpl(selector) != cpl { throw .invalidTSS(selector: selector, .rplNotEqualCPL) }
    return found
  }

  private mutating func taskData(_ selector: UInt16) throws(Interruption) -> Segment {
    let found = try descriptor(selector, orElse: Vector.invalidTSS)
    if found.isSystem { throw .invalidTSS(selector: selector, .notASegment) }
    if !found.isReadable { throw .invalidTSS(selector: selector, .notReadable) }
    if !found.isPresent { throw .notPresent(selector: selector) }
    if !found.isConforming {
      if found.dpl < Selector.rpl(selector) {
        throw .invalidTSS(selector: selector, .dplBelowRPL)
      }
      if found.dpl < cpl { throw .invalidTSS(selector: selector, .dplBelowCPL) }
    }
    return try load(selector, found)
  }
}

extension TaskState {
  /// By segment register number, ES...GS.
  func selector(_ index: Int) -> UInt16 {
    switch index {
    case 0: return selectors.0
    case 1: return selectors.1
    case 2: return selectors.2
    case 3: return selectors.3
    case 4: return selectors.4
    default: return selectors.5
    }
  }
}
