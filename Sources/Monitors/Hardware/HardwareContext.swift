public import X86

/// Lift and project: the guest's registers between its VMCB, from which the lab processor runs it,
/// and the virtual one, where they are what the guest believes.
extension SVMMonitor {
  /// The control fields. The monitor sets them once; what somebody changes in them stays.
  func setUpBlock() {
    for code: ExitCode in [
      .interrupt, .nonMaskable, .cpuid, .hlt, .io, .msr, .shutdown, .readCR(8), .writeCR(8), .rsm,
      .invlpga, .vmrun, .vmmcall, .vmload, .vmsave, .stgi, .clgi,
    ] { block[intercept: code] = true }
    block[.ioPermissionsBase] = UInt64(HardwareLayout.ioPermissions)
    block[.msrPermissionsBase] = UInt64(HardwareLayout.msrPermissions)
    block[.guestASID] = UInt64(HardwareLayout.asid)
    // A real interrupt leaves the guest whatever its IF says.
    block[.virtualMasking] = 1
    // V_IGN_TPR: the guest's task priority is no concern of V_IRQ.
    block[.virtualPriority] = 1 << 4
    if isShadowing { return setUpShadow() }
    block[.nestedPagingEnable] = 1
    block[.nestedCR3] = UInt64(HardwareLayout.nestedDirectory)
  }

  /// Puts the guest's registers where the host loop and VMRUN find them.
  func project(_ guest: inout CPU) {
    giveFPUToLab(&guest)
    guest.store(in: block)
    if isShadowing { projectShadow(guest) }
    memory.storeRegisters(of: guest)
    lab.takeBreakpointAddresses(of: guest)
    // The guest's clock stands while the host executes.
    block[.tscOffset] = guest.timeStampNow &- (lab.timeStampNow &+ HostLoop.entryLength)
    block[.tlbControl] = mustFlush ? 3 : 0
    mustFlush = false
    if isInMonitor { block.copy(to: blockAtEntry) }
  }

  /// The guest's registers as the exit has left them.
  func lift(_ guest: inout CPU, from block: ControlBlock) {
    guest.load(from: block, keepingPaging: isShadowing)
    memory.loadRegisters(into: guest)
    guest.takeBreakpointAddresses(of: lab)
    shareChanges(&guest)
  }

  /// A debugger's hand: the guest is left as for an interrupt. In the shadow of STI or MOV SS it cannot
  /// be, and the host is put in its place as at a start.
  public func release(_ guest: inout CPU) {
    lift(&guest)
    if !isInMonitor && !interrupt(&guest) { startHost(&guest) }
  }

  /// Leaves the guest and changes its VMCB. Of what VMRUN reads everything counts that the monitor does
  /// not write at each entry itself: TSC_OFFSET, TLB_CONTROL, V_IRQ and its intercept, and in
  /// `hardware:shadow` the registers that decide about paging.
  public func edit(_ guest: inout CPU, _ body: (ControlBlock) -> Void) {
    release(&guest)
    guest.store(in: block)
    if isShadowing { projectShadow(guest) }
    body(block)
    guest.load(from: block, keepingPaging: isShadowing)
    mustFlush = true
  }

  /// Brings the virtual processor up to date with the lab processor, wherever that is.
  public func synchronize(_ guest: inout CPU) {
    guard !isInMonitor else { return }
    guest.takeGuest(of: lab, keepingPaging: isShadowing)
    shareChanges(&guest)
  }

  /// What the lab processor has changed, decoded and forgotten.
  private func shareChanges(_ guest: inout CPU) {
    for page in lab.takeWrittenPages() {
      if let own = GuestMemory.guestAddress(of: page) { guest.memoryChanged(at: own, size: 4096) }
    }
    for page in lab.takeNewCodePages() {
      if let own = GuestMemory.guestAddress(of: page) { guest.watch(page: own) }
    }
    followFlush(guest.takeFlush(), &guest)
    switch lab.takeFlush() {
    case .none: break
    case .page(let linear): guest.invalidate(page: linear)
    case .nonGlobal: guest.forgetNonGlobal()
    case .all: guest.flushTLB()
    }
    // That was the lab processor's, not the virtual one's.
    _ = guest.takeFlush()
  }

  func giveFPUToLab(_ guest: inout CPU) {
    guard !fpuIsInLab else { return }
    lab.exchangeFPU(with: &guest)
    // The pin is one, whoever drives it.
    _ = guest.takeNumericError(of: lab)
    fpuIsInLab = true
  }

  func giveFPUToGuest(_ guest: inout CPU) {
    guard fpuIsInLab else { return }
    lab.exchangeFPU(with: &guest)
    fpuIsInLab = false
  }

  public func lift(_ guest: inout CPU) {
    synchronize(&guest)
    giveFPUToGuest(&guest)
  }
}
