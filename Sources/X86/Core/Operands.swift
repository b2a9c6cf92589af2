/// Operands: effective addresses, the r/m operand as register or memory, and the stack.
extension CPU {
  // MARK: The register file by byte offset

  @inline(__always)
  func get<T: Word>(_ offset: UInt8, as type: T.Type = T.self) -> T {
    registers.load(fromByteOffset: Int(offset), as: T.self)
  }

  @inline(__always)
  func put<T: Word>(_ offset: UInt8, _ value: T) {
    registers.storeBytes(of: value, toByteOffset: Int(offset), as: T.self)
  }

  // MARK: Memory operands

  /// Offset of the memory operand in its segment. One formula: missing parts are the zero register.
  @inline(__always)
  func effectiveAddress(_ i: UnsafePointer<Instruction>) -> UInt32 {
    let base: UInt32 = get(i.pointee.base)
    let index: UInt32 = get(i.pointee.index)
    return (base &+ index &<< UInt32(i.pointee.scale) &+ i.pointee.displacement) & i.pointee.mask
  }

  func effectiveAddress(_ i: Instruction) -> UInt32 {
    let base: UInt32 = get(i.base)
    let index: UInt32 = get(i.index)
    return (base &+ index &<< UInt32(i.scale) &+ i.displacement) & i.mask
  }

  /// Reads the memory operand.
  @inline(__always)
  mutating func load<T: Word>(
    _ i: UnsafePointer<Instruction>, as type: T.Type = T.self
  ) throws(Interruption) -> T {
    try read(Int(i.pointee.segment), effectiveAddress(i))
  }

  /// Writes the memory operand.
  @inline(__always)
  mutating func store<T: Word>(
    _ i: UnsafePointer<Instruction>, _ value: T
  ) throws(Interruption) {
    try write(Int(i.pointee.segment), effectiveAddress(i), value)
  }

  /// Reads the operand that ModR/M.rm names, register or memory.
  @inline(__always)
  mutating func readOperand<T: Word>(
    _ i: Instruction, as type: T.Type = T.self
  ) throws(Interruption) -> T {
    i.isMemory ? try read(Int(i.segment), effectiveAddress(i)) : get(i.b)
  }

  /// Writes the operand that ModR/M.rm names; of a register, only as many bits as `value` has.
  mutating func writeOperand<T: Word>(
    _ i: Instruction, _ value: T
  ) throws(Interruption) {
    if i.isMemory {
      try write(Int(i.segment), effectiveAddress(i), value)
    } else {
      put(i.b, value)
    }
  }

  // MARK: The stack

  /// The stack pointer as far as SS.B lets it count.
  @inline(__always)
  var stackPointer: UInt32 {
    get { self[.esp] & stackMask }
    nonmutating set { self[.esp] = self[.esp] & ~stackMask | newValue & stackMask }
  }

  @inline(__always)
  mutating func push<T: Word>(_ value: T) throws(Interruption) {
    let top = (self[.esp] &- UInt32(MemoryLayout<T>.size)) & stackMask
    try write(SegmentRegister.ss, top, value)
    stackPointer = top
  }

  @inline(__always)
  mutating func pop<T: Word>(as type: T.Type = T.self) throws(Interruption) -> T {
    let top = stackPointer
    let value: T = try read(SegmentRegister.ss, top)
    stackPointer = top &+ UInt32(MemoryLayout<T>.size)
    return value
  }

  mutating func push16(_ value: UInt16) throws(Interruption) { try push(value) }
  mutating func push32(_ value: UInt32) throws(Interruption) { try push(value) }
  mutating func pop16() throws(Interruption) -> UInt16 { try pop() }
  mutating func pop32() throws(Interruption) -> UInt32 { try pop() }

  /// Pushes a value with the operand size.
  mutating func push(_ value: UInt32, is16: Bool) throws(Interruption) {
    if is16 { try push(UInt16(truncatingIfNeeded: value)) } else { try push(value) }
  }

  /// Pops a value with the operand size, zero-extended.
  mutating func pop(is16: Bool) throws(Interruption) -> UInt32 {
    is16 ? UInt32(try pop(as: UInt16.self)) : try pop(as: UInt32.self)
  }
}
