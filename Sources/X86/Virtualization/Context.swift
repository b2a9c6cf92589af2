/// Moving a program's state from one processor to another: what a monitor does when it takes a
/// guest's registers from the lab processor into the virtual one, and puts them back.
extension CPU {
  /// EAX to EDI of another processor.
  public mutating func takeRegisters(of other: borrowing CPU) {
    registers.copyMemory(from: other.registers, byteCount: 8 * 8)
  }

  /// The x87 state changes sides.
  public mutating func exchangeFPU(with other: inout CPU) {
    let mine = fpu.state
    fpu.state = other.fpu.state
    other.fpu.state = mine
    let error = floatingPointError
    floatingPointError = other.floatingPointError
    other.floatingPointError = error
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

/// The state in which a monitor starts the processor it owns: protected mode with paging at CPL 0,
/// interrupts off.
public struct MonitorState {
  public var cr0: CR0
  public var cr3: UInt32
  public var cr4: CR4
  public var gdtBase: UInt32
  public var gdtLimit: UInt16
  public var idtBase: UInt32
  public var idtLimit: UInt16
  public var code: UInt16
  public var data: UInt16
  public var task: UInt16
  public var ldt: UInt16
  public var eip: UInt32
  public var esp: UInt32

  public init(
    cr0: CR0, cr3: UInt32, cr4: CR4, gdtBase: UInt32, gdtLimit: UInt16, idtBase: UInt32,
    idtLimit: UInt16, code: UInt16, data: UInt16, task: UInt16, ldt: UInt16, eip: UInt32,
    esp: UInt32
  ) {
    (self.cr0, self.cr3, self.cr4) = (cr0, cr3, cr4)
    (self.gdtBase, self.gdtLimit) = (gdtBase, gdtLimit)
    (self.idtBase, self.idtLimit) = (idtBase, idtLimit)
    (self.code, self.data, self.task, self.ldt) = (code, data, task, ldt)
    (self.eip, self.esp) = (eip, esp)
  }
}

extension CPU {
  /// Puts the processor into a monitor's hands. Descriptors come from the table in memory, which
  /// the monitor has written: one that is missing is the monitor's mistake.
  public mutating func enter(_ state: MonitorState) {
    let now = ticks
    reset()
    targetTick = now
    (cr0, cr3, cr4) = (state.cr0, state.cr3, state.cr4)
    (gdtBase, gdtLimit) = (state.gdtBase, state.gdtLimit)
    (idtBase, idtLimit) = (state.idtBase, state.idtLimit)
    for (index, selector) in [
      (SegmentRegister.cs, state.code), (SegmentRegister.ss, state.data),
      (SegmentRegister.ds, state.data), (SegmentRegister.es, state.data),
      (SegmentRegister.tr, state.task), (SegmentRegister.ldtr, state.ldt),
    ] {
      guard let found = peekDescriptor(selector) else {
        preconditionFailure("the monitor's own descriptor \(selector) is missing")
      }
      setSegment(index, Segment(selector: selector, descriptor: found))
    }
    self[.esp] = state.esp
    flushTLB()
    resume(at: state.eip, cpl: 0)
  }

  /// Replaces CR0 without the checks of MOV CR0: for bits that change no translation.
  public mutating func mirrorCR0(_ bits: CR0, of other: CR0) {
    precondition(bits.isDisjoint(with: [.protection, .paging, .writeProtect]))
    let new = cr0.subtracting(bits).union(other.intersection(bits))
    if new.symmetricDifference(cr0).contains(.alignmentMask) { tlb.withdrawAll() }
    cr0 = new
  }

  /// Replaces bits of CR4 that change no translation.
  public mutating func mirrorCR4(_ bits: CR4, of other: CR4) {
    precondition(bits.isSubset(of: [.fxsave, .debuggingExtensions]))
    cr4 = cr4.subtracting(bits).union(other.intersection(bits))
  }
}
