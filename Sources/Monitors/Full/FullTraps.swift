import X86

/// What the monitor does when the guest has trapped.
extension FullVirtualization {
  /// A stub has called: what the guest did is done for it. Nil: on with the guest.
  func trapped(_ guest: inout CPU) -> RunExit? {
    let frame = enteredMonitor(&guest)
    let vector = Int(frame.vector & 0xFF)
    var exit = RunExit.budget
    switch callout(frame) {
    case .lost: return .shutdown
    case .transfer(let place):
      exit = lead(place, &guest)
      return exit == .budget ? nil : exit
    case .instruction: break
    }
    switch vector {
    case 14 where fillShadow(frame, &guest): break
    // Only damaged tables lead here: the machine is lost, as with any monitor.
    case 8: return .shutdown
    default:
      if vector == 1 { takeDebugTrap(frame, &guest) }
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
    counters.monitorInstructions &+= MonitorMemory.entryLength(vector)
    return frame
  }

  /// #DB is the one event that comes behind an instruction: after a POPF that has set TF, the guest is
  /// to have it now. INT1 is the other way to it, and is executed again, on the virtual processor.
  private func takeDebugTrap(_ frame: TrapFrame, _ guest: inout CPU) {
    if guest.takeDebugTrap(of: &lab) { return }
    var again = frame
    again.eip &-= 1
    again.store(in: memory)
  }

  /// What only the hosted process can do for the guest: devices, and waiting.
  private func deviceEvents(_ guest: borrowing CPU) -> UInt64 {
    [.portRead, .portWrite, .memoryMappedRead, .memoryMappedWrite, .halt].reduce(0) {
      $0 + guest.log.total(of: $1)
    }
  }

  /// Lets the virtual processor execute: one instruction or event as a rule.
  func stepGuest(_ guest: inout CPU, until target: UInt64) -> RunExit {
    synchronize(&guest)
    giveFPUToGuest(&guest)
    isProjected = false
    let before = deviceEvents(guest)
    let exit = guest.run(until: target)
    counters.toProcess &+= deviceEvents(guest) &- before
    amendGuestEvents(&guest)
    follow(&guest)
    return exit
  }
}
