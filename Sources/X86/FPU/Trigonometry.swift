/// FSIN, FCOS, FSINCOS and FPTAN.
///
/// Arguments are reduced by the 66-bit approximation of π that the 387 and its successors use
/// (SDM 1, 8.3.8), exactly; what is left is evaluated with 128 bits.
extension Extended {
  /// An argument within ±π/4 of a multiple of π/2.
  private struct Angle {
    /// The multiple, modulo 4.
    var quadrant: UInt64
    /// The distance from it: never zero, as no 64-bit number is a multiple of π.
    var distance: Precise
    var isBefore: Bool

    /// |x| < 2^63, not zero.
    init(_ x: Extended) {
      let value = Precise(x)
      quadrant = 0
      isBefore = false
      distance = value
      if value.exponent < -1 { return }
      // In units of 2^-65: x, and π/2 as an odd 66-bit integer.
      let halfPi = Wide(3, 0x243F_6A88_85A3_08D3)
      var rest = Wide(0, value.significand.high)
      for _ in 0..<value.exponent + 2 {
        rest = rest << 1
        quadrant = quadrant << 1
        if !(rest < halfPi) {
          rest = rest - halfPi
          quadrant |= 1
        }
      }
      if halfPi < rest << 1 {
        rest = halfPi - rest
        quadrant &+= 1
        isBefore = true
      }
      quadrant &= 3
      distance = Precise(normalizing: rest, leading: 62)
    }

    var sine: Precise {
      distance.scaledDown(Series.alternating(Series.sine, distance.squaredFraction))
    }
    var cosine: Precise {
      Precise(exponent: 0, Wide(integerBit, 0))
        .scaledDown(Series.alternating(Series.cosine, distance.squaredFraction))
    }

    /// The sine at this angle plus `quarterTurns` × π/2.
    func sine(after quarterTurns: UInt64) -> (isNegative: Bool, magnitude: Precise) {
      let turned = (quadrant &+ quarterTurns) & 3
      return turned & 1 == 0
        ? ((turned == 2) != isBefore, sine) : (turned == 3, cosine)
    }
  }

  /// Whether an argument is too large to be reduced: C2 is set and nothing else happens.
  package var isOutsideTrigonometricRange: Bool {
    exponent >= Extended.exponentBias + 63 && exponent < Extended.maximumExponent && !isUnsupported
  }

  /// The result for a NaN, an infinity or an unsupported operand; DE for a denormal.
  private static func trigonometricSpecial(
    _ x: Extended, _ context: inout NumericContext
  ) -> Extended? {
    if x.isNormal { return nil }
    if let nan = context.nanResult(x) { return nan }
    if x.isInfinity { return context.invalid() }
    context.noteDenormals(x, .one)
    return nil
  }

  package static func sine(_ x: Extended, _ context: inout NumericContext) -> Extended {
    if let special = trigonometricSpecial(x, &context) { return special }
    if x.isZero { return x }
    let result = Angle(x).sine(after: 0)
    return result.magnitude.rounded(
      sign: x.sign ^ (result.isNegative ? signBit : 0), &context)
  }

  package static func cosine(_ x: Extended, _ context: inout NumericContext) -> Extended {
    if let special = trigonometricSpecial(x, &context) { return special }
    if x.isZero { return .one }
    let result = Angle(x).sine(after: 1)
    return result.magnitude.rounded(sign: result.isNegative ? signBit : 0, &context)
  }

  package static func tangent(_ x: Extended, _ context: inout NumericContext) -> Extended {
    if let special = trigonometricSpecial(x, &context) { return special }
    if x.isZero { return x }
    let angle = Angle(x)
    let isOdd = angle.quadrant & 1 != 0
    let result = isOdd ? angle.cosine / angle.sine : angle.sine / angle.cosine
    let isNegative = isOdd != angle.isBefore
    return result.rounded(sign: x.sign ^ (isNegative ? signBit : 0), &context)
  }
}
