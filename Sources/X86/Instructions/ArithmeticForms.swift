/// The operand forms of arithmetic: every operation in every form is one specialization of these.
///
/// In all of them `a` is the first register operand, the destination where there is one.
extension CPU {
  @inline(__always)
  mutating func registerRegister<Op: BinaryOperation, T: Word>(
    _: Op.Type, _: T.Type, _ i: UnsafePointer<Instruction>
  ) {
    put(i.pointee.a, Op.apply(get(i.pointee.a) as T, get(i.pointee.b) as T, &lazy))
  }

  @inline(__always)
  mutating func registerImmediate<Op: BinaryOperation, T: Word>(
    _: Op.Type, _: T.Type, _ i: UnsafePointer<Instruction>
  ) {
    let immediate = T(truncatingIfNeeded: i.pointee.immediate)
    put(i.pointee.a, Op.apply(get(i.pointee.a) as T, immediate, &lazy))
  }

  @inline(__always)
  mutating func registerMemory<Op: BinaryOperation, T: Word>(
    _: Op.Type, _: T.Type, _ i: UnsafePointer<Instruction>
  ) throws(Interruption) {
    let operand: T = try load(i)
    put(i.pointee.a, Op.apply(get(i.pointee.a) as T, operand, &lazy))
  }

  @inline(__always)
  mutating func memoryRegister<Op: BinaryOperation, T: Word>(
    _: Op.Type, _: T.Type, _ i: UnsafePointer<Instruction>
  ) throws(Interruption) {
    try modify(Op.self, i, get(i.pointee.a) as T)
  }

  @inline(__always)
  mutating func memoryImmediate<Op: BinaryOperation, T: Word>(
    _: Op.Type, _: T.Type, _ i: UnsafePointer<Instruction>
  ) throws(Interruption) {
    try modify(Op.self, i, T(truncatingIfNeeded: i.pointee.immediate))
  }

  @inline(__always)
  private mutating func modify<Op: BinaryOperation, T: Word>(
    _: Op.Type, _ i: UnsafePointer<Instruction>, _ operand: T
  ) throws(Interruption) {
    let segment = Int(i.pointee.segment)
    let offset = effectiveAddress(i)
    if let place = writablePointer(segment, offset, T.self) {
      let result = Op.apply(place.loadUnaligned(as: T.self), operand, &lazy)
      place.storeBytes(of: result, as: T.self)
      return
    }
    try modifySlowly(Op.self, segment, offset, operand)
  }

  @inline(never)
  private mutating func modifySlowly<Op: BinaryOperation, T: Word>(
    _: Op.Type, _ segment: Int, _ offset: UInt32, _ operand: T
  ) throws(Interruption) {
    let value: T = try readForWriting(segment, offset)
    // The probe has shown that the write cannot fault, so the flags may change first.
    try write(segment, offset, Op.apply(value, operand, &lazy))
  }

  /// Reads the destination of a read-modify-write, which faults like the write.
  mutating func readForWriting<T: Word>(
    _ segment: Int, _ offset: UInt32
  ) throws(Interruption) -> T {
    try probeWrite(segment, offset, MemoryLayout<T>.size)
    return try read(segment, offset)
  }

  // MARK: Comparisons: an operation whose result is not kept

  @inline(__always)
  mutating func compareRegisters<Op: BinaryOperation, T: Word>(
    _: Op.Type, _: T.Type, _ i: UnsafePointer<Instruction>
  ) {
    _ = Op.apply(get(i.pointee.a) as T, get(i.pointee.b) as T, &lazy)
  }

  @inline(__always)
  mutating func compareImmediate<Op: BinaryOperation, T: Word>(
    _: Op.Type, _: T.Type, _ i: UnsafePointer<Instruction>
  ) {
    _ = Op.apply(get(i.pointee.a) as T, T(truncatingIfNeeded: i.pointee.immediate), &lazy)
  }

  @inline(__always)
  mutating func compareWithMemory<Op: BinaryOperation, T: Word>(
    _: Op.Type, _: T.Type, _ i: UnsafePointer<Instruction>
  ) throws(Interruption) {
    let operand: T = try load(i)
    _ = Op.apply(get(i.pointee.a) as T, operand, &lazy)
  }

  @inline(__always)
  mutating func compareMemory<Op: BinaryOperation, T: Word>(
    _: Op.Type, _: T.Type, _ i: UnsafePointer<Instruction>
  ) throws(Interruption) {
    let value: T = try load(i)
    _ = Op.apply(value, get(i.pointee.a) as T, &lazy)
  }

  @inline(__always)
  mutating func compareMemoryImmediate<Op: BinaryOperation, T: Word>(
    _: Op.Type, _: T.Type, _ i: UnsafePointer<Instruction>
  ) throws(Interruption) {
    let value: T = try load(i)
    _ = Op.apply(value, T(truncatingIfNeeded: i.pointee.immediate), &lazy)
  }

  // MARK: One operand

  @inline(__always)
  mutating func unaryRegister<Op: UnaryOperation, T: Word>(
    _: Op.Type, _: T.Type, _ i: UnsafePointer<Instruction>
  ) {
    put(i.pointee.a, Op.apply(get(i.pointee.a) as T, &lazy))
  }

  @inline(__always)
  mutating func unaryMemory<Op: UnaryOperation, T: Word>(
    _: Op.Type, _: T.Type, _ i: UnsafePointer<Instruction>
  ) throws(Interruption) {
    let segment = Int(i.pointee.segment)
    let offset = effectiveAddress(i)
    if let place = writablePointer(segment, offset, T.self) {
      let result = Op.apply(place.loadUnaligned(as: T.self), &lazy)
      place.storeBytes(of: result, as: T.self)
      return
    }
    try unaryMemorySlowly(Op.self, T.self, segment, offset)
  }

  @inline(never)
  private mutating func unaryMemorySlowly<Op: UnaryOperation, T: Word>(
    _: Op.Type, _: T.Type, _ segment: Int, _ offset: UInt32
  ) throws(Interruption) {
    let value: T = try readForWriting(segment, offset)
    // The probe has shown that the write cannot fault, so the flags may change first.
    try write(segment, offset, Op.apply(value, &lazy))
  }
}
