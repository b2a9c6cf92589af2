/// What a monitor asks of the two processors when AMD-V runs its guest: the one that executes VMRUN,
/// and the one that holds what the guest believes.
extension CPU {
  /// There was a VMRUN, and no #VMEXIT since.
  public var isInGuest: Bool { svm.isGuest }

  /// A guest of the guest's own, or what an SVM host may do outside one: GIF is clear.
  public var isHosting: Bool { svm.isGuest || !svm.globalInterruptFlag }

  /// An event that VMRUN was asked for has not been delivered yet.
  public var hasInjection: Bool { svm.injection != 0 }

  /// Reads RDTSC's counter as the next instruction would.
  public var timeStampNow: UInt64 { timeStamp }

  /// INTR would be taken before the next instruction; if traps come first, after them.
  public var takesInterruptNow: Bool {
    interruptRequested && acceptsInterrupts && interruptShadow == .none
  }

  /// An interrupt that is always accepted would come before the next instruction.
  public var canBeInterrupted: Bool {
    interruptShadow == .none && pendingDebug == 0 && svm.injection == 0
  }

  /// A debug trap or NMI comes before the next instruction.
  public var hasWaitingTrap: Bool {
    pendingDebug != 0 || nonMaskableRequested && !nonMaskableBlocked
  }

  /// The INTA cycle for an interrupt that somebody else will deliver: HLT is over. Returns its vector.
  public mutating func acknowledgeInterrupt() -> UInt8 {
    isHalted = false
    return bus.acknowledgeInterrupt(at: ticks)
  }

  /// Has the next run begin with the delivery of an event, in the format of EVENTINJ.
  public mutating func inject(_ event: UInt64) { svm.injection = event }

  /// A triple fault that another processor met for this one. An event: it takes a tick.
  public mutating func shutDownElsewhere() {
    isShutDown = true
    retireElsewhere(1)
  }

  /// The FERR# pin of the processor that executes. True if it changed.
  public mutating func takeNumericError(of other: borrowing CPU) -> Bool {
    defer { floatingPointError = other.floatingPointError }
    return floatingPointError != other.floatingPointError
  }

  /// What a CR3 load forgets, for a monitor.
  public mutating func forgetNonGlobal() {
    tlb.flushNonGlobal()
    startNewGeneration()
  }

  /// Forgets the translations of host and guest.
  public mutating func flushAllTranslations() { flushAllAddressSpaces() }

  /// INVLPGA for a monitor: forgets one page of an address space.
  public mutating func invalidate(page linear: UInt32, ofAddressSpace asid: UInt32) {
    flushPage(linear, of: asid)
  }
}
