/// MUL, IMUL, DIV and IDIV. SF, ZF, AF and PF, which the manual leaves undefined after a
/// multiplication, follow its low half; a division leaves every flag alone.
extension CPU {
  /// IMUL with two or three operands.
  @inline(__always)
  mutating func multiplySigned(_ i: UnsafePointer<Instruction>, _ a: UInt32, _ b: UInt32) {
    let (high, low) = Int32(bitPattern: a).multipliedFullWidth(by: Int32(bitPattern: b))
    lazy.result = low
    lazy.carries = high == Int32(bitPattern: low) >> 31 ? 0 : 0x8000_0000
    put(i.pointee.a, low)
  }

  mutating func multiplySigned(_ i: Instruction, _ a: UInt16, _ b: UInt16) {
    let (high, low) = Int16(bitPattern: a).multipliedFullWidth(by: Int16(bitPattern: b))
    setProductFlags(low, fits: high == Int16(bitPattern: low) >> 15)
    put(i.a, low)
  }

  /// Group 3 /4 to /7 on the accumulator; `a` is ModR/M.reg.
  mutating func multiply8(_ i: Instruction) throws(Interruption) {
    let operand: UInt8 = try readOperand(i)
    let accumulator: UInt16 = get(0)
    let low = UInt8(truncatingIfNeeded: accumulator)
    switch i.a {
    case 4:
      let product = UInt16(low) * UInt16(operand)
      setProductFlags(UInt8(truncatingIfNeeded: product), fits: product < 0x100)
      put(0, product)
    case 5:
      let product = Int16(Int8(bitPattern: low)) * Int16(Int8(bitPattern: operand))
      let half = UInt8(truncatingIfNeeded: product)
      setProductFlags(half, fits: product == Int16(Int8(bitPattern: half)))
      put(0, UInt16(bitPattern: product))
    case 6:
      let (high, rest) = try Self.divided(UInt32(accumulator), UInt32(operand), limit: 0xFF)
      put(0, UInt8(truncatingIfNeeded: high))
      put(1, UInt8(truncatingIfNeeded: rest))
    default:
      let (quotient, rest) = try Self.divided(
        Int64(Int16(bitPattern: accumulator)), Int64(Int8(bitPattern: operand)), bits: 8)
      put(0, UInt8(truncatingIfNeeded: quotient))
      put(1, UInt8(truncatingIfNeeded: rest))
    }
  }

  mutating func multiply16(_ i: Instruction) throws(Interruption) {
    let operand: UInt16 = try readOperand(i)
    let low: UInt16 = get(0)
    let wide = UInt32(get(16) as UInt16) << 16 | UInt32(low)
    switch i.a {
    case 4:
      let product = UInt32(low) * UInt32(operand)
      setProductFlags(UInt16(truncatingIfNeeded: product), fits: product < 0x1_0000)
      put16Pair(product)
    case 5:
      let product = Int32(Int16(bitPattern: low)) * Int32(Int16(bitPattern: operand))
      let half = UInt16(truncatingIfNeeded: product)
      setProductFlags(half, fits: product == Int32(Int16(bitPattern: half)))
      put16Pair(UInt32(bitPattern: product))
    case 6:
      let (quotient, rest) = try Self.divided(wide, UInt32(operand), limit: 0xFFFF)
      put16Pair(rest << 16 | quotient)
    default:
      let (quotient, rest) = try Self.divided(
        Int64(Int32(bitPattern: wide)), Int64(Int16(bitPattern: operand)), bits: 16)
      put(0, UInt16(truncatingIfNeeded: quotient))
      put(16, UInt16(truncatingIfNeeded: rest))
    }
  }

  mutating func multiply32(_ i: Instruction) throws(Interruption) {
    let operand: UInt32 = try readOperand(i)
    let low = self[.eax]
    switch i.a {
    case 4:
      let product = UInt64(low) * UInt64(operand)
      setProductFlags(UInt32(truncatingIfNeeded: product), fits: product >> 32 == 0)
      put32Pair(product)
    case 5:
      let product = Int64(Int32(bitPattern: low)) * Int64(Int32(bitPattern: operand))
      let half = UInt32(truncatingIfNeeded: product)
      setProductFlags(half, fits: product == Int64(Int32(bitPattern: half)))
      put32Pair(UInt64(bitPattern: product))
    case 6:
      if operand == 0 { throw Self.divideError(.divideByZero) }
      if self[.edx] >= operand { throw Self.divideError(.quotientTooLarge) }
      let (quotient, rest) = operand.dividingFullWidth((self[.edx], low))
      self[.eax] = quotient
      self[.edx] = rest
    default:
      let wide = Int64(bitPattern: UInt64(self[.edx]) << 32 | UInt64(low))
      let (quotient, rest) = try Self.divided(
        wide, Int64(Int32(bitPattern: operand)), bits: 32)
      self[.eax] = UInt32(truncatingIfNeeded: quotient)
      self[.edx] = UInt32(truncatingIfNeeded: rest)
    }
  }

  private func put16Pair(_ value: UInt32) {
    put(0, UInt16(truncatingIfNeeded: value))
    put(16, UInt16(truncatingIfNeeded: value >> 16))
  }

  private func put32Pair(_ value: UInt64) {
    self[.eax] = UInt32(truncatingIfNeeded: value)
    self[.edx] = UInt32(truncatingIfNeeded: value >> 32)
  }

  /// CF = OF = 1 when the upper half of a product says something that the lower does not.
  mutating func setProductFlags<T: Word>(_ low: T, fits: Bool) {
    lazy.set(logical: low)
    lazy.set(carry: !fits, overflow: !fits)
  }

  static func divideError(_ cause: Cause) -> Interruption {
    Interruption(vector: Vector.divideError, cause: cause)
  }

  private static func divided(
    _ dividend: UInt32, _ divisor: UInt32, limit: UInt32
  ) throws(Interruption) -> (UInt32, UInt32) {
    if divisor == 0 { throw divideError(.divideByZero) }
    let (quotient, rest) = dividend.quotientAndRemainder(dividingBy: divisor)
    if quotient > limit { throw divideError(.quotientTooLarge) }
    return (quotient, rest)
  }

  private static func divided(
    _ dividend: Int64, _ divisor: Int64, bits: Int64
  ) throws(Interruption) -> (Int64, Int64) {
    if divisor == 0 { throw divideError(.divideByZero) }
    // The smallest dividend by -1 overflows even 64 bits.
    if dividend == .min && divisor == -1 { throw divideError(.quotientTooLarge) }
    let (quotient, rest) = dividend.quotientAndRemainder(dividingBy: divisor)
    let limit = Int64(1) << (bits - 1)
    if quotient >= limit || quotient < -limit { throw divideError(.quotientTooLarge) }
    return (quotient, rest)
  }
}
