import X86

/// What the monitor does when the guest has been left.
extension SVMMonitor {
  /// The host loop has come to its gate: what the guest came out for is seen to. Nil: on with the guest.
  func exited(_ guest: inout CPU) -> RunExit? {
    isInMonitor = true
    takeLabEvents(&guest)
    countDirect(until: exitTick, &guest)
    block.copy(to: blockAtExit)
    if let exitReader {
      exitReader.read(lastExit.exit, since: lastExit.entry, at: guest.ticks)
    }
    lift(&guest, from: block)
    let code = ExitCode(rawValue: block[.exitCode])
    counters.count(code)
    switch code {
    // The host's own handler has taken it, or the guest is ready for what waits.
    case .interrupt, .virtualInterrupt: return nil
    case .invalid:
      unsupported = "a guest state that VMRUN refuses (VMEXIT_INVALID)"
      return nil
    case .shutdown:
      guest.shutDownElsewhere()
      return .shutdown
    case .nestedPageFault:
      guard isDevice(block[.exitInfo2], guest) else { return nil }
      counters.deviceFaults &+= 1
      return emulate(code, &guest, isDevice: true)
    case .exception(Vector.pageFault) where isShadowing: return pageFault(&guest)
    default: return emulate(code, &guest, isDevice: code == .io)
    }
  }

  /// What nested tables refuse is a device, ROM or nothing; RAM only if somebody has damaged them.
  private func isDevice(_ address: PhysicalAddress, _ guest: borrowing CPU) -> Bool {
    guard guest.memory.isWritable(at: address) else { return true }
    unsupported =
      "RAM that the nested page tables do not give to the guest, at \(String(address, radix: 16))h"
    return false
  }

  /// Lets the virtual processor do what the guest could not do itself. Ports and memory of devices are
  /// the business of the process that has them.
  func emulate(_ code: ExitCode, _ guest: inout CPU, isDevice: Bool = false) -> RunExit? {
    isAtDevices = isDevice
    if isAtDevices { recordDeviceExit(code, &guest) }
    defer { isAtDevices = false }
    let delivering = block[.exitInterruptInfo]
    if Self.mustRepeat(delivering) { guest.inject(delivering) }
    let before = guest.ticks
    // Whoever waits for this instruction has been told when the lab processor came to it.
    guest.passWatchedInstruction()
    let exit = stepGuest(&guest, until: before &+ 1)
    counters.emulated &+= guest.ticks &- before
    return exit
  }

  /// Whether the event in EXITINTINFO is lost unless it is delivered again: the instruction at the
  /// guest's RIP will not raise it. Interrupts, and traps of the debug registers and TF.
  static func mustRepeat(_ event: UInt64) -> Bool {
    guard event & 1 << 31 != 0 else { return false }
    switch event >> 8 & 7 {
    case 0, 2: return true
    case 3: return event & 0xFF == 1
    default: return false
    }
  }

  /// Lets the virtual processor execute: one instruction or event as a rule. Nil: nothing has happened
  /// that the machine must look at.
  func stepGuest(_ guest: inout CPU, until target: UInt64) -> RunExit? {
    giveFPUToGuest(&guest)
    let exit = guest.run(until: target)
    amendGuestEvents(&guest)
    follow(&guest)
    return exit == .budget ? nil : exit
  }

  /// Carries over what the virtual processor has changed: code and translations.
  func follow(_ guest: inout CPU) {
    for page in guest.takeWrittenPages() { memoryChanged(at: page, size: 4096) }
    for page in guest.takeNewCodePages() { lab.watch(page: GuestMemory.machineAddress(of: page)) }
    followFlush(guest.takeFlush(), &guest)
  }

  // MARK: Interrupts

  /// Gives the guest the interrupt that its controllers request, by EVENTINJ.
  func injectInterrupt(_ guest: inout CPU) {
    let vector = guest.acknowledgeInterrupt()
    block[.eventInjection] = 1 << 31 | UInt64(vector)
    counters.injections &+= 1
    recordInjection(vector, &guest)
  }

  /// An exit is asked for as soon as the guest would take an interrupt.
  func askForWindow(_ isWanted: Bool) {
    block[intercept: .virtualInterrupt] = isWanted
    block[.virtualIRQ] = isWanted ? 1 : 0
  }

  var hasWindow: Bool { block[.virtualIRQ] & 1 != 0 }
}
