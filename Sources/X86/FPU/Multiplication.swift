/// FMUL, FDIV and FSQRT (SDM 1, 8.3.5).
extension Extended {
  @inline(__always)
  package static func product(_ a: Extended, _ b: Extended, _ context: inout NumericContext)
    -> Extended
  {
    if _fastPath(a.isNormal && b.isNormal) {
      return product(
        a.sign ^ b.sign, a.exponent &+ b.exponent, a.significand, b.significand, &context)
    }
    return productOfSpecials(a, b, &context)
  }

  @inline(__always)
  private static func product(
    _ sign: UInt16, _ exponents: Int32, _ a: UInt64, _ b: UInt64,
    _ context: inout NumericContext
  ) -> Extended {
    let (high, low) = a.multipliedFullWidth(by: b)
    // A product in [1, 2) moves up one place: half of them do, so no branch.
    let shift = ~high >> 63
    return context.round(
      sign: sign, exponent: exponents &- (exponentBias &- 1) &- Int32(truncatingIfNeeded: shift),
      high &<< shift | low >> 63 & shift, low &<< shift)
  }

  @inline(never)
  private static func productOfSpecials(
    _ a: Extended, _ b: Extended, _ context: inout NumericContext
  ) -> Extended {
    if let nan = context.nanResult(a, b) { return nan }
    let sign = a.sign ^ b.sign
    if a.isInfinity && b.isZero || a.isZero && b.isInfinity { return context.invalid() }
    context.noteDenormals(a, b)
    if a.isInfinity || b.isInfinity { return .infinity(sign) }
    if a.isZero || b.isZero { return .zero(sign) }
    let (exponentA, significandA) = a.normalized
    let (exponentB, significandB) = b.normalized
    return product(sign, exponentA + exponentB, significandA, significandB, &context)
  }

  @inline(__always)
  package static func quotient(_ a: Extended, _ b: Extended, _ context: inout NumericContext)
    -> Extended
  {
    if _fastPath(a.isNormal && b.isNormal) {
      return quotient(
        a.sign ^ b.sign, a.exponent &- b.exponent, a.significand, b.significand, &context)
    }
    return quotientOfSpecials(a, b, &context)
  }

  @inline(__always)
  private static func quotient(
    _ sign: UInt16, _ exponents: Int32, _ a: UInt64, _ b: UInt64,
    _ context: inout NumericContext
  ) -> Extended {
    let isSmaller = a < b
    let dividend = isSmaller ? (a, 0) : (a >> 1, a << 63)
    let (digits, remainder) = b.dividingFullWidth(dividend)
    return context.round(
      sign: sign, exponent: exponents &+ exponentBias &- (isSmaller ? 1 : 0), digits,
      fraction(remainder, of: b))
  }

  /// How a remainder compares with half its divisor, as bits below the last place.
  @inline(__always)
  private static func fraction(_ remainder: UInt64, of divisor: UInt64) -> UInt64 {
    if remainder == 0 { return 0 }
    let rest = divisor &- remainder
    return remainder < rest ? 1 : remainder == rest ? 1 << 63 : 1 << 63 | 1
  }

  @inline(never)
  private static func quotientOfSpecials(
    _ a: Extended, _ b: Extended, _ context: inout NumericContext
  ) -> Extended {
    if let nan = context.nanResult(a, b) { return nan }
    let sign = a.sign ^ b.sign
    if a.isInfinity && b.isInfinity || a.isZero && b.isZero { return context.invalid() }
    if a.isInfinity {
      context.noteDenormals(a, b)
      return .infinity(sign)
    }
    if b.isZero {
      // This comes before a denormal operand (SDM 1, 8.6), which loading it may have reported.
      context.raised.remove(.denormal)
      context.raise(.zeroDivide)
      return .infinity(sign)
    }
    context.noteDenormals(a, b)
    if b.isInfinity || a.isZero { return .zero(sign) }
    let (exponentA, significandA) = a.normalized
    let (exponentB, significandB) = b.normalized
    return quotient(sign, exponentA - exponentB, significandA, significandB, &context)
  }

  package static func squareRoot(_ a: Extended, _ context: inout NumericContext) -> Extended {
    if !a.isNormal {
      if let nan = context.nanResult(a) { return nan }
      if a.isZero { return a }
    }
    if a.isNegative { return context.invalid() }
    if a.isInfinity { return a }
    context.noteDenormals(a, .one)
    let (exponent, significand) = a.normalized
    let unbiased = exponent - exponentBias
    // The radicand in [2^126, 2^128), its exponent even: its root has exactly 64 bits.
    let radicand = unbiased & 1 != 0 ? Wide(significand, 0) : Wide(significand, 0) >> 1
    let root = radicand.squareRoot
    let square = root.multipliedFullWidth(by: root)
    let remainder = radicand - Wide(square.high, square.low)
    // (root + 1/2)² = root² + root + 1/4: never met exactly.
    let low: UInt64 =
      remainder.isZero ? 0 : Wide(0, root) < remainder ? 1 << 63 | 1 : 1
    return context.round(
      sign: 0, exponent: (unbiased >> 1) + exponentBias, root, low)
  }
}

extension Wide {
  /// The largest integer whose square is not above self, for self of 2^126 or more.
  var squareRoot: UInt64 {
    // A root of the upper half, bit by bit, is right to 32 bits; one division doubles that.
    var coarse: UInt64 = 0
    var bit: UInt64 = 1 << 31
    while bit != 0 {
      let trial = coarse | bit
      if trial &* trial <= high { coarse = trial }
      bit >>= 1
    }
    // From above, so that the quotient fits and the mean is never too small.
    let start = coarse == 0xFFFF_FFFF ? UInt64.max : (coarse + 1) << 32
    let quotient =
      high < start ? start.dividingFullWidth((high, low)).quotient : UInt64.max
    var root = start >> 1 + quotient >> 1 + (start & quotient & 1)
    while true {
      let square = root.multipliedFullWidth(by: root)
      if !(self < Wide(square.high, square.low)) { return root }
      root -= 1
    }
  }
}
