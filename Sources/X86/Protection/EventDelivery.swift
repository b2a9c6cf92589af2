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
    let entry = UInt32(event.vector) * 4
    if entry + 3 > UInt32(idtLimit) {
      throw .generalProtection(entry * 2 + 2, .vectorOutsideIDT)
    }
    let target: UInt32 = try readSystem(idtBase &+ entry)
    var stack = currentStack
    try reserve(stack, 3, is16: true)
    try push(eflags.rawValue, on: &stack, is16: true)
    try push(UInt32(segments[SegmentRegister.cs].selector), on: &stack, is16: true)
    try push(event.returnEIP, on: &stack, is16: true)
    self[.esp] = stack.pointer
    loadUnprotected(SegmentRegister.cs, selector: UInt16(truncatingIfNeeded: target >> 16))
    setSystemFlags(systemFlags.subtracting([.interrupt, .trap, .resume, .alignmentCheck]))
    setHandler(target & 0xFFFF)
  }

  private mutating func setHandler(_ offset: UInt32) {
    eip = offset
    nextEIP = offset
  }

  private mutating func deliverThroughIDT(_ event: Event) throws(Interruption) {
    let entry = UInt32(event.vector) * 8
    let code = entry + 2
    if entry + 7 > UInt32(idtLimit) { throw .generalProtection(code, .vectorOutsideIDT) }
    let gate = Descriptor(raw: try readLinear(idtBase &+ entry, 8, user: false))
    guard gate.isSystem, gate.type == SystemType.taskGate || gate.type & 6 == 6 else {
      throw .generalProtection(code, .notAGate)
    }
    if event.source == .instruction && gate.dpl < cpl {
      throw .generalProtection(code, .gateDPLBelowCPL)
    }
    if !gate.isPresent { throw .notPresent(code, .gateNotPresent) }
    if gate.type == SystemType.taskGate {
      try deliverThroughTaskGate(event, gate.gateSelector)
    } else {
      try deliverThroughGate(event, gate)
    }
  }

  private mutating func deliverThroughTaskGate(
    _ event: Event, _ selector: UInt16
  ) throws(Interruption) {
    let task = try availableTask(selector)
    try switchTask(
      to: selector, task, .interrupt, returnEIP: event.returnEIP, flags: pushedFlags(event))
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
    let code = try loadCode(selector, target, level: level)

    try pushFrame(event, on: &stack, isInner: isInner, is16: is16)
    let leavesVirtual8086 = isVirtual8086
    var cleared: EFLAGS = [.trap, .nestedTask, .resume, .virtual8086]
    if gate.type & 1 == 0 { cleared.insert(.interrupt) }
    setSystemFlags(systemFlags.subtracting(cleared))
    setSegment(SegmentRegister.cs, code)
    setCPL(level)
    switchStack(stack)
    setHandler(offset)
    guard leavesVirtual8086 else { return }
    for index in [SegmentRegister.es, SegmentRegister.ds, SegmentRegister.fs, SegmentRegister.gs] {
      var segment = segments[index]
      segment.loadNull(selector: 0)
      setSegment(index, segment)
    }
  }

  private func pushedFlags(_ event: Event) -> EFLAGS {
    switch event.resumeFlag {
    case .set: return eflags.union(.resume)
    case .clear: return eflags.subtracting(.resume)
    case .keep: return eflags
    }
  }

  /// The stack frame of a handler (SDM 3A, figures 6-4 and 20-4).
  private mutating func pushFrame(
    _ event: Event, on stack: inout TargetStack, isInner: Bool, is16: Bool
  ) throws(Interruption) {
    if isVirtual8086 {
      for index in [
        SegmentRegister.gs, SegmentRegister.fs, SegmentRegister.ds, SegmentRegister.es,
      ] {
        try push(UInt32(segments[index].selector), on: &stack, is16: is16)
      }
    }
    if isInner {
      try push(UInt32(segments[SegmentRegister.ss].selector), on: &stack, is16: is16)
      try push(self[.esp], on: &stack, is16: is16)
    }
    try push(pushedFlags(event).rawValue, on: &stack, is16: is16)
    try push(UInt32(segments[SegmentRegister.cs].selector), on: &stack, is16: is16)
    try push(event.returnEIP, on: &stack, is16: is16)
    if let errorCode = event.errorCode { try push(errorCode, on: &stack, is16: is16) }
  }
}
