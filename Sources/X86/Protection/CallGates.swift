/// JMP and CALL through call gates, with the switch to an inner ring (SDM 3A, 5.8.2-5.8.5).
extension CPU {
  /// Everything about the gate itself has been checked.
  mutating func passCallGate(_ gate: Descriptor, isCall: Bool) throws(Interruption) {
    let is16 = gate.type == SystemType.callGate16
    let offset = is16 ? gate.gateOffset & 0xFFFF : gate.gateOffset
    let selector = gate.gateSelector
    if Selector.isNull(selector) { throw .generalProtection(0, .gateTargetNull) }
    let target = try descriptor(selector)
    guard target.isCode else { throw .generalProtection(selector: selector, .gateTargetNotCode) }
    if target.dpl > cpl {
      throw .generalProtection(selector: selector, .gateTargetDPLAboveCPL)
    }
    if !isCall && !target.isConforming && target.dpl != cpl {
      throw .generalProtection(selector: selector, .dplNotEqualCPL)
    }
    if !target.isPresent { throw .notPresent(selector: selector) }
    if isCall && !target.isConforming && target.dpl < cpl {
      return try callInnerRing(gate, selector, target, offset, is16: is16)
    }
    var stack = currentStack
    if isCall { try reserve(stack, 2, is16: is16) }
    try checkCodeLimit(offset, target.limit)
    let code = try loadCode(selector, target, level: cpl)
    if isCall {
      try pushReturnAddress(on: &stack, is16: is16)
      self[.esp] = stack.pointer
    }
    setSegment(SegmentRegister.cs, code)
    nextEIP = offset
  }

  /// The gate's parameters move to the new stack between the old SS:ESP and the return address.
  private mutating func callInnerRing(
    _ gate: Descriptor, _ selector: UInt16, _ target: Descriptor, _ offset: UInt32, is16: Bool
  ) throws(Interruption) {
    let level = target.dpl
    var stack = try innerStack(level: level)
    let parameters = UInt32(gate.gateParameterCount)
    try reserve(stack, Int(parameters) + 4, is16: is16)
    try checkCodeLimit(offset, target.limit)
    for position in 0..<parameters { _ = try stackItem(position, is16: is16) }
    try markAccessed(&stack)
    let code = try loadCode(selector, target, level: level)

    try push(UInt32(segments[SegmentRegister.ss].selector), on: &stack, is16: is16)
    try push(self[.esp], on: &stack, is16: is16)
    for position in (0..<parameters).reversed() {
      try push(try stackItem(position, is16: is16), on: &stack, is16: is16)
    }
    try pushReturnAddress(on: &stack, is16: is16)
    let entry = open(.farTransfer)
    entry.pointee.gate = gate.access
    entry.pointee.info = UInt64(parameters)
    entry.pointee.marks.insert(
      is16 ? [.delivered, .stackSwitched, .frame16] : [.delivered, .stackSwitched])
    setSegment(SegmentRegister.cs, code)
    setCPL(level)
    switchStack(stack)
    nextEIP = offset
    close(entry)
  }
}
