/// LAR, LSL, VERR, VERW, ARPL: asking about selectors without a fault (SDM 3A, 5.10).
extension CPU {
  /// LAR — 0F 02: the access rights, or ZF = 0.
  mutating func lar(_ i: Instruction) throws(Interruption) {
    try requireDescriptors()
    try requireVirtualizable()
    guard let found = try visibleDescriptor(i, systemTypes: 0b0001_1010_0011_1110) else {
      return setZero(false)
    }
    let rights = UInt32(truncatingIfNeeded: found.raw >> 32) & 0x00FF_FF00
    storeAnswer(i, rights)
  }

  /// LSL — 0F 03: the limit in bytes, or ZF = 0.
  mutating func lsl(_ i: Instruction) throws(Interruption) {
    try requireDescriptors()
    try requireVirtualizable()
    guard let found = try visibleDescriptor(i, systemTypes: 0b0000_1010_0000_1110) else {
      return setZero(false)
    }
    storeAnswer(i, found.limit)
  }

  private mutating func storeAnswer(_ i: Instruction, _ value: UInt32) {
    if i.is16 {
      put(i.a, UInt16(truncatingIfNeeded: value))
    } else {
      put(i.a, value)
    }
    setZero(true)
  }

  /// The descriptor when the current level may see it and its type is answered for. `systemTypes` has
  /// one bit for each system type.
  private mutating func visibleDescriptor(
    _ i: Instruction, systemTypes: UInt16
  ) throws(Interruption) -> Descriptor? {
    let selector: UInt16 = try readOperand(i)
    guard !Selector.isNull(selector), let found = try findDescriptor(selector) else { return nil }
    if found.isSystem && systemTypes >> UInt16(found.type) & 1 == 0 { return nil }
    if !found.isConforming && !isVisible(found, selector) { return nil }
    return found
  }

  private func isVisible(_ descriptor: Descriptor, _ selector: UInt16) -> Bool {
    descriptor.dpl >= cpl && descriptor.dpl >= Selector.rpl(selector)
  }

  /// VERR — 0F 00 /4, VERW — 0F 00 /5.
  mutating func verify(_ i: Instruction, isWrite: Bool) throws(Interruption) {
    try requireDescriptors()
    try requireVirtualizable()
    let selector: UInt16 = try readOperand(i)
    guard !Selector.isNull(selector), let found = try findDescriptor(selector), !found.isSystem
    else { return setZero(false) }
    let isAllowed = isWrite ? found.isWritable : found.isReadable
    setZero(isAllowed && (found.isConforming || isVisible(found, selector)))
  }

  /// ARPL — 63: raises the RPL to that of the register.
  mutating func arpl(_ i: Instruction) throws(Interruption) {
    try requireDescriptors()
    let selector: UInt16 = try readOperand(i)
    let requester: UInt16 = get(i.a)
    guard selector & 3 < requester & 3 else { return setZero(false) }
    try writeOperand(i, selector & 0xFFFC | requester & 3)
    setZero(true)
  }
}
