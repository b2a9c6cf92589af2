/// FBLD and FBSTP: 18 packed decimal digits and a sign (SDM 1, 4.7).
///
///     79 78-72  71-68 …  3-0
///     S  unused  d17  …  d0
extension Extended {
  /// The number with the given packed digits; exact. Digits above 9 count as their value.
  package init(packedDecimal bits: (signExponent: UInt16, digits: UInt64)) {
    var value = UInt64(bits.signExponent >> 4 & 15) &* 10 &+ UInt64(bits.signExponent & 15)
    for place in stride(from: UInt64(60), through: 0, by: -4) {
      value = value &* 10 &+ (bits.digits >> place & 15)
    }
    self.init(integer: Int64(bitPattern: value))
    signExponent |= bits.signExponent & Extended.signBit
  }

  /// The number rounded to an integer as packed digits. IE and the packed decimal indefinite
  /// when it has more than 18 digits.
  package func packedDecimal(
    _ context: inout NumericContext
  ) -> (signExponent: UInt16, digits: UInt64) {
    if signExponent & 0x7FFF <= 0x403E && !isUnsupported {
      var attempt = NumericContext(control: context.control)
      var rest = integerMagnitude(&attempt)
      if rest < 1_000_000_000_000_000_000 {
        context.raise(attempt.raised)
        var digits: UInt64 = 0
        for place in stride(from: UInt64(0), through: 60, by: 4) {
          digits |= (rest % 10) << place
          rest /= 10
        }
        return (sign | UInt16(truncatingIfNeeded: (rest / 10) << 4 | rest % 10), digits)
      }
    }
    context.raise(.invalid)
    return (0xFFFF, 0xC000_0000_0000_0000)
  }
}
