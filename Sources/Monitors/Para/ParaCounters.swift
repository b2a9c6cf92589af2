/// What paravirtualization cost, counted exactly. Nothing here is an estimate.
public struct ParaCounters: Sendable, Equatable {
  /// Entries into the hypervisor through its IDT, by vector.
  public var entries = [UInt64](repeating: 0, count: 256)
  /// Instructions that the processor executed at CPL 0: stubs and the idle loop. The handlers' bodies
  /// are no x86 code and are not in it.
  public var monitorInstructions: UInt64 = 0
  /// Hypercalls by number, those inside a multicall included.
  public var hypercalls = [UInt64](repeating: 0, count: 64)
  /// Hypercalls that were refused.
  public var refused: UInt64 = 0
  /// Single requests in lists: page table changes, extended ones, calls in a multicall.
  public var updates: UInt64 = 0
  public var extendedOperations: UInt64 = 0
  public var multicalls: UInt64 = 0
  /// Traps passed on to a guest's kernel, and system calls among them.
  public var bounces: UInt64 = 0
  public var bouncedSystemCalls: UInt64 = 0
  /// Times that a guest was told of events.
  public var upcalls: UInt64 = 0
  /// Events sent over channels.
  public var events: UInt64 = 0
  /// Page tables and directories looked through.
  public var validatedTables: UInt64 = 0
  public var validatedDirectories: UInt64 = 0
  public var pins: UInt64 = 0
  /// Frames that were to be something while they are something else.
  public var refusedKinds: UInt64 = 0
  /// Times the I/O bitmap was put in force.
  public var portOpenings: UInt64 = 0
  /// Changes from one domain, or the idle loop, to another.
  public var worldSwitches: UInt64 = 0
  public var crashes: UInt64 = 0

  public init() {}

  /// All entries into the hypervisor.
  public var total: UInt64 { entries.reduce(0, +) }
  /// Changes of page table entries that were asked for and made or refused, each by its own call or
  /// in a list.
  public var tableChanges: UInt64 {
    updates + hypercalls[Int(HypercallNumber.updateVAMapping.rawValue)]
  }

  var named: [(name: String, count: UInt64)] {
    [
      ("entries", total), ("monitor_instructions", monitorInstructions),
      ("hypercalls", hypercalls.reduce(0, +)), ("refused", refused), ("updates", updates),
      ("page_table_changes", tableChanges), ("extended_operations", extendedOperations),
      ("multicalls", multicalls), ("bounces", bounces),
      ("bounced_system_calls", bouncedSystemCalls), ("upcalls", upcalls), ("events", events),
      ("validated_tables", validatedTables), ("validated_directories", validatedDirectories),
      ("pins", pins), ("refused_kinds", refusedKinds), ("port_openings", portOpenings),
      ("world_switches", worldSwitches), ("crashes", crashes),
    ]
  }
}
