/// Shifts and rotates (group 2), SHLD and SHRD.
///
/// The count has five bits. A count of zero changes nothing, flags included. OF is what the manual
/// defines for a count of one, and for larger counts, where it is undefined, the same formula.
extension CPU {
  /// CL as a shift count; nil when it is zero.
  @inline(__always)
  var shiftCount: UInt32? {
    let count = UInt32(get(8) as UInt8) & 31
    return count == 0 ? nil : count
  }

  // MARK: The frequent ones: 32 bits, in a register, count 1...31

  @inline(__always)
  mutating func shiftLeft(_ i: UnsafePointer<Instruction>, _ count: UInt32) {
    let value: UInt32 = get(i.pointee.a)
    let result = value &<< count
    lazy.result = result
    // CF in bit 31; CF ^ OF is the sign of the result.
    lazy.carries = (value &<< (count &- 1)) & 0x8000_0000 | (result >> 1) & 0x4000_0000
    put(i.pointee.a, result)
  }

  @inline(__always)
  mutating func shiftRight(_ i: UnsafePointer<Instruction>, _ count: UInt32) {
    let value: UInt32 = get(i.pointee.a)
    let result = value &>> count
    let carry = (value &>> (count &- 1)) & 1
    lazy.result = result
    // OF is bit 30 of the result: the old sign when the count is one.
    lazy.carries = carry << 31 | (carry << 30 ^ result & 0x4000_0000)
    put(i.pointee.a, result)
  }

  @inline(__always)
  mutating func shiftArithmetic(_ i: UnsafePointer<Instruction>, _ count: UInt32) {
    let value = Int32(bitPattern: get(i.pointee.a) as UInt32)
    let result = UInt32(bitPattern: value &>> Int32(count))
    lazy.result = result
    lazy.carries = UInt32(bitPattern: value &>> Int32(count &- 1)) & 1 &* 0xC000_0000
    put(i.pointee.a, result)
  }

  // MARK: All of group 2

  /// The r/m operand shifted or rotated; `a` is ModR/M.reg.
  mutating func shiftGroup<T: Word>(
    _: T.Type, _ i: Instruction, _ rawCount: UInt32
  ) throws(Interruption) {
    let count = rawCount & 31
    if i.isMemory {
      let offset = effectiveAddress(i)
      let value: T = try readForWriting(Int(i.segment), offset)
      if count == 0 { return }
      try write(Int(i.segment), offset, shifted(value, i.a, count))
    } else if count != 0 {
      put(i.b, shifted(get(i.b) as T, i.a, count))
    }
  }

  private mutating func shifted<T: Word>(_ value: T, _ operation: UInt8, _ count: UInt32) -> T {
    switch operation {
    case 0: return rotatedLeft(value, count)
    case 1: return rotatedRight(value, count)
    case 2: return rotatedLeftThroughCarry(value, count)
    case 3: return rotatedRightThroughCarry(value, count)
    case 5: return shiftedRight(value, count)
    case 7: return shiftedArithmetic(value, count)
    default: return shiftedLeft(value, count)
    }
  }

  private static func sign<T: Word>(_ value: T) -> Bool { value >> T(T.bitWidth - 1) != 0 }

  private mutating func rotatedLeft<T: Word>(_ value: T, _ count: UInt32) -> T {
    let turn = T(truncatingIfNeeded: count) & T(T.bitWidth - 1)
    let result = turn == 0 ? value : value << turn | value >> (T(T.bitWidth) - turn)
    let carry = result & 1 != 0
    lazy.set(carry: carry, overflow: Self.sign(result) != carry)
    return result
  }

  private mutating func rotatedRight<T: Word>(_ value: T, _ count: UInt32) -> T {
    let turn = T(truncatingIfNeeded: count) & T(T.bitWidth - 1)
    let result = turn == 0 ? value : value >> turn | value << (T(T.bitWidth) - turn)
    lazy.set(carry: Self.sign(result), overflow: Self.sign(result) != Self.sign(result << 1))
    return result
  }

  private mutating func rotatedLeftThroughCarry<T: Word>(_ value: T, _ count: UInt32) -> T {
    let turn = Int(count) % (T.bitWidth + 1)
    var carry = lazy.carry
    var result = value
    for _ in 0..<turn {
      let next = Self.sign(result)
      result = result << 1 | (carry ? 1 : 0)
      carry = next
    }
    lazy.set(carry: carry, overflow: Self.sign(result) != carry)
    return result
  }

  private mutating func rotatedRightThroughCarry<T: Word>(_ value: T, _ count: UInt32) -> T {
    let turn = Int(count) % (T.bitWidth + 1)
    var carry = lazy.carry
    var result = value
    for _ in 0..<turn {
      let next = result & 1 != 0
      result = result >> 1 | (carry ? T(1) << T(T.bitWidth - 1) : 0)
      carry = next
    }
    lazy.set(carry: carry, overflow: Self.sign(result) != Self.sign(result << 1))
    return result
  }

  private mutating func shiftedLeft<T: Word>(_ value: T, _ count: UInt32) -> T {
    // Smart shifts: counts beyond the width give zero, as on the processor.
    let result = value << T(truncatingIfNeeded: count)
    let carry = Self.sign(value << T(truncatingIfNeeded: count - 1))
    lazy.set(logical: result)
    lazy.set(carry: carry, overflow: Self.sign(result) != carry)
    return result
  }

  private mutating func shiftedRight<T: Word>(_ value: T, _ count: UInt32) -> T {
    let result = value >> T(truncatingIfNeeded: count)
    let carry = value >> T(truncatingIfNeeded: count - 1) & 1 != 0
    lazy.set(logical: result)
    lazy.set(carry: carry, overflow: Self.sign(result << 1))
    return result
  }

  private mutating func shiftedArithmetic<T: Word>(_ value: T, _ count: UInt32) -> T {
    let wide = Int32(bitPattern: value.signExtended)
    let result = T(truncatingIfNeeded: wide >> Int32(count))
    let carry = wide >> Int32(count - 1) & 1 != 0
    lazy.set(logical: result)
    lazy.set(carry: carry, overflow: false)
    return result
  }

  // MARK: Double shifts

  /// SHLD and SHRD. Immediate: the count in bits 7-0, bit 8 for SHRD, bit 9 for a count in CL.
  mutating func doubleShift<T: Word>(_: T.Type, _ i: Instruction) throws(Interruption) {
    let raw = i.immediate & 0x200 != 0 ? UInt32(get(8) as UInt8) : i.immediate
    let count = Int(raw & 31)
    let offset = effectiveAddress(i)
    let value: T =
      i.isMemory ? try readForWriting(Int(i.segment), offset) : get(i.b)
    if count == 0 { return }
    let other: T = get(i.a)
    let isRight = i.immediate & 0x100 != 0
    let result =
      isRight
      ? doubleShiftedRight(value, other, count) : doubleShiftedLeft(value, other, count)
    let carry =
      isRight
      ? Self.bit(value, other, count - 1) : Self.bit(other, value, 2 * T.bitWidth - count)
    if i.isMemory { try write(Int(i.segment), offset, result) } else { put(i.b, result) }
    lazy.set(logical: result)
    lazy.set(carry: carry, overflow: Self.sign(result) != Self.sign(value))
  }

  /// A 16-bit count above 16, with an undefined result, shifts the destination in again, as
  /// processors since the 80386 do.
  private func doubleShiftedLeft<T: Word>(_ value: T, _ other: T, _ count: Int) -> T {
    let width = T.bitWidth
    if count <= width { return value << T(count) | other >> T(width - count) }
    return other << T(count - width) | value >> T(2 * width - count)
  }

  private func doubleShiftedRight<T: Word>(_ value: T, _ other: T, _ count: Int) -> T {
    let width = T.bitWidth
    if count <= width { return value >> T(count) | other << T(width - count) }
    return other >> T(count - width) | value << T(2 * width - count)
  }

  /// Bit `index` of two operands side by side.
  private static func bit<T: Word>(_ low: T, _ high: T, _ index: Int) -> Bool {
    let word = index < T.bitWidth ? low >> T(index) : high >> T(index - T.bitWidth)
    return word & 1 != 0
  }
}
