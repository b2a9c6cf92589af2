/// One attempt to enter a handler: the IVT of real mode, the gates of the IDT (SDM 3A, 6.12).
extension CPU {
  /// Enters the handler of an event: pushes the frame and sets CS:EIP (`eip` and `nextEIP`).
  /// Throws before anything has changed, except after a task switch.
  mutating func deliver(_ event: Event) throws(Interruption) {
    if isProtected {
      try deliverThroughIDT(event)
    } else {
      try deliverThroughIVT(event)
    }
    isHalted = false
    interruptShadow = .none
    if event.vector == Vector.debug && event.source == .processor {
      debugRegisters[7] &= ~(1 << 13)
    }
  }

  /// Real mode: four bytes of IP and CS for each vector; error codes are not pushed.
  private mutating func deliverThroughIVT(_ event: Event) throws(Interruption) {
    let slot = UInt32(event.vector) * 4
    if slot + 3 > UInt32(idtLimit) {
      throw .generalProtection(slot * 2 + 2, .vectorOutsideIDT)
    }
    var stack = currentStack
    try reserve(stack, 3, is16: true)
    try push(eflags.rawValue, on: &stack, is16: true)
    try push(UInt32(segments[SegmentRegister.cs].selector), on: &stack, is16: true)
    try push(event.returnEIP, on: &stack, is16: true)
    // Only now: the frame may lie over the vector (SDM 2A, INT n).
    let target: UInt32 = try readSystem(idtBase &+ slot)
    let entry = open(event)
    entry.pointee.marks.formUnion([.delivered, .frame16])
    entry.pointee.flags = eflags.rawValue
    self[.esp] = stack.pointer
    loadUnprotected(SegmentRegister.cs, selector: UInt16(truncatingIfNeeded: target >> 16))
    setSystemFlags(systemFlags.subtracting([.interrupt, .trap, .resume, .alignmentCheck]))
    setHandler(target & 0xFFFF)
    close(entry)
  }

  private mutating func setHandler(_ offset: UInt32) {
    eip = offset
    nextEIP = offset
  }

  private mutating func deliverThroughIDT(_ event: Event) throws(Interruption) {
    let slot = UInt32(event.vector) * 8
    let code = slot + 2
    if slot + 7 > UInt32(idtLimit) { throw .generalProtection(code, .vectorOutsideIDT) }
    let gate = Descriptor(raw: try readTable(idtBase &+ slot))
    guard gate.isSystem, gate.type == SystemType.taskGate || gate.type & 6 == 6 else {
      throw .generalProtection(code, .notAGate)
    }
    if event.source == .instruction && gate.dpl < cpl {
      throw .generalProtection(code, .gateDPLBelowCPL)
    }
    if !gate.isPresent { throw .notPresent(code, .gateNotPresent) }
    if gate.type == SystemType.taskGate {
      try deliverThroughTaskGate(event, gate)
    } else {
      try deliverThroughGate(event, gate)
    }
  }

  private mutating func deliverThroughTaskGate(
    _ event: Event, _ gate: Descriptor
  ) throws(Interruption) {
    let selector = gate.gateSelector
    let task = try availableTask(selector)
    try prepareTaskSwitch(
      to: selector, task, .interrupt, flags: pushedFlags(event), errorCode: event.errorCode)
    let entry = open(event)
    entry.pointee.marks.insert(.delivered)
    entry.pointee.gate = gate.access
    let outer = setOffBy
    setOffBy = entry.pointee.sequence
    do throws(Interruption) {
      try switchTask(
        to: selector, task, .interrupt, returnEIP: event.returnEIP, flags: pushedFlags(event))
      try pushTaskErrorCode(event)
    } catch {
      close(entry)
      throw error
    }
    close(entry)
    setOffBy = outer
  }

  private mutating func pushTaskErrorCode(_ event: Event) throws(Interruption) {
    guard let errorCode = event.errorCode else { return }
    var stack = currentStack
    let is16 = segments[SegmentRegister.tr].access & 8 == 0
    try reserve(stack, 1, is16: is16)
    try push(errorCode, on: &stack, is16: is16)
    self[.esp] = stack.pointer
  }

  private mutating func deliverThroughGate(
    _ event: Event, _ gate: Descriptor
  ) throws(Interruption) {
    let is16 = gate.type & 8 == 0
    let offset = is16 ? gate.gateOffset & 0xFFFF : gate.gateOffset
    let selector = gate.gateSelector
    if Selector.isNull(selector) { throw .generalProtection(0, .gateTargetNull) }
    let target = try descriptor(selector)
    guard target.isCode else { throw .generalProtection(selector: selector, .gateTargetNotCode) }
    if target.dpl > cpl {
      throw .generalProtection(selector: selector, .gateTargetDPLAboveCPL)
    }
    if !target.isPresent { throw .notPresent(selector: selector) }
    let isInner = !target.isConforming && target.dpl < cpl
    if isVirtual8086 && (!isInner || target.dpl != 0) {
      throw .generalProtection(selector: selector, .v86EntryNotToRing0)
    }

    let level = isInner ? target.dpl : cpl
    var stack = isInner ? try innerStack(level: level) : currentStack
    let count =
      3 + (isInner ? 2 : 0) + (isVirtual8086 ? 4 : 0) + (event.errorCode == nil ? 0 : 1)
    try reserve(stack, count, is16: is16)
    try checkCodeLimit(offset, target.limit)
    if isInner { try markAccessed(&stack) }
    let code = try loadCode(selector, target, level: level)

    // Nothing can fail any more: the new level's own stack takes the frame.
    let frame = InterruptedState(self, flags: pushedFlags(event), isInner: isInner)
    let entry = open(event)
    entry.pointee.marks.insert(.delivered)
    if isInner { entry.pointee.marks.insert(.stackSwitched) }
    if is16 { entry.pointee.marks.insert(.frame16) }
    entry.pointee.gate = gate.access
    entry.pointee.flags = frame.flags.rawValue
    var cleared: EFLAGS = [.trap, .nestedTask, .resume, .virtual8086]
    if gate.type & 1 == 0 { cleared.insert(.interrupt) }
    setSystemFlags(systemFlags.subtracting(cleared))
    setSegment(SegmentRegister.cs, code)
    setCPL(level)
    switchStack(stack)
    try push(frame, event, is16: is16)
    setHandler(offset)
    close(entry)
  }

  private mutating func pushedFlags(_ event: Event) -> EFLAGS {
    switch event.resumeFlag {
    case .set: return eflags.union(.resume)
    case .clear: return eflags.subtracting(.resume)
    case .keep: return eflags
    }
  }

  /// Pushes the stack frame of a handler (SDM 3A, figures 6-4 and 20-4).
  private mutating func push(
    _ frame: InterruptedState, _ event: Event, is16: Bool
  ) throws(Interruption) {
    if frame.flags.contains(.virtual8086) {
      for index in [
        SegmentRegister.gs, SegmentRegister.fs, SegmentRegister.ds, SegmentRegister.es,
      ] {
        var segment = segments[index]
        try push(UInt32(segment.selector), is16: is16)
        segment.loadNull(selector: 0)
        setSegment(index, segment)
      }
    }
    if frame.isInner {
      try push(UInt32(frame.ss), is16: is16)
      try push(frame.esp, is16: is16)
    }
    try push(frame.flags.rawValue, is16: is16)
    try push(UInt32(frame.cs), is16: is16)
    try push(event.returnEIP, is16: is16)
    if let errorCode = event.errorCode { try push(errorCode, is16: is16) }
  }
}

/// What a handler's frame remembers of the program it interrupts.
private struct InterruptedState {
  let flags: EFLAGS
  let cs: UInt16
  let ss: UInt16
  let esp: UInt32
  /// The handler runs at an inner level, on another stack.
  let isInner: Bool

  init(_ cpu: borrowing CPU, flags: EFLAGS, isInner: Bool) {
    self.flags = flags
    self.isInner = isInner
    cs = cpu.segments[SegmentRegister.cs].selector
    ss = cpu.segments[SegmentRegister.ss].selector
    esp = cpu[.esp]
  }
}
