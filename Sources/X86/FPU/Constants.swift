/// FLD1, FLDL2T, FLDL2E, FLDPI, FLDLG2, FLDLN2 and FLDZ.
extension Extended {
  /// The constant that the opcode D9 E8+`index` loads, index 0...6.
  ///
  /// The irrational ones are rounded from the manual's 66 bits by the rounding control, without
  /// an exception and whatever the precision control says (SDM 1, 8.3.2).
  package static func constant(_ index: UInt8, _ context: NumericContext) -> Extended {
    switch index {
    case 0: return .one
    case 1: return rounded(0x4000, 0xD49A_784B_CD1B_8AFE, isUpper: false, context)  // log2 10
    case 2: return rounded(0x3FFF, 0xB8AA_3B29_5C17_F0BB, isUpper: true, context)  // log2 e
    case 3: return rounded(0x4000, 0xC90F_DAA2_2168_C234, isUpper: true, context)  // π
    case 4: return rounded(0x3FFD, 0x9A20_9A84_FBCF_F798, isUpper: true, context)  // log10 2
    case 5: return rounded(0x3FFE, 0xB172_17F7_D1CF_79AB, isUpper: true, context)  // ln 2
    default: return .zero
    }
  }

  /// A positive constant truncated to 64 bits; `isUpper` when more than half a unit was cut off.
  private static func rounded(
    _ signExponent: UInt16, _ truncated: UInt64, isUpper: Bool, _ context: NumericContext
  ) -> Extended {
    let rest = Wide(isUpper ? 3 << 62 : 1 << 62, 0)
    let isUp = context.increments(sign: 0, isOdd: truncated & 1 != 0, rest: rest)
    return Extended(
      signExponent: signExponent, significand: isUp ? truncated + 1 : truncated)
  }
}
