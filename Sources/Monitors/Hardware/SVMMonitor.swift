public import X86

/// Virtualization with AMD-V: an unmodified guest kernel really runs at CPL 0, in a guest of the lab
/// processor, and leaves it for what its VMCB names.
///
/// This is the kernel half of a hosted monitor. Its host loop is code in the lab machine's memory, and
/// VMCB, permission maps, nested page tables and host save area are bytes there, which the
/// processor uses by its own rules; what is done about an exit is here. What the instruction of an
/// exit means is not written again: it is executed on the *virtual processor*, a second `CPU` over the
/// guest's memory that has what the guest believes.
///
///     guest        CPUID, in whatever ring
///     lab CPU      #VMEXIT: the guest's state into the VMCB, the host's from its save area
///     host loop    six registers, VMSAVE, VMLOAD, STGI; host gate
///     monitor      lift: VMCB and registers → virtual CPU
///                  one step of the virtual CPU, whose profile answers
///                  project: virtual CPU → VMCB and registers
///     host loop    CLGI, VMLOAD, six registers, VMRUN: in the guest again
///
/// The virtual processor's ticks are the guest's time. The host's instructions are no part of it.
public final class SVMMonitor: LabMonitor {
  public internal(set) var lab: CPU
  public internal(set) var counters = HardwareCounters()

  let memory: MonitorMemory
  /// Whether the guest's memory is held by shadow page tables, and not by nested ones.
  public let isShadowing: Bool
  var paging: ShadowPaging
  /// The guest's VMCB.
  public let block: ControlBlock
  /// Copies of it as VMRUN found it the last time, and as #VMEXIT left it.
  let blockAtEntry: ControlBlock
  let blockAtExit: ControlBlock
  private let copies: UnsafeMutableRawPointer
  /// Who wants to see every exit.
  public weak var exitReader: (any ControlBlockReader)?
  let labBus = LabBus()

  /// The lab processor is behind the host gate, and the guest's state in the virtual one.
  var isInMonitor = true
  /// Until this guest tick the guest is interpreted.
  var interpretedUntil: UInt64 = 0
  private static let interpretedAtOnce: UInt64 = 64
  /// The lab tick at which the next guest instruction begins that has not been counted.
  var directStart: UInt64 = 0
  /// The virtual processor has forgotten translations: the guest's are to be flushed with VMRUN.
  var mustFlush = true
  public internal(set) var unsupported: String?
  /// What of the two processors' logs has been taken into the ledger, which is the guest's log.
  var labPlace: UInt64 = 0
  var guestPlace: UInt64 = 0
  /// The exit that the monitor is serving, by its number in the ledger; 0 if none.
  var exitNumber: UInt64 = 0
  /// The lab tick of the last exit that was taken over from the lab's log.
  var exitTick: UInt64 = 0
  /// The exit being served was sent to the process that has the device models.
  var isAtDevices = false
  /// An event that somebody waits for has gone into the ledger.
  var hasNotableEvent = false
  /// Which of the two processors has the x87 state.
  var fpuIsInLab = false

  /// After so many ticks without a world switch the host's code is damaged.
  private static let patience: UInt64 = 10_000

  /// `storage` is 4 MiB of zeroed, page-aligned host memory for the monitor. `guestMemory` maps
  /// the guest's RAM and ROM, by guest-physical address, into the lab machine.
  public init(
    profile: Profile, storage: UnsafeMutableRawPointer, guest: inout CPU,
    guestMemory: [GuestMemory], isShadowing: Bool
  ) {
    precondition(profile.features.contains(.virtualMachines), "checked by whoever asks the user")
    memory = MonitorMemory(start: storage)
    memory.buildHost()
    self.isShadowing = isShadowing
    paging = ShadowPaging(memory, policy: .flush, hasHole: false)
    if !isShadowing { NestedTables.build(in: memory, guestMemory) }
    block = ControlBlock(at: storage + Int(HardwareLayout.guestBlock))
    copies = .allocate(byteCount: 8192, alignment: 4096)
    copies.initializeMemory(as: UInt8.self, repeating: 0, count: 8192)
    blockAtEntry = ControlBlock(at: copies)
    blockAtExit = ControlBlock(at: copies + 4096)
    var physical = PhysicalMemory()
    physical.map(storage, size: Int(HardwareLayout.size), at: 0)
    physical.giveToMonitor(PhysicalAddress(HardwareLayout.code), size: 4096)
    for part in guestMemory {
      physical.map(
        part.start, size: part.size, at: GuestMemory.machineAddress(of: part.address),
        readOnly: part.isReadOnly)
    }
    physical.changes.tell(guest.memory.changes, below: GuestMemory.offset)
    physical.notesCode = true
    guest.memory.notesCode = true
    lab = CPU(profile: profile, memory: physical, bus: labBus, logCapacity: guest.log.capacity)
    lab.maximumBlockLength = guest.maximumBlockLength
    lab.log.fullAt = UInt64(lab.log.capacity / 2)
    guestPlace = guest.log.end
    setUpBlock()
    startHost(&guest)
    follow(&guest)
  }

  deinit { copies.deallocate() }

  /// The guest's VMCB as VMRUN found it the last time, and as the exit after that left it.
  public var lastExit: (entry: ControlBlockImage, exit: ControlBlockImage) {
    (ControlBlockImage(blockAtEntry), ControlBlockImage(blockAtExit))
  }

  /// The amount of host memory that `init` needs, in bytes.
  public static let storageSize = Int(HardwareLayout.size)

  /// A byte of the monitor's own memory, by offset, for whoever wants to see what breaking it does.
  public subscript(memory offset: Int) -> UInt8 {
    get { memory.load(UInt32(offset)) }
    set {
      memory.store(newValue, at: UInt32(offset))
      lab.memoryChanged(at: PhysicalAddress(offset), size: 1)
      lab.flushAllTranslations()
    }
  }

  public var counts: [(name: String, count: UInt64)] { counters.named }

  /// In the host the lab processor uses tables of its own.
  public func machineAddress(of linear: UInt32) -> PhysicalAddress? {
    lab.isInGuest ? lab.peekTranslate(linear) : nil
  }

  public func reset(_ guest: inout CPU) {
    giveFPUToGuest(&guest)
    unsupported = nil
    interpretedUntil = 0
    mustFlush = true
    (exitNumber, hasNotableEvent) = (0, false)
    if isShadowing { paging.flush() }
    startHost(&guest)
    guestPlace = guest.log.end
    follow(&guest)
  }

  public func watch(code: [CPU.AddressRange], data: [CPU.AddressRange]) {
    lab.watch(code: code, data: data, kinds: 0)
  }

  public func memoryChanged(at address: PhysicalAddress, size: Int) {
    lab.memoryChanged(at: GuestMemory.machineAddress(of: address), size: size)
  }

  public func passWatchedInstruction() { if !isInMonitor { lab.passWatchedInstruction() } }

  public func withdrawWrites() { lab.withdrawWrites() }

  /// Has the lab processor become a host, up to its first gate.
  func startHost(_ guest: inout CPU) {
    lab.enter(MonitorMemory.hostState)
    isInMonitor = true
    if !reachGate() { unsupported = Self.damagedHost }
    guest.store(in: block)
    takeLabEvents(&guest)
  }

  // MARK: Running

  /// Where the lab processor enters and leaves the guest never depends on `target`.
  public func run(_ guest: inout CPU, until target: UInt64) -> RunExit {
    while unsupported == nil {
      if guest.isShutDown { return .shutdown }
      if hasNotableEvent {
        hasNotableEvent = false
        return .attention
      }
      if guest.ticks >= target {
        synchronize(&guest)
        return .budget
      }
      if isInMonitor, let exit = serve(&guest, until: target) { return exit }
      if !isInMonitor, let exit = runDirectly(&guest, until: target) { return exit }
    }
    return .attention
  }

  /// In the monitor: what comes before the guest's next instruction, then back into the guest if that
  /// can be. Nil: go on.
  private func serve(_ guest: inout CPU, until target: UInt64) -> RunExit? {
    if guest.hasWaitingTrap || guest.isHalted && !guest.takesInterruptNow {
      return stepGuest(&guest, until: guest.ticks &+ 1)
    }
    if mustInterpret(guest) { interpretedUntil = guest.ticks &+ Self.interpretedAtOnce }
    let before = guest.ticks
    if before < interpretedUntil {
      defer { counters.interpreted &+= guest.ticks &- before }
      return stepGuest(&guest, until: min(target, interpretedUntil))
    }
    if isShadowing, guest.cr4.contains(.physicalAddressExtension) {
      unsupported = "physical address extension (CR4.PAE) with shadow page tables"
      return nil
    }
    if guest.takesInterruptNow && !isInjecting { injectInterrupt(&guest) }
    guard isInjecting else {
      askForWindow(guest.interruptRequested)
      return enterGuest(&guest)
    }
    askForWindow(false)
    return deliver(&guest)
  }

  /// What no VMCB can express: a closed A20 gate, and a guest of the guest.
  private func mustInterpret(_ guest: borrowing CPU) -> Bool {
    guest.isAddressMasked || guest.isHosting
  }

  /// Leaves the monitor for the guest, by the host loop. Nil: go on.
  private func enterGuest(_ guest: inout CPU) -> RunExit? {
    project(&guest)
    // Not before VMRUN has entered it does the guest's time go on.
    directStart = .max
    let limit = lab.ticks &+ HostLoop.entryLength
    var exit = RunExit.attention
    while !lab.isInGuest, lab.ticks < limit, exit == .attention || exit == .breakpoint {
      if exit == .breakpoint { lab.passWatchedInstruction() }
      exit = takeRun(lab.run(until: limit))
    }
    isInMonitor = false
    // VMRUN may have refused, or the host's code be damaged.
    guard lab.isInGuest else { return leftGuest(&guest, at: exit) }
    directStart = lab.ticks
    takeLabEvents(&guest)
    exitNumber = 0
    if guest.passesWatchedInstruction { lab.passWatchedInstruction() }
    return nil
  }

  /// Executes guest instructions on the lab processor until something happens. Nil: go on.
  private func runDirectly(_ guest: inout CPU, until target: UInt64) -> RunExit? {
    giveFPUToLab(&guest)
    lab.interruptRequested =
      guest.interruptRequested && !hasWindow || guest.isAddressMasked
    let exit = takeRun(lab.run(until: directStart &+ (target &- guest.ticks)))
    if guest.takeNumericError(of: lab), lab.isInGuest, exit != .breakpoint {
      countGuest(&guest)
      return .attention
    }
    if exit == .shutdown { return .shutdown }
    guard lab.isInGuest else { return leftGuest(&guest, at: exit) }
    countGuest(&guest)
    switch exit {
    case .breakpoint:
      synchronize(&guest)
      lab.passWatchedInstruction()
      return .breakpoint
    case .halted:
      // Nobody has asked for an exit by HLT.
      synchronize(&guest)
      return .halted
    default:
      let accesses = lab.takeWatchedAccesses()
      guest.note(accesses)
      return accesses.isEmpty ? nil : .attention
    }
  }

  /// The first thing that the guest does is to take the event in EVENTINJ: one tick. Shadow page
  /// tables may have to be filled on the way.
  private func deliver(_ guest: inout CPU) -> RunExit? {
    while isInjecting {
      if let exit = enterGuest(&guest) { return exit }
      guard lab.hasInjection else { break }
      let exit = takeRun(lab.run(until: lab.ticks &+ 1))
      if lab.isInGuest {
        countGuest(&guest)
        break
      }
      if let exit = leftGuest(&guest, at: exit) { return exit }
    }
    // The controllers have been asked for the vector: what else they request is to be seen.
    return .attention
  }

  private var isInjecting: Bool { block[.eventInjection] & 1 << 31 != 0 }

  /// Leaves the guest between two of its instructions, for nothing that concerns it. False if that
  /// cannot be here.
  func interrupt(_ guest: inout CPU) -> Bool {
    guard lab.canBeInterrupted else { return false }
    lab.interruptRequested = true
    let exit = takeRun(lab.run(until: lab.ticks &+ 1))
    return leftGuest(&guest, at: exit) == nil && isInMonitor
  }

  private func countGuest(_ guest: inout CPU) {
    takeLabEvents(&guest)
    countDirect(until: lab.ticks, &guest)
  }

  // MARK: The host loop

  /// There was an exit: through the rest of the loop to the gate, and to what is to be done.
  private func leftGuest(_ guest: inout CPU, at exit: RunExit) -> RunExit? {
    guard exit == .gate || reachGate() else { return hostIsLost(&guest) }
    return exited(&guest)
  }

  /// Executes the host's code up to its gate. False if that does not come.
  private func reachGate() -> Bool {
    let limit = lab.ticks &+ Self.patience
    while lab.ticks < limit {
      switch takeRun(lab.run(until: limit)) {
      case .gate: return true
      case .shutdown, .halted: return false
      case .breakpoint: lab.passWatchedInstruction()
      case .budget, .attention: break
      }
    }
    return false
  }

  /// A damaged host takes the machine down with it.
  private func hostIsLost(_ guest: inout CPU) -> RunExit? {
    takeLabEvents(&guest)
    if lab.isShutDown { return .shutdown }
    unsupported = Self.damagedHost
    return nil
  }

  private static let damagedHost = "a host loop that no longer comes back to its gate"

  /// The host has taken the interrupt that made its processor leave the guest: the line falls.
  private func takeRun(_ exit: RunExit) -> RunExit {
    if labBus.takeAcknowledgement() { lab.interruptRequested = false }
    return exit
  }

  func countDirect(until tick: UInt64, _ guest: inout CPU) {
    guard tick > directStart else { return }
    let count = tick &- directStart
    guest.retireElsewhere(count)
    counters.direct &+= count
    directStart = tick
  }
}
