/// FRNDINT, FSCALE and FXTRACT.
extension Extended {
  /// The number rounded to an integral value by the rounding control.
  package static func roundedToIntegral(_ a: Extended, _ context: inout NumericContext) -> Extended
  {
    if !a.isNormal {
      if let nan = context.nanResult(a) { return nan }
      if a.isZero || a.isInfinity { return a }
      context.noteDenormals(a, .one)
    }
    if a.exponent >= exponentBias + 63 { return a }
    let rounded = a.integerMagnitude(&context)
    if rounded == 0 { return .zero(a.sign) }
    let shift = Int32(truncatingIfNeeded: rounded.leadingZeroBitCount)
    return Extended(
      sign: a.sign, exponent: exponentBias + 63 - shift, significand: rounded << UInt64(shift))
  }

  /// |self| < 2^64 rounded to an integer, with PE and C1. Rounding up to 2^64 cannot happen: from
  /// 2^63 on there is no fraction.
  @inline(__always)
  func integerMagnitude(_ context: inout NumericContext) -> UInt64 {
    let places = Extended.exponentBias + 63 - exponent
    let parts = Wide(significand, 0).shiftedRightSticky(places)
    if parts.low == 0 { return parts.high }
    context.raise(.precision)
    guard
      context.increments(
        sign: sign, isOdd: parts.high & 1 != 0, rest: Wide(parts.low, 0))
    else { return parts.high }
    context.raise(.roundedUp)
    return parts.high + 1
  }

  /// a × 2^trunc(b).
  package static func scaled(
    _ a: Extended, by b: Extended, _ context: inout NumericContext
  ) -> Extended {
    if let nan = context.nanResult(a, b) { return nan }
    if b.isInfinity {
      if b.isNegative ? a.isInfinity : a.isZero { return context.invalid() }
      context.noteDenormals(a, b)
      return b.isNegative ? .zero(a.sign) : .infinity(a.sign)
    }
    context.noteDenormals(a, b)
    if a.isInfinity || a.isZero { return a }
    let (exponent, significand) = a.normalized
    return context.roundFully(
      sign: a.sign, exponent: exponent + b.truncatedScale, significand, 0)
  }

  /// The integral part for FSCALE, limited to what carries any number out of range.
  private var truncatedScale: Int32 {
    let unbiased = exponent - Extended.exponentBias
    if unbiased < 0 { return 0 }
    let magnitude =
      unbiased > 16 ? 0x2_0000 : Int32(truncatingIfNeeded: significand >> UInt64(63 - unbiased))
    return isNegative ? -magnitude : magnitude
  }

  /// The exponent as a number, and the significand as a number in [1, 2) with the sign.
  package static func extract(
    _ a: Extended, _ context: inout NumericContext
  ) -> (exponent: Extended, significand: Extended) {
    if let nan = context.nanResult(a) { return (nan, nan) }
    if a.isInfinity { return (.infinity(0), a) }
    if a.isZero {
      context.raise(.zeroDivide)
      return (.infinity(signBit), a)
    }
    context.noteDenormals(a, .one)
    let (exponent, significand) = a.normalized
    return (
      Extended(integer: Int64(exponent - exponentBias)),
      Extended(sign: a.sign, exponent: exponentBias, significand: significand)
    )
  }
}
