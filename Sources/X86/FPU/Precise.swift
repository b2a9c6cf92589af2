/// A positive number with 128 significant bits: what the transcendental functions compute in, so
/// that the error before the final rounding stays below 2^-50 of the last place.
struct Precise {
  /// The power of two of the leading bit.
  var exponent: Int32
  /// Bit 127 set.
  var significand: Wide

  init(exponent: Int32, _ significand: Wide) {
    self.exponent = exponent
    self.significand = significand
  }

  /// A nonzero fixed-point number whose bit 127 is worth 2^`leading`.
  init(normalizing fixed: Wide, leading: Int32) {
    let shift = fixed.leadingZeroBitCount
    exponent = leading - shift
    significand = fixed << shift
  }

  /// The magnitude of a finite register value other than zero.
  init(_ value: Extended) {
    let (exponent, significand) = value.normalized
    self.exponent = exponent - Extended.exponentBias
    self.significand = Wide(significand, 0)
  }

  /// ln 2, and 2/ln 2.
  static let ln2 = Precise(
    exponent: -1, Wide(0xB172_17F7_D1CF_79AB, 0xC9E3_B398_03F2_F6AF))
  static let twoLog2e = Precise(
    exponent: 1, Wide(0xB8AA_3B29_5C17_F0BB, 0xBE87_FED0_691D_3E89))

  static func * (a: Precise, b: Precise) -> Precise {
    Precise(
      normalizing: a.significand.multipliedHigh(b.significand),
      leading: a.exponent + b.exponent + 1)
  }

  static func / (a: Precise, b: Precise) -> Precise {
    let isSmaller = a.significand < b.significand
    let dividend = isSmaller ? a.significand : a.significand >> 1
    return Precise(
      exponent: a.exponent - b.exponent - (isSmaller ? 1 : 0),
      dividend.fraction(dividedBy: b.significand))
  }

  /// self as fixed point with bit 127 worth 2^`leading`, never rounded to nothing.
  func fixed(leading: Int32) -> Wide { significand.shiftedRightSticky(leading - exponent) }

  /// The square of a number below 1, its binary point above bit 127.
  var squaredFraction: Wide {
    let square = significand.multipliedHigh(significand)
    let places = -2 * exponent - 2
    return places >= 128 ? Wide(0, 0) : square >> places
  }

  /// The same times a factor near 1 given with bit 127 worth 1. A factor of exactly 1 stands for
  /// one a little below, as every series here starts with 1 − something.
  func scaledDown(_ factor: Wide) -> Precise {
    let below = factor.high >> 63 != 0 && factor.low == 0 && factor.high << 1 == 0
    let factor = below ? Wide(~Extended.integerBit, ~0) : factor
    return Precise(
      normalizing: significand.multipliedHigh(factor), leading: exponent + 1)
  }

  /// Rounded to a register with full precision; always inexact.
  func rounded(sign: UInt16, _ context: inout NumericContext) -> Extended {
    context.roundFully(
      sign: sign, exponent: exponent + Extended.exponentBias, significand.high,
      significand.low | 1)
  }
}

/// Power series, their coefficients with bit 127 worth 1, evaluated by Horner's rule.
enum Series {
  /// c0 − u·(c1 − u·(c2 − …)) with the binary point of `u` above bit 127.
  static func alternating<let count: Int>(
    _ coefficients: InlineArray<count, Wide>, _ u: Wide
  ) -> Wide {
    var sum = coefficients[count - 1]
    for index in (0..<count - 1).reversed() {
      sum = coefficients[index] - sum.multipliedHigh(u)
    }
    return sum
  }

  /// c0 + u·(c1 + u·(c2 + …)).
  static func positive<let count: Int>(
    _ coefficients: InlineArray<count, Wide>, _ u: Wide
  ) -> Wide {
    var sum = coefficients[count - 1]
    for index in (0..<count - 1).reversed() {
      sum = coefficients[index] + sum.multipliedHigh(u)
    }
    return sum
  }

  /// 1/1!, 1/3!, 1/5! …: sin r = r·Σ±(r²)^k/(2k+1)!.
  static let sine: InlineArray<13, Wide> = [
    Wide(0x8000_0000_0000_0000, 0x0000_0000_0000_0000),
    Wide(0x1555_5555_5555_5555, 0x5555_5555_5555_5555),
    Wide(0x0111_1111_1111_1111, 0x1111_1111_1111_1111),
    Wide(0x0006_8068_0680_6806, 0x8068_0680_6806_8068),
    Wide(0x0000_171D_E3A5_56C7, 0x338F_AAC1_C88E_5001),
    Wide(0x0000_0035_CC8A_CFEA, 0x89C7_1FCE_8FC9_7070),
    Wide(0x0000_0000_5849_184E, 0xA1B4_25F2_8E0C_C749),
    Wide(0x0000_0000_006B_9FCF, 0x9CCE_E07C_4761_95AC),
    Wide(0x0000_0000_0000_654B, 0x1DC0_C2B5_29AC_9814),
    Wide(0x0000_0000_0000_004B, 0xD26D_1A05_055C_9328),
    Wide(0x0000_0000_0000_0000, 0x2E37_1DED_B9EA_E318),
    Wide(0x0000_0000_0000_0000, 0x0017_61B4_1316_381A),
    Wide(0x0000_0000_0000_0000, 0x0000_09F9_E66E_8B30),
  ]

  /// 1/0!, 1/2!, 1/4! …: cos r = Σ±(r²)^k/(2k)!.
  static let cosine: InlineArray<14, Wide> = [
    Wide(0x8000_0000_0000_0000, 0x0000_0000_0000_0000),
    Wide(0x4000_0000_0000_0000, 0x0000_0000_0000_0000),
    Wide(0x0555_5555_5555_5555, 0x5555_5555_5555_5555),
    Wide(0x002D_82D8_2D82_D82D, 0x82D8_2D82_D82D_82D8),
    Wide(0x0000_D00D_00D0_0D00, 0xD00D_00D0_0D00_D00D),
    Wide(0x0000_024F_C9F6_EF13, 0xEB8E_5DE0_2DA7_D4CD),
    Wide(0x0000_0004_7BB6_3BFE, 0x3625_ED51_36A6_1EB4),
    Wide(0x0000_0000_064E_5D2A, 0x301F_2748_2EB7_C517),
    Wide(0x0000_0000_0006_B9FC, 0xF9CC_EE07_C476_195B),
    Wide(0x0000_0000_0000_05A0, 0x9E18_EE5F_65DE_EC01),
    Wide(0x0000_0000_0000_0003, 0xCA85_7480_4044_A0F5),
    Wide(0x0000_0000_0000_0000, 0x0219_C72D_B6FF_0A53),
    Wide(0x0000_0000_0000_0000, 0x0000_F967_80CB_97AC),
    Wide(0x0000_0000_0000_0000, 0x0000_0062_3A17_F1A9),
  ]

  /// 1/1!, 1/2!, 1/3! …: e^y − 1 = y·Σy^k/(k+1)!.
  static let exponential: InlineArray<24, Wide> = [
    Wide(0x8000_0000_0000_0000, 0x0000_0000_0000_0000),
    Wide(0x4000_0000_0000_0000, 0x0000_0000_0000_0000),
    Wide(0x1555_5555_5555_5555, 0x5555_5555_5555_5555),
    Wide(0x0555_5555_5555_5555, 0x5555_5555_5555_5555),
    Wide(0x0111_1111_1111_1111, 0x1111_1111_1111_1111),
    Wide(0x002D_82D8_2D82_D82D, 0x82D8_2D82_D82D_82D8),
    Wide(0x0006_8068_0680_6806, 0x8068_0680_6806_8068),
    Wide(0x0000_D00D_00D0_0D00, 0xD00D_00D0_0D00_D00D),
    Wide(0x0000_171D_E3A5_56C7, 0x338F_AAC1_C88E_5001),
    Wide(0x0000_024F_C9F6_EF13, 0xEB8E_5DE0_2DA7_D4CD),
    Wide(0x0000_0035_CC8A_CFEA, 0x89C7_1FCE_8FC9_7070),
    Wide(0x0000_0004_7BB6_3BFE, 0x3625_ED51_36A6_1EB4),
    Wide(0x0000_0000_5849_184E, 0xA1B4_25F2_8E0C_C749),
    Wide(0x0000_0000_064E_5D2A, 0x301F_2748_2EB7_C517),
    Wide(0x0000_0000_006B_9FCF, 0x9CCE_E07C_4761_95AC),
    Wide(0x0000_0000_0006_B9FC, 0xF9CC_EE07_C476_195B),
    Wide(0x0000_0000_0000_654B, 0x1DC0_C2B5_29AC_9814),
    Wide(0x0000_0000_0000_05A0, 0x9E18_EE5F_65DE_EC01),
    Wide(0x0000_0000_0000_004B, 0xD26D_1A05_055C_9328),
    Wide(0x0000_0000_0000_0003, 0xCA85_7480_4044_A0F5),
    Wide(0x0000_0000_0000_0000, 0x2E37_1DED_B9EA_E318),
    Wide(0x0000_0000_0000_0000, 0x0219_C72D_B6FF_0A53),
    Wide(0x0000_0000_0000_0000, 0x0017_61B4_1316_381A),
    Wide(0x0000_0000_0000_0000, 0x0000_F967_80CB_97AC),
  ]

  /// 1, 1/3, 1/5 …: atan t = t·Σ±(t²)^k/(2k+1), and atanh without the signs.
  static let odd: InlineArray<20, Wide> = [
    Wide(0x8000_0000_0000_0000, 0x0000_0000_0000_0000),
    Wide(0x2AAA_AAAA_AAAA_AAAA, 0xAAAA_AAAA_AAAA_AAAB),
    Wide(0x1999_9999_9999_9999, 0x9999_9999_9999_999A),
    Wide(0x1249_2492_4924_9249, 0x2492_4924_9249_2492),
    Wide(0x0E38_E38E_38E3_8E38, 0xE38E_38E3_8E38_E38E),
    Wide(0x0BA2_E8BA_2E8B_A2E8, 0xBA2E_8BA2_E8BA_2E8C),
    Wide(0x09D8_9D89_D89D_89D8, 0x9D89_D89D_89D8_9D8A),
    Wide(0x0888_8888_8888_8888, 0x8888_8888_8888_8889),
    Wide(0x0787_8787_8787_8787, 0x8787_8787_8787_8788),
    Wide(0x06BC_A1AF_286B_CA1A, 0xF286_BCA1_AF28_6BCA),
    Wide(0x0618_6186_1861_8618, 0x6186_1861_8618_6186),
    Wide(0x0590_B216_42C8_590B, 0x2164_2C85_90B2_1643),
    Wide(0x051E_B851_EB85_1EB8, 0x51EB_851E_B851_EB85),
    Wide(0x04BD_A12F_684B_DA12, 0xF684_BDA1_2F68_4BDA),
    Wide(0x0469_EE58_469E_E584, 0x69EE_5846_9EE5_846A),
    Wide(0x0421_0842_1084_2108, 0x4210_8421_0842_1084),
    Wide(0x03E0_F83E_0F83_E0F8, 0x3E0F_83E0_F83E_0F84),
    Wide(0x03A8_3A83_A83A_83A8, 0x3A83_A83A_83A8_3A84),
    Wide(0x0375_9F22_9837_59F2, 0x2983_759F_2298_375A),
    Wide(0x0348_3483_4834_8348, 0x3483_4834_8348_3483),
  ]
}
