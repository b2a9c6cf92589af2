/// FPREM and FPREM1: the exact remainder, by at most 63 binary places at a time.
extension Extended {
  /// A remainder with the low bits of its quotient.
  package struct Remainder {
    package var value: Extended
    /// The three lowest bits of the quotient.
    var quotient: UInt64 = 0
    /// The dividend was only reduced; the instruction is to be repeated (C2).
    var isPartial = false

    /// C2, and the quotient's bits 2, 1 and 0 in C0, C3 and C1.
    package var conditions: UInt16 {
      if isPartial { return 0x0400 }
      let bits = UInt16(truncatingIfNeeded: quotient)
      return bits << 6 & 0x0100 | bits << 13 & 0x4000 | bits << 9 & 0x0200
    }
  }

  /// The remainder of `a` by `b`. The quotient is truncated as FPREM does, or with `toNearest`
  /// rounded to nearest even as FPREM1 and IEEE 754 do.
  package static func remainder(
    _ a: Extended, _ b: Extended, toNearest: Bool, _ context: inout NumericContext
  ) -> Remainder {
    if let nan = context.nanResult(a, b) { return Remainder(value: nan) }
    if a.isInfinity || b.isZero { return Remainder(value: context.invalid()) }
    context.noteDenormals(a, b)
    if a.isZero { return Remainder(value: a) }
    let (exponentA, significandA) = a.normalized
    if b.isInfinity {
      return Remainder(
        value: context.roundFully(sign: a.sign, exponent: exponentA, significandA, 0))
    }
    let (exponentB, divisor) = b.normalized
    let distance = exponentA - exponentB
    if distance < 0 {
      return remainderOfSmaller(
        a.sign, exponentA, significandA, divisor, distance, toNearest, &context)
    }
    // Beyond 63 places, as many as the hardware takes at once (SDM 2A, FPREM).
    let isPartial = distance >= 64
    let places = isPartial ? distance & 31 | 32 : distance
    var (quotient, rest) = divide(significandA, divisor, places: places)
    var sign = a.sign
    if toNearest && !isPartial {
      let complement = divisor - rest
      if rest > complement || rest == complement && quotient & 1 != 0 {
        rest = complement
        quotient &+= 1
        sign ^= signBit
      }
    }
    var result = Remainder(value: .zero(a.sign), quotient: quotient & 7, isPartial: isPartial)
    if isPartial { result.quotient = 0 }
    if rest != 0 {
      let shift = Int32(truncatingIfNeeded: rest.leadingZeroBitCount)
      result.value = context.roundFully(
        sign: sign, exponent: exponentB + (distance - places) - shift, rest << UInt64(shift), 0)
    }
    return result
  }

  /// |a| < |b|: the quotient is 0, or 1 when FPREM1 finds b the nearer multiple.
  private static func remainderOfSmaller(
    _ sign: UInt16, _ exponent: Int32, _ significand: UInt64, _ divisor: UInt64,
    _ distance: Int32, _ toNearest: Bool, _ context: inout NumericContext
  ) -> Remainder {
    guard toNearest && distance == -1 && significand > divisor else {
      return Remainder(
        value: context.roundFully(sign: sign, exponent: exponent, significand, 0))
    }
    let rest = divisor &<< 1 &- significand
    let shift = Int32(truncatingIfNeeded: rest.leadingZeroBitCount)
    return Remainder(
      value: context.roundFully(
        sign: sign ^ signBit, exponent: exponent - shift, rest << UInt64(shift), 0),
      quotient: 1)
  }

  /// Quotient modulo 2^64 and remainder of dividend × 2^places by a divisor with bit 63 set.
  private static func divide(
    _ dividend: UInt64, _ divisor: UInt64, places: Int32
  ) -> (quotient: UInt64, remainder: UInt64) {
    let isLarger = dividend >= divisor
    let rest = Wide(0, isLarger ? dividend - divisor : dividend) << places
    let (quotient, remainder) = divisor.dividingFullWidth((rest.high, rest.low))
    return (quotient | (isLarger ? 1 << UInt64(places) : 0), remainder)
  }
}
