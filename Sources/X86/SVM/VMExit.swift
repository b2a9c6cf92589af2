/// #VMEXIT: from the guest back to the instruction after the host's VMRUN (AMD APM 2, 15.6).
///
/// The host's state lies in memory, at the address in VM_HSAVE_PA, in the layout of a VMCB. VMRUN
/// writes it there and #VMEXIT reads it from there.
extension CPU {
  /// Leaves the guest for what `svm.exit` says. One event: it takes a tick.
  mutating func leaveGuest() {
    let reason = svm.exit
    let entry = open(.vmExit)
    entry.pointee.code = UInt32(truncatingIfNeeded: reason.code.rawValue)
    entry.pointee.info = reason.info1
    entry.pointee.detail = reason.info2
    let base = svm.vmcb
    // A guest that was refused by VMRUN has not run: its registers stay as they are in the block.
    if svm.isGuest { saveGuestState(base) }
    writeVMCB(base, .exitCode, reason.code.rawValue)
    writeVMCB(base, .exitInfo1, reason.info1)
    writeVMCB(base, .exitInfo2, reason.info2)
    writeVMCB(base, .exitInterruptInfo, svm.delivering)
    writeVMCB(base, .eventInjection, 0)
    writeVMCB(base, .nextRIP, UInt64(reason.nextRIP))

    if svm.isGuest {
      if svm.guest.nestsPaging { msrs.pat = svm.host.pat }
      leaveAddressSpace()
    }
    svm.isGuest = false
    svm.globalInterruptFlag = false
    svm.guest = GuestControls()
    (svm.injection, svm.delivering) = (0, 0)
    loadHostState()
    close(entry)
    setOffBy = 0
  }

  private mutating func saveGuestState(_ base: PhysicalAddress) {
    saveState(base, eip: eip, flags: eflags)
    writeVMCB(base, .cr2, UInt64(cr2))
    writeVMCB(base, .dr6, UInt64(debugRegisters[6]))
    writeVMCB(base, .dr7, UInt64(debugRegisters[7]))
    writeVMCB(base, .cpl, UInt64(cpl))
    if svm.guest.nestsPaging { writeVMCB(base, .guestPAT, msrs.pat) }
    writeVMCB(base, .interruptShadow, interruptShadow == .none ? 0 : 1)
    writeVMCB(base, .virtualTPR, UInt64(svm.guest.taskPriority))
    writeVMCB(base, .virtualIRQ, svm.guest.isInterruptRequested ? 1 : 0)
  }

  /// What guest and host have in common: ES CS SS DS, tables, control registers, RFLAGS and three
  /// registers.
  private mutating func saveState(_ base: PhysicalAddress, eip: UInt32, flags: EFLAGS) {
    for index in [SegmentRegister.es, SegmentRegister.cs, SegmentRegister.ss, SegmentRegister.ds] {
      writeVMCBSegment(base, index)
    }
    writeVMCB(base, .gdtrBase, UInt64(gdtBase))
    writeVMCB(base, .gdtrLimit, UInt64(gdtLimit))
    writeVMCB(base, .idtrBase, UInt64(idtBase))
    writeVMCB(base, .idtrLimit, UInt64(idtLimit))
    writeVMCB(base, .efer, msrs.efer)
    writeVMCB(base, .cr0, UInt64(cr0.rawValue))
    writeVMCB(base, .cr3, UInt64(cr3))
    writeVMCB(base, .cr4, UInt64(cr4.rawValue))
    writeVMCB(base, .rflags, UInt64(flags.rawValue))
    writeVMCB(base, .rip, UInt64(eip))
    writeVMCB(base, .rsp, UInt64(self[.esp]))
    writeVMCB(base, .rax, UInt64(self[.eax]))
  }

  /// VMRUN completes when the guest is left: RIP is behind it, and RF is spent.
  mutating func saveHostState() {
    saveState(svm.hostSaveArea, eip: nextEIP, flags: eflags.subtracting(.resume))
  }

  private mutating func loadHostState() {
    let base = svm.hostSaveArea
    cr0 = CR0(rawValue: readVMCB32(base, .cr0)).union([.protection, .extensionType])
    cr3 = readVMCB32(base, .cr3)
    cr4 = CR4(rawValue: readVMCB32(base, .cr4)).intersection(implementedCR4)
    msrs.efer = readVMCB(base, .efer)
    debugRegisters[7] = 0x400
    let image = EFLAGS(rawValue: readVMCB32(base, .rflags)).subtracting(.virtual8086)
    loadFlags(image.rawValue, mask: implementedFlags)
    for index in [SegmentRegister.es, SegmentRegister.cs, SegmentRegister.ss, SegmentRegister.ds] {
      var segment = readVMCBSegment(base, index)
      if index == SegmentRegister.cs { segment.isUsable = true }
      segment.updateBounds()
      setSegment(index, segment)
    }
    setCPL(0)
    loadTables(base)
    let (accumulator, stack) = (readVMCB32(base, .rax), readVMCB32(base, .rsp))
    self[.eax] = accumulator
    self[.esp] = stack
    eip = readVMCB32(base, .rip)
    nextEIP = eip
    withdrawUncheckedAccess()

    isHalted = false
    shadowKind = .none
    // VMRUN is over for the host now, and its trap flag with it.
    pendingDebug = systemFlags.contains(.trap) ? DebugStatus.singleStep : 0
    if cr0.contains(.paging) && cr4.contains(.physicalAddressExtension) {
      guard areDirectoryPointers(at: cr3) else { return shutDown() }
      readDirectoryPointers(at: cr3)
    }
  }
}
