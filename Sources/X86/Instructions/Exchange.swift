/// XCHG, XADD, CMPXCHG, CMPXCHG8B, BOUND, XLAT, and the flag moves.
extension CPU {
  @inline(__always)
  mutating func exchangeRegisters<T: Word>(_: T.Type, _ i: UnsafePointer<Instruction>) {
    let value: T = get(i.pointee.a)
    put(i.pointee.a, get(i.pointee.b) as T)
    put(i.pointee.b, value)
  }

  @inline(__always)
  mutating func exchangeMemory<T: Word>(
    _: T.Type, _ i: UnsafePointer<Instruction>
  ) throws(Interruption) {
    let segment = Int(i.pointee.segment)
    let offset = effectiveAddress(i)
    if let place = writablePointer(segment, offset, T.self) {
      let value = place.loadUnaligned(as: T.self)
      place.storeBytes(of: get(i.pointee.a) as T, as: T.self)
      put(i.pointee.a, value)
      return
    }
    let value: T = try readForWriting(segment, offset)
    try write(segment, offset, get(i.pointee.a) as T)
    put(i.pointee.a, value)
  }

  /// The destination of XADD and CMPXCHG, ready to be written.
  private mutating func destination<T: Word>(
    _ i: Instruction, _ offset: UInt32
  ) throws(Interruption) -> T {
    i.isMemory ? try readForWriting(Int(i.segment), offset) : get(i.b)
  }

  mutating func exchangeAndAdd<T: Word>(_: T.Type, _ i: Instruction) throws(Interruption) {
    let offset = effectiveAddress(i)
    let old: T = try destination(i, offset)
    let addend: T = get(i.a)
    let sum = Add.apply(old, addend, &lazy)
    put(i.a, old)
    if i.isMemory { try write(Int(i.segment), offset, sum) } else { put(i.b, sum) }
  }

  mutating func compareAndExchange<T: Word>(_: T.Type, _ i: Instruction) throws(Interruption) {
    let offset = effectiveAddress(i)
    let old: T = try destination(i, offset)
    let accumulator: T = get(0)
    _ = Subtract.apply(accumulator, old, &lazy)
    // The destination is written either way: the bus cycle is always there.
    let new: T = old == accumulator ? get(i.a) : old
    if old != accumulator { put(0, old) }
    if i.isMemory {
      try write(Int(i.segment), offset, new)
    } else if old == accumulator {
      put(i.b, new)
    }
  }

  mutating func compareAndExchange8Bytes(_ i: Instruction) throws(Interruption) {
    let offset = effectiveAddress(i)
    let segment = Int(i.segment)
    try probeWrite(segment, offset, 8)
    let old = try read64(segment, offset)
    let expected = UInt64(self[.edx]) << 32 | UInt64(self[.eax])
    var flags = lazy.eflags
    if old == expected {
      flags.insert(.zero)
      try write64(segment, offset, UInt64(self[.ecx]) << 32 | UInt64(self[.ebx]))
    } else {
      flags.remove(.zero)
      try write64(segment, offset, old)
      self[.eax] = UInt32(truncatingIfNeeded: old)
      self[.edx] = UInt32(truncatingIfNeeded: old >> 32)
    }
    lazy.set(flags)
  }

  /// BOUND: #BR when the index lies outside the pair of limits.
  mutating func checkBounds(_ i: Instruction) throws(Interruption) {
    let offset = effectiveAddress(i)
    let segment = Int(i.segment)
    let index: Int32
    let lower: Int32
    let upper: Int32
    if i.is16 {
      index = Int32(Int16(bitPattern: get(i.a)))
      lower = Int32(Int16(bitPattern: try read(segment, offset)))
      upper = Int32(Int16(bitPattern: try read(segment, (offset &+ 2) & i.mask)))
    } else {
      index = Int32(bitPattern: get(i.a))
      lower = Int32(bitPattern: try read(segment, offset))
      upper = Int32(bitPattern: try read(segment, (offset &+ 4) & i.mask))
    }
    if index < lower || index > upper {
      if svm.isGuest && interceptsException(Vector.boundRange, errorCode: nil, nextRIP: nextEIP) {
        throw .exit
      }
      throw Interruption(vector: Vector.boundRange, cause: .boundExceeded)
    }
  }

  /// XLAT: AL from the table at EBX.
  mutating func translateByte(_ i: Instruction) throws(Interruption) {
    let offset = (self[.ebx] &+ UInt32(get(0) as UInt8)) & i.mask
    put(0, try read(Int(i.segment), offset) as UInt8)
  }

  mutating func loadFlagsIntoAH() {
    put(1, UInt8(truncatingIfNeeded: lazy.eflags.rawValue) | 2)
  }

  mutating func storeAHIntoFlags() {
    let kept = lazy.eflags.intersection(.overflow)
    lazy.set(EFLAGS(rawValue: UInt32(get(1) as UInt8)).union(kept).intersection(.arithmetic))
  }
}
