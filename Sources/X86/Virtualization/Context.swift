/// Moving a program's state from one processor to another: what a monitor does when it takes a
/// guest's registers from the lab processor into the virtual one, and puts them back.
extension CPU {
  /// EAX to EDI of another processor.
  public mutating func takeRegisters(of other: borrowing CPU) {
    registers.copyMemory(from: other.registers, byteCount: 8 * 8)
  }

  /// The x87 state changes sides.
  public mutating func exchangeFPU(with other: inout CPU) {
    swap(&fpu, &other.fpu)
    swap(&floatingPointError, &other.floatingPointError)
  }

  /// The interrupt shadow that MOV SS has cast on the next instruction.
  public mutating func takeInterruptShadow(of other: borrowing CPU) {
    if other.shadowKind != .none && other.ticks == other.shadowTick {
      (shadowKind, shadowTick) = (other.shadowKind, ticks)
    }
  }

  /// A single-step trap that another processor has taken for this one: it waits here now. False if there
  /// was none.
  public mutating func takeDebugTrap(of other: inout CPU) -> Bool {
    let isTrap = other.debugRegisters[6] & DebugStatus.singleStep != 0
    other.debugRegisters[6] &= ~DebugStatus.singleStep
    if isTrap { pendingDebug |= DebugStatus.singleStep }
    return isTrap
  }

  /// Where the x87 remembers its last instruction that was not a control instruction.
  public var floatingPointInstruction: (selector: UInt16, offset: UInt32) {
    get { (fpu.codeSelector, fpu.instructionPointer) }
    set { (fpu.codeSelector, fpu.instructionPointer) = (newValue.selector, newValue.offset) }
  }

  /// The segment of its last operand in memory.
  public var floatingPointOperandSelector: UInt16 {
    get { fpu.dataSelector }
    set { fpu.dataSelector = newValue }
  }

  /// The instruction before this boundary was STI, executed elsewhere: interrupts are held off for one
  /// more.
  public mutating func resumeBehindSTI() {
    shadowKind = .afterSTI
    shadowTick = ticks
  }

  /// Puts the processor at an instruction, between two instructions.
  public mutating func resume(at offset: UInt32, cpl level: UInt8) {
    precondition(currentInstruction == blockEnd, "not in the middle of a block")
    (eip, nextEIP) = (offset, offset)
    setCPL(level)
  }

  /// Loads a segment register, hidden part and all.
  public mutating func replaceSegment(_ index: Int, _ segment: Segment) {
    setSegment(index, segment)
  }

  /// Time that passed while another processor executed for this one, in ticks.
  public mutating func retireElsewhere(_ count: UInt64) {
    targetTick &+= count
  }

  /// An event waits that will be taken soon: an interrupt that IF allows, a debug trap. It may be held
  /// back for one more instruction.
  public var hasWaitingEvent: Bool {
    pendingDebug != 0 || nonMaskableRequested && !nonMaskableBlocked
      || interruptRequested && systemFlags.contains(.interrupt)
  }

  /// TF is set or a breakpoint register armed: every instruction is looked at.
  public var isDebugged: Bool {
    systemFlags.contains(.trap) || debugRegisters[7] & 0xFF != 0
  }

  /// A20 is masked, and addresses are not what they seem.
  public var isAddressMasked: Bool { addressMask != .max }

  /// The descriptor that a selector names, seen by a monitor: no faults, nothing changed.
  public func peekDescriptor(_ selector: UInt16) -> Descriptor? {
    let offset = UInt32(selector & 0xFFF8)
    var base = gdtBase
    var limit = UInt32(gdtLimit)
    if Selector.isLocal(selector) {
      let table = segments[SegmentRegister.ldtr]
      guard table.isUsable else { return nil }
      (base, limit) = (table.base, table.limit)
    }
    guard offset + 7 <= limit else { return nil }
    return peekQuadword(base &+ offset).map { Descriptor(raw: $0) }
  }

  /// Eight bytes at a linear address, little-endian; nil when one of them is not in memory.
  public func peekQuadword(_ linear: UInt32) -> UInt64? {
    if linear & 0xFFF <= 0xFF8 {
      guard let physical = peekTranslate(linear) else { return nil }
      return memory.host(at: physical)?.loadUnaligned(as: UInt64.self)
    }
    var value: UInt64 = 0
    for index in 0..<8 {
      guard let byte = peekByte(linear &+ UInt32(index)) else { return nil }
      value |= UInt64(byte) << UInt64(index * 8)
    }
    return value
  }
}
