import X86

/// What a debugger waits for: instructions at linear addresses, and accesses to linear addresses.
///
/// No byte is patched, and DR0-DR7 stay the guest's; see `CPU.watch`.
public struct Watch: Sendable {
  /// Kinds of access to memory.
  public enum Access: Sendable {
    case read, write, any
  }

  /// Linear addresses of data.
  public struct Area: Sendable, Equatable {
    /// The first address.
    public var start: UInt32
    /// How many bytes, at least 1; it does not reach beyond FFFFFFFFh.
    public var size: UInt32
    /// Which accesses.
    public var access: Access

    /// An area to be watched.
    public init(start: UInt32, size: UInt32, access: Access) {
      precondition(size > 0 && start <= ~0 - (size - 1), "an area does not wrap around")
      self.start = start
      self.size = size
      self.access = access
    }

    /// Its addresses.
    var range: ClosedRange<UInt32> { start...start + (size - 1) }

    /// Whether an access is one that is waited for.
    func concerns(_ made: CPU.WatchedAccess) -> Bool {
      let isMeant =
        switch access {
        case .read: !made.isWrite
        case .write: made.isWrite
        case .any: true
        }
      return isMeant && made.linear <= range.upperBound
        && UInt64(made.linear) + UInt64(made.size) > UInt64(start)
    }
  }

  /// What was waited for and happened.
  public enum Hit: Sendable, Equatable {
    /// The next instruction is at this linear address.
    case instruction(UInt32)
    /// The instruction executed last accessed this area.
    case access(Area)
  }

  /// Linear addresses of instructions.
  public var instructions: Set<UInt32> = []
  /// Data.
  public var areas: [Area] = []

  /// Nothing to wait for.
  public init() {}

  /// Whether there is nothing to wait for.
  public var isEmpty: Bool { instructions.isEmpty && areas.isEmpty }

  /// The first area that one of these accesses concerns.
  func hit(_ accesses: [CPU.WatchedAccess]) -> Hit? {
    for access in accesses {
      if let area = areas.first(where: { $0.concerns(access) }) { return .access(area) }
    }
    return nil
  }
}
