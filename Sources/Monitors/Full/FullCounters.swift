import X86

/// What full virtualization cost, counted exactly. Nothing here is an estimate.
public struct FullCounters: Sendable, Equatable {
  /// Guest instructions that the lab processor executed with no monitor code between them, in
  /// ticks.
  public var direct: UInt64 = 0
  /// Guest instructions executed for the guest on its virtual processor after a trap, in ticks.
  public var emulated: UInt64 = 0
  /// Guest instructions interpreted because they cannot be executed directly, in ticks.
  public var interpreted: UInt64 = 0
  /// How often interpretation began, by `InterpretationReason`.
  public var interpretations = [UInt64](repeating: 0, count: InterpretationReason.allCases.count)
  /// Entries into the monitor through its IDT, by vector.
  public var traps = [UInt64](repeating: 0, count: 256)
  /// Page faults that the guest never hears of: a shadow entry was missing.
  public var hiddenFaults: UInt64 = 0
  /// Page faults that the guest's own tables demand.
  public var trueFaults: UInt64 = 0
  /// Writes to a page that the monitor watches because a descriptor table lies in it, or that are
  /// allowed because the guest's CR0.WP is off.
  public var traceFaults: UInt64 = 0
  /// Writes to page tables of the guest that shadows are derived from; only with traced paging.
  public var pageTableFaults: UInt64 = 0
  /// Guest page tables that were written to so often that they are traced no more.
  public var abandonedTables: UInt64 = 0
  /// Accesses to memory of devices, or to what only the monitor may touch.
  public var deviceFaults: UInt64 = 0
  /// Times the whole shadow was thrown away.
  public var shadowFlushes: UInt64 = 0
  /// Events of the guest's devices that interrupted direct execution.
  public var kicks: UInt64 = 0
  /// Instructions that the lab processor executed at CPL 0: the stubs. The handlers' bodies are no
  /// x86 code and are not in it.
  public var monitorInstructions: UInt64 = 0
  /// Times that only the hosted process could go on: a device was accessed, or the guest waits. With
  /// a host operating system, two world switches each.
  public var toProcess: UInt64 = 0
  /// CR3 loads of the guest, by MOV or a task switch, that the monitor followed.
  public var cr3Loads: UInt64 = 0
  /// Those for which a shadow was there from earlier; only with traced paging.
  public var cachedRoots: UInt64 = 0
  /// Times that the lab processor's TLB was emptied.
  public var tlbFlushes: UInt64 = 0
  /// Changes from the descriptor tables for CPL 1 to those for CPL 3 and back.
  public var tableChanges: UInt64 = 0

  /// Guest instructions that the lab processor executed in translated form, in ticks.
  public var translated: UInt64 = 0
  /// HLTs in translated code: for an instruction that the monitor does, for a block's exit that leads
  /// nowhere yet, into a block that was not valid, for an indirect transfer to an address not in the
  /// table.
  public var serviceCallouts: UInt64 = 0
  public var linkCallouts: UInt64 = 0
  public var entryCallouts: UInt64 = 0
  public var lookupCallouts: UInt64 = 0
  /// Blocks translated, exits connected, pages of translations thrown away, times all were.
  public var blocksMade: UInt64 = 0
  public var chained: UInt64 = 0
  public var pagesInvalidated: UInt64 = 0
  public var cacheFlushes: UInt64 = 0

  public init() {}

  /// How often interpretation began for a reason.
  public func interpretations(for reason: InterpretationReason) -> UInt64 {
    interpretations[Int(reason.rawValue)]
  }

  /// All entries into the monitor.
  public var entries: UInt64 { traps.reduce(0, +) }
  /// Each entry comes from an outer ring and takes SS:ESP from the TSS; each exit goes back.
  public var stackSwitches: UInt64 { 2 * entries }
  /// Between the monitor and the hosted process: there and back, also for each kick.
  public var worldSwitches: UInt64 { 2 * (toProcess + kicks) }

  mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
    coder.field(&direct)
    coder.field(&emulated)
    coder.field(&interpreted)
    coder.numbers(&interpretations)
    coder.numbers(&traps)
    coder.field(&hiddenFaults)
    coder.field(&trueFaults)
    coder.field(&traceFaults)
    coder.field(&deviceFaults)
    coder.field(&shadowFlushes)
    coder.field(&kicks)
    coder.field(&pageTableFaults)
    coder.field(&abandonedTables)
    coder.field(&monitorInstructions)
    coder.field(&toProcess)
    coder.field(&cr3Loads)
    coder.field(&cachedRoots)
    coder.field(&tlbFlushes)
    coder.field(&tableChanges)
    coder.field(&translated)
    coder.field(&serviceCallouts)
    coder.field(&linkCallouts)
    coder.field(&entryCallouts)
    coder.field(&lookupCallouts)
    coder.field(&blocksMade)
    coder.field(&chained)
    coder.field(&pagesInvalidated)
    coder.field(&cacheFlushes)
  }

  /// Whether the lists have the lengths that they always have.
  var isPossible: Bool {
    interpretations.count == InterpretationReason.allCases.count && traps.count == 256
  }

  /// How often interpretation began, for those reasons that there were.
  private var interpretationsByReason: [(name: String, count: UInt64)] {
    InterpretationReason.allCases.filter { interpretations(for: $0) > 0 }.map {
      ($0.name, interpretations(for: $0))
    }
  }

  private var trapsByVector: [(name: String, count: UInt64)] {
    traps.indices.filter { traps[$0] > 0 }.map { ("trap_vector_\($0)", traps[$0]) }
  }

  var named: [(name: String, count: UInt64)] {
    [
      ("direct", direct), ("translated", translated), ("emulated", emulated),
      ("interpreted", interpreted),
    ] + interpretationsByReason + [
      ("traps", entries),
      ("hidden_faults", hiddenFaults), ("true_faults", trueFaults), ("trace_faults", traceFaults),
      ("page_table_faults", pageTableFaults), ("abandoned_tables", abandonedTables),
      ("device_faults", deviceFaults), ("shadow_flushes", shadowFlushes), ("kicks", kicks),
      ("monitor_instructions", monitorInstructions), ("to_hosted_process", toProcess),
      ("cr3_loads", cr3Loads), ("cached_roots", cachedRoots), ("tlb_flushes", tlbFlushes),
      ("table_changes", tableChanges), ("stack_switches", stackSwitches),
      ("world_switches", worldSwitches),
      ("callouts_service", serviceCallouts),
      ("callouts_link", linkCallouts), ("callouts_entry", entryCallouts),
      ("callouts_lookup", lookupCallouts), ("blocks_made", blocksMade), ("chained", chained),
      ("pages_invalidated", pagesInvalidated), ("cache_flushes", cacheFlushes),
    ] + trapsByVector
  }
}

/// Why guest instructions are interpreted on the virtual processor instead of being executed.
public enum InterpretationReason: UInt8, Sendable, CaseIterable {
  case realMode
  case virtual8086
  /// TF is set, or a breakpoint register is armed.
  case singleStep
  /// Ring 3 with IOPL above 0.
  case ioPrivilege
  /// Ring 3 with IF clear, which PUSHF would show there as set.
  case interruptsOff
  /// The guest's own ring 1 or 2.
  case middleRing
  /// A segment register that its descriptor table would not give like this, or that reaches into the
  /// hole and cannot be cut.
  case staleSegment
  /// A20 is masked.
  case addressMask
  /// Code of 16 bits in ring 0, which is not translated, or a stack of 16 bits in any ring: IRET to it would
  /// leave it the upper half of the monitor's ESP.
  case sixteenBitCode
  /// A page of code that is written to all the time.
  case modifiedCode
  /// What comes next cannot be fetched: the fault is the guest's.
  case unfetchable
  /// Somebody outside waits for this instruction, and the virtual processor tells.
  case breakpoint
  /// Not interpreted either: the guest is stopped by name.
  case physicalAddressExtension

  /// In some words, as in `interpreted: real mode`.
  public var words: String {
    switch self {
    case .realMode: "real mode"
    case .virtual8086: "virtual-8086 mode"
    case .singleStep: "TF, or a debug register"
    case .ioPrivilege: "IOPL above 0"
    case .interruptsOff: "IF off in ring 3"
    case .middleRing: "ring 1 or 2 of the guest"
    case .staleSegment: "segment unlike its table"
    case .addressMask: "A20 masked"
    case .sixteenBitCode: "16-bit code or stack"
    case .modifiedCode: "code rewritten all the time"
    case .unfetchable: "the next fetch faults"
    case .breakpoint: "somebody waits for it"
    case .physicalAddressExtension: "PAE"
    }
  }

  fileprivate var name: String {
    switch self {
    case .realMode: "interpreted_real_mode"
    case .virtual8086: "interpreted_virtual8086"
    case .singleStep: "interpreted_single_step"
    case .ioPrivilege: "interpreted_io_privilege"
    case .interruptsOff: "interpreted_interrupts_off"
    case .middleRing: "interpreted_middle_ring"
    case .staleSegment: "interpreted_stale_segment"
    case .addressMask: "interpreted_address_mask"
    case .sixteenBitCode: "interpreted_16bit_code"
    case .modifiedCode: "interpreted_modified_code"
    case .unfetchable: "interpreted_unfetchable"
    case .breakpoint: "interpreted_breakpoint"
    case .physicalAddressExtension: "interpreted_physical_address_extension"
    }
  }
}
