import X86

/// One ledger for two processors: what the lab processor did, in the guest and as its host, and what
/// was done on the virtual one for the guest, in the order in which it happened.
extension SVMMonitor {
  /// Takes over what the lab processor has written down: the guest's own events, exits and entries,
  /// and what the host's code did between them.
  func takeLabEvents(_ guest: inout CPU) {
    // What the guest believes itself to be in while the host executes.
    var ring = guest.cpl
    for place in labPlace..<lab.log.end {
      var transition = lab.log[place: place]
      let isExit = transition.kind == .vmExit
      let passed = transition.tick &- min(transition.tick, directStart)
      transition.guestTick = guest.ticks &+ passed
      if isExit {
        // To the host the guest is where it was.
        transition.toVirtualRing = transition.fromVirtualRing
        ring = transition.fromVirtualRing
        exitTick = transition.tick
      } else if transition.kind == .vmEntry {
        transition.fromVirtualRing = transition.toVirtualRing
        nameExitAsParent(of: &transition, guest)
      } else if !transition.marks.contains(.guestMode) {
        transition.actor = .hypervisor
        (transition.fromVirtualRing, transition.toVirtualRing) = (ring, ring)
        nameExitAsParent(of: &transition, guest)
      }
      let number = guest.log.append(transition)
      if isExit { exitNumber = number }
      if guest.log.isNotable(transition.kind) { hasNotableEvent = true }
    }
    labPlace = lab.log.end
    // Before the lab's log comes round, its run ends and what is in it is taken over.
    lab.log.fullAt = labPlace &+ UInt64(lab.log.capacity / 2)
    guestPlace = guest.log.end
  }

  /// What the virtual processor has written down happened with the real one in the host.
  func amendGuestEvents(_ guest: inout CPU) {
    let (exit, tick, isAtDevices) = (exitNumber, lab.ticks, isAtDevices)
    for place in max(guestPlace, guest.log.start)..<guest.log.end {
      guest.log.amend(place: place) {
        $0.tick = tick
        ($0.fromCPL, $0.toCPL) = (0, 0)
        $0.actor = isAtDevices && $0.kind.isAccess ? .hostProcess : .monitor
        if exit > 0 && $0.parentDistance == 0 {
          $0.parentDistance = UInt32(clamping: $0.sequence - exit)
        }
      }
    }
    guestPlace = guest.log.end
  }

  /// Writes down that an exit goes on to the process that has the devices: what KVM's user sees as a
  /// return from its system call.
  func recordDeviceExit(_ code: ExitCode, _ guest: inout CPU) {
    var transition = Transition(kind: .worldSwitch)
    transition.code = UInt32(truncatingIfNeeded: code.rawValue)
    transition.info = block[.exitInfo1]
    transition.detail = block[.exitInfo2]
    transition.actor = .hostProcess
    append(transition, &guest)
  }

  /// Writes down that an event is in EVENTINJ.
  func recordInjection(_ vector: UInt8, _ guest: inout CPU) {
    var transition = Transition(kind: .injection)
    transition.vector = vector
    transition.actor = .monitor
    append(transition, &guest)
  }

  /// Something that the monitor did, between two instructions of the guest.
  func append(_ what: Transition, _ guest: inout CPU) {
    var transition = what
    transition.tick = lab.ticks
    transition.guestTick = guest.ticks
    transition.fromVirtualRing = guest.cpl
    transition.toVirtualRing = guest.cpl
    transition.cs = guest.segment(SegmentRegister.cs).selector
    transition.eip = guest.eip
    nameExitAsParent(of: &transition, guest)
    guest.log.append(transition)
    if guest.log.isNotable(transition.kind) { hasNotableEvent = true }
    guestPlace = guest.log.end
  }

  private func nameExitAsParent(of transition: inout Transition, _ guest: borrowing CPU) {
    guard exitNumber > 0 else { return }
    transition.parentDistance = UInt32(clamping: guest.log.count + 1 - exitNumber)
  }
}
