public import X86

/// Page faults, flushes and writes to tables: the monitor's shadow page tables follow the guest's.
extension FullVirtualization {
  /// A page fault whose page the guest has: maps it, and the guest never knows. False when the
  /// guest must see the fault, or the access is to be emulated.
  func fillShadow(_ frame: TrapFrame, _ guest: inout CPU) -> Bool {
    let linear = lab.cr2
    let isWrite = frame.errorCode & 2 != 0
    guard linear < MonitorLayout.hole else {
      counters.deviceFaults &+= 1
      return false
    }
    let found: GuestTranslation
    do throws(Interruption) {
      found = try guest.walk(linear, isWrite: isWrite, isUser: frame.cs & 3 == 3)
    } catch {
      counters.trueFaults &+= 1
      return false
    }
    let path = guest.path(to: linear)
    noteOwnWalk(&guest)
    guard lab.memory.host(at: found.page + MonitorLayout.guestOffset) != nil,
      path.map({ isMemory($0, guest) }) ?? true
    else {
      counters.deviceFaults &+= 1
      return false
    }
    if isWrite { noteWriteToCode(found.page, &guest) }
    let isTraced = isWatched(found.page)
    if isWrite && !mayWrite(found, isTraced) { return false }
    counters.hiddenFaults &+= 1
    // A page becomes writable when its D bit is set: until then the first write must be seen.
    let isWritable = found.isWritable && found.isDirty && !isTraced
    if paging.map(linear, found, path, isWritable: isWritable) { forgetTranslations() }
    if let path, paging.policy == .trace {
      guest.watch(page: path.directory)
      if !path.isLarge { guest.watch(page: UInt64(path.directoryEntry & 0xFFFF_F000)) }
    }
    recordShadow(.fill, linear: linear & 0xFFFF_F000, entry: paging.entry(linear), &guest)
    lab.invalidate(page: linear)
    return true
  }

  /// A frame has descriptor tables, or code that was translated.
  private func isWatched(_ frame: PhysicalAddress) -> Bool {
    descriptors.isTraced(frame) || translation?.isTranslated(frame) == true
  }

  /// Whether a write that the guest's tables allow can be made by the guest itself.
  private func mayWrite(_ found: GuestTranslation, _ isTraced: Bool) -> Bool {
    // CR0.WP is off in the guest, and never in the lab processor.
    if isTraced || !found.isWritable {
      counters.traceFaults &+= 1
      return false
    }
    guard paging.isTraced(found.page) else { return true }
    counters.pageTableFaults &+= 1
    guard paging.noteWrite(to: found.page) else { return false }
    counters.abandonedTables &+= 1
    forgetTranslations()
    return true
  }

  /// Tables that are not in memory are no tables to shadow.
  private func isMemory(_ path: GuestPath, _ guest: borrowing CPU) -> Bool {
    guest.memory.host(at: path.directory) != nil
      && (path.isLarge
        || guest.memory.host(at: UInt64(path.directoryEntry & 0xFFFF_F000)) != nil)
  }

  /// The walk has set A and D bits, on which nothing in the shadow depends that was there before.
  private func noteOwnWalk(_ guest: inout CPU) {
    for page in guest.takeWrittenPages() {
      lab.memoryChanged(at: page + MonitorLayout.guestOffset, size: 4096)
      translatedPageWritten(page, &guest)
      if paging.isTraced(page) || descriptors.isTraced(page) { guest.watch(page: page) }
    }
  }

  /// Carries over what the virtual processor has changed: code, translations, tables.
  func follow(_ guest: inout CPU) {
    var isOutdated = descriptors.isOutdated(guest) || mustFollow
    if mustFollow {
      for frame in paging.tracedFrames { followTable(frame, &guest) }
      mustFollow = false
    }
    for page in guest.takeWrittenPages() {
      lab.memoryChanged(at: page + MonitorLayout.guestOffset, size: 4096)
      translatedPageWritten(page, &guest)
      if descriptors.isTraced(page) { isOutdated = true }
      if paging.isTraced(page) { followTable(page, &guest) }
    }
    for page in guest.takeNewCodePages() { lab.watch(page: page + MonitorLayout.guestOffset) }
    if followFlush(&guest) && descriptors.hasMoved(guest) { isOutdated = true }
    if isOutdated && descriptors.rebuild(from: guest) {
      for page in descriptors.pages where paging.protect(page.physical) { forgetTranslations() }
    }
    for page in descriptors.pages { guest.watch(page: page.physical) }
  }

  private func followTable(_ frame: PhysicalAddress, _ guest: inout CPU) {
    if paging.follow(frame, guest) { forgetTranslations() }
    guest.watch(page: frame)
  }

  /// What the guest has forgotten about its translations is forgotten for it. False if nothing is.
  @discardableResult
  func followFlush(_ guest: inout CPU) -> Bool {
    switch guest.takeFlush() {
    case .none: return false
    case .page(let linear):
      paging.zap(linear)
      lab.invalidate(page: linear)
      translation?.forgetMapping(of: linear)
    case .nonGlobal:
      translation?.forgetMappings()
      counters.cr3Loads &+= 1
      guard paging.policy == .trace else {
        flushShadow(&guest)
        break
      }
      if paging.hasRoot(for: guest) { counters.cachedRoots &+= 1 }
      goToRoot(of: guest)
    case .all:
      translation?.forgetMappings()
      flushShadow(&guest)
      goToRoot(of: guest)
    }
    return true
  }

  private func flushShadow(_ guest: inout CPU) {
    counters.shadowFlushes &+= 1
    paging.flush()
    forgetTranslations()
    recordShadow(.flush, &guest)
  }

  private func goToRoot(of guest: borrowing CPU) {
    guard paging.policy == .trace else { return }
    paging.selectRoot(guest)
    counters.tlbFlushes &+= 1
    lab.useDirectory(paging.root)
  }

  /// Empties the lab processor's TLB.
  func forgetTranslations() {
    counters.tlbFlushes &+= 1
    lab.flushTLB()
  }

  /// Recomputes every shadow entry from the guest's tables as they are now.
  public func audit(_ guest: borrowing CPU) -> ShadowAudit {
    paging.audit(guest, isWatched: isWatched)
  }
}
