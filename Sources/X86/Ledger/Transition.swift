/// One privilege-relevant event: a fixed-size, trivial value of 96 bytes, written down the moment it
/// happens and before any handler runs.
///
/// It holds what an explanation needs and what cannot be found out later: the gate and the stack an
/// event went through, the descriptor or page table entry that refused. Never formatted below the
/// panes. What `code`, `info` and `detail` hold depends on the kind:
///
/// | kind | `code` | `info` | `detail` |
/// |---|---|---|---|
/// | fault | error code | see `Evidence` | see `Evidence` |
/// | softwareInterrupt, systemEnter | – | EAX | – |
/// | interruptReturn | – | the EFLAGS image popped | – |
/// | taskSwitch | – | new TR | old TR |
/// | controlRegisterWrite, cr3Load, debugRegisterWrite | register number | old value | new value |
/// | machineSpecificWrite | number | – | new value |
/// | tableLoad | see `TableRegister` | selector (LLDT, LTR) | base, and limit in the upper half |
/// | pageInvalidation | – | linear address | – |
/// | portRead, portWrite | width in bytes | port | value |
/// | memoryMappedRead, memoryMappedWrite | width in bytes | physical address | value |
/// | shadowPaging | see `ShadowOperation` | linear address | shadow entry |
/// | translation | see `TranslationOperation` | linear address | guest-physical page |
/// | deviceEdge | IRQ line | – | – |
/// | hypercall | number | EBX, and ECX in the upper half | EDX, and the answer in the upper half |
/// | injection | 1: events wait | – | – |
/// | worldSwitch | the new domain | – | the old one |
/// | worldSwitch to the process with the devices | EXITCODE | EXITINFO1 | EXITINFO2 |
/// | vmExit | EXITCODE, its lower half | EXITINFO1 | EXITINFO2 |
/// | vmEntry | ASID | address of the VMCB | – |
public struct Transition: Sendable, Equatable {
  /// Number of this event in the run, from 1. Events that are not kept have numbers too, so that
  /// numbers do not depend on what is kept.
  public var sequence: UInt64 = 0
  /// Machine tick at which it happened (retired instructions and delivered events).
  public var tick: UInt64 = 0
  /// The guest's tick; in emulation the machine's.
  public var guestTick: UInt64 = 0
  public var info: UInt64 = 0
  public var detail: UInt64 = 0
  /// The first bytes at CS:EIP, little-endian; as many as `byteCount` says.
  public var bytes: UInt64 = 0

  /// EIP of the instruction that caused it (for interrupts: the one not yet executed).
  public var eip: UInt32 = 0
  /// Error code, register number, width: see the table above.
  public var code: UInt32 = 0
  /// EFLAGS before; the arithmetic flags only where a handler's frame took them.
  public var flags: UInt32 = 0
  /// How many events back the one lies that set this one off; 0 if none did.
  public var parentDistance: UInt32 = 0
  /// ESP before.
  public var esp: UInt32 = 0
  /// Where control went, and ESP then.
  public var toEIP: UInt32 = 0
  public var toESP: UInt32 = 0

  public var cs: UInt16 = 0
  public var ss: UInt16 = 0
  public var toCS: UInt16 = 0
  public var toSS: UInt16 = 0

  public var kind: TransitionKind
  public var cause: Cause = .none
  public var vector: UInt8 = 0
  public var marks: Marks = []
  public var actor: Actor = .guestKernel
  /// How many of `bytes` could be read, 0...8.
  public var byteCount: UInt8 = 0
  /// Access byte of the gate that was used (P, DPL, type); 0 if none was.
  public var gate: UInt8 = 0
  /// Physical CPL before and after, 0...3.
  public var fromCPL: UInt8 = 0
  public var toCPL: UInt8 = 0
  /// The ring the guest believes in, before and after; in emulation the same.
  public var fromVirtualRing: UInt8 = 0
  public var toVirtualRing: UInt8 = 0

  public init(kind: TransitionKind) { self.kind = kind }

  public struct Marks: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `code` is an error code that is pushed.
    public static let errorCode = Marks(rawValue: 1)
    /// The D bit of the code at EIP: how its bytes are to be read.
    public static let is32Bit = Marks(rawValue: 2)
    /// A handler was entered. Without it the delivery failed too, and the next fault says why.
    public static let delivered = Marks(rawValue: 4)
    /// SS:ESP came from the TSS.
    public static let stackSwitched = Marks(rawValue: 8)
    /// The frame has 16-bit items.
    public static let frame16 = Marks(rawValue: 16)
    /// It happened in real mode.
    public static let realMode = Marks(rawValue: 32)
    /// It happened in virtual-8086 mode.
    public static let virtual8086 = Marks(rawValue: 64)
    /// AMD-V: it happened in a guest, not in the host.
    public static let guestMode = Marks(rawValue: 128)
  }

  /// The event that set this one off.
  public var parent: UInt64? {
    parentDistance == 0 ? nil : sequence - UInt64(parentDistance)
  }

  /// It happened to a guest's virtual processor, while the real one was in the monitor.
  public var isVirtual: Bool { actor == .monitor }

  /// CPL of the processor that did it, before: the virtual one's own if it was that.
  public var levelBefore: UInt8 { isVirtual ? fromVirtualRing : fromCPL }
  /// CPL of the processor that did it, after.
  public var levelAfter: UInt8 { isVirtual ? toVirtualRing : toCPL }

  public var hasErrorCode: Bool {
    get { marks.contains(.errorCode) }
    set { if newValue { marks.insert(.errorCode) } else { marks.remove(.errorCode) } }
  }

  public var is32Bit: Bool {
    get { marks.contains(.is32Bit) }
    set { if newValue { marks.insert(.is32Bit) } else { marks.remove(.is32Bit) } }
  }

  /// Whether the physical or the virtual ring changed.
  public var changesRing: Bool { fromCPL != toCPL || fromVirtualRing != toVirtualRing }
}

/// Which register LGDT, LIDT, LLDT or LTR loaded: `code` of a `tableLoad`.
public enum TableRegister: UInt32, Sendable, CaseIterable {
  case gdtr, idtr, ldtr, tr
}
