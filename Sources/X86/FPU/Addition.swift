/// FADD and FSUB: sums and differences (SDM 1, 8.3.5).
extension Extended {
  @inline(__always)
  package static func sum(_ a: Extended, _ b: Extended, _ context: inout NumericContext) -> Extended
  {
    if _fastPath(a.isNormal && b.isNormal) { return sumOfNormals(a, b, &context) }
    return sumOfSpecials(a, b, b, &context)
  }

  @inline(__always)
  package static func difference(
    _ a: Extended, _ b: Extended, _ context: inout NumericContext
  ) -> Extended {
    if _fastPath(a.isNormal && b.isNormal) { return sumOfNormals(a, b.negated, &context) }
    return sumOfSpecials(a, b.negated, b, &context)
  }

  @inline(__always)
  private static func sumOfNormals(
    _ a: Extended, _ b: Extended, _ context: inout NumericContext
  ) -> Extended {
    sum(
      a.sign, a.exponent, a.significand, b.sign, b.exponent, b.significand, &context)
  }

  /// Adds two normalized numbers. Which is the larger is chosen without a branch: no predictor
  /// could tell.
  @inline(__always)
  private static func sum(
    _ signA: UInt16, _ exponentA: Int32, _ significandA: UInt64,
    _ signB: UInt16, _ exponentB: Int32, _ significandB: UInt64,
    _ context: inout NumericContext
  ) -> Extended {
    let distance = exponentA &- exponentB
    let isSwapped = distance < 0 || distance == 0 && significandA < significandB
    let large = isSwapped ? significandB : significandA
    let small = isSwapped ? significandA : significandB
    let exponent = isSwapped ? exponentB : exponentA
    let sign = isSwapped ? signB : signA
    let operand = aligned(small, isSwapped ? 0 &- distance : distance)
    return signA == signB
      ? addMagnitudes(sign, exponent, large, operand, &context)
      : subtractMagnitudes(sign, exponent, large, operand, &context)
  }

  /// `small` moved `distance` places down, what falls below 128 bits kept as sticky.
  @inline(__always)
  private static func aligned(_ small: UInt64, _ distance: Int32) -> Wide {
    if _fastPath(distance < 64) {
      let count = UInt64(truncatingIfNeeded: distance)
      return Wide(small &>> count, (small &<< 1) &<< (63 &- count))
    }
    return Wide(small, 0).shiftedRightSticky(distance)
  }

  @inline(__always)
  private static func addMagnitudes(
    _ sign: UInt16, _ exponent: Int32, _ large: UInt64, _ small: Wide,
    _ context: inout NumericContext
  ) -> Extended {
    let (sum, overflow) = large.addingReportingOverflow(small.high)
    let carry: UInt64 = overflow ? 1 : 0
    let low = small.low &>> carry | (sum & carry) &<< 63 | small.low & carry
    return context.round(
      sign: sign, exponent: exponent &+ Int32(truncatingIfNeeded: carry),
      sum &>> carry | carry &<< 63, low)
  }

  @inline(__always)
  private static func subtractMagnitudes(
    _ sign: UInt16, _ exponent: Int32, _ large: UInt64, _ small: Wide,
    _ context: inout NumericContext
  ) -> Extended {
    let difference = Wide(large, 0) - small
    if _slowPath(difference.high == 0) {
      return subtractNearlyEqual(sign, exponent, difference, &context)
    }
    let shift = UInt64(truncatingIfNeeded: difference.high.leadingZeroBitCount)
    return context.round(
      sign: sign, exponent: exponent &- Int32(truncatingIfNeeded: shift),
      difference.high &<< shift | (difference.low &>> 1) &>> (63 &- shift),
      difference.low &<< shift)
  }

  /// A difference that has lost its upper word.
  @inline(never)
  private static func subtractNearlyEqual(
    _ sign: UInt16, _ exponent: Int32, _ difference: Wide, _ context: inout NumericContext
  ) -> Extended {
    if difference.isZero { return .zero(context.rounding == .down ? signBit : 0) }
    let shift = difference.leadingZeroBitCount
    let normalized = difference << shift
    return context.round(
      sign: sign, exponent: exponent &- shift, normalized.high, normalized.low)
  }

  /// `a + b` when one of them is not normal. `original` is b as the program gave it, for NaNs.
  @inline(never)
  private static func sumOfSpecials(
    _ a: Extended, _ b: Extended, _ original: Extended, _ context: inout NumericContext
  ) -> Extended {
    if let nan = context.nanResult(a, original) { return nan }
    if a.isInfinity {
      if b.isInfinity && a.sign != b.sign { return context.invalid() }
      context.noteDenormals(a, b)
      return a
    }
    context.noteDenormals(a, b)
    if b.isInfinity { return b }
    if a.isZero && b.isZero {
      if a.sign == b.sign { return a }
      return .zero(context.rounding == .down ? signBit : 0)
    }
    if a.isZero || b.isZero {
      let other = a.isZero ? b : a
      let (exponent, significand) = other.normalized
      return context.round(sign: other.sign, exponent: exponent, significand, 0)
    }
    let (exponentA, significandA) = a.normalized
    let (exponentB, significandB) = b.normalized
    return sum(
      a.sign, exponentA, significandA, b.sign, exponentB, significandB, &context)
  }
}
