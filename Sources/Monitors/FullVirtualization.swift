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
public final class FullVirtualization {
  /// The processor that stands for the hardware: what is true.
  public private(set) var lab: CPU
  public private(set) var counters = FullCounters()

  let memory: MonitorMemory
  var descriptors: ShadowDescriptors
  var paging: ShadowPaging
  private let labBus = LabBus()

  /// The guest's registers are those of the lab processor; otherwise they are in the virtual one.
  private var isProjected = false
  /// The lab processor is at a stub's exit, or has not been started: not in the guest.
  private var isInMonitor = true
  /// The lab tick at which the next guest instruction begins that has not been counted.
  private var directStart: UInt64 = 0
  /// The lab's segment registers ES CS SS DS FS GS as projected, and the guest's behind them.
  private var projected = [Segment](repeating: Segment(), count: 6)
  /// What the guest uses that this monitor does not have, named.
  public private(set) var unsupported: String?

  private static let kickVector: UInt8 = 0xF0

  /// `storage` is 4 MiB of zeroed, page-aligned host memory for the monitor. `guestMemory` maps
  /// the guest's RAM and ROM, by guest-physical address, into the lab machine.
  public init(
    profile: Profile, storage: UnsafeMutableRawPointer, guest: inout CPU,
    guestMemory: [GuestMemory]
  ) {
    memory = MonitorMemory(start: storage)
    memory.build()
    var physical = PhysicalMemory()
    physical.map(storage, size: Int(MonitorLayout.size), at: 0)
    physical.giveToMonitor(PhysicalAddress(MonitorLayout.stubs), size: 4096)
    for part in guestMemory {
      physical.map(
        part.start, size: part.size, at: part.address + MonitorLayout.guestOffset,
        readOnly: part.isReadOnly)
    }
    physical.notesCode = true
    guest.memory.notesCode = true
    lab = CPU(profile: profile, memory: physical, bus: labBus)
    descriptors = ShadowDescriptors(memory)
    paging = ShadowPaging(memory)
    enterMonitor()
    follow(&guest)
  }

  /// The amount of host memory that `init` needs, in bytes.
  public static let storageSize = Int(MonitorLayout.size)

  /// CPL of the lab processor: 0 in the monitor, 1 or 3 in the guest.
  public var realCPL: UInt8 { lab.cpl }

  /// The guest's state was replaced, or memory under it: nothing of it is in the lab processor.
  public func reset(_ guest: inout CPU) {
    isProjected = false
    enterMonitor()
    lab.flushTLB()
    paging.flush()
    _ = descriptors.rebuild(from: guest)
    unsupported = nil
  }

  /// The guest's memory was changed from outside.
  public func memoryChanged(at address: PhysicalAddress, size: Int) {
    lab.memoryChanged(at: address + MonitorLayout.guestOffset, size: size)
  }

  /// Puts the lab processor where a stub calls the body of its handler.
  private func enterMonitor() {
    isInMonitor = true
    lab.enter(
      MonitorState(
        cr0: [.protection, .paging, .writeProtect, .extensionType, .numericError],
        cr3: MonitorLayout.directory, cr4: [.timeStampDisable],
        gdtBase: MonitorLayout.hole + MonitorLayout.gdt, gdtLimit: 0xFFFF,
        idtBase: MonitorLayout.hole + MonitorLayout.idt, idtLimit: 0x7FF,
        code: MonitorLayout.codeSelector, data: MonitorLayout.dataSelector,
        task: MonitorLayout.taskSelector, ldt: MonitorLayout.ldtSelector,
        eip: MonitorLayout.hole + MonitorMemory.stub(0) + MonitorMemory.exitOffset,
        esp: MonitorLayout.hole + TrapFrame.offset))
  }

  // MARK: Running

  /// Runs the guest until its tick `target`, or until the machine has something to do for it.
  public func run(_ guest: inout CPU, until target: UInt64) -> RunExit {
    while unsupported == nil {
      if guest.isShutDown { return .shutdown }
      if guest.ticks >= target {
        synchronize(&guest)
        return .budget
      }
      if guest.hasPendingEvent || guest.isHalted {
        if !isInMonitor { kick(&guest) }
        let exit = stepGuest(&guest, until: guest.ticks &+ 1)
        if exit != .budget { return exit }
      } else if let reason = interpretationReason(guest) {
        guard reason != .physicalAddressExtension else {
          unsupported = "physical address extension (CR4.PAE) in full virtualization"
          break
        }
        let before = guest.ticks
        let exit = stepGuest(&guest, until: min(target, before &+ 64))
        counters.interpreted &+= guest.ticks &- before
        if exit != .budget { return exit }
      } else if let exit = runDirectly(&guest, until: target) {
        return exit
      }
    }
    return .attention
  }

  /// Why the guest cannot be executed as it is now; nil if it can.
  private func interpretationReason(_ guest: borrowing CPU) -> InterpretationReason? {
    if !isInMonitor { return nil }
    if !guest.cr0.contains(.protection) { return .realMode }
    if guest.eflags.contains(.virtual8086) { return .virtual8086 }
    if guest.cr4.contains(.physicalAddressExtension) { return .physicalAddressExtension }
    if guest.isDebugged { return .singleStep }
    if guest.isAddressMasked { return .addressMask }
    if guest.cpl == 1 || guest.cpl == 2 { return .middleRing }
    if guest.cpl == 3 && !guest.eflags.isDisjoint(with: .ioPrivilegeLevel) { return .ioPrivilege }
    return isProjectable(guest) ? nil : .staleSegment
  }

  /// Executes guest instructions on the lab processor until something happens. Nil: go on.
  private func runDirectly(_ guest: inout CPU, until target: UInt64) -> RunExit? {
    if isInMonitor {
      if !isProjected { project(guest) }
      directStart = lab.ticks &+ MonitorMemory.exitLength
    }
    giveFPUToLab(&guest)
    isProjected = true
    switch lab.run(until: directStart &+ (target &- guest.ticks)) {
    case .gate: return trapped(&guest)
    case .shutdown:
      // The monitor's tables are damaged: the machine dies as a real one would.
      return .shutdown
    case .halted: preconditionFailure("HLT at CPL 1 faults")
    case .budget, .attention:
      if lab.cpl == 0 {
        return finishEntry(&guest)
      } else {
        isInMonitor = false
        countDirect(until: lab.ticks, &guest)
      }
    }
    return nil
  }

  /// The budget ended inside a stub. Stubs take no guest time: on to the gate, or to the guest.
  private func finishEntry(_ guest: inout CPU) -> RunExit? {
    while lab.cpl == 0 {
      switch lab.run(until: lab.ticks &+ 1) {
      case .gate: return trapped(&guest)
      case .shutdown: return .shutdown
      default: break
      }
    }
    isInMonitor = false
    return nil
  }

  /// Makes the lab processor leave the guest: an interrupt through the monitor's IDT.
  private func kick(_ guest: inout CPU) {
    counters.kicks &+= 1
    lab.interruptRequested = true
    while true {
      let exit = lab.run(until: lab.ticks &+ 8)
      guard exit != .gate else { break }
      if exit == .shutdown { return }
    }
    _ = trapped(&guest)
  }

  private func countDirect(until tick: UInt64, _ guest: inout CPU) {
    guard tick > directStart else { return }
    let count = tick &- directStart
    guest.retireElsewhere(count)
    counters.direct &+= count
    directStart = tick
  }

  // MARK: Traps

  /// A stub has called: the lab processor is at CPL 0, behind a gate, the guest's frame above it.
  /// Nil: on with the guest.
  private func trapped(_ guest: inout CPU) -> RunExit? {
    isInMonitor = true
    lab.interruptRequested = false
    let frame = TrapFrame(in: memory)
    let vector = Int(frame.vector & 0xFF)
    precondition(frame.cs & 3 != 0, "the monitor itself faulted: vector \(vector)")
    // One tick for the delivery, and those of the stub.
    countDirect(until: lab.ticks &- MonitorMemory.entryLength(vector) &- 1, &guest)
    counters.traps[vector] &+= 1
    switch vector {
    case Int(Self.kickVector): break
    case 14 where fillShadow(frame, &guest): break
    case 2, 8, 18: unsupported = "vector \(vector) on the lab processor"
    default:
      let before = guest.ticks
      let exit = stepGuest(&guest, until: before &+ 1)
      counters.emulated &+= guest.ticks &- before
      return exit == .budget ? nil : exit
    }
    return nil
  }

  /// A page fault whose page the guest has: maps it, and the guest never knows. False when the
  /// guest must see the fault, or the access is to be emulated.
  private func fillShadow(_ frame: TrapFrame, _ guest: inout CPU) -> Bool {
    let linear = lab.cr2
    let isWrite = frame.errorCode & 2 != 0
    let isUser = frame.cs & 3 == 3
    guard linear < MonitorLayout.hole else {
      counters.deviceFaults &+= 1
      return false
    }
    let found: GuestTranslation
    do throws(Interruption) {
      found = try guest.walk(linear, isWrite: isWrite, isUser: isUser)
    } catch {
      counters.trueFaults &+= 1
      return false
    }
    guard lab.memory.host(at: found.page + MonitorLayout.guestOffset) != nil else {
      counters.deviceFaults &+= 1
      return false
    }
    let isTraced = descriptors.isTraced(found.page)
    if isWrite && (isTraced || !found.isWritable) {
      counters.traceFaults &+= 1
      return false
    }
    counters.hiddenFaults &+= 1
    // A page becomes writable when its D bit is set: until then the first write must be seen.
    if paging.map(
      linear, to: found.page + MonitorLayout.guestOffset, isUser: found.isUser,
      isWritable: found.isWritable && found.isDirty && !isTraced)
    {
      counters.shadowFlushes &+= 1
      lab.flushTLB()
    }
    lab.invalidate(page: linear)
    return true
  }

  /// Lets the virtual processor execute: one instruction or event as a rule.
  private func stepGuest(_ guest: inout CPU, until target: UInt64) -> RunExit {
    synchronize(&guest)
    giveFPUToGuest(&guest)
    isProjected = false
    let exit = guest.run(until: target)
    follow(&guest)
    return exit
  }

  /// Carries over what the virtual processor has changed: code, translations, descriptor tables.
  private func follow(_ guest: inout CPU) {
    var isOutdated = descriptors.isOutdated(guest)
    for page in guest.takeWrittenPages() {
      memoryChanged(at: page, size: 4096)
      if descriptors.isTraced(page) { isOutdated = true }
    }
    for page in guest.takeNewCodePages() { lab.watch(page: page + MonitorLayout.guestOffset) }
    switch guest.takeFlush() {
    case .none: break
    case .page(let linear):
      paging.zap(linear)
      lab.invalidate(page: linear)
    case .nonGlobal, .all:
      counters.shadowFlushes &+= 1
      paging.flush()
      lab.flushTLB()
    }
    if isOutdated && descriptors.rebuild(from: guest) {
      // Pages that have become traced may be mapped writable.
      paging.flush()
      lab.flushTLB()
    }
    for page in descriptors.tracedPages { guest.watch(page: page) }
  }

  // MARK: Lift and project

  /// Brings the virtual processor up to date with the lab processor, wherever that is.
  public func synchronize(_ guest: inout CPU) {
    for page in lab.takeWrittenPages() {
      guest.memoryChanged(at: page - MonitorLayout.guestOffset, size: 4096)
    }
    for page in lab.takeNewCodePages() where page >= MonitorLayout.guestOffset {
      guest.watch(page: page - MonitorLayout.guestOffset)
    }
    guard isProjected else { return }
    if isInMonitor {
      lift(TrapFrame(in: memory), &guest)
    } else {
      lift(
        TrapFrame(
          eip: lab.eip, cs: lab.segment(SegmentRegister.cs).selector, eflags: lab.eflags,
          esp: lab[.esp], ss: lab.segment(SegmentRegister.ss).selector), &guest)
    }
  }

  /// The guest's registers as it believes them to be: ring 1 is ring 0, and IF, IOPL are its own.
  private func lift(_ frame: TrapFrame, _ guest: inout CPU) {
    guest.takeRegisters(of: lab)
    guest[.esp] = frame.esp
    let own: EFLAGS = [
      .interrupt, .ioPrivilegeLevel, .virtualInterrupt, .virtualInterruptPending,
    ]
    guest.eflags =
      frame.eflags.subtracting(own).subtracting(.resume).union(guest.eflags.intersection(own))
    liftCodeAndStack(frame, &guest)
    for index in [
      SegmentRegister.es, SegmentRegister.ds, SegmentRegister.fs, SegmentRegister.gs,
    ] {
      let real = lab.segment(index)
      if real != projected[index] {
        liftSegment(index, real.selector, isUsable: real.isUsable, &guest)
      }
    }
    guest.resume(at: frame.eip, cpl: frame.cs & 3 == 3 ? 3 : 0)
  }

  private func liftCodeAndStack(_ frame: TrapFrame, _ guest: inout CPU) {
    for (index, selector) in [(SegmentRegister.cs, frame.cs), (SegmentRegister.ss, frame.ss)]
    where selector != projected[index].selector {
      // What the guest has loaded itself carries the ring it is really in.
      let believed = selector & 3 == 1 ? selector & ~3 : selector
      liftSegment(index, believed, isUsable: true, &guest)
    }
  }

  /// A segment register that the guest has loaded while it ran: from its own table.
  private func liftSegment(
    _ index: Int, _ selector: UInt16, isUsable: Bool, _ guest: inout CPU
  ) {
    var segment = Segment()
    segment.selector = selector
    if isUsable, let found = guest.peekDescriptor(selector) {
      var accessed = found
      accessed.raw |= 1 << 40
      segment = Segment(selector: selector, descriptor: accessed)
    }
    guest.replaceSegment(index, segment)
  }

  /// CS and SS as the exit's IRET will load them stand for what the guest has, and every segment
  /// has a safe shadow.
  private func isProjectable(_ guest: borrowing CPU) -> Bool {
    for index in 0..<6 {
      guard let shadow = ShadowDescriptors.shadow(guest.segment(index)) else { return false }
      guard index == SegmentRegister.cs || index == SegmentRegister.ss else { continue }
      guard var loaded = descriptors.segment(shadow.selector) else { return false }
      // The visible part is for the program; what counts is the hidden one.
      loaded.selector = shadow.selector
      guard loaded == shadow else { return false }
    }
    return true
  }

  /// Puts the guest's registers into the lab processor: ring 0 becomes ring 1, IF is on, IOPL 0.
  private func project(_ guest: borrowing CPU) {
    for index in 0..<6 {
      guard var shadow = ShadowDescriptors.shadow(guest.segment(index)) else {
        preconditionFailure("checked before")
      }
      if index == SegmentRegister.cs || index == SegmentRegister.ss {
        if shadow.selector & 3 == 0 { shadow.selector |= 1 }
      } else {
        lab.replaceSegment(index, shadow)
      }
      projected[index] = shadow
    }
    let hidden: EFLAGS = [
      .ioPrivilegeLevel, .trap, .resume, .virtual8086, .virtualInterrupt, .virtualInterruptPending,
    ]
    TrapFrame(
      eip: guest.eip, cs: projected[SegmentRegister.cs].selector,
      eflags: guest.eflags.subtracting(hidden).union([.interrupt, .alwaysSet]),
      esp: guest[.esp], ss: projected[SegmentRegister.ss].selector
    ).store(in: memory)
    let stack = lab[.esp]
    lab.takeRegisters(of: guest)
    lab[.esp] = stack
    lab.mirrorCR0(
      [.taskSwitched, .emulation, .monitorCoprocessor, .alignmentMask], of: guest.cr0)
    lab.mirrorCR4([.fxsave, .debuggingExtensions], of: guest.cr4)
  }

  // MARK: The x87

  private var fpuIsInLab = false

  private func giveFPUToLab(_ guest: inout CPU) {
    guard !fpuIsInLab else { return }
    lab.exchangeFPU(with: &guest)
    fpuIsInLab = true
  }

  private func giveFPUToGuest(_ guest: inout CPU) {
    guard fpuIsInLab else { return }
    lab.exchangeFPU(with: &guest)
    fpuIsInLab = false
  }

  /// Brings back all of the guest, for whoever looks at it, saves it or goes on in another way.
  public func lift(_ guest: inout CPU) {
    synchronize(&guest)
    giveFPUToGuest(&guest)
  }
}

/// A part of the guest's memory: where its bytes are, and its guest-physical address.
public struct GuestMemory {
  var start: UnsafeMutableRawPointer
  var size: Int
  var address: PhysicalAddress
  var isReadOnly: Bool

  /// `size` and `address` are multiples of 4096.
  public init(
    _ start: UnsafeMutableRawPointer, size: Int, at address: PhysicalAddress,
    isReadOnly: Bool = false
  ) {
    (self.start, self.size, self.address) = (start, size, address)
    self.isReadOnly = isReadOnly
  }
}

/// What the lab processor is wired to: no device, and the line by which the hosted process calls
/// the monitor.
private final class LabBus: Bus {
  func readPort(_ port: UInt16, width: Int, at tick: UInt64) -> UInt32 { .max }
  func writePort(_ port: UInt16, width: Int, value: UInt32, at tick: UInt64) {}
  func readMemory(_ address: PhysicalAddress, width: Int, at tick: UInt64) -> UInt32 { .max }
  func writeMemory(_ address: PhysicalAddress, width: Int, value: UInt32, at tick: UInt64) {}
  func acknowledgeInterrupt(at tick: UInt64) -> UInt8 { 0xF0 }
}
