import X86

/// One guest of the hypervisor, with its one virtual processor: plain values.
struct Domain {
  let id: UInt16
  /// Domain 0: it has the devices, and may ask for other domains.
  let isPrivileged: Bool
  var state = State.runnable
  /// It has ended, and its memory has been taken back, but for pages that others have mapped and that are
  /// taken back when they unmap them. Then it may be started again.
  var isGone = false
  /// Its share of the processor against the others', what it has in hand of that in nanoseconds, and
  /// whether an event has just woken it.
  var weight: UInt32 = 0
  var credit: Int64 = 0
  var isBoosted = false
  /// The system time at which it has had the processor last.
  var lastRun: UInt64 = 0

  // What it has told the hypervisor.
  var traps = [TrapEntry](repeating: TrapEntry(), count: 256)
  var kernelStack: UInt32 = 0
  var kernelStackSelector = HypervisorLayout.guestData
  /// Where events are told, and where it goes when the hypervisor cannot return to it.
  var eventCallback = Callback()
  var failsafeCallback = Callback()
  /// The frame of its page directory.
  var directory: UInt32 = 0
  var gdtPages: [UInt32] = []
  var ldtPages: [UInt32] = []
  var ldtCount: UInt32 = 0
  /// It wants #NM for the next floating-point instruction.
  var isTaskSwitched = false
  /// IOPL as it has asked for it: from 1 on its kernel may use ports.
  var ioPrivilege: UInt8 = 0

  /// Where its processor's part of the shared page has been moved to, a machine address.
  var movedInfo: UInt64?
  /// Linear addresses of its own at which it wants to read how its processor's time goes by, and what
  /// time it is; 0 for none.
  var runstateArea: UInt32 = 0
  var timeArea: UInt32 = 0
  /// It has sent itself an NMI; it has been told of one, and has not returned from that by `iret`.
  var isNMIPending = false
  var isInNMI = false

  var channels = [EventChannel](repeating: .free, count: 1024)
  var virtualInterrupts = [UInt32](repeating: 0, count: 24)
  var physicalInterrupts = [UInt32](repeating: 0, count: 16)
  /// Ports that a blocked domain polls, and until which system time.
  var polled: [UInt32] = []
  var pollEnd: UInt64?

  /// Pages that it has, and may have.
  var pages: UInt32 = 0
  var mostPages: UInt32 = 0

  /// System times in nanoseconds at which it wants to be told of the time.
  var timeout: UInt64?
  var period: UInt64 = 0
  var nextPeriod: UInt64 = 0
  /// Since when it has been in `state`, and how long it was running, runnable, blocked, offline.
  var stateSince: UInt64 = 0
  var times: [UInt64] = [0, 0, 0, 0]

  /// Its registers while it does not run, and its x87 state while another domain has the x87.
  var fpu = SavedFPU()
  var context = Context()

  enum State: Equatable {
    /// It runs, or would like to.
    case runnable
    /// It waits for an event.
    case blocked
    /// It has ended itself, or Domain 0 has ended it; the ABI's SHUTDOWN reason.
    case shutDown(reason: UInt32)
    /// The hypervisor has ended it.
    case crashed(String)
  }

  init(id: UInt16, isPrivileged: Bool) {
    self.id = id
    self.isPrivileged = isPrivileged
    // Port 0 is none.
    channels[0] = .reserved
  }

  var isAlive: Bool { state == .runnable || state == .blocked }

  var sharedInfo: UInt64 { HypervisorLayout.sharedInfo(Int(id)) }
  /// Its processor's part of that.
  var processorInfo: UInt64 { movedInfo ?? sharedInfo }
}

/// Where a trap of the guest goes: its entry in the virtual IDT.
struct TrapEntry: Equatable {
  var selector: UInt16 = 0
  /// 0: it has no handler.
  var address: UInt32 = 0
  /// The outermost ring from which INT n may be used.
  var level: UInt8 = 0
  /// Events are masked on the way in.
  var masksEvents = false
}

/// A place in the guest's kernel.
struct Callback: Equatable {
  var selector: UInt16 = 0
  var address: UInt32 = 0
}

/// A virtual processor's registers.
struct Context {
  /// EAX to EDI, in the processor's order.
  var general = [UInt32](repeating: 0, count: 8)
  var frame = EntryFrame()
  /// ES, DS, FS, GS.
  var selectors: [UInt16] = [0, 0, 0, 0]
}

/// One end of an event channel.
enum EventChannel: Equatable {
  case free
  case reserved
  /// Waits for a domain to bind to it.
  case unbound(remote: UInt16)
  case interdomain(remote: UInt16, port: UInt32)
  case physical(UInt32)
  case virtual(UInt32)
  case interprocessor
}

/// Offsets in what a virtual processor shares with the hypervisor.
enum ProcessorInfo {
  static let upcallPending: UInt64 = 0
  static let upcallMask: UInt64 = 1
  static let pendingSelector: UInt64 = 4
  static let faultAddress: UInt64 = 8
  /// The structure about time, which has 32 bytes and is read elsewhere too.
  static let time: UInt64 = 32
  static let timeVersion: UInt64 = 32
  static let timeStamp: UInt64 = 40
  static let systemTime: UInt64 = 48
  static let timeMultiplier: UInt64 = 56
  static let timeShift: UInt64 = 60
  static let size: UInt64 = 64
}

/// Offsets in the page that a domain shares with the hypervisor: first its processors' parts.
enum SharedInfo {
  static let pending: UInt64 = 2048
  static let mask: UInt64 = 2176
  static let wallClockVersion: UInt64 = 2304
  static let wallClockSeconds: UInt64 = 2308
  static let highestFrame: UInt64 = 2316
  /// Virtual processors that have a place in it.
  static let processors = 32
}
