/// MOV, PUSH, POP of segment registers, and far pointers in memory.
extension CPU {
  /// MOV r/m, Sreg — 8C.
  mutating func movFromSegment(_ i: Instruction) throws(Interruption) {
    if i.a > 5 { throw .invalidOpcode(.undefinedOpcode) }
    try requireVirtualizable()
    try writeWord(i, segments[Int(i.a)].selector)
  }

  /// MOV Sreg, r/m — 8E.
  mutating func movToSegment(_ i: Instruction) throws(Interruption) {
    let index = Int(i.a)
    if index == SegmentRegister.cs { throw .invalidOpcode(.loadOfCS) }
    if index > 5 { throw .invalidOpcode(.undefinedOpcode) }
    try requireVirtualizable()
    try loadSegment(index, selector: try readOperand(i))
    // Holds interrupts off until after the next instruction, and debug traps too.
    if index == SegmentRegister.ss { interruptShadow = .afterMovSS }
  }

  /// PUSH Sreg. With a 32-bit operand only the lower half of the stack item is written.
  mutating func pushSegment(_ i: Instruction) throws(Interruption) {
    try requireVirtualizable()
    let top = (self[.esp] &- (i.is16 ? 2 : 4)) & stackMask
    try write(SegmentRegister.ss, top, segments[Int(i.a)].selector)
    stackPointer = top
  }

  /// POP Sreg.
  mutating func popSegment(_ i: Instruction) throws(Interruption) {
    try requireVirtualizable()
    let index = Int(i.a)
    let selector = UInt16(truncatingIfNeeded: try stackItem(0, is16: i.is16))
    let pointer = self[.esp] & ~stackMask | (self[.esp] &+ (i.is16 ? 2 : 4)) & stackMask
    try loadSegment(index, selector: selector)
    self[.esp] = pointer
    // Holds interrupts off until after the next instruction, and debug traps too.
    if index == SegmentRegister.ss { interruptShadow = .afterMovSS }
  }

  /// LDS, LES, LFS, LGS, LSS.
  mutating func loadFarPointer(_ i: Instruction) throws(Interruption) {
    try requireVirtualizable()
    let (selector, offset) = try farPointer(i)
    try loadSegment(Int(i.immediate), selector: selector)
    if i.is16 {
      put(i.a, UInt16(truncatingIfNeeded: offset))
    } else {
      put(i.a, offset)
    }
  }

  /// A far pointer in memory: the offset, then the selector.
  mutating func farPointer(_ i: Instruction) throws(Interruption) -> (UInt16, UInt32) {
    try requireMemory(i)
    let segment = Int(i.segment)
    let address = effectiveAddress(i)
    if i.is16 {
      let offset: UInt16 = try read(segment, address)
      return (try read(segment, (address &+ 2) & i.mask), UInt32(offset))
    }
    let offset: UInt32 = try read(segment, address)
    return (try read(segment, (address &+ 4) & i.mask), offset)
  }
}
