/// Recording transitions, attention, debug conditions: what the rest of the core calls when something
/// happens that the run loop or the log must know.
extension CPU {
  /// The exact machine tick: every instruction retired so far and every event delivered.
  @inline(__always)
  public var ticks: UInt64 {
    targetTick &- UInt64(bitPattern: Int64(remaining + (blockEnd - currentInstruction)))
  }

  /// Ticks in which something was executed or delivered: `ticks` without what HLT skipped.
  public var instructions: UInt64 { ticks &- skippedTicks }

  /// Ends the run after the current instruction, so that whoever drives the processor looks at the
  /// machine again: an access may have moved a deadline or an interrupt line. Ticks do not change.
  mutating func requestAttention() {
    targetTick &-= UInt64(bitPattern: Int64(remaining))
    remaining = 0
    needsAttention = true
    if currentInstruction < blockEnd { plantStop(currentInstruction + 1) }
  }

  /// Makes the running block end before `instruction`.
  mutating func plantStop(_ instruction: UnsafePointer<Instruction>) {
    removePlantedStop()
    let place = UnsafeMutablePointer(mutating: instruction)
    displacedHandler = place.pointee.handler
    place.pointee.handler = .stop
    plantedStop = place
  }

  mutating func removePlantedStop() {
    guard let place = plantedStop else { return }
    place.pointee.handler = displacedHandler
    plantedStop = nil
  }

  /// Whether STI, MOV SS or POP SS, executed just before, hold interrupts off for one instruction.
  var interruptShadow: InterruptShadow {
    @inline(__always)
    get { shadowKind != .none && ticks == shadowTick ? shadowKind : .none }
    set {
      shadowKind = newValue
      shadowTick = ticks &+ 1
      if interruptRequested || nonMaskableRequested || pendingDebug != 0
        || svm.guest.isInterruptRequested
      {
        requestAttention()
      }
    }
  }

  /// Offset in CS of the instruction being executed, or of the next one between instructions.
  var instructionPointer: UInt32 {
    currentInstruction < blockEnd ? blockStart &+ UInt32(currentInstruction.pointee.offset) : eip
  }

  /// Loads a segment register whole, and everything that is derived from it.
  mutating func setSegment(_ index: Int, _ segment: Segment) {
    segments[index] = segment
    if index == SegmentRegister.cs { updateCodeStamp() }
    if index == SegmentRegister.ss { stackMask = segment.isBig ? 0xFFFF_FFFF : 0xFFFF }
  }

  /// Replaces the system flags (TF IF DF IOPL NT RF VM AC VIF VIP ID) with those of `flags`.
  mutating func setSystemFlags(_ flags: EFLAGS) {
    let changed = flags.symmetricDifference(systemFlags)
    systemFlags = flags.subtracting(.arithmetic).union(.alwaysSet)
    if changed.contains(.alignmentCheck) && cr0.contains(.alignmentMask) { tlb.withdrawAll() }
    if !flags.isDisjoint(with: [.trap, .resume])
      || flags.contains(.interrupt) && (interruptRequested || svm.guest.isInterruptRequested)
    {
      requestAttention()
    }
  }

  /// Sees whether a data access meets a breakpoint in DR0-DR3; the #DB comes after the instruction.
  mutating func noteDataBreakpoint(_ linear: UInt32, _ size: Int, isWrite: Bool) {
    noteBreakpoint(linear, size) { $0 == 3 || $0 == 1 && isWrite }
  }

  /// The same for a port; CR4.DE gives the condition for that its meaning.
  mutating func notePortBreakpoint(_ port: UInt16, _ size: Int) {
    guard cr4.contains(.debuggingExtensions) else { return }
    noteBreakpoint(UInt32(port), size) { $0 == 2 }
  }

  /// Notes the breakpoints armed for a condition (DR7.R/W) that an access touches.
  private mutating func noteBreakpoint(
    _ address: UInt32, _ size: Int, _ isMeant: (UInt32) -> Bool
  ) {
    let dr7 = debugRegisters[7]
    for index in 0..<4
    where dr7 >> UInt32(index * 2) & 3 != 0 && isMeant(dr7 >> UInt32(16 + index * 4) & 3) {
      let length = dr7 >> UInt32(18 + index * 4) & 3
      let start = debugRegisters[index] & ~length
      if address <= start &+ length && start <= address &+ UInt32(size - 1) {
        pendingDebug |= 1 << UInt32(index)
      }
    }
    if pendingDebug != 0 { requestAttention() }
  }

  /// A write is about to change bytes of a frame that has code in it.
  mutating func invalidateCode(
    _ frame: UnsafeMutablePointer<Frame>, physical: PhysicalAddress, size: Int
  ) {
    let start = UInt32(truncatingIfNeeded: physical & 0xFFF)
    let end = start + UInt32(size)
    guard frame.pointee.codeMask & BlockCache.chunks(from: start, to: end) != 0 else { return }
    blocks.remove(in: frame, page: physical & ~0xFFF, from: start, to: end)
  }

  /// Code or data in `[address, address + size)` was changed from outside (a loader, a debugger, DMA);
  /// `PageChanges.willWrite` has been told before.
  public mutating func memoryChanged(at address: PhysicalAddress, size: Int) {
    var current = address
    let end = address + UInt64(size)
    while current < end {
      let next = min((current | 0xFFF) + 1, end)
      if let frame = memory.frame(at: current), frame.pointee.codeMask != 0 {
        invalidateCode(frame, physical: current, size: Int(next - current))
      }
      current = next
    }
  }
}
