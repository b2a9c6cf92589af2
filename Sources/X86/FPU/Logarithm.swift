/// F2XM1, FYL2X and FYL2XP1.
extension Extended {
  /// 2^x − 1 for x in −1…1; beyond, the operand comes back unchanged.
  package static func exponentialMinusOne(
    _ x: Extended, _ context: inout NumericContext
  ) -> Extended {
    if !x.isNormal {
      if let nan = context.nanResult(x) { return nan }
      if x.isZero { return x }
      if x.isInfinity { return x.isNegative ? one.negated : x }
      context.noteDenormals(x, .one)
    }
    if x.exponent >= exponentBias {
      context.raise(.precision)
      let isMinusOne = x == one.negated
      return isMinusOne ? Extended(signExponent: 0xBFFE, significand: integerBit) : x
    }
    let power = Precise(x) * Precise.ln2
    let u = power.fixed(leading: -1)
    let factor =
      x.isNegative
      ? Series.alternating(Series.exponential, u) : Series.positive(Series.exponential, u)
    return power.scaledDown(factor).rounded(sign: x.sign, &context)
  }

  /// y × log2(x).
  package static func logarithm(
    _ x: Extended, times y: Extended, _ context: inout NumericContext
  ) -> Extended {
    if let nan = context.nanResult(x, y) { return nan }
    if x.isZero {
      if y.isZero { return context.invalid() }
      if !y.isInfinity { context.raise(.zeroDivide) }
      return .infinity(y.sign ^ signBit)
    }
    if x.isNegative { return context.invalid() }
    let comparison = x.comparedToOne
    if x.isInfinity && y.isZero || y.isInfinity && comparison == .equal {
      return context.invalid()
    }
    context.noteDenormals(x, y)
    let sign = y.sign ^ (comparison == .less ? signBit : 0)
    if x.isInfinity || y.isInfinity { return .infinity(sign) }
    if y.isZero || comparison == .equal { return .zero(sign) }
    let logarithm = Precise(x).logarithm
    if logarithm.isExact {
      // The processors raise PE, and UE for a tiny result, even so.
      context.raise(.precision)
      let product = logarithm.magnitude * Precise(y)
      let result = context.roundFully(
        sign: sign, exponent: product.exponent + exponentBias, product.significand.high,
        product.significand.low)
      if result.isDenormal { context.raise(.underflow) }
      return result
    }
    return (logarithm.magnitude * Precise(y)).rounded(sign: sign, &context)
  }

  private var comparedToOne: Ordering {
    if signExponent == 0x3FFF && significand == Extended.integerBit { return .equal }
    return exponent < Extended.exponentBias ? .less : .greater
  }

  /// y × log2(x + 1).
  package static func logarithmPlusOne(
    _ x: Extended, times y: Extended, _ context: inout NumericContext
  ) -> Extended {
    if let nan = context.nanResult(x, y) { return nan }
    if x.isInfinity {
      if x.isNegative || y.isZero { return context.invalid() }
      context.noteDenormals(x, y)
      return .infinity(y.sign)
    }
    if y.isInfinity {
      if x.isZero { return context.invalid() }
      context.noteDenormals(x, y)
      return .infinity(x.sign ^ y.sign)
    }
    context.noteDenormals(x, y)
    let sign = x.sign ^ y.sign
    if x.isZero || y.isZero { return .zero(sign) }
    // The manual leaves −1 and below undefined; processors give the operand back.
    if x.isNegative && x.exponent >= exponentBias {
      context.raise(.precision)
      return x
    }
    let logarithm = Precise(x).logarithmPlusOne(isNegative: x.isNegative)
    return (logarithm * Precise(y)).rounded(sign: sign, &context)
  }
}

extension Precise {
  /// |log2 self| for any number but 1; exact when self is a power of two.
  var logarithm: (magnitude: Precise, isExact: Bool) {
    // self = 2^whole × m with m in √½…√2.
    let isBelow = significand.high >= 0xB504_F333_F9DE_6484
    let whole = exponent + (isBelow ? 1 : 0)
    let distance = isBelow ? Wide(0, 0) - significand : significand - Wide(1 << 63, 0)
    if distance.isZero {
      return (Precise(normalizing: Wide(UInt64(whole.magnitude), 0), leading: 63), true)
    }
    // t = |m − 1|/(m + 1), the latter with bit 127 worth 2.
    let sum = (significand >> (isBelow ? 2 : 1)) + Wide(1 << 62, 0)
    let part = Precise.logarithm(
      distance: Precise(normalizing: distance, leading: isBelow ? -1 : 0),
      sum: Precise(normalizing: sum, leading: 1))
    if whole == 0 { return (part, false) }
    // Bit 127 worth 2^15.
    let integral = Wide(UInt64(whole.magnitude) << 48, 0)
    let fraction = part.fixed(leading: 15)
    let total = (whole > 0) != isBelow ? integral + fraction : integral - fraction
    return (Precise(normalizing: total, leading: 15), false)
  }

  /// log2(m) from |m − 1| and m + 1 as 2/ln 2 · atanh(|m − 1|/(m + 1)).
  private static func logarithm(distance: Precise, sum: Precise) -> Precise {
    let ratio = distance / sum
    let factor = Series.positive(Series.odd, ratio.squaredFraction)
    return ratio.scaledDown(factor) * twoLog2e
  }

  /// |log2(1 ± self|), self < 1 when negative.
  func logarithmPlusOne(isNegative: Bool) -> Precise {
    if exponent < -2 {
      let fixed = fixed(leading: 1)
      let two = Wide(1 << 63, 0)
      return Precise.logarithm(
        distance: self,
        sum: Precise(normalizing: isNegative ? two - fixed : two + fixed, leading: 1))
    }
    if isNegative {
      let rest = Wide(0, 0) - fixed(leading: -1)
      return Precise(normalizing: rest, leading: -1).logarithm.magnitude
    }
    let leading = max(exponent, 0) + 1
    let one = Precise(exponent: 0, Wide(1 << 63, 0)).fixed(leading: leading)
    return Precise(normalizing: fixed(leading: leading) + one, leading: leading)
      .logarithm.magnitude
  }
}
