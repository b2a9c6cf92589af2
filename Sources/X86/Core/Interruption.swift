/// The processor's exception vectors (Intel SDM 3A, table 6-1).
public enum Vector {
  public static let divideError: UInt8 = 0
  public static let debug: UInt8 = 1
  public static let nonMaskable: UInt8 = 2
  public static let breakpoint: UInt8 = 3
  public static let overflow: UInt8 = 4
  public static let boundRange: UInt8 = 5
  public static let invalidOpcode: UInt8 = 6
  public static let deviceNotAvailable: UInt8 = 7
  public static let doubleFault: UInt8 = 8
  public static let invalidTSS: UInt8 = 10
  public static let segmentNotPresent: UInt8 = 11
  public static let stackFault: UInt8 = 12
  public static let generalProtection: UInt8 = 13
  public static let pageFault: UInt8 = 14
  public static let floatingPoint: UInt8 = 16
  public static let alignmentCheck: UInt8 = 17
}

/// An instruction that could not finish: a fault on its way to the IDT.
///
/// Thrown by the check that failed, with the reason in the manual's terms. Nothing the
/// instruction was to change has changed, apart from what the manual says otherwise.
public struct Interruption: Error, Equatable, Sendable {
  public var vector: UInt8
  /// False for vectors that push no error code.
  public var hasErrorCode: Bool
  public var cause: Cause
  public var errorCode: UInt32

  @inlinable
  public init(
    vector: UInt8, errorCode: UInt32 = 0, hasErrorCode: Bool = false, cause: Cause
  ) {
    self.vector = vector
    self.hasErrorCode = hasErrorCode
    self.cause = cause
    self.errorCode = errorCode
  }

  /// #GP with an error code: 0, or the selector (RPL cleared) with its EXT and IDT bits.
  static func generalProtection(_ code: UInt32 = 0, _ cause: Cause) -> Interruption {
    Interruption(
      vector: Vector.generalProtection, errorCode: code, hasErrorCode: true, cause: cause)
  }
  static func stackFault(_ code: UInt32 = 0, _ cause: Cause) -> Interruption {
    Interruption(vector: Vector.stackFault, errorCode: code, hasErrorCode: true, cause: cause)
  }
  static func notPresent(_ code: UInt32, _ cause: Cause) -> Interruption {
    Interruption(
      vector: Vector.segmentNotPresent, errorCode: code, hasErrorCode: true, cause: cause)
  }
  static func invalidTSS(_ code: UInt32, _ cause: Cause) -> Interruption {
    Interruption(vector: Vector.invalidTSS, errorCode: code, hasErrorCode: true, cause: cause)
  }
  static func pageFault(_ code: UInt32, _ cause: Cause) -> Interruption {
    Interruption(vector: Vector.pageFault, errorCode: code, hasErrorCode: true, cause: cause)
  }
  static func invalidOpcode(_ cause: Cause) -> Interruption {
    Interruption(vector: Vector.invalidOpcode, cause: cause)
  }
}
