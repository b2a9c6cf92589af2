public import X86

/// A way to execute a guest that is not emulation.
///
/// A monitor owns the lab processor, the one that stands for the hardware. In full virtualization the
/// guest's processor, which it is given, is a second, virtual one: what the guest believes. A
/// paravirtualized guest believes what is true, and has the lab processor itself. A monitor never runs
/// a loop of its own beyond `run(_:until:)`, and how a run is cut into slices never shows.
public protocol Monitor: AnyObject {
  /// What the guest uses that this monitor does not have, named; nil as long as it runs.
  var unsupported: String? { get }
  /// What it did so far, by name in the style of `--stats json`: ticks, or times.
  var counts: [(name: String, count: UInt64)] { get }

  /// Runs the guest until its tick `target`, or until the machine has something to do for it.
  func run(_ guest: inout CPU, until target: UInt64) -> RunExit
  /// Brings back all of the guest, for whoever looks at it, saves it or goes on in another way.
  func lift(_ guest: inout CPU)
  /// The guest's state was replaced, or memory under it: nothing of it is in the lab processor.
  func reset(_ guest: inout CPU)
  /// Has runs end before instructions and after accesses at these linear addresses, see `CPU.watch`.
  func watch(code: [CPU.AddressRange], data: [CPU.AddressRange])
  /// Lets the next run execute the instruction at EIP even if it is watched.
  func passWatchedInstruction()
  /// The guest's memory was changed from outside: by a device, a debugger, or because another moment
  /// was restored.
  func memoryChanged(at address: PhysicalAddress, size: Int)
  /// The same for the guest's registers: brings all of the guest back, and keeps nothing of it. To be
  /// called before they change.
  func release(_ guest: inout CPU)

  /// The monitor between two runs as a value, after `lift`: words for `restore`. What can be derived
  /// from other state is not in it, but what decides when the guest's A and D bits are set is: which
  /// pages its shadow tables have.
  func save(_ guest: borrowing CPU) -> [UInt64]
  /// Makes the monitor what it was, after the guest's processor, log and memory have been restored.
  /// False if no such monitor can have saved these words; another state is to be restored then.
  func restore(_ words: [UInt64], _ guest: inout CPU) -> Bool
  /// Has the next write to each page of the guest's memory noted in `PageChanges` of the guest's
  /// processor, whichever processor makes it.
  func withdrawWrites()
}

/// A monitor with a processor of its own beside the guest's, which is then the virtual one.
public protocol LabMonitor: Monitor {
  /// The processor that stands for the hardware: what is true.
  var lab: CPU { get }
  /// Where the tables that the lab processor uses for the guest have one of its linear addresses; nil
  /// where they have it not yet.
  func machineAddress(of linear: UInt32) -> PhysicalAddress?
}

extension LabMonitor {
  /// The ring that the lab processor is in.
  public var realCPL: UInt8 { lab.cpl }
  /// The lab processor executes the monitor's code, not the guest's.
  public var isMonitorRunning: Bool { !lab.isInGuest && lab.cpl == 0 }
}
