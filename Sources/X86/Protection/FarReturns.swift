/// Far RET (SDM 2B, RET), and the checks on a return that IRET shares.
extension CPU {
  /// Far RET, `popCount` bytes of parameters released. Sets CS and `nextEIP`.
  mutating func farReturn(is16: Bool, popCount: UInt32) throws(Interruption) {
    let offset = try stackItem(0, is16: is16)
    let selector = UInt16(truncatingIfNeeded: try stackItem(1, is16: is16))
    let size: UInt32 = is16 ? 2 : 4
    guard usesDescriptors else {
      try checkCodeLimit(offset, segments[SegmentRegister.cs].limit)
      stackPointer = stackPointer &+ 2 * size &+ popCount
      loadUnprotected(SegmentRegister.cs, selector: selector)
      nextEIP = offset
      return
    }
    let target = try returnTarget(selector)
    let level = Selector.rpl(selector)
    if level == cpl {
      try checkCodeLimit(offset, target.limit)
      let code = try loadCode(selector, target, level: level)
      stackPointer = stackPointer &+ 2 * size &+ popCount
      setSegment(SegmentRegister.cs, code)
      nextEIP = offset
      return
    }
    let position = self[.esp] &+ 2 * size &+ popCount
    let pointer = try outerStackItem(position, is16: is16)
    let stackSelector = UInt16(
      truncatingIfNeeded: try outerStackItem(position &+ size, is16: is16))
    let stack = try outerStack(stackSelector, level: level)
    try checkCodeLimit(offset, target.limit)
    let code = try loadCode(selector, target, level: level)
    let stackSegment = try load(stackSelector, stack)
    let entry = open(.farTransfer)
    enterOuterRing(code, offset, stackSegment, pointer &+ popCount)
    close(entry)
  }

  private mutating func outerStackItem(
    _ offset: UInt32, is16: Bool
  ) throws(Interruption) -> UInt32 {
    if is16 {
      return UInt32(try read(SegmentRegister.ss, offset & stackMask, as: UInt16.self))
    }
    return try read(SegmentRegister.ss, offset & stackMask, as: UInt32.self)
  }

  /// The code segment that RET or IRET goes back to: same or outer level.
  mutating func returnTarget(_ selector: UInt16) throws(Interruption) -> Descriptor {
    if Selector.isNull(selector) { throw .generalProtection(0, .nullSelector) }
    let found = try descriptor(selector)
    let level = Selector.rpl(selector)
    if !found.isCode { throw .generalProtection(selector: selector, .notCode) }
    if level < cpl { throw .generalProtection(selector: selector, .returnToInnerRing) }
    if found.isConforming {
      if found.dpl > level {
        throw .generalProtection(selector: selector, .conformingDPLAboveCPL)
      }
    } else if found.dpl != level {
      throw .generalProtection(selector: selector, .dplNotEqualCPL)
    }
    if !found.isPresent { throw .notPresent(selector: selector) }
    return found
  }

  /// The stack segment of the outer level that RET or IRET goes back to.
  mutating func outerStack(
    _ selector: UInt16, level: UInt8
  ) throws(Interruption) -> Descriptor {
    if Selector.isNull(selector) { throw .generalProtection(0, .nullSelector) }
    let found = try descriptor(selector)
    if Selector.rpl(selector) != level {
      throw .generalProtection(selector: selector, .rplNotEqualCPL)
    }
    if !found.isWritable { throw .generalProtection(selector: selector, .notWritableData) }
    if found.dpl != level { throw .generalProtection(selector: selector, .dplNotEqualCPL) }
    if !found.isPresent { throw .stackFault(selector: selector, .descriptorNotPresent) }
    return found
  }

  /// CS:EIP, SS:ESP and the level of an outer ring; data segments it must not see become null.
  mutating func enterOuterRing(
    _ code: Segment, _ offset: UInt32, _ stack: Segment, _ pointer: UInt32
  ) {
    setSegment(SegmentRegister.cs, code)
    setSegment(SegmentRegister.ss, stack)
    setCPL(Selector.rpl(code.selector))
    stackPointer = pointer
    nextEIP = offset
    dropInnerSegments()
  }
}
