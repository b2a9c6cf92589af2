/// LGDT, LIDT, SGDT, SIDT, LLDT, LTR, SLDT, STR (SDM 3A, 2.4).
extension CPU {
  /// LGDT — 0F 01 /2, LIDT — 0F 01 /3. With a 16-bit operand the base has 24 bits.
  mutating func loadTable(_ i: Instruction, isIDT: Bool) throws(Interruption) {
    try requireMemory(i)
    try requireRing0()
    try intercept(isIDT ? .writeIDTR : .writeGDTR)
    let address = effectiveAddress(i)
    let limit: UInt16 = try read(Int(i.segment), address)
    var base: UInt32 = try read(Int(i.segment), (address &+ 2) & i.mask)
    if i.is16 { base &= 0xFF_FFFF }
    recordTableLoad(isIDT ? .idtr : .gdtr, selector: 0, base: base, limit: UInt32(limit))
    if isIDT {
      (idtBase, idtLimit) = (base, limit)
    } else {
      (gdtBase, gdtLimit) = (base, limit)
    }
  }

  /// SGDT — 0F 01 /0, SIDT — 0F 01 /1: anyone may. Every 32-bit processor stores all 32 bits of the
  /// base, whatever the operand size; only the manual says otherwise.
  mutating func storeTable(_ i: Instruction, isIDT: Bool) throws(Interruption) {
    try requireMemory(i)
    try requireVirtualizable()
    try intercept(isIDT ? .readIDTR : .readGDTR)
    let address = effectiveAddress(i)
    let segment = Int(i.segment)
    try probeWrite(segment, address, 2)
    try write(segment, (address &+ 2) & i.mask, isIDT ? idtBase : gdtBase)
    try write(segment, address, isIDT ? idtLimit : gdtLimit)
  }

  /// LLDT — 0F 00 /2. A null selector takes the LDT away.
  mutating func lldt(_ i: Instruction) throws(Interruption) {
    try requireDescriptors()
    try requireRing0()
    try intercept(.writeLDTR)
    let selector: UInt16 = try readOperand(i)
    if Selector.isNull(selector) {
      var segment = segments[SegmentRegister.ldtr]
      segment.loadNull(selector: selector)
      recordTableLoad(.ldtr, selector: selector, base: 0, limit: 0)
      return setSegment(SegmentRegister.ldtr, segment)
    }
    if Selector.isLocal(selector) {
      throw .generalProtection(selector: selector, .selectorOutsideTable)
    }
    let found = try descriptor(selector)
    if !found.isSystem || found.type != SystemType.ldt {
      throw .generalProtection(selector: selector, .notAnLDT)
    }
    if !found.isPresent { throw .notPresent(selector: selector) }
    recordTableLoad(.ldtr, selector: selector, base: found.base, limit: found.limit)
    setSegment(SegmentRegister.ldtr, Segment(selector: selector, descriptor: found))
  }

  /// LTR — 0F 00 /3. Marks the TSS busy.
  mutating func ltr(_ i: Instruction) throws(Interruption) {
    try requireDescriptors()
    try requireRing0()
    try intercept(.writeTR)
    let selector: UInt16 = try readOperand(i)
    if Selector.isNull(selector) { throw .generalProtection(0, .nullSelector) }
    let found = try availableTask(selector)
    try setBusy(selector, true)
    var task = Segment(selector: selector, descriptor: found)
    task.access |= 2
    recordTableLoad(.tr, selector: selector, base: task.base, limit: task.limit)
    setSegment(SegmentRegister.tr, task)
  }

  private mutating func recordTableLoad(
    _ register: TableRegister, selector: UInt16, base: UInt32, limit: UInt32
  ) {
    recordWrite(
      .tableLoad, register: register.rawValue, old: UInt64(selector),
      new: UInt64(limit) << 32 | UInt64(base))
  }

  /// SLDT — 0F 00 /0, STR — 0F 00 /1: anyone may.
  mutating func storeSelector(_ i: Instruction, _ index: Int) throws(Interruption) {
    try requireDescriptors()
    try requireVirtualizable()
    try intercept(index == SegmentRegister.tr ? .readTR : .readLDTR)
    try writeWord(i, segments[index].selector)
  }
}
