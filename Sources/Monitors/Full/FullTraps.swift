import X86

/// What the monitor does when the guest has trapped.
extension FullVirtualization {
  /// A stub has called: what the guest did is done for it. Nil: on with the guest.
  func trapped(_ guest: inout CPU) -> RunExit? {
    let frame = enteredMonitor(&guest)
    let vector = Int(frame.vector & 0xFF)
    var exit = RunExit.budget
    switch vector {
    case 14 where fillShadow(frame, &guest): break
    // Only damaged tables lead here: the machine is lost, as with any monitor.
    case 8: return .shutdown
    default:
      let before = guest.ticks
      // Whoever waits for this instruction has been told when the lab processor came to it.
      guest.passWatchedInstruction()
      exit = stepGuest(&guest, until: before &+ 1)
      counters.emulated &+= guest.ticks &- before
    }
    enterGuest(&guest)
    return exit == .budget ? nil : exit
  }

  /// The lab processor is at CPL 0, behind a gate, the guest's frame on its stack.
  @discardableResult
  func enteredMonitor(_ guest: inout CPU) -> TrapFrame {
    isInMonitor = true
    lab.interruptRequested = false
    let frame = TrapFrame(in: memory)
    let vector = Int(frame.vector & 0xFF)
    precondition(frame.cs & 3 != 0, "the monitor itself faulted: vector \(vector)")
    takeLabEvents(&guest)
    trapNumber = guest.log.count
    // One tick for the delivery, and those of the stub.
    countDirect(until: lab.ticks &- MonitorMemory.entryLength(vector) &- 1, &guest)
    counters.traps[vector] &+= 1
    return frame
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
    recordShadow(.fill, linear: linear & 0xFFFF_F000, entry: paging.entry(linear), &guest)
    lab.invalidate(page: linear)
    return true
  }

  /// Lets the virtual processor execute: one instruction or event as a rule.
  func stepGuest(_ guest: inout CPU, until target: UInt64) -> RunExit {
    synchronize(&guest)
    giveFPUToGuest(&guest)
    isProjected = false
    let exit = guest.run(until: target)
    amendGuestEvents(&guest)
    follow(&guest)
    return exit
  }

  /// Carries over what the virtual processor has changed: code, translations, descriptor tables.
  func follow(_ guest: inout CPU) {
    var isOutdated = descriptors.isOutdated(guest) || mustFollow
    mustFollow = false
    for page in guest.takeWrittenPages() {
      lab.memoryChanged(at: page + MonitorLayout.guestOffset, size: 4096)
      if descriptors.isTraced(page) { isOutdated = true }
    }
    for page in guest.takeNewCodePages() { lab.watch(page: page + MonitorLayout.guestOffset) }
    followFlush(&guest)
    if isOutdated && descriptors.rebuild(from: guest) {
      // Pages that have become traced may be mapped writable.
      paging.flush()
      lab.flushTLB()
    }
    for page in descriptors.tracedPages { guest.watch(page: page) }
  }

  /// What the guest has forgotten about its translations the shadow forgets too.
  func followFlush(_ guest: inout CPU) {
    switch guest.takeFlush() {
    case .none: break
    case .page(let linear):
      paging.zap(linear)
      lab.invalidate(page: linear)
    case .nonGlobal, .all:
      counters.shadowFlushes &+= 1
      paging.flush()
      lab.flushTLB()
      recordShadow(.flush, &guest)
    }
  }
}
