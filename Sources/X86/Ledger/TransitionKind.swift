/// What kind of privilege-relevant event a `Transition` records.
///
/// Raw values are stable: files hold them. New kinds go to the end.
public enum TransitionKind: UInt8, Sendable, CaseIterable {
  /// An exception: its delivery to a handler, or the attempt.
  case fault
  /// An external interrupt or NMI.
  case interrupt
  /// INT n, INT3, INTO, INT1.
  case softwareInterrupt
  /// IRET in any of its forms.
  case interruptReturn
  /// A far call or return that changed the ring. Those inside a ring change no privilege and are not
  /// in the ledger.
  case farTransfer
  /// SYSENTER.
  case systemEnter
  /// SYSEXIT.
  case systemExit
  /// The processor saved one task in its TSS and loaded another.
  case taskSwitch
  /// A write to CR0, CR2 or CR4.
  case controlRegisterWrite
  /// A write to CR3, by MOV or by a task switch.
  case cr3Load
  /// A write to a debug register.
  case debugRegisterWrite
  /// WRMSR.
  case machineSpecificWrite
  /// LGDT, LIDT, LLDT, LTR.
  case tableLoad
  /// INVLPG.
  case pageInvalidation
  /// IN, INS: always counted, kept when asked for.
  case portRead
  /// OUT, OUTS: always counted, kept when asked for.
  case portWrite
  /// A read of device memory: always counted, kept when asked for.
  case memoryMappedRead
  /// A write to device memory: always counted, kept when asked for.
  case memoryMappedWrite
  /// The interrupt controllers raised the processor's INTR: always counted, kept when asked for.
  case deviceEdge
  /// HLT.
  case halt
  /// The reset line was pulled.
  case reset
  /// A triple fault.
  case shutdown

  // What monitors write down; `vmExit` and `vmEntry` the processor itself.

  /// A guest called its hypervisor.
  case hypercall
  /// The guest was left for the monitor: #VMEXIT.
  case vmExit
  /// The monitor entered the guest: VMRUN.
  case vmEntry
  /// A shadow page table was changed, see `ShadowOperation`.
  case shadowPaging
  /// Guest code was translated, patched or thrown away.
  case translation
  /// The monitor gave the guest an event.
  case injection
  /// The monitor changed from one guest, or from the host, to another.
  case worldSwitch

  /// The speaker began a tone, changed it or fell silent.
  case speaker

  /// Device accesses and interrupt edges: too frequent to keep unless somebody asks.
  public var isAccess: Bool {
    switch self {
    case .portRead, .portWrite, .memoryMappedRead, .memoryMappedWrite, .deviceEdge: true
    default: false
    }
  }

  /// Whether it went through a vector of the IDT.
  public var hasVector: Bool { self == .fault || self == .interrupt || self == .softwareInterrupt }

  /// Whether control went elsewhere: `toCS`, `toEIP`, `toSS` and `toESP` mean something.
  public var isTransfer: Bool {
    switch self {
    case .fault, .interrupt, .softwareInterrupt, .interruptReturn, .farTransfer, .systemEnter,
      .systemExit, .taskSwitch, .vmExit, .vmEntry:
      true
    default: false
    }
  }
}

/// What was done to the translations of guest code: `code` of a `translation`.
public enum TranslationOperation: UInt32, Sendable, CaseIterable {
  /// A block was translated.
  case made
  /// What was translated from a page was thrown away: its bytes or its mapping have changed.
  case invalidated
}

/// What was done to a shadow page table: `code` of a `shadowPaging`.
public enum ShadowOperation: UInt32, Sendable, CaseIterable {
  /// An entry was filled: `info` is the linear address, `detail` the entry.
  case fill
  /// All entries were dropped.
  case flush
}

/// Who did what a transition records.
public enum Actor: UInt8, Sendable, CaseIterable {
  /// The guest, believing itself in ring 3.
  case guestUser
  /// The guest, believing itself in ring 0, 1 or 2, or in real mode.
  case guestKernel
  /// A device, or the board.
  case device
  /// A monitor's entry code in guest-visible instructions.
  case stub
  /// A monitor's handler.
  case monitor
  /// The process on the host that has the device models.
  case hostProcess
  /// A type-1 hypervisor, or the host loop of AMD-V.
  case hypervisor
}

/// What the costs of a transition are charged to; a model of costs has a figure for each.
public enum CostKey: UInt8, Sendable, CaseIterable {
  case none
  case exceptionSameRing, exceptionInnerRing
  case interruptSameRing, interruptInnerRing
  case softwareInterruptSameRing, softwareInterruptInnerRing
  case interruptReturnSameRing, interruptReturnOuterRing
  case callGate, farReturn
  case systemEnter, systemExit
  case taskSwitch
  case controlRegisterWrite, cr3Load, debugRegisterWrite, machineSpecificWrite, tableLoad
  case pageInvalidation
  case portAccess, memoryMappedAccess
  case halt
  case hypercall, vmExit, vmEntry, shadowPaging, translation, injection, worldSwitch
}

extension Transition {
  /// What this event's costs are charged to.
  public var cost: CostKey {
    let staysInRing = fromCPL == toCPL
    return switch kind {
    case .fault: staysInRing ? .exceptionSameRing : .exceptionInnerRing
    case .interrupt: staysInRing ? .interruptSameRing : .interruptInnerRing
    case .softwareInterrupt:
      staysInRing ? .softwareInterruptSameRing : .softwareInterruptInnerRing
    case .interruptReturn: staysInRing ? .interruptReturnSameRing : .interruptReturnOuterRing
    case .farTransfer: toCPL < fromCPL ? .callGate : .farReturn
    case .systemEnter: .systemEnter
    case .systemExit: .systemExit
    case .taskSwitch: .taskSwitch
    case .controlRegisterWrite: .controlRegisterWrite
    case .cr3Load: .cr3Load
    case .debugRegisterWrite: .debugRegisterWrite
    case .machineSpecificWrite: .machineSpecificWrite
    case .tableLoad: .tableLoad
    case .pageInvalidation: .pageInvalidation
    case .portRead, .portWrite: .portAccess
    case .memoryMappedRead, .memoryMappedWrite: .memoryMappedAccess
    case .halt: .halt
    case .deviceEdge, .reset, .shutdown, .speaker: .none
    case .hypercall: .hypercall
    case .vmExit: .vmExit
    case .vmEntry: .vmEntry
    case .shadowPaging: .shadowPaging
    case .translation: .translation
    case .injection: .injection
    case .worldSwitch: .worldSwitch
    }
  }
}
