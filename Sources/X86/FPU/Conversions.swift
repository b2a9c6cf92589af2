/// FLD and FST of 32- and 64-bit numbers, FILD and FIST of integers.
extension Extended {
  /// Any 64-bit integer; always exact.
  @inline(__always)
  package init(integer: Int64) {
    if integer == 0 {
      self = .zero
      return
    }
    let magnitude = integer.magnitude
    let shift = UInt64(truncatingIfNeeded: magnitude.leadingZeroBitCount)
    self.init(
      signExponent: (integer < 0 ? 0x8000 : 0) | UInt16(truncatingIfNeeded: 0x403E &- shift),
      significand: magnitude &<< shift)
  }

  /// The number with the given single-precision bits.
  @inline(__always)
  package init(single bits: UInt32, _ context: inout NumericContext) {
    let exponent = bits >> 23 & 0xFF
    if _fastPath(exponent &- 1 < 0xFE) {
      self.init(
        signExponent: UInt16(truncatingIfNeeded: bits >> 16 & 0x8000 | exponent &+ (16383 - 127)),
        significand: Extended.integerBit | UInt64(bits) << 40 & ~Extended.integerBit)
    } else {
      self.init(
        sign: UInt16(truncatingIfNeeded: bits >> 16 & 0x8000),
        special: exponent != 0, fraction: UInt64(bits) << 40 & ~Extended.integerBit,
        denormalExponent: 16383 - 126, &context)
    }
  }

  /// The number with the given double-precision bits.
  @inline(__always)
  package init(double bits: UInt64, _ context: inout NumericContext) {
    let exponent = bits >> 52 & 0x7FF
    if _fastPath(exponent &- 1 < 0x7FE) {
      self.init(
        signExponent: UInt16(truncatingIfNeeded: bits >> 48 & 0x8000 | exponent &+ (16383 - 1023)),
        significand: Extended.integerBit | bits << 11)
    } else {
      self.init(
        sign: UInt16(truncatingIfNeeded: bits >> 48 & 0x8000),
        special: exponent != 0, fraction: bits << 11 & ~Extended.integerBit,
        denormalExponent: 16383 - 1022, &context)
    }
  }

  /// An infinity or NaN (`special`), a zero or a denormal.
  @inline(never)
  private init(
    sign: UInt16, special: Bool, fraction: UInt64, denormalExponent: Int32,
    _ context: inout NumericContext
  ) {
    if special {
      let value = Extended(
        signExponent: sign | 0x7FFF, significand: Extended.integerBit | fraction)
      if value.isSignalling { context.raise(.invalid) }
      self = value.isNaN ? value.quieted : value
    } else if fraction == 0 {
      self = .zero(sign)
    } else {
      context.raise(.denormal)
      let shift = Int32(truncatingIfNeeded: fraction.leadingZeroBitCount)
      self.init(
        sign: sign, exponent: denormalExponent - shift, significand: fraction << UInt64(shift))
    }
  }

  /// Where a narrower binary format has its fields.
  private struct Format {
    var precision: Int
    /// Sign and exponent bits together start above this many fraction bits.
    var fractionBits: Int32
    var bias: Int32
    var maximumExponent: Int32
    var signShift: UInt64
  }

  /// The single-precision bits. When an unmasked IE, OE or UE was raised nothing is to be stored.
  @inline(__always)
  package func single(_ context: inout NumericContext) -> UInt32 {
    let narrow = exponent &- (16383 - 127)
    if _fastPath(
      context.control & 0xC00 == 0 && UInt32(bitPattern: narrow &- 1) < 0xFD
        && significand >> 63 != 0)
    {
      let magnitude =
        UInt64(UInt32(bitPattern: narrow)) << 23 | (significand << 1) >> 41
      return UInt32(
        truncatingIfNeeded: Extended.roundToNearest(
          magnitude, rest: significand << 24, &context)) | UInt32(sign) << 16
    }
    let format = Format(
      precision: 24, fractionBits: 23, bias: 127, maximumExponent: 0xFF, signShift: 16)
    return UInt32(truncatingIfNeeded: narrowed(format, &context))
  }

  /// The double-precision bits, under the same rule.
  @inline(__always)
  package func double(_ context: inout NumericContext) -> UInt64 {
    let narrow = exponent &- (16383 - 1023)
    if _fastPath(
      context.control & 0xC00 == 0 && UInt32(bitPattern: narrow &- 1) < 0x7FD
        && significand >> 63 != 0)
    {
      let magnitude =
        UInt64(UInt32(bitPattern: narrow)) << 52 | (significand << 1) >> 12
      return Extended.roundToNearest(magnitude, rest: significand << 53, &context)
        | UInt64(sign) << 48
    }
    let format = Format(
      precision: 53, fractionBits: 52, bias: 1023, maximumExponent: 0x7FF, signShift: 48)
    return narrowed(format, &context)
  }

  /// Rounds exponent and fraction as one integer: a carry out of the fraction increments the
  /// exponent, as it should.
  @inline(__always)
  private static func roundToNearest(
    _ magnitude: UInt64, rest: UInt64, _ context: inout NumericContext
  ) -> UInt64 {
    if rest == 0 { return magnitude }
    if rest > 1 << 63 || rest == 1 << 63 && magnitude & 1 != 0 {
      context.raise(.inexactRoundedUp)
      return magnitude &+ 1
    }
    context.raise(.precision)
    return magnitude
  }

  @inline(never)
  private func narrowed(_ format: Format, _ context: inout NumericContext) -> UInt64 {
    let signBits = UInt64(sign) << format.signShift
    let infinity = UInt64(UInt32(format.maximumExponent)) << UInt64(format.fractionBits)
    if isUnsupported || isNaN {
      if isUnsupported || isSignalling { context.raise(.invalid) }
      let nan = isUnsupported ? .indefinite : quieted
      return UInt64(nan.sign) << format.signShift | infinity
        | (nan.significand << 1) >> UInt64(64 - format.fractionBits)
    }
    if isZero { return signBits }
    if isInfinity { return signBits | infinity }
    let (exponent, significand) = normalized
    return signBits
      | narrowed(
        exponent - Extended.exponentBias + format.bias, Wide(significand, 0), format, infinity,
        &context)
  }

  /// A finite number's exponent and fraction fields.
  private func narrowed(
    _ exponent: Int32, _ significand: Wide, _ format: Format, _ infinity: UInt64,
    _ context: inout NumericContext
  ) -> UInt64 {
    var exponent = exponent
    var value = significand
    var isTiny = false
    if exponent <= 0 {
      isTiny =
        exponent < 0 || !context.rounded(value, sign: sign, to: format.precision).carried
      if isTiny && !context.isMasked(.underflow) {
        context.raise(.underflow)
        return 0
      }
      value = value.shiftedRightSticky(1 - exponent)
      exponent = 0
    }
    let result = context.rounded(value, sign: sign, to: format.precision)
    if exponent == 0 {
      exponent = result.significand >> 63 != 0 ? 1 : 0
    } else if result.carried {
      exponent += 1
    }
    if exponent >= format.maximumExponent {
      context.raise(.overflow)
      if !context.isMasked(.overflow) { return 0 }
      context.raise(.precision)
      guard context.increments(sign: sign, isOdd: true, rest: Wide(1 << 63, 0)) else {
        return infinity - 1
      }
      context.raise(.roundedUp)
      return infinity
    }
    if result.isInexact {
      context.raise(isTiny ? [.precision, .underflow] : .precision)
      if result.isIncremented { context.raise(.roundedUp) }
    }
    return UInt64(UInt32(bitPattern: exponent)) << UInt64(format.fractionBits)
      | (result.significand << 1) >> UInt64(64 - format.fractionBits)
  }

  /// The number as a signed integer of `width` bits (16, 32 or 64), sign-extended. IE and the
  /// integer indefinite, 1 followed by zeros, when it does not fit.
  @inline(__always)
  package func integer(width: Int, truncating: Bool, _ context: inout NumericContext) -> Int64 {
    if signExponent & 0x7FFF <= 0x403E && (significand >> 63 != 0 || exponent == 0) {
      var attempt = NumericContext(control: context.control | (truncating ? 0xC00 : 0))
      let magnitude = integerMagnitude(&attempt)
      let limit: UInt64 = 1 << UInt64(width - 1)
      if magnitude < limit || magnitude == limit && isNegative {
        context.raise(attempt.raised)
        let value = Int64(bitPattern: magnitude)
        return isNegative ? 0 &- value : value
      }
    }
    context.raise(.invalid)
    return Int64.min >> Int64(64 - width)
  }
}
