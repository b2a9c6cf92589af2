import X86

/// Shadow page tables under AMD-V, as on its first processors, which had no nested paging: the tables
/// that the lab processor walks in the guest map its linear addresses to the machine, filled from the
/// guest's own tables entry by entry.
///
/// The guest is in ring 0, so U/S is what its tables say, and all 4 GiB are its own. Paging is always
/// on, also while the guest believes that it is off, even in real mode.
extension SVMMonitor {
  /// What decides about translations leaves the guest.
  func setUpShadow() {
    block[.nestedPagingEnable] = 0
    for code: ExitCode in [
      .readCR(0), .readCR(3), .readCR(4), .writeCR(0), .writeCR(3), .writeCR(4), .invlpg,
      .taskSwitch, .exception(Vector.pageFault),
    ] { block[intercept: code] = true }
  }

  /// The registers that the guest never sees as they are.
  func projectShadow(_ guest: borrowing CPU) {
    block[.cr0] = UInt64(guest.cr0.union([.paging, .writeProtect]).rawValue)
    block[.cr3] = UInt64(paging.root)
    let layout: CR4 = [.pageSizeExtensions, .physicalAddressExtension, .pageGlobal]
    block[.cr4] = UInt64(guest.cr4.subtracting(layout).rawValue)
  }

  /// An exit by #PF. Nil: on with the guest.
  func pageFault(_ guest: inout CPU) -> RunExit? {
    switch fillShadow(&guest) {
    case .filled:
      // What was being delivered to the guest comes again, unless its instruction raises it.
      let delivering = block[.exitInterruptInfo]
      if Self.mustRepeat(delivering) { block[.eventInjection] = delivering }
      return nil
    case .device:
      counters.deviceFaults &+= 1
      return emulate(.exception(Vector.pageFault), &guest, isDevice: true)
    case .guests: return emulate(.exception(Vector.pageFault), &guest)
    }
  }

  private enum Fill { case filled, device, guests }

  /// Maps a page that the guest has, and the guest never knows. Otherwise says whose affair the fault
  /// is.
  private func fillShadow(_ guest: inout CPU) -> Fill {
    // Only a guest whose VMCB somebody has changed is here with PAE.
    guard !guest.cr4.contains(.physicalAddressExtension) else { return .guests }
    let linear = UInt32(truncatingIfNeeded: block[.exitInfo2])
    let code = block[.exitInfo1]
    let isWrite = code & 2 != 0
    let found: GuestTranslation
    do throws(Interruption) {
      found = try guest.walk(linear, isWrite: isWrite, isUser: code & 4 != 0)
    } catch {
      counters.trueFaults &+= 1
      return .guests
    }
    let machine = GuestMemory.machineAddress(of: found.page)
    guard lab.memory.host(at: machine) != nil, !isWrite || lab.memory.isWritable(at: machine) else {
      return .device
    }
    // CR0.WP is always set here, and the guest's is not.
    if isWrite && !found.isWritable {
      counters.protectedWrites &+= 1
      return .guests
    }
    counters.hiddenFaults &+= 1
    // A page becomes writable when its D bit is set: until then the first write must be seen.
    let isWritable = found.isWritable && found.isDirty && lab.memory.isWritable(at: machine)
    if paging.map(linear, found, nil, isWritable: isWritable) { mustFlush = true }
    recordShadow(.fill, linear: linear & 0xFFFF_F000, entry: paging.entry(linear), &guest)
    lab.invalidate(page: linear, ofAddressSpace: HardwareLayout.asid)
    return .filled
  }

  /// What the guest has flushed, or changed so that it must be.
  func followFlush(_ flush: TranslationFlush, _ guest: inout CPU) {
    switch flush {
    case .none: break
    case .page(let linear) where isShadowing:
      paging.zap(linear)
      lab.invalidate(page: linear, ofAddressSpace: HardwareLayout.asid)
    case .page: mustFlush = true
    case .nonGlobal, .all:
      mustFlush = true
      guard isShadowing else { return }
      counters.shadowFlushes &+= 1
      paging.flush()
      recordShadow(.flush, &guest)
    }
  }

  /// Writes down what was done to the shadow page tables.
  private func recordShadow(
    _ operation: ShadowOperation, linear: UInt32 = 0, entry: UInt32 = 0, _ guest: inout CPU
  ) {
    var transition = Transition(kind: .shadowPaging)
    transition.code = operation.rawValue
    transition.info = UInt64(linear)
    transition.detail = UInt64(entry)
    transition.actor = .monitor
    append(transition, &guest)
  }
}
