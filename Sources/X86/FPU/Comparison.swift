/// FCOM, FUCOM, FTST, FCOMI and FXAM.
extension Extended {
  /// The outcome of a comparison as the condition codes C3, C2 and C0.
  package enum Ordering: UInt16 {
    case greater = 0
    case less = 0x0100
    case equal = 0x4000
    case unordered = 0x4500
  }

  /// Compares two numbers. IE for an unsupported operand or signalling NaN, and for a quiet NaN
  /// unless `isQuiet` (the FUCOM family).
  @inline(__always)
  package static func compare(
    _ a: Extended, _ b: Extended, isQuiet: Bool, _ context: inout NumericContext
  ) -> Ordering {
    if _slowPath(!a.isNormal || !b.isNormal) {
      return compareSpecials(a, b, isQuiet: isQuiet, &context)
    }
    return ordering(
      a.sign, a.exponent, a.significand, b.sign, b.exponent, b.significand)
  }

  @inline(__always)
  private static func ordering(
    _ signA: UInt16, _ exponentA: Int32, _ significandA: UInt64,
    _ signB: UInt16, _ exponentB: Int32, _ significandB: UInt64
  ) -> Ordering {
    if signA != signB { return signA != 0 ? .less : .greater }
    if exponentA == exponentB && significandA == significandB { return .equal }
    let isGreater =
      exponentA > exponentB || exponentA == exponentB && significandA > significandB
    return isGreater != (signA != 0) ? .greater : .less
  }

  @inline(never)
  private static func compareSpecials(
    _ a: Extended, _ b: Extended, isQuiet: Bool, _ context: inout NumericContext
  ) -> Ordering {
    if a.isUnsupported || b.isUnsupported || a.isSignalling || b.isSignalling {
      context.raise(.invalid)
      return .unordered
    }
    if a.isNaN || b.isNaN {
      if !isQuiet { context.raise(.invalid) }
      return .unordered
    }
    context.noteDenormals(a, b)
    if a.isZero && b.isZero { return .equal }
    // A zero of either sign orders as its sign says against anything else.
    let (exponentA, significandA) = a.isZero ? (-1000, 0) : a.normalized
    let (exponentB, significandB) = b.isZero ? (-1000, 0) : b.normalized
    return ordering(a.sign, exponentA, significandA, b.sign, exponentB, significandB)
  }

  /// FXAM's C3, C2, C1 and C0 for a register that is not empty.
  package var examination: UInt16 {
    let code: UInt16
    switch classification {
    case .unsupported: code = 0
    case .nan: code = 0x0100
    case .normal: code = 0x0400
    case .infinity: code = 0x0500
    case .zero: code = 0x4000
    case .denormal: code = 0x4400
    }
    return code | (isNegative ? 0x0200 : 0)
  }
}
