/// VMRUN: from the host into the guest that a VMCB describes (AMD APM 2, 15.5).
extension CPU {
  /// VMRUN rAX — 0F 01 D8. Sets `nextEIP` to the guest's.
  mutating func vmrun(_ i: Instruction) throws(Interruption) {
    let base = try checkedVMCB(i, .vmrun)
    // "A VM_HSAVE_PA of zero is not valid": there is nowhere to come back to.
    if svm.hostSaveArea == 0 { throw .generalProtection(0, .hostSaveAreaMissing) }
    saveHostState()
    svm.vmcb = base
    guard let controls = readControls(base), let state = readGuestState(base, controls) else {
      throw exit(.invalid)
    }
    let flush = readVMCB(base, .tlbControl)
    let asid = readVMCB32(base, .guestASID)

    let entry = open(.vmEntry)
    entry.pointee.code = asid
    entry.pointee.info = base
    entry.pointee.actor = .hypervisor
    svm.guest = controls
    svm.host = HostControls(
      acceptsInterrupts: systemFlags.contains(.interrupt), cr4: cr4,
      hasNoExecute: msrs.efer & ExtendedFeatures.noExecute != 0, pat: msrs.pat)
    svm.isGuest = true
    svm.globalInterruptFlag = true
    enterAddressSpace(asid, flush: flush)
    loadGuestState(base, state)
    svm.injection = readVMCB(base, .eventInjection)
    if svm.injection & EventInformation.isValid == 0 { svm.injection = 0 }
    // For the host VMRUN is one instruction: its trap flag has to wait for the end of it.
    suppressesSingleStep = true
    close(entry)
    requestAttention()
  }

  /// The checks that VMRUN, VMLOAD and VMSAVE have in common. Returns the block that rAX names.
  mutating func checkedVMCB(
    _ i: Instruction, _ code: ExitCode
  ) throws(Interruption) -> PhysicalAddress {
    try requireVirtualMachines()
    try requireRing0()
    try intercept(code)
    let address = PhysicalAddress(self[.eax] & i.mask)
    if address & 0xFFF != 0 { throw .generalProtection(0, .vmcbMisaligned) }
    return address
  }

  // MARK: What cannot run

  /// The control area; nil when it is illegal.
  private mutating func readControls(_ base: PhysicalAddress) -> GuestControls? {
    var controls = GuestControls()
    for index in controls.intercepts.indices {
      controls.intercepts[index] = UInt32(
        truncatingIfNeeded: readPhysical((base + UInt64(index * 4)) & addressMask, 4))
    }
    controls.ioPermissions = readVMCB(base, .ioPermissionsBase) & ~0xFFF
    controls.msrPermissions = readVMCB(base, .msrPermissionsBase) & ~0xFFF
    controls.timeStampOffset = readVMCB(base, .tscOffset)
    controls.taskPriority = UInt8(readVMCB(base, .virtualTPR) & 0xF)
    controls.isInterruptRequested = readVMCB(base, .virtualIRQ) & 1 != 0
    let priority = readVMCB(base, .virtualPriority)
    controls.interruptPriority = UInt8(priority & 0xF)
    controls.ignoresTaskPriority = priority & 0x10 != 0
    controls.masksInterrupts = readVMCB(base, .virtualMasking) & 1 != 0
    controls.interruptVector = UInt8(readVMCB(base, .virtualVector) & 0xFF)
    controls.nestsPaging = readVMCB(base, .nestedPagingEnable) & 1 != 0
    controls.nestedCR3 = readVMCB(base, .nestedCR3)

    // VMRUN must be intercepted: a guest cannot start guests of its own unseen.
    guard controls.intercepts[4] & 1 != 0, readVMCB32(base, .guestASID) != 0 else { return nil }
    let end = PhysicalAddress(1) << PhysicalAddress(Self.physicalAddressBits)
    guard controls.ioPermissions + 0x3000 <= end, controls.msrPermissions + 0x2000 <= end else {
      return nil
    }
    guard [0, 1, 3, 7].contains(readVMCB(base, .tlbControl)) else { return nil }
    guard isInjectable(readVMCB(base, .eventInjection)) else { return nil }
    if controls.nestsPaging {
      guard cr0.contains(.paging), controls.nestedCR3 < end,
        isPageAttributes(readVMCB(base, .guestPAT))
      else { return nil }
    }
    return controls
  }

  /// What EVENTINJ may ask for (AMD APM 2, 15.20). Reserved vectors are not exceptions.
  private func isInjectable(_ event: UInt64) -> Bool {
    guard event & EventInformation.isValid != 0 else { return true }
    switch event >> 8 & 7 {
    case EventInformation.interrupt, EventInformation.nonMaskable,
      EventInformation.softwareInterrupt:
      return true
    case EventInformation.exception:
      let exceptions: Set<UInt64> = [0, 1, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 16, 17, 18, 19]
      return exceptions.contains(event & 0xFF)
    default: return false
    }
  }

  /// The registers that the consistency checks are about; nil when the guest cannot be so.
  private mutating func readGuestState(
    _ base: PhysicalAddress, _ controls: GuestControls
  ) -> GuestState? {
    let efer = readVMCB(base, .efer)
    let known = ExtendedFeatures.noExecute | ExtendedFeatures.virtualMachines
    guard efer & ExtendedFeatures.virtualMachines != 0, efer & ~known == 0 else { return nil }
    let wide = [
      readVMCB(base, .cr0), readVMCB(base, .cr3), readVMCB(base, .cr4), readVMCB(base, .dr6),
      readVMCB(base, .dr7),
    ]
    guard wide.allSatisfy({ $0 >> 32 == 0 }) else { return nil }
    let cr0 = CR0(rawValue: UInt32(wide[0]))
    if cr0.contains(.notWriteThrough) && !cr0.contains(.cacheDisable) { return nil }
    let cr4 = CR4(rawValue: UInt32(wide[2]))
    guard cr4.isSubset(of: implementedCR4) else { return nil }
    let state = GuestState(
      cr0: cr0, cr3: UInt32(wide[1]), cr4: cr4, efer: efer, dr6: UInt32(wide[3]),
      dr7: UInt32(wide[4]), eip: readVMCB32(base, .rip))
    if cr0.contains(.paging), cr4.contains(.physicalAddressExtension), !controls.nestsPaging {
      guard areDirectoryPointers(at: state.cr3) else { return nil }
    }
    return state
  }

  // MARK: Loading

  private mutating func loadGuestState(_ base: PhysicalAddress, _ state: GuestState) {
    (cr0, cr3, cr4) = (state.cr0.union(.extensionType), state.cr3, state.cr4)
    cr2 = readVMCB32(base, .cr2)
    msrs.efer = state.efer
    debugRegisters[6] = state.dr6 & 0xE00F | 0xFFFF_0FF0
    debugRegisters[7] = state.dr7 & 0xFFFF_23FF | 0x400
    if svm.guest.nestsPaging { msrs.pat = readVMCB(base, .guestPAT) }
    let flags = EFLAGS(rawValue: readVMCB32(base, .rflags)).intersection(implementedFlags)
    loadFlags(flags.rawValue, mask: implementedFlags)

    let level =
      !isProtected ? 0 : isVirtual8086 ? 3 : UInt8(readVMCB(base, .cpl) & 3)
    for index in [SegmentRegister.es, SegmentRegister.cs, SegmentRegister.ss, SegmentRegister.ds] {
      var segment = readVMCBSegment(base, index)
      if index == SegmentRegister.cs || !usesDescriptors { segment.isUsable = true }
      // The CPL of a VMCB is a field of its own; SS.DPL follows it.
      if index == SegmentRegister.ss && usesDescriptors {
        segment.access = segment.access & 0x9F | level << 5
      }
      segment.updateBounds()
      setSegment(index, segment)
    }
    setCPL(level)
    loadTables(base)
    let (accumulator, stack) = (readVMCB32(base, .rax), readVMCB32(base, .rsp))
    self[.eax] = accumulator
    self[.esp] = stack
    if cr0.contains(.paging), cr4.contains(.physicalAddressExtension), !svm.guest.nestsPaging {
      readDirectoryPointers(at: cr3)
    }
    withdrawUncheckedAccess()
    nextEIP = state.eip
    pendingDebug = 0
    shadowKind = .none
    if readVMCB(base, .interruptShadow) & 1 != 0 { interruptShadow = .afterSTI }
  }

  /// GDTR and IDTR.
  mutating func loadTables(_ base: PhysicalAddress) {
    gdtBase = readVMCB32(base, .gdtrBase)
    gdtLimit = UInt16(truncatingIfNeeded: readVMCB(base, .gdtrLimit))
    idtBase = readVMCB32(base, .idtrBase)
    idtLimit = UInt16(truncatingIfNeeded: readVMCB(base, .idtrLimit))
  }

  /// Fast paths to memory were granted under the other world's DR7 and AC.
  mutating func withdrawUncheckedAccess() {
    let checksAlignment = cr0.contains(.alignmentMask) && systemFlags.contains(.alignmentCheck)
    if debugRegisters[7] & 0xFF != 0 || checksAlignment { tlb.withdrawAll() }
  }
}

/// What of a guest is checked before anything is loaded.
private struct GuestState {
  var cr0: CR0
  var cr3: UInt32
  var cr4: CR4
  var efer: UInt64
  var dr6: UInt32
  var dr7: UInt32
  var eip: UInt32
}
