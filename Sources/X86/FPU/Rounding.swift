/// Rounding an exact or sticky intermediate result to what a register holds (SDM 1, 4.8.4 and 8.5).
extension NumericContext {
  /// ±significand.low × 2^(exponent − 16383) rounded, with its OE, UE, PE and C1.
  ///
  /// `significand` is normalized (bit 63) and `low` continues it; the last bit of `low` may stand
  /// for any bits below it.
  @inline(__always)
  mutating func round(
    sign: UInt16, exponent: Int32, _ significand: UInt64, _ low: UInt64
  ) -> Extended {
    if _fastPath(isDefaultRounding && UInt32(bitPattern: exponent &- 1) < 0x7FFD) {
      // Up or down is chance: decided without a branch.
      let isSticky: UInt64 = low &<< 1 != 0 ? 1 : 0
      let increment = low >> 63 & (significand | isSticky)
      let inexact: UInt16 = low != 0 ? NumericExceptions.precision.rawValue : 0
      raise(
        NumericExceptions(rawValue: inexact | UInt16(truncatingIfNeeded: increment) &<< 9))
      let (next, carry) = significand.addingReportingOverflow(increment)
      if _slowPath(carry) {
        return Extended(
          sign: sign, exponent: exponent &+ 1, significand: Extended.integerBit)
      }
      return Extended(sign: sign, exponent: exponent, significand: next)
    }
    return roundGeneral(sign: sign, exponent: exponent, Wide(significand, low))
  }

  /// The same for every precision, rounding mode and exponent.
  @inline(never)
  mutating func roundGeneral(sign: UInt16, exponent: Int32, _ value: Wide) -> Extended {
    let precision = precision
    var exponent = exponent
    var value = value
    var isTiny = false
    if exponent <= 0 {
      isTiny =
        exponent < 0 || !rounded(value, sign: sign, to: precision).carried
      if isTiny && !isMasked(.underflow) {
        raise(.underflow)
        exponent += 0x6000
        isTiny = false
        // Only FSCALE gets that far down: no exponent fits, and the processors give zero.
        if exponent <= 0 {
          raise(.precision)
          return .zero(sign)
        }
      } else {
        value = value.shiftedRightSticky(1 - exponent)
        exponent = 0
      }
    }
    let result = rounded(value, sign: sign, to: precision)
    if result.isInexact {
      raise(.precision)
      if isTiny { raise(.underflow) }
      if result.isIncremented { raise(.roundedUp) }
    }
    if exponent == 0 {
      // A carry into the integer bit makes the smallest normal number.
      exponent = result.significand >> 63 != 0 ? 1 : 0
    } else if result.carried {
      exponent += 1
    }
    if exponent >= Extended.maximumExponent {
      return overflowed(sign: sign, exponent: exponent, result.significand, precision)
    }
    return Extended(sign: sign, exponent: exponent, significand: result.significand)
  }

  /// `value` rounded to its upper `precision` bits. When the increment carries out of bit 127 the
  /// significand comes back renormalized and `carried` is true.
  func rounded(
    _ value: Wide, sign: UInt16, to precision: Int
  ) -> (significand: UInt64, isInexact: Bool, isIncremented: Bool, carried: Bool) {
    // Align the last kept bit with bit 64, the rest below it.
    let dropped = Int32(64 - precision)
    let mask: UInt64 = ~0 << UInt64(dropped)
    let kept = value.high & mask
    let rest = Wide(value.high & ~mask, value.low) << (64 - dropped)
    if rest.isZero { return (kept, false, false, false) }
    let unit: UInt64 = 1 << UInt64(dropped)
    guard increments(sign: sign, isOdd: kept & unit != 0, rest: rest) else {
      return (kept, true, false, false)
    }
    let (next, carry) = kept.addingReportingOverflow(unit)
    return (carry ? Extended.integerBit : next, true, true, carry)
  }

  /// Whether rounding away `rest` ≠ 0 (a fraction of the last place, binary point above bit 127)
  /// increases the magnitude.
  func increments(sign: UInt16, isOdd: Bool, rest: Wide) -> Bool {
    switch rounding {
    case .nearest:
      guard rest.high >> 63 != 0 else { return false }
      return isOdd || rest != Wide(1 << 63, 0)
    case .down: return sign != 0
    case .up: return sign == 0
    case .towardZero: return false
    }
  }

  /// The response to overflow: infinity or the largest finite number, or with OE unmasked the
  /// result with its exponent reduced by 24576.
  private mutating func overflowed(
    sign: UInt16, exponent: Int32, _ significand: UInt64, _ precision: Int
  ) -> Extended {
    raise(.overflow)
    if !isMasked(.overflow) {
      let wrapped = exponent - 0x6000
      if wrapped < Extended.maximumExponent {
        return Extended(sign: sign, exponent: wrapped, significand: significand)
      }
      raise(.inexactRoundedUp)
      return .infinity(sign)
    }
    raise(.precision)
    if increments(sign: sign, isOdd: true, rest: Wide(1 << 63, 0)) {
      raise(.roundedUp)
      return .infinity(sign)
    }
    raised.subtract(.roundedUp)
    return Extended(
      sign: sign, exponent: Extended.maximumExponent - 1,
      significand: ~0 << UInt64(64 - precision))
  }
}
