/// The exception flags of the x87 status word, with the two bits that explain them.
///
///     9   6  5  4  3  2  1  0
///     C1  SF PE UE OE ZE DE IE
public struct NumericExceptions: OptionSet, Sendable {
  public let rawValue: UInt16
  @inline(__always) public init(rawValue: UInt16) { self.rawValue = rawValue }

  public static let invalid = NumericExceptions(rawValue: 1 << 0)
  public static let denormal = NumericExceptions(rawValue: 1 << 1)
  public static let zeroDivide = NumericExceptions(rawValue: 1 << 2)
  public static let overflow = NumericExceptions(rawValue: 1 << 3)
  public static let underflow = NumericExceptions(rawValue: 1 << 4)
  public static let precision = NumericExceptions(rawValue: 1 << 5)
  public static let stackFault = NumericExceptions(rawValue: 1 << 6)
  /// C1: the last rounding increased the magnitude; with `stackFault`, overflow and not underflow.
  public static let roundedUp = NumericExceptions(rawValue: 1 << 9)

  /// The six that the control word can mask.
  public static let maskable = NumericExceptions(rawValue: 0x3F)
  /// Those found before an operation computes anything: unmasked, they leave its operands alone.
  static let beforeComputation = NumericExceptions(rawValue: 0x07)
  /// Those that, unmasked, keep a store from writing memory and from popping: IE, OE, UE.
  static let beforeStore = NumericExceptions(rawValue: 0x19)
  /// PE with C1. Named because an array literal of options is not always free.
  static let inexactRoundedUp = NumericExceptions(rawValue: 1 << 5 | 1 << 9)
}

/// Rounding control, bits 11-10 of the control word.
enum RoundingMode: UInt16 {
  case nearest, down, up, towardZero
}

/// What one operation obeys (the control word) and what it reports.
public struct NumericContext: Sendable {
  /// The x87 control word: masks in bits 5-0, precision in 9-8, rounding in 11-10.
  public let control: UInt16
  public var raised: NumericExceptions = []

  @inline(__always)
  public init(control: UInt16) { self.control = control }

  var rounding: RoundingMode {
    RoundingMode(rawValue: control >> 10 & 3).unsafelyUnwrapped
  }
  /// Round to nearest with the full 64-bit significand.
  @inline(__always) var isDefaultRounding: Bool { control & 0xF00 == 0x300 }
  /// Significand bits that results keep: 24, 53 or 64. The reserved encoding counts as 64.
  var precision: Int {
    switch control >> 8 & 3 {
    case 0: return 24
    case 2: return 53
    default: return 64
    }
  }
  /// `round` to 64 bits whatever the precision control says: for everything but addition,
  /// subtraction, multiplication, division and square root.
  mutating func roundFully(
    sign: UInt16, exponent: Int32, _ significand: UInt64, _ low: UInt64
  ) -> Extended {
    var full = NumericContext(control: control | 0x300)
    let result = full.round(sign: sign, exponent: exponent, significand, low)
    raise(full.raised)
    return result
  }

  @inline(__always)
  mutating func raise(_ exceptions: NumericExceptions) {
    raised = NumericExceptions(rawValue: raised.rawValue | exceptions.rawValue)
  }
  /// An unmasked IE, DE or ZE: the operation has no result and its operands stay.
  @inline(__always)
  package var isAborted: Bool {
    raised.rawValue & ~control & NumericExceptions.beforeComputation.rawValue != 0
  }
  /// What the status word gains. An aborted operation never came to overflow, underflow or round.
  @inline(__always)
  package var reported: NumericExceptions {
    isAborted ? raised.intersection(.beforeComputation) : raised
  }
  func isMasked(_ exception: NumericExceptions) -> Bool { control & exception.rawValue != 0 }

  /// Raises IE and gives the masked response.
  @inline(never)
  mutating func invalid() -> Extended {
    raise(.invalid)
    return .indefinite
  }

  /// DE when one of the operands is denormal.
  mutating func noteDenormals(_ a: Extended, _ b: Extended) {
    if a.isDenormal || b.isDenormal { raise(.denormal) }
  }

  /// The result of an operation with a NaN or unsupported operand, or nil when there is none.
  ///
  /// Of two NaNs of a kind the one with the larger significand wins, the positive one when they
  /// are equal; a quiet NaN wins over a signalling one (SDM 1, table 4-7).
  @inline(never)
  mutating func nanResult(_ a: Extended, _ b: Extended) -> Extended? {
    if a.isUnsupported || b.isUnsupported { return invalid() }
    if !a.isNaN && !b.isNaN { return nil }
    let signallingA = a.isSignalling
    let signallingB = b.isSignalling
    if signallingA || signallingB { raise(.invalid) }
    if !b.isNaN || a.isNaN && signallingB && !signallingA { return a.quieted }
    if !a.isNaN || signallingA && !signallingB { return b.quieted }
    if a.significand != b.significand {
      return a.significand > b.significand ? a.quieted : b.quieted
    }
    return a.signExponent <= b.signExponent ? a.quieted : b.quieted
  }

  /// The same for an operation with one operand.
  mutating func nanResult(_ a: Extended) -> Extended? {
    nanResult(a, .one)
  }
}
