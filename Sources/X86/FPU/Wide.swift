/// An unsigned 128-bit number in two words: products, remainders, and the extra precision in
/// which the transcendental functions are computed.
struct Wide: Equatable {
  var high: UInt64
  var low: UInt64

  @inline(__always)
  init(_ high: UInt64, _ low: UInt64) {
    self.high = high
    self.low = low
  }

  @inline(__always) var isZero: Bool { high | low == 0 }

  @inline(__always)
  static func < (a: Wide, b: Wide) -> Bool {
    a.high != b.high ? a.high < b.high : a.low < b.low
  }

  /// Modulo 2^128.
  @inline(__always)
  static func + (a: Wide, b: Wide) -> Wide {
    let (low, carry) = a.low.addingReportingOverflow(b.low)
    return Wide(a.high &+ b.high &+ (carry ? 1 : 0), low)
  }

  @inline(__always)
  static func - (a: Wide, b: Wide) -> Wide {
    let (low, borrow) = a.low.subtractingReportingOverflow(b.low)
    return Wide(a.high &- b.high &- (borrow ? 1 : 0), low)
  }

  /// Shifted left by any count of 0 or more.
  @inline(__always)
  static func << (a: Wide, count: Int32) -> Wide {
    let count = UInt64(truncatingIfNeeded: count)
    if count >= 64 { return Wide(a.low << (count &- 64), 0) }
    if count == 0 { return a }
    return Wide(a.high &<< count | a.low &>> (64 &- count), a.low &<< count)
  }

  @inline(__always)
  static func >> (a: Wide, count: Int32) -> Wide {
    let count = UInt64(truncatingIfNeeded: count)
    if count >= 64 { return Wide(0, a.high >> (count &- 64)) }
    if count == 0 { return a }
    return Wide(a.high &>> count, a.low &>> count | a.high &<< (64 &- count))
  }

  /// Shifted right; the last bit becomes 1 when any bit shifted out was 1.
  @inline(__always)
  func shiftedRightSticky(_ count: Int32) -> Wide {
    if count == 0 { return self }
    if count >= 128 { return Wide(0, isZero ? 0 : 1) }
    let lost = self << (128 - count)
    var result = self >> count
    if !lost.isZero { result.low |= 1 }
    return result
  }

  var leadingZeroBitCount: Int32 {
    Int32(
      truncatingIfNeeded: high != 0
        ? high.leadingZeroBitCount : 64 + low.leadingZeroBitCount)
  }

  /// The upper 128 bits of the 256-bit product.
  func multipliedHigh(_ other: Wide) -> Wide {
    let lowLow = low.multipliedFullWidth(by: other.low)
    let lowHigh = low.multipliedFullWidth(by: other.high)
    let highLow = high.multipliedFullWidth(by: other.low)
    let highHigh = high.multipliedFullWidth(by: other.high)
    let middle =
      Wide(0, lowLow.high) + Wide(0, lowHigh.low) + Wide(0, highLow.low)
    return Wide(highHigh.high, highHigh.low) + Wide(0, lowHigh.high) + Wide(0, highLow.high)
      + Wide(0, middle.high)
  }

  /// The quotient self × 2^128 / divisor, truncated, of self < divisor, bit 127 of divisor set.
  func fraction(dividedBy divisor: Wide) -> Wide {
    var remainder = self
    let high = Wide.quotientDigit(&remainder, divisor)
    let low = Wide.quotientDigit(&remainder, divisor)
    return Wide(high, low)
  }

  /// One step of long division: the digit floor(remainder × 2^64 / divisor), by Knuth's estimate
  /// from the leading words, which is at most 2 too large.
  private static func quotientDigit(_ remainder: inout Wide, _ divisor: Wide) -> UInt64 {
    var digit = UInt64.max
    if remainder.high < divisor.high {
      digit = divisor.high.dividingFullWidth((remainder.high, remainder.low)).quotient
    }
    // remainder × 2^64 − digit × divisor, in 192 bits.
    let lowProduct = digit.multipliedFullWidth(by: divisor.low)
    let highProduct = digit.multipliedFullWidth(by: divisor.high)
    let upperProduct = Wide(highProduct.high, highProduct.low) + Wide(0, lowProduct.high)
    var upper = remainder - upperProduct
    let (lowest, borrow) = UInt64(0).subtractingReportingOverflow(lowProduct.low)
    if borrow { upper = upper - Wide(0, 1) }
    var result = (upper: upper, lowest: lowest)
    while result.upper.high >> 63 != 0 {
      digit &-= 1
      let (sum, carry) = result.lowest.addingReportingOverflow(divisor.low)
      result.lowest = sum
      result.upper = result.upper + Wide(0, divisor.high) + Wide(0, carry ? 1 : 0)
    }
    remainder = Wide(result.upper.low, result.lowest)
    return digit
  }
}
