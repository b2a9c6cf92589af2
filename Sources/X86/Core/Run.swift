/// The outer loop: what waits at an instruction boundary, blocks until the budget ends, faults.
extension CPU {
  /// Executes until tick `target`, or until there is something for the machine to do.
  ///
  /// Never runs past `target`: a block is stopped inside when it has to be.
  public mutating func run(until target: UInt64) -> RunExit {
    while true {
      if isShutDown { return .shutdown }
      needsAttention = false
      if let exit = takePending(until: target) { return exit }
      if needsAttention { return .attention }
      if ticks >= target { return .budget }
      if _slowPath(stopsAtCode) && isStopped(at: codeBase &+ eip) {
        passedTick = ticks
        return .breakpoint
      }

      let stepping = mustStep
      let mayTrap = systemFlags.contains(.trap)
      let resumes = systemFlags.contains(.resume)
      loadedResume = false
      suppressesSingleStep = false
      setBudget(stepping ? ticks &+ 1 : target)
      var isRetired = true
      do { try runBlocks() } catch {
        isRetired = false
        leaveBlock()
        removePlantedStop()
        pendingDebug = 0
        if error.isExit { event { $0.leaveGuest() } } else { deliver(error) }
      }
      removePlantedStop()
      blockEnd = currentInstruction
      if stepping && isRetired { finishStep(mayTrap: mayTrap, resumed: resumes) }
      if needsAttention && !isShutDown && !isHalted {
        guard isAtHostGate else { return .attention }
        isAtHostGate = false
        return .gate
      }
    }
  }

  /// Executes one instruction, one iteration of a repeated one, or delivers one event.
  public mutating func step() -> RunExit { run(until: ticks &+ 1) }

  /// Lets time pass without instructions, for a halted processor.
  public mutating func skip(to tick: UInt64) {
    precondition(tick >= ticks, "time does not go back")
    skippedTicks &+= tick &- ticks
    targetTick = tick
    remaining = 0
  }

  private mutating func setBudget(_ target: UInt64) {
    let now = ticks
    targetTick = target
    remaining = Int(truncatingIfNeeded: min(target &- now, 1 << 40))
    targetTick = now &+ UInt64(remaining)
  }

  /// TF, RF, an armed execution breakpoint or an interrupt shadow: one instruction at a time.
  @inline(__always)
  private var mustStep: Bool {
    !systemFlags.isDisjoint(with: [.trap, .resume]) || debugRegisters[7] & 0xFF != 0
      || interruptShadow != .none
  }

  private mutating func finishStep(mayTrap: Bool, resumed: Bool) {
    // RF lasts for one instruction, unless that instruction has just loaded it.
    if resumed && !loadedResume { systemFlags.remove(.resume) }
    // MOV SS holds the single-step trap off too: it comes after the next instruction.
    if mayTrap && !suppressesSingleStep && interruptShadow != .afterMovSS {
      pendingDebug |= DebugStatus.singleStep
    }
  }

  /// Debug traps, NMI, interrupts and execution breakpoints, in the order of SDM 3A, 6.9.
  private mutating func takePending(until target: UInt64) -> RunExit? {
    let shadow = interruptShadow
    let canTake = ticks < target
    if svm.injection != 0 {
      guard canTake else { return .budget }
      isHalted = false
      event { $0.deliverInjection() }
      return isShutDown ? .shutdown : nil
    }
    // With GIF clear breakpoints are lost.
    if !svm.globalInterruptFlag { pendingDebug &= ~DebugStatus.breakpoints }
    if pendingDebug != 0 && shadow != .afterMovSS {
      guard canTake else { return .budget }
      let conditions = pendingDebug
      pendingDebug = 0
      isHalted = false
      event { $0.deliverDebug(conditions) }
    } else if nonMaskableRequested && !nonMaskableBlocked && svm.globalInterruptFlag
      && shadow != .afterMovSS
    {
      guard canTake else { return .budget }
      if intercepts(.nonMaskable) { return leaveGuest(for: .nonMaskable) }
      nonMaskableRequested = false
      nonMaskableBlocked = true
      isHalted = false
      event { $0.deliverInterrupt(Vector.nonMaskable, isNonMaskable: true) }
    } else if interruptRequested && acceptsInterrupts && shadow == .none {
      guard canTake else { return .budget }
      if intercepts(.interrupt) { return leaveGuest(for: .interrupt) }
      isHalted = false
      let vector = bus.acknowledgeInterrupt(at: ticks)
      event { $0.deliverInterrupt(vector, isNonMaskable: false) }
      return .attention
    } else if svm.isGuest && shadow == .none && acceptsVirtualInterrupt {
      guard canTake else { return .budget }
      if intercepts(.virtualInterrupt) { return leaveGuest(for: .virtualInterrupt) }
      isHalted = false
      event { $0.deliverVirtualInterrupt() }
    } else if isHalted {
      return .halted
    } else if shadow != .afterMovSS, svm.globalInterruptFlag,
      let breakpoints = executionBreakpoints()
    {
      guard canTake else { return .budget }
      event { $0.deliverDebug(breakpoints) }
    }
    return isShutDown ? .shutdown : nil
  }

  /// Leaves the guest at a boundary; what was about to interrupt it stays pending.
  private mutating func leaveGuest(for code: ExitCode) -> RunExit? {
    exit(code)
    event { $0.leaveGuest() }
    return isShutDown ? .shutdown : nil
  }

  /// Execution breakpoints at the next instruction, as DR6 bits; RF lets it pass once.
  private mutating func executionBreakpoints() -> UInt32? {
    let dr7 = debugRegisters[7]
    guard dr7 & 0xFF != 0, !systemFlags.contains(.resume) else { return nil }
    let linear = codeBase &+ eip
    var found: UInt32 = 0
    for index in 0..<4
    where dr7 >> UInt32(index * 2) & 3 != 0 && dr7 >> UInt32(16 + index * 4) & 3 == 0
      && debugRegisters[index] == linear
    {
      found |= 1 << UInt32(index)
    }
    return found == 0 ? nil : found
  }

  /// Runs a delivery, which is one tick.
  private mutating func event(_ body: (inout CPU) -> Void) {
    body(&self)
    targetTick &+= 1
  }

  private mutating func deliver(_ fault: Interruption) {
    // The fault may have come while the instruction had its registers half prepared.
    nextEIP = eip
    event { $0.deliverFault(fault) }
  }
}

/// Why `CPU.run` came back.
public enum RunExit: Equatable, Sendable {
  /// The target tick is reached.
  case budget
  /// A device was accessed or an interrupt taken: deadlines and lines may have moved.
  case attention
  /// HLT: nothing happens until an interrupt.
  case halted
  /// The next instruction is one that somebody waits for; the next `run` executes it.
  case breakpoint
  /// A triple fault.
  case shutdown
  /// A host gate has been executed: a monitor is called.
  case gate
}

/// Bits of DR6 (SDM 3B, 17.2.3).
enum DebugStatus {
  static let breakpoints: UInt32 = 0xF
  static let detected: UInt32 = 1 << 13
  static let singleStep: UInt32 = 1 << 14
  static let taskSwitch: UInt32 = 1 << 15
}
