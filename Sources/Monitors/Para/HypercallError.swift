import X86

/// Why a hypercall was refused: the ABI's error number, which the guest gets negated in EAX, and what
/// the ledger says about it.
struct HypercallError: Error, Equatable {
  /// The number, positive.
  let number: UInt32
  let cause: Cause

  private init(_ number: UInt32, _ cause: Cause = .none) {
    self.number = number
    self.cause = cause
  }

  /// EINVAL, and why.
  static func invalid(_ cause: Cause) -> HypercallError { HypercallError(22, cause) }

  /// What EAX becomes.
  var result: UInt32 { 0 &- number }

  static let notPermitted = HypercallError(1)
  static let noEntry = HypercallError(2)
  static let noDomain = HypercallError(3)
  static let badAddress = HypercallError(14, .argumentNotMapped)
  static let noMemory = HypercallError(12)
  static let busy = HypercallError(16)
  static let exists = HypercallError(17)
  static let invalid = HypercallError(22)
  static let noSpace = HypercallError(28)
  static let notImplemented = HypercallError(38)
  static let timePassed = HypercallError(62)
}
