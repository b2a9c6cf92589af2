/// The fields of a virtual machine control block at one moment.
public struct ControlBlockImage: Equatable, Sendable {
  /// In the order of `VMCBField.allCases`.
  private var values: [UInt64]

  /// What is in a block now.
  public init(_ block: ControlBlock) { values = VMCBField.allCases.map { block[$0] } }

  public subscript(field: VMCBField) -> UInt64 { values[Self.places[field] ?? 0] }

  /// The fields that differ from an earlier image, in order of offset.
  public func changes(since earlier: ControlBlockImage) -> [VMCBField] {
    VMCBField.allCases.filter { self[$0] != earlier[$0] }
  }

  private static let places = Dictionary(
    uniqueKeysWithValues: VMCBField.allCases.enumerated().map { ($1, $0) })
}

extension VMCBField {
  /// The exit code that bit 0 of an intercept word numbers; nil for all other fields.
  public var firstIntercept: ExitCode? {
    switch self {
    case .interceptCR, .interceptDR, .interceptExceptions, .interceptControls,
      .interceptInstructions:
      ExitCode(rawValue: UInt64(rawValue) * 8)
    default: nil
    }
  }
}

/// Someone who wants to see each exit of a guest: its VMCB as VMRUN found it, and as #VMEXIT left it.
public protocol ControlBlockReader: AnyObject {
  func read(_ exit: ControlBlockImage, since entry: ControlBlockImage, at guestTick: UInt64)
}
