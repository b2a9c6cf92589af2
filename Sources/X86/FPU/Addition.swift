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

  /// Adds two normalized numbers.
  @inline(__always)
  private static func sum(
    _ signA: UInt16, _ exponentA: Int32, _ significandA: UInt64,
    _ signB: UInt16, _ exponentB: Int32, _ significandB: UInt64,
    _ context: inout NumericContext
  ) -> Extended {
    let distance = exponentA &- exponentB
    if signA == signB {
      return distance >= 0
        ? addMagnitudes(signA, exponentA, significandA, significandB, distance, &context)
        : addMagnitudes(signA, exponentB, significandB, significandA, 0 &- distance, &context)
    }
    if distance > 0 || distance == 0 && significandA >= significandB {
      return subtractMagnitudes(
        signA, exponentA, significandA, significandB, distance, &context)
    }
    return subtractMagnitudes(
      signB, exponentB, significandB, significandA, 0 &- distance, &context)
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
    _ sign: UInt16, _ exponent: Int32, _ large: UInt64, _ small: UInt64, _ distance: Int32,
    _ context: inout NumericContext
  ) -> Extended {
    let addend = aligned(small, distance)
    let (high, carry) = large.addingReportingOverflow(addend.high)
    if carry {
      let low = addend.low >> 1 | high << 63 | addend.low & 1
      return context.round(
        sign: sign, exponent: exponent &+ 1, high >> 1 | integerBit, low)
    }
    return context.round(sign: sign, exponent: exponent, high, addend.low)
  }

  @inline(__always)
  private static func subtractMagnitudes(
    _ sign: UInt16, _ exponent: Int32, _ large: UInt64, _ small: UInt64, _ distance: Int32,
    _ context: inout NumericContext
  ) -> Extended {
    var difference = Wide(large, 0) - aligned(small, distance)
    if difference.isZero { return .zero(context.rounding == .down ? signBit : 0) }
    let shift = difference.leadingZeroBitCount
    difference = difference << shift
    return context.round(
      sign: sign, exponent: exponent &- shift, difference.high, difference.low)
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
