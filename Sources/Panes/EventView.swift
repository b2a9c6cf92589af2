public import Cells
public import X86

extension MachineView {
  /// A transition in words.
  public struct Event: Equatable, Sendable {
    /// Number in the ledger, from 1 at reset.
    public var sequence: UInt64
    /// Machine tick.
    public var tick: UInt64
    /// What kind of transition.
    public var kind: EventKind
    /// A few words: `INT 80h`, `#GP(0) cli`.
    public var text: String
    /// It happened to the guest's virtual processor, while the real one was in the monitor: the rings
    /// are those that the guest believes in.
    public var isVirtual = false
    /// The ring before, 0–3.
    public var from: UInt8
    /// The ring after, 0–3.
    public var to: UInt8
    /// A sentence: why it happened, in the manual's terms.
    public var why: String
    /// What the words are about; nil in views made without a machine.
    public var transition: Transition?
    /// For HLT: how often an interrupt woke the processor without a change of ring before it halted
    /// again here. Those interrupts and their returns are in this entry and have none of their own.
    public var idleWakes = 0
    /// For a shadow page table that was filled: how many more times in a row. The hidden page faults
    /// and the returns from them are in this entry too.
    public var repeats = 0

    /// A shadow page table got an entry.
    public var isShadowFill: Bool { kind == .shadow }

    /// An event.
    public init(
      sequence: UInt64, tick: UInt64, kind: EventKind, text: String, from: UInt8, to: UInt8,
      why: String
    ) {
      self.sequence = sequence
      self.tick = tick
      self.kind = kind
      self.text = text
      self.from = from
      self.to = to
      self.why = why
    }
  }

  /// Kinds of transitions; the raw value is their short name on the screen.
  public enum EventKind: String, CaseIterable, Sendable {
    /// An exception.
    case fault
    /// A device's interrupt.
    case interrupt = "irq"
    /// INT n, SYSENTER: the guest asks.
    case call
    /// IRET, SYSEXIT: back from any of these.
    case back = "return"
    /// A far call, jump or return to another ring.
    case transfer
    /// A task switch.
    case task
    /// A control register was written.
    case control
    /// A shadow page table got an entry.
    case shadow
    /// Anything else.
    case other

    /// The role that stands for the kind.
    public var role: Role {
      switch self {
      case .fault: .fault
      case .interrupt: .interrupt
      case .call, .transfer, .task: .call
      case .back, .control, .shadow, .other: .text
      }
    }
  }
}
