import X86

/// One ledger for two processors: what the lab processor did, and what was done on the virtual one
/// for the guest, in the order in which it happened.
extension FullVirtualization {
  /// Takes over what the lab processor has written down: traps into the monitor, returns to the
  /// guest, and what the guest did directly.
  func takeLabEvents(_ guest: inout CPU) {
    let believed = guest.cpl
    for place in labPlace..<lab.log.end {
      var transition = lab.log[place: place]
      transition.guestTick =
        guest.ticks &+ (transition.tick &- min(transition.tick, directStart))
      transition.fromVirtualRing = Self.virtualRing(transition.fromCPL, believed)
      transition.toVirtualRing = Self.virtualRing(transition.toCPL, believed)
      if transition.fromCPL == 0 {
        transition.actor = .stub
        // The way back: the guest goes on where it was.
        transition.fromVirtualRing = transition.toVirtualRing
        if trapNumber > 0 {
          transition.parentDistance = UInt32(clamping: guest.log.count + 1 - trapNumber)
        }
      } else if transition.toCPL == 0 {
        transition.toVirtualRing = transition.fromVirtualRing
      }
      guest.log.append(transition)
      if guest.log.isNotable(transition.kind) { hasNotableEvent = true }
    }
    labPlace = lab.log.end
    // Before the lab's log comes round, its run ends and what is in it is taken over.
    lab.log.fullAt = labPlace &+ UInt64(lab.log.capacity / 2)
    guestPlace = guest.log.end
  }

  /// What the virtual processor has written down happened with the real one in the monitor.
  func amendGuestEvents(_ guest: inout CPU) {
    for place in max(guestPlace, guest.log.start)..<guest.log.end {
      let trap = trapNumber
      let tick = lab.ticks
      guest.log.amend(place: place) {
        $0.tick = tick
        ($0.fromCPL, $0.toCPL) = (0, 0)
        $0.actor = .monitor
        if trap > 0 && $0.parentDistance == 0 {
          $0.parentDistance = UInt32(clamping: $0.sequence - trap)
        }
      }
    }
    guestPlace = guest.log.end
  }

  /// Writes down what was done to the shadow page tables.
  func recordShadow(
    _ operation: ShadowOperation, linear: UInt32 = 0, entry: UInt32 = 0, _ guest: inout CPU
  ) {
    record(.shadowPaging, operation.rawValue, UInt64(linear), UInt64(entry), &guest)
  }

  /// Writes down what was done to translations of guest code.
  func recordTranslation(
    _ operation: TranslationOperation, linear: UInt32, _ page: PhysicalAddress, _ guest: inout CPU
  ) {
    record(.translation, operation.rawValue, UInt64(linear), page, &guest)
  }

  /// Something that the monitor has done on its own.
  private func record(
    _ kind: TransitionKind, _ code: UInt32, _ info: UInt64, _ detail: UInt64, _ guest: inout CPU
  ) {
    var transition = Transition(kind: kind)
    transition.tick = lab.ticks
    transition.guestTick = guest.ticks
    transition.code = code
    transition.info = info
    transition.detail = detail
    // Where the guest is, the trap says: its registers may be in the lab processor still.
    transition.actor = .monitor
    transition.fromVirtualRing = guest.cpl
    transition.toVirtualRing = guest.cpl
    if trapNumber > 0 {
      transition.parentDistance = UInt32(clamping: guest.log.count + 1 - trapNumber)
    }
    guest.log.append(transition)
    if guest.log.isNotable(kind) { hasNotableEvent = true }
    guestPlace = guest.log.end
  }

  /// What the guest takes a real ring for: 1 for 0, and in the monitor for what it was before.
  private static func virtualRing(_ ring: UInt8, _ believed: UInt8) -> UInt8 {
    switch ring {
    case 0: believed
    case 1: 0
    default: ring
    }
  }
}
