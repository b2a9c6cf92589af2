public import Machine
public import Monitors
public import X86

/// What the screen knows of a machine at one moment: plain values, made on the machine's thread,
/// drawn on the screen's. Every number is what the machine really holds.
public struct MachineView: Equatable, Sendable {
  /// How the guest is run.
  public var mode = Mode.emulation
  /// The guest's name, as the user gave it.
  public var guest = ""
  /// Whether the machine runs.
  public var runState = RunState.paused
  /// Where it stopped because it was to stop there; nil since it ran again.
  public var stoppedAt: String?
  /// The two rings and how they came about.
  public var rings = Rings()
  /// What the processor's registers hold.
  public var registers = Registers()
  /// What the lab processor's hold under a monitor, which is what is real; nil in emulation.
  public var lab: Registers?
  /// What `registers` were when the machine last stood still, to see what has changed.
  public var before: Registers?
  /// The words on top of the stack, lowest address first; empty while the machine runs.
  public var stack: [StackWord] = []
  /// How the addresses in EIP and ESP are translated; empty while the machine runs.
  public var walks: [PageWalk] = []
  /// How often each kind of event has happened, those that have.
  public var counters: [Counter] = []
  /// What the monitor did; empty in emulation.
  public var monitorCounters: [Counter] = []
  /// Fields of the VMCB from which the guest is run; empty in modes that have none.
  public var controlBlock: [Field] = []
  /// All of it across its last exit; nil without AMD-V, and while the machine runs.
  public var wholeControlBlock: ControlBlock?
  /// The block of translated code that the guest is in; empty where nothing is translated, and while the
  /// machine runs.
  public var translation: [TranslationRow] = []
  /// A hypervisor's domains; empty without one, and while the machine runs.
  public var domains: [DomainReport] = []
  /// How far the machine has come.
  public var clock = Clock()
  /// The text screen; nil while the guest shows none.
  public var textScreen: TextScreen?
  /// The serial line as a terminal would show it.
  public var serial = SerialScreen()
  /// The newest events, oldest first.
  public var events: [Event] = []
  /// Instructions around EIP, in order of address.
  public var code: [CodeLine] = []
  /// The lab that is being done.
  public var sheet: Sheet?
  /// The same guest in other modes, if they are compared.
  public var others: [MachineView] = []
  /// Whether they are; while the machine runs there is nothing to compare.
  public var isCompared = false
  /// Where they stand for that.
  public var comparedAt = Alignment.tick

  /// What guests in several modes are compared at.
  public enum Alignment: Equatable, Sendable {
    /// The same guest tick.
    case tick
    /// As much printed on the serial console: whole lines, characters of the next. For other kernels.
    case printed(lines: Int, column: Int)
  }
  /// What the machine's side has to say about the last command.
  public var remark: String?

  /// A view with nothing in it yet.
  public init() {}

  /// A VMCB as VMRUN found it the last time, as the exit after that left it, and as it is.
  public struct ControlBlock: Equatable, Sendable {
    public var entry: ControlBlockImage
    public var exit: ControlBlockImage
    public var now: ControlBlockImage
    /// There was an exit.
    public var hasExited: Bool

    public init(
      entry: ControlBlockImage, exit: ControlBlockImage, now: ControlBlockImage, hasExited: Bool
    ) {
      (self.entry, self.exit, self.now, self.hasExited) = (entry, exit, now, hasExited)
    }
  }

  /// Whether the machine runs, and why not.
  public enum RunState: Equatable, Sendable {
    /// Instructions are executed.
    case running
    /// So many instructions are executed in a second, for somebody who watches.
    case slow(Int)
    /// Waiting for the user.
    case paused
    /// HLT: the processor waits for an interrupt while the machine runs.
    case idle
    /// On its way to another moment: how much of the way is behind it, and about how many seconds
    /// are before it, if that can be told.
    case travelling(percent: Int, seconds: Int?)
    /// It will not go on without a reset; the reason in a few words.
    case stopped(String)
  }

  /// The ring the processor is in, and the one the guest takes it for.
  public struct Rings: Equatable, Sendable {
    /// The processor's CPL, 0–3.
    public var real = 0
    /// The ring the guest's own view has; the same as `real` in emulation.
    public var believed = 0
    /// The lab processor is in the monitor, and not in the guest.
    public var isInMonitor = false
    /// The processor is in AMD-V's guest mode; nil if it has none.
    public var isInGuestMode: Bool?
    /// Why the monitor executes the guest's next instruction itself; nil where the processor does.
    public var interpretation: String?
    /// The latest rings, oldest first: one entry for each ring change, the last one current.
    public var timeline: [UInt8] = []
    /// How the processor addresses memory now.
    public var operation = Operation.real
    /// Rings without news.
    public init() {}
  }

  /// The processor's modes of operation (Intel SDM vol. 3, 2.2).
  public enum Operation: String, Equatable, Sendable {
    /// Real-address mode: no rings, CPL counts as 0.
    case real = "real mode"
    /// Protected mode.
    case protected = "protected"
    /// Protected mode with paging.
    case paged = "protected, paging"
    /// Virtual-8086 mode: always ring 3.
    case virtual8086 = "virtual-8086"
  }

  /// Machine ticks and instructions, as the machine counts them.
  public struct Clock: Equatable, Sendable {
    /// Machine ticks since reset.
    public var ticks: UInt64 = 0
    /// The last tick of the history that is known; later than `ticks` when the machine was sent back.
    public var latest: UInt64 = 0
    /// Where the known history begins; nil if there is none, so that there is no way back.
    public var start: UInt64?
    /// The ticks of the places to which the machine can return at once, in order.
    public var checkpoints: [UInt64] = []
    /// Instructions retired since reset.
    public var instructions: UInt64 = 0
    /// Million instructions in a second of the host's time, lately; nil when not measured.
    public var mips: Double?
    /// Events since reset, also those no longer kept.
    public var events: UInt64 = 0
    /// A clock at reset.
    public init() {}
  }

  /// One instruction of the listing.
  public struct CodeLine: Equatable, Sendable {
    /// Linear address.
    public var address: UInt32
    /// The instruction's bytes, at most 15.
    public var bytes: [UInt8]
    /// Mnemonic and operands.
    public var text: String
    /// What happens to it outside ring 0.
    public var mark: Mark
    /// Whether EIP points at it.
    public var isCurrent: Bool

    /// A line of the listing.
    public init(
      address: UInt32, bytes: [UInt8], text: String, mark: Mark = .none, isCurrent: Bool = false
    ) {
      self.address = address
      self.bytes = bytes
      self.text = text
      self.mark = mark
      self.isCurrent = isCurrent
    }
  }

  /// Sensitive instructions: what the current ring makes of them.
  public enum Mark: String, Equatable, Sendable {
    /// Not sensitive, or allowed here.
    case none = ""
    /// Faults at this ring.
    case traps = "!TRAPS"
    /// Behaves differently at this ring without telling.
    case silent = "?SILENT"
    /// Not executed as it is: a monitor has translated the code it stands in.
    case translated = "~TRANSL"
  }
}
