/// The instructions of the extension other than VMRUN, and those that it makes worth a handler (AMD
/// APM 3, system instructions).
extension CPU {
  /// Width of a physical address on a processor with the extension.
  static let physicalAddressBits = 36

  /// #UD without EFER.SVME, in real mode and in virtual-8086 mode.
  func requireVirtualMachines() throws(Interruption) {
    if msrs.efer & ExtendedFeatures.virtualMachines == 0 {
      throw .invalidOpcode(.virtualMachinesDisabled)
    }
    try requireDescriptors()
  }

  /// VMMCALL — 0F 01 D9: the guest asks its hypervisor, from any ring. #UD when that does not listen.
  mutating func vmmcall() throws(Interruption) {
    if msrs.efer & ExtendedFeatures.virtualMachines == 0 {
      throw .invalidOpcode(.virtualMachinesDisabled)
    }
    try intercept(.vmmcall)
    throw .invalidOpcode(.hypercallNotIntercepted)
  }

  /// VMLOAD rAX — 0F 01 DA: what VMRUN leaves alone.
  mutating func vmload(_ i: Instruction) throws(Interruption) {
    let base = try checkedVMCB(i, .vmload)
    for index in [SegmentRegister.fs, SegmentRegister.gs, SegmentRegister.ldtr, SegmentRegister.tr]
    {
      setSegment(index, readVMCBSegment(base, index))
    }
    for (index, field) in Self.carriedFields.enumerated() {
      svm.carried[index] = readVMCB(base, field)
    }
    msrs.sysenterCS = readVMCB32(base, .sysenterCS)
    msrs.sysenterESP = readVMCB32(base, .sysenterESP)
    msrs.sysenterEIP = readVMCB32(base, .sysenterEIP)
  }

  /// VMSAVE rAX — 0F 01 DB.
  mutating func vmsave(_ i: Instruction) throws(Interruption) {
    let base = try checkedVMCB(i, .vmsave)
    for index in [SegmentRegister.fs, SegmentRegister.gs, SegmentRegister.ldtr, SegmentRegister.tr]
    {
      writeVMCBSegment(base, index)
    }
    for (index, field) in Self.carriedFields.enumerated() {
      writeVMCB(base, field, svm.carried[index])
    }
    writeVMCB(base, .sysenterCS, UInt64(msrs.sysenterCS))
    writeVMCB(base, .sysenterESP, UInt64(msrs.sysenterESP))
    writeVMCB(base, .sysenterEIP, UInt64(msrs.sysenterEIP))
  }

  private static let carriedFields: [VMCBField] = [
    .star, .longModeStar, .compatibilityStar, .syscallFlagMask, .kernelGSBase,
  ]

  /// STGI — 0F 01 DC, CLGI — 0F 01 DD: GIF.
  mutating func setGlobalInterruptFlag(_ isSet: Bool) throws(Interruption) {
    try requireVirtualMachines()
    try requireRing0()
    try intercept(isSet ? .stgi : .clgi)
    svm.globalInterruptFlag = isSet
    requestAttention()
  }

  /// INVLPGA rAX, ECX — 0F 01 DF: one page of one address space.
  mutating func invlpga(_ i: Instruction) throws(Interruption) {
    try requireVirtualMachines()
    try requireRing0()
    try intercept(.invlpga)
    flushPage(self[.eax] & i.mask, of: self[.ecx])
  }

  /// RSM — 0F AA: there is no system-management mode to return from.
  mutating func rsm() throws(Interruption) {
    try intercept(.rsm)
    throw .invalidOpcode(.notInSystemManagementMode)
  }

  // MARK: Address spaces

  /// Switches to the guest's translations, and forgets what TLB_CONTROL says (AMD APM 2, 15.16).
  ///
  /// Two address spaces are remembered: the host's and the last guest's. Another ASID displaces
  /// the latter, as any TLB may forget anything at any time.
  mutating func enterAddressSpace(_ asid: UInt32, flush: UInt64) {
    if flush == 1 { flushTLB() }
    switchAddressSpace(toGuest: true)
    if flush == 1 || flush == 3 || asid != guestASID { flushTLB() }
    if flush == 7 {
      tlb.flushNonGlobal()
      startNewGeneration()
    }
    guestASID = asid
  }

  mutating func leaveAddressSpace() { switchAddressSpace(toGuest: false) }

  private mutating func switchAddressSpace(toGuest: Bool) {
    tlb.select(bank: toGuest ? 1 : 0)
    codeTLB.select(bank: toGuest ? 1 : 0)
    swap(&generation, &idleGeneration)
    // What was decoded for the other space stays, under its own generation.
    if generation == 0 { startNewGeneration() }
    setCPL(cpl)
  }

  /// INVLPG for an ASID: 0 is the host's.
  mutating func flushPage(_ linear: UInt32, of asid: UInt32) {
    let isCurrent = svm.isGuest ? asid == guestASID : asid == 0
    if isCurrent {
      tlb.flush(page: linear)
      startNewGeneration()
    } else if asid == 0 || asid == guestASID {
      tlb.flushIdle(page: linear)
      idleGeneration = 0
    }
  }
}
