/// Far JMP and CALL to code segments; gates and tasks are in the next files (SDM 2A, CALL, JMP).
extension CPU {
  /// Far JMP. Sets CS and `nextEIP`.
  mutating func farJump(
    selector: UInt16, offset: UInt32, is16: Bool
  ) throws(Interruption) {
    let offset = is16 ? offset & 0xFFFF : offset
    guard usesDescriptors else { return try farJumpUnprotected(selector: selector, offset) }
    if Selector.isNull(selector) { throw .generalProtection(0, .nullSelector) }
    let found = try descriptor(selector)
    if found.isCode {
      try checkDirectTransfer(selector, found)
      try checkCodeLimit(offset, found.limit)
      setSegment(SegmentRegister.cs, try loadCode(selector, found, level: cpl))
      nextEIP = offset
    } else {
      try farTransferThroughSystemDescriptor(selector, found, isCall: false)
    }
  }

  /// Far CALL. Pushes the return address, sets CS and `nextEIP`.
  mutating func farCall(
    selector: UInt16, offset: UInt32, is16: Bool
  ) throws(Interruption) {
    let offset = is16 ? offset & 0xFFFF : offset
    var stack = currentStack
    guard usesDescriptors else {
      try reserve(stack, 2, is16: is16)
      try checkCodeLimit(offset, segments[SegmentRegister.cs].limit)
      try pushReturnAddress(on: &stack, is16: is16)
      self[.esp] = stack.pointer
      return try farJumpUnprotected(selector: selector, offset)
    }
    if Selector.isNull(selector) { throw .generalProtection(0, .nullSelector) }
    let found = try descriptor(selector)
    guard found.isCode else {
      return try farTransferThroughSystemDescriptor(selector, found, isCall: true)
    }
    try checkDirectTransfer(selector, found)
    try reserve(stack, 2, is16: is16)
    try checkCodeLimit(offset, found.limit)
    let code = try loadCode(selector, found, level: cpl)
    try pushReturnAddress(on: &stack, is16: is16)
    self[.esp] = stack.pointer
    setSegment(SegmentRegister.cs, code)
    nextEIP = offset
  }

  private mutating func farJumpUnprotected(
    selector: UInt16, _ offset: UInt32
  ) throws(Interruption) {
    try checkCodeLimit(offset, segments[SegmentRegister.cs].limit)
    loadUnprotected(SegmentRegister.cs, selector: selector)
    nextEIP = offset
  }

  /// CS:EIP of the next instruction.
  mutating func pushReturnAddress(
    on stack: inout TargetStack, is16: Bool
  ) throws(Interruption) {
    try push(UInt32(segments[SegmentRegister.cs].selector), on: &stack, is16: is16)
    try push(nextEIP, on: &stack, is16: is16)
  }

  /// A transfer straight to a code segment never changes the level (SDM 3A, 5.8.1).
  private mutating func checkDirectTransfer(
    _ selector: UInt16, _ descriptor: Descriptor
  ) throws(Interruption) {
    if descriptor.isConforming {
      if descriptor.dpl > cpl {
        throw .generalProtection(selector: selector, .conformingDPLAboveCPL)
      }
    } else {
      if Selector.rpl(selector) > cpl {
        throw .generalProtection(selector: selector, .rplNotEqualCPL)
      }
      if descriptor.dpl != cpl { throw .generalProtection(selector: selector, .dplNotEqualCPL) }
    }
    if !descriptor.isPresent { throw .notPresent(selector: selector) }
  }

  private mutating func farTransferThroughSystemDescriptor(
    _ selector: UInt16, _ descriptor: Descriptor, isCall: Bool
  ) throws(Interruption) {
    guard descriptor.isSystem else { throw .generalProtection(selector: selector, .notCode) }
    switch descriptor.type {
    case SystemType.callGate16, SystemType.callGate32:
      try checkGate(selector, descriptor)
      try passCallGate(descriptor, isCall: isCall)
    case SystemType.taskGate:
      try checkGate(selector, descriptor)
      let task = descriptor.gateSelector
      let found = try availableTask(task)
      try prepareTaskSwitch(to: task, found, isCall ? .call : .jump, flags: eflags)
      try switchTask(to: task, found, isCall ? .call : .jump, returnEIP: nextEIP, flags: eflags)
    case SystemType.tss16Available, SystemType.tss32Available,
      SystemType.tss16Busy, SystemType.tss32Busy:
      if descriptor.dpl < cpl { throw .generalProtection(selector: selector, .dplBelowCPL) }
      if descriptor.dpl < Selector.rpl(selector) {
        throw .generalProtection(selector: selector, .dplBelowRPL)
      }
      let found = try availableTask(selector)
      try prepareTaskSwitch(to: selector, found, isCall ? .call : .jump, flags: eflags)
      try switchTask(to: selector, found, isCall ? .call : .jump, returnEIP: nextEIP, flags: eflags)
    default:
      throw .generalProtection(selector: selector, .notAGate)
    }
  }

  private mutating func checkGate(_ selector: UInt16, _ gate: Descriptor) throws(Interruption) {
    if gate.dpl < cpl { throw .generalProtection(selector: selector, .gateDPLBelowCPL) }
    if gate.dpl < Selector.rpl(selector) {
      throw .generalProtection(selector: selector, .gateDPLBelowRPL)
    }
    if !gate.isPresent { throw .notPresent(selector: selector, .gateNotPresent) }
  }

  /// The TSS a JMP, CALL, exception or interrupt switches to: global, not busy, present.
  mutating func availableTask(_ selector: UInt16) throws(Interruption) -> Descriptor {
    if Selector.isLocal(selector) {
      throw .generalProtection(selector: selector, .selectorOutsideTable)
    }
    let found = try descriptor(selector)
    guard found.isSystem else { throw .generalProtection(selector: selector, .notATSS) }
    switch found.type {
    case SystemType.tss16Available, SystemType.tss32Available: break
    case SystemType.tss16Busy, SystemType.tss32Busy:
      throw .generalProtection(selector: selector, .tssBusy)
    default: throw .generalProtection(selector: selector, .notATSS)
    }
    if !found.isPresent { throw .notPresent(selector: selector) }
    return found
  }
}
