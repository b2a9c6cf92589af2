/// FPATAN: the angle of the point (x, y), in all four quadrants.
extension Extended {
  /// atan(y/x) with the quadrant of (x, y), in −π…π.
  package static func arctangent(
    y: Extended, x: Extended, _ context: inout NumericContext
  ) -> Extended {
    if let nan = context.nanResult(x, y) { return nan }
    context.noteDenormals(x, y)
    if y.isInfinity {
      let eighths: UInt64 = x.isInfinity ? (x.isNegative ? 3 : 1) : 2
      return piEighths(eighths * 2, y.sign, &context)
    }
    if x.isInfinity || y.isZero {
      return x.isNegative ? piEighths(8, y.sign, &context) : .zero(y.sign)
    }
    if x.isZero { return piEighths(4, y.sign, &context) }
    let a = Precise(y)
    let b = Precise(x)
    let isSteep =
      b.exponent != a.exponent
      ? b.exponent < a.exponent : b.significand < a.significand
    let angle = (isSteep ? b / a : a / b).arctangent
    if !isSteep && !x.isNegative { return angle.rounded(sign: y.sign, &context) }
    // Measured from the vertical, or from the negative horizontal; bit 127 is worth 2.
    let reference = isSteep ? Precise.pi >> 1 : Precise.pi
    let offset = angle.fixed(leading: 1)
    let total = isSteep && x.isNegative ? reference + offset : reference - offset
    return Precise(normalizing: total, leading: 1).rounded(sign: y.sign, &context)
  }

  /// `count` × π/8.
  private static func piEighths(
    _ count: UInt64, _ sign: UInt16, _ context: inout NumericContext
  ) -> Extended {
    let eighth = Precise.pi >> 3
    var angle = Wide(0, 0)
    for _ in 0..<count { angle = angle + eighth }
    return Precise(normalizing: angle, leading: 1).rounded(sign: sign, &context)
  }
}

extension Precise {
  /// π with bit 127 worth 2.
  static let pi = Wide(0xC90F_DAA2_2168_C234, 0xC4C6_628B_80DC_1CD1)

  /// The arctangent of a number up to 1.
  ///
  /// atan q = atan c + atan((q − c)/(1 + q·c)) with c the nearest eighth leaves at most 1/16 to
  /// the series.
  var arctangent: Precise {
    if exponent < -4 { return arctangentNearZero }
    let fixed = fixed(leading: 1)
    let eighths = (fixed.high >> 58 &+ 1) >> 1
    if eighths == 0 { return arctangentNearZero }
    let center = Wide(eighths << 59, 0)
    let isBelow = fixed < center
    let distance = isBelow ? center - fixed : fixed - center
    let base = Precise.arctangents[Int(eighths)]
    if distance.isZero { return Precise(normalizing: base, leading: 1) }
    // 1 + q·c, with bit 127 worth 2; q·c ≤ 1.
    let product = fixed.multipliedHigh(Wide(eighths << 60, 0)) << 1
    let ratio =
      Precise(normalizing: distance, leading: 1)
      / Precise(normalizing: Wide(1 << 62, 0) + product, leading: 1)
    let rest = ratio.arctangentNearZero.fixed(leading: 1)
    return Precise(normalizing: isBelow ? base - rest : base + rest, leading: 1)
  }

  private var arctangentNearZero: Precise {
    scaledDown(Series.alternating(Series.odd, squaredFraction))
  }

  /// atan(k/8), bit 127 worth 2.
  private static let arctangents: InlineArray<9, Wide> = [
    Wide(0x0000_0000_0000_0000, 0x0000_0000_0000_0000),
    Wide(0x07F5_6EA6_AB0B_DB71, 0x9644_BCC4_F9F4_4478),
    Wide(0x0FAD_BAFC_9640_6EB1, 0x56DC_79EF_5F7A_217E),
    Wide(0x16F6_1941_E4DE_F08E, 0x7154_6424_5B9F_C890),
    Wide(0x1DAC_6705_61BB_4F68, 0xADFC_88BD_9787_51A0),
    Wide(0x23C0_1757_BDFD_67E6, 0xD720_D785_9971_0DD2),
    Wide(0x292F_1F46_4D3D_C249, 0x066A_1FCA_915F_6B28),
    Wide(0x2E01_4F8A_F08C_679C, 0xF2CB_6954_8429_110F),
    Wide(0x3243_F6A8_885A_308D, 0x3131_98A2_E037_0734),
  ]
}
