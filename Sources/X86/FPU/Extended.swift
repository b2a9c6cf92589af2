/// A number in the 80-bit double extended format, kept as its bits (SDM 1, 4.2.2 and 8.2).
///
///     79 78          64 63 62                       0
///     S  exponent+16383 J  fraction
///
/// All arithmetic on it is integer arithmetic, so every host gives the same bits.
public struct Extended: Equatable, Sendable {
  /// The significand with its explicit integer bit J in bit 63.
  public var significand: UInt64
  /// The sign in bit 15 and the biased exponent, 0...0x7FFF, below it.
  public var signExponent: UInt16

  @inline(__always)
  public init(signExponent: UInt16, significand: UInt64) {
    self.signExponent = signExponent
    self.significand = significand
  }

  @inline(__always)
  init(sign: UInt16, exponent: Int32, significand: UInt64) {
    signExponent = sign | UInt16(truncatingIfNeeded: exponent)
    self.significand = significand
  }

  static let exponentBias: Int32 = 16383
  static let maximumExponent: Int32 = 0x7FFF
  static let signBit: UInt16 = 0x8000
  static let integerBit: UInt64 = 1 << 63
  /// Set in a quiet NaN, clear in a signalling one.
  static let quietBit: UInt64 = 1 << 62

  public static let zero = Extended(signExponent: 0, significand: 0)
  public static let one = Extended(signExponent: 0x3FFF, significand: integerBit)
  /// The quiet NaN that stands for "no meaningful result" (SDM 1, table 4-3).
  public static let indefinite = Extended(signExponent: 0xFFFF, significand: 0xC000_0000_0000_0000)

  static func zero(_ sign: UInt16) -> Extended {
    Extended(signExponent: sign, significand: 0)
  }
  static func infinity(_ sign: UInt16) -> Extended {
    Extended(signExponent: sign | 0x7FFF, significand: integerBit)
  }

  /// 0x8000 when negative, else 0: signs combine by exclusive or.
  @inline(__always) var sign: UInt16 { signExponent & Extended.signBit }
  /// The biased exponent, 0...0x7FFF.
  @inline(__always) var exponent: Int32 { Int32(signExponent & 0x7FFF) }
  @inline(__always) var isNegative: Bool { signExponent & Extended.signBit != 0 }

  @inline(__always) var negated: Extended {
    Extended(signExponent: signExponent ^ Extended.signBit, significand: significand)
  }
  @inline(__always) var magnitude: Extended {
    Extended(signExponent: signExponent & 0x7FFF, significand: significand)
  }

  /// A finite number with a biased exponent of 1...0x7FFE and its integer bit set: what nearly
  /// every operand is.
  @inline(__always) var isNormal: Bool {
    (signExponent & 0x7FFF) &- 1 < 0x7FFE && significand >> 63 != 0
  }
  var isZero: Bool { signExponent & 0x7FFF == 0 && significand == 0 }
  var isInfinity: Bool {
    signExponent & 0x7FFF == 0x7FFF && significand == Extended.integerBit
  }
  /// Pseudo-NaN, pseudo-infinity or unnormal: formats that the 387 and later do not support.
  var isUnsupported: Bool { signExponent & 0x7FFF != 0 && significand >> 63 == 0 }
  var isNaN: Bool {
    signExponent & 0x7FFF == 0x7FFF && significand > Extended.integerBit
  }
  var isSignalling: Bool { isNaN && significand & Extended.quietBit == 0 }
  /// A denormal or pseudo-denormal.
  var isDenormal: Bool { signExponent & 0x7FFF == 0 && significand != 0 }
  /// The NaN with its quiet bit set.
  var quieted: Extended {
    Extended(signExponent: signExponent, significand: significand | Extended.quietBit)
  }

  /// What a register holds, as FXAM tells it.
  enum Classification { case unsupported, nan, normal, infinity, zero, denormal }

  var classification: Classification {
    if isNormal { return .normal }
    if signExponent & 0x7FFF == 0 { return significand == 0 ? .zero : .denormal }
    if significand >> 63 == 0 { return .unsupported }
    return significand == Extended.integerBit ? .infinity : .nan
  }

  /// The exponent and normalized significand of a finite number other than zero. A denormal's
  /// exponent becomes less than 1.
  @inline(__always)
  var normalized: (exponent: Int32, significand: UInt64) {
    if _fastPath(significand >> 63 != 0) { return (max(exponent, 1), significand) }
    let shift = Int32(truncatingIfNeeded: significand.leadingZeroBitCount)
    return (1 - shift, significand << UInt64(shift))
  }
}
