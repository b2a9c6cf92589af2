public import X86

/// Full virtualization in ring 1: an unmodified guest kernel runs at CPL 1 of the lab processor and
/// believes that it is in ring 0.
///
/// This is the ring-0 half of a hosted monitor. Its tables and stubs are bytes in the lab machine's
/// memory, reached through the processor's own fault delivery; the handlers' bodies are here. What
/// a trapped instruction means is not written again: it is executed on the *virtual processor*, a
/// second `CPU` over the guest's memory that has what the guest believes, CPL 0 included.
///
///     guest        #GP, cause: MOV CR3 needs CPL 0, and CPL is 1
///     lab CPU      through the monitor's IDT and TSS to CPL 0, six words on its stack
///     stub         push vector; host gate
///     monitor      lift: registers of the lab CPU and the frame → virtual CPU
///                  one step of the virtual CPU: vCR3 changes
///                  follow: the shadow page tables are emptied
///                  project: virtual CPU → frame and registers
///     stub         add esp, 8; iret: CPL 1 again
///
/// The virtual processor's ticks are the guest's time. Stubs and deliveries to the monitor are no
/// part of it.
public final class FullVirtualization: LabMonitor {
  public internal(set) var lab: CPU
  public internal(set) var counters = FullCounters()

  let memory: MonitorMemory
  var descriptors: ShadowDescriptors
  var paging: ShadowPaging
  private let labBus = LabBus()

  /// The guest's registers are those of the lab processor; otherwise they are in the virtual one.
  var isProjected = false
  /// The lab processor is behind a host gate, where the body of the handler runs.
  var isInMonitor = true
  /// Until this guest tick the guest is interpreted.
  var interpretedUntil: UInt64 = 0
  static let interpretedAtOnce: UInt64 = 64
  /// Why it has begun to be, for whoever looks; not known any more after a return in time.
  var interpretationBegan: InterpretationReason?
  /// The lab tick at which the next guest instruction begins that has not been counted.
  var directStart: UInt64 = 0
  /// The lab's segment registers ES CS SS DS FS GS that stand for what the guest's are now.
  var projected = [Segment](repeating: Segment(), count: 6)
  public internal(set) var unsupported: String?
  /// What of the two processors' logs has been taken into the ledger, which is the guest's log.
  var labPlace: UInt64 = 0
  var guestPlace: UInt64 = 0
  /// The trap that the monitor is serving, by its number in the ledger; 0 if none.
  var trapNumber: UInt64 = 0
  /// An event that somebody waits for has gone into the ledger.
  var hasNotableEvent = false
  /// Memory with descriptor tables in it was changed from outside: before the guest goes on, they are
  /// to be looked at.
  var mustFollow = false
  /// Code that stands for the guest's ring 0, if it is translated.
  let translation: TranslationCache?
  /// Where the guest is to be entered in it, and the instruction in it that was lifted last.
  var translatedEIP: UInt32 = 0
  var resumesAt: Int?
  /// The translation that the lab processor is in is not valid any more.
  var needsReentry = false
  /// The lab processor came to a place in the cache where no instruction ever was.
  var isLost = false
  /// Guest-physical pages changed from outside, of which there are translations.
  var changedPages: [PhysicalAddress] = []
  /// Which of the two processors has the x87 state.
  var fpuIsInLab = false

  /// `storage` is `storageSize` bytes of zeroed, page-aligned host memory for the monitor.
  /// `guestMemory` maps the guest's RAM and ROM, by guest-physical address, into the lab machine.
  ///
  /// `shadowPages` is how many pages of the pool the shadow tables may take, at least 16; nil: all. With
  /// `translates` the guest's ring 0 is translated; otherwise it is executed as it is.
  public init(
    profile: Profile, storage: UnsafeMutableRawPointer, guest: inout CPU,
    guestMemory: [GuestMemory], paging policy: PagingPolicy = .flush, shadowPages: Int? = nil,
    translates: Bool = false
  ) {
    memory = MonitorMemory(start: storage)
    memory.build()
    translation = translates ? TranslationCache(memory) : nil
    var physical = PhysicalMemory()
    physical.map(storage, size: Int(MonitorLayout.size), at: 0)
    physical.giveToMonitor(PhysicalAddress(MonitorLayout.stubs), size: 4096)
    for part in guestMemory {
      physical.map(
        part.start, size: part.size, at: part.address + MonitorLayout.guestOffset,
        readOnly: part.isReadOnly)
    }
    physical.untimedCode = translation?.untimedCode
    physical.notesCode = true
    physical.changes.tell(guest.memory.changes, below: MonitorLayout.guestOffset)
    guest.memory.notesCode = true
    lab = CPU(profile: profile, memory: physical, bus: labBus, logCapacity: guest.log.capacity)
    lab.log.fullAt = UInt64(lab.log.capacity / 2)
    descriptors = ShadowDescriptors(memory)
    paging = ShadowPaging(memory, policy: policy, limit: Self.shadowLimit(shadowPages, translates))
    enterMonitor()
    guestPlace = guest.log.end
    follow(&guest)
    enterGuest(&guest)
  }

  /// A translator takes a part of the pool.
  private static func shadowLimit(_ wanted: Int?, _ translates: Bool) -> Int? {
    guard translates else { return wanted }
    let start = TranslationLayout.data + TranslationLayout.machineOffset
    return min(wanted ?? .max, Int(start - MonitorLayout.pool) / 4096)
  }

  /// The amount of host memory that `init` needs, in bytes.
  public static let storageSize = Int(MonitorLayout.size)

  /// A byte of the monitor's own memory, by offset, for whoever wants to see what breaking it does.
  public subscript(memory offset: Int) -> UInt8 {
    get { memory.load(UInt32(offset)) }
    set {
      memory.store(newValue, at: UInt32(offset))
      lab.memoryChanged(at: PhysicalAddress(offset), size: 1)
      lab.flushTLB()
    }
  }

  /// Where in the monitor's own memory the shadow entry for a linear address of the guest is; nil when
  /// there is none that is present.
  public func shadowEntry(of linear: UInt32) -> Int? {
    guard let place = paging.entryPlace(linear), paging.entry(linear) & 1 != 0 else { return nil }
    return Int(place)
  }

  /// Shadow pages that had to go for others.
  public var evictions: UInt64 { paging.evictions }

  public var counts: [(name: String, count: UInt64)] { counters.named }

  public func machineAddress(of linear: UInt32) -> PhysicalAddress? { lab.peekTranslate(linear) }

  public func reset(_ guest: inout CPU) {
    isProjected = false
    enterMonitor()
    _ = guest.takeFlush()
    paging.flush()
    paging.selectRoot(guest)
    lab.useDirectory(paging.root)
    if let translation { empty(translation) }
    (needsReentry, isLost, changedPages) = (false, false, [])
    (trapNumber, hasNotableEvent) = (0, false)
    _ = descriptors.rebuild(from: guest)
    unsupported = nil
    mustFollow = false
    interpretedUntil = 0
    guestPlace = guest.log.end
    enterGuest(&guest)
  }

  /// What lies in the hole is the monitor's, and no place where a guest could be.
  public func watch(code: [CPU.AddressRange], data: [CPU.AddressRange]) {
    let code = code.compactMap(Self.belowHole)
    lab.watch(code: code, data: data.compactMap(Self.belowHole), kinds: 0)
    if let translation, translation.watched != code {
      translation.watched = code
      empty(translation)
    }
  }

  private static func belowHole(_ range: CPU.AddressRange) -> CPU.AddressRange? {
    guard range.lowerBound < MonitorLayout.hole else { return nil }
    return range.lowerBound...min(range.upperBound, MonitorLayout.hole - 1)
  }

  public func memoryChanged(at address: PhysicalAddress, size: Int) {
    lab.memoryChanged(at: address + MonitorLayout.guestOffset, size: size)
    if descriptors.isTraced(address, size: size) || paging.isTraced(address, size: size) {
      mustFollow = true
    }
    guard let translation else { return }
    for page in stride(from: address & ~0xFFF, to: address + UInt64(size), by: 4096)
    where translation.isTranslated(page) {
      changedPages.append(page)
    }
  }

  public func passWatchedInstruction() { if !isInMonitor { lab.passWatchedInstruction() } }

  public func withdrawWrites() { lab.withdrawWrites() }

  /// Puts the lab processor where a stub calls the body of its handler.
  func enterMonitor() {
    isInMonitor = true
    lab.enter(home)
  }

  /// The lab processor when it is the monitor's.
  var home: MonitorState {
    MonitorState(
      cr0: [.protection, .paging, .writeProtect, .extensionType, .numericError],
      cr3: paging.root, cr4: [.timeStampDisable],
      gdtBase: MonitorLayout.hole + MonitorLayout.gdt, gdtLimit: 0xFFFF,
      idtBase: MonitorLayout.hole + MonitorLayout.idt, idtLimit: 0x7FF,
      code: MonitorLayout.codeSelector, data: MonitorLayout.dataSelector,
      task: MonitorLayout.taskSelector, ldt: MonitorLayout.ldtSelector,
      eip: MonitorLayout.hole + MonitorMemory.stub(0) + MonitorMemory.exitOffset,
      esp: MonitorLayout.hole + TrapFrame.offset)
  }

  // MARK: Running

  /// Where the lab processor enters and leaves the guest never depends on `target`.
  public func run(_ guest: inout CPU, until target: UInt64) -> RunExit {
    followFlush(&guest)
    beginTranslatedRun(&guest)
    while unsupported == nil {
      if guest.isShutDown || isLost { return .shutdown }
      if needsReentry { reenter(&guest) }
      if hasNotableEvent {
        hasNotableEvent = false
        return .attention
      }
      if guest.ticks >= target {
        synchronize(&guest)
        return .budget
      }
      if isInMonitor || guest.hasWaitingEvent || guest.isHalted || mustFollow
        || guest.isAddressMasked
      {
        if let exit = runVirtually(&guest, until: target) { return exit }
      } else if let exit = runDirectly(&guest, until: target) {
        return exit
      }
    }
    return .attention
  }

  /// Lets the virtual processor take an event, or interpret what cannot be executed; then back into
  /// the guest if that can be. Nil: go on.
  private func runVirtually(_ guest: inout CPU, until target: UInt64) -> RunExit? {
    if !isInMonitor { kick(&guest) }
    let before = guest.ticks
    let isInterpreting = before < interpretedUntil
    let exit = stepGuest(
      &guest, until: isInterpreting ? min(target, interpretedUntil) : before &+ 1)
    if isInterpreting { counters.interpreted &+= guest.ticks &- before }
    enterGuest(&guest)
    return exit == .budget ? nil : exit
  }

  /// Leaves the monitor for the guest by a stub's exit, unless something comes first or the guest
  /// cannot be executed as it is.
  func enterGuest(_ guest: inout CPU) {
    guard isInMonitor, guest.ticks >= interpretedUntil, !guest.isShutDown, !guest.isHalted,
      !guest.hasWaitingEvent
    else { return }
    if let reason = interpretationReason(guest) {
      counters.interpretations[Int(reason.rawValue)] &+= 1
      interpretationBegan = reason
      if reason == .physicalAddressExtension {
        unsupported = "physical address extension (CR4.PAE) in full virtualization"
      }
      interpretedUntil = guest.ticks &+ Self.interpretedAtOnce
      return
    }
    if !isProjected {
      if let translation, guest.cpl == 0 {
        guard prepareTranslation(translation, &guest) else { return }
      }
      project(guest)
    }
    while lab.cpl == 0 {
      let exit = lab.run(until: lab.ticks &+ 1)
      precondition(exit == .budget || exit == .attention, "the exit's IRET was checked before")
    }
    counters.monitorInstructions &+= MonitorMemory.exitLength
    isInMonitor = false
    isProjected = true
    directStart = lab.ticks
    if guest.passesWatchedInstruction { lab.passWatchedInstruction() }
    takeLabEvents(&guest)
    trapNumber = 0
  }

  /// Why the guest cannot be executed as it is now; nil if it can.
  private func interpretationReason(_ guest: borrowing CPU) -> InterpretationReason? {
    if !guest.cr0.contains(.protection) { return .realMode }
    if guest.eflags.contains(.virtual8086) { return .virtual8086 }
    if guest.cr4.contains(.physicalAddressExtension) { return .physicalAddressExtension }
    if guest.isDebugged { return .singleStep }
    if guest.isAddressMasked { return .addressMask }
    if guest.cpl == 1 || guest.cpl == 2 { return .middleRing }
    if guest.cpl == 3 && !guest.eflags.isDisjoint(with: .ioPrivilegeLevel) { return .ioPrivilege }
    if !guest.segment(SegmentRegister.ss).isBig { return .sixteenBitCode }
    if translation != nil, let reason = translationRefusal(guest) { return reason }
    return isProjectable(guest) ? nil : .staleSegment
  }

  /// Why the next instruction of the guest is executed by the monitor itself, on the virtual processor; nil
  /// when the lab processor executes it, or the monitor in answer to a trap.
  public func interpretation(of guest: borrowing CPU) -> InterpretationReason? {
    guard isInMonitor, guest.ticks < interpretedUntil else { return nil }
    return interpretationReason(guest) ?? interpretationBegan
  }

  /// Executes guest instructions on the lab processor until something happens. Nil: go on.
  private func runDirectly(_ guest: inout CPU, until target: UInt64) -> RunExit? {
    giveFPUToLab(&guest)
    isProjected = true
    prepareTranslatedRun(guest)
    switch lab.run(until: directStart &+ (target &- guest.ticks)) {
    case .gate: return trapped(&guest)
    case .shutdown:
      // The monitor's tables are damaged: the machine dies as a real one would.
      return .shutdown
    case .halted: preconditionFailure("HLT at CPL 1 faults")
    case .budget, .attention:
      if lab.cpl == 0 { return finishEntry(&guest) }
      if let exit = finishTranslatedInstruction(&guest) { return exit }
      takeLabEvents(&guest)
      countDirect(until: lab.ticks, &guest)
      let accesses = lab.takeWatchedAccesses()
      guest.note(accesses)
      return accesses.isEmpty ? nil : .attention
    case .breakpoint:
      takeLabEvents(&guest)
      countDirect(until: lab.ticks, &guest)
      synchronize(&guest)
      lab.passWatchedInstruction()
      return .breakpoint
    }
  }

  /// The budget ended inside a stub. Stubs take no guest time: on to the gate.
  private func finishEntry(_ guest: inout CPU) -> RunExit? {
    while true {
      switch lab.run(until: lab.ticks &+ 1) {
      case .gate: return trapped(&guest)
      case .shutdown: return .shutdown
      default: break
      }
    }
  }

  /// Makes the lab processor leave the guest: an interrupt through the monitor's IDT.
  func kick(_ guest: inout CPU) {
    counters.kicks &+= 1
    lab.interruptRequested = true
    while true {
      switch lab.run(until: lab.ticks &+ 1) {
      case .gate:
        enteredMonitor(&guest)
        return
      case .shutdown: return
      default: break
      }
    }
  }

  func countDirect(until tick: UInt64, _ guest: inout CPU) {
    guard tick > directStart else { return }
    let count = tick &- directStart
    guest.retireElsewhere(count)
    if isTranslated { counters.translated &+= count } else { counters.direct &+= count }
    directStart = tick
  }
}
