public import X86

/// What AMD-V cost, counted exactly. Nothing here is an estimate.
public struct HardwareCounters: Sendable, Equatable {
  /// Guest instructions and events that the lab processor executed in the guest, in ticks.
  public var direct: UInt64 = 0
  /// Guest instructions executed for the guest on its virtual processor after an exit, in ticks.
  public var emulated: UInt64 = 0
  /// Guest instructions interpreted because no VMCB can express the guest's state, in ticks.
  public var interpreted: UInt64 = 0
  /// Interrupts given to the guest by EVENTINJ.
  public var injections: UInt64 = 0
  /// Page faults that the guest never hears of: a shadow entry was missing.
  public var hiddenFaults: UInt64 = 0
  /// Page faults that the guest's own tables demand.
  public var trueFaults: UInt64 = 0
  /// Writes of a kernel with CR0.WP clear to pages that its tables call read-only.
  public var protectedWrites: UInt64 = 0
  /// Times the whole shadow was thrown away.
  public var shadowFlushes: UInt64 = 0
  /// Exits by code; a nested page fault and VMEXIT_INVALID behind the others.
  private var exits = [UInt64](repeating: 0, count: 0xA2)

  public init() {}

  /// Exits with a code.
  public func exits(_ code: ExitCode) -> UInt64 { exits[Self.place(code)] }

  /// All exits.
  public var allExits: UInt64 { exits.reduce(0, +) }
  /// Exits that went on to the process with the device models: ports, and memory that is not RAM.
  public var deviceExits: UInt64 { exits(.io) + deviceFaults }
  /// Nested or shadow page faults that were accesses to a device, or to nothing.
  public var deviceFaults: UInt64 = 0

  mutating func count(_ code: ExitCode) { exits[Self.place(code)] += 1 }

  private static func place(_ code: ExitCode) -> Int {
    switch code {
    case .nestedPageFault: 0xA0
    case .invalid: 0xA1
    default: Int(min(code.rawValue, 0x9F))
    }
  }

  private static let codes =
    (0..<0xA0).map { ExitCode(rawValue: $0) } + [.nestedPageFault, .invalid]

  mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
    for field in [
      \Self.direct, \.emulated, \.interpreted, \.injections, \.hiddenFaults, \.trueFaults,
      \.deviceFaults, \.protectedWrites, \.shadowFlushes,
    ] { coder.field(&self[keyPath: field]) }
    coder.numbers(&exits)
  }

  /// Whether the list has the length that it always has.
  var isPossible: Bool { exits.count == 0xA2 }

  var named: [(name: String, count: UInt64)] {
    [
      ("direct", direct), ("emulated", emulated), ("interpreted", interpreted),
      ("exits", allExits), ("exits_to_kernel", allExits - deviceExits),
      ("exits_to_devices", deviceExits), ("injections", injections),
      ("hidden_faults", hiddenFaults), ("true_faults", trueFaults),
      ("protected_writes", protectedWrites), ("shadow_flushes", shadowFlushes),
    ]
      + Self.codes.filter { exits($0) > 0 }.map {
        ("exit_" + $0.name.lowercased(), exits($0))
      }
  }
}
