/// A virtual machine control block as the memory of this process has it: what a monitor, whose body
/// is not x86 code, reads and writes of one (AMD APM 2, appendix B).
public struct ControlBlock {
  private let start: UnsafeMutableRawPointer

  /// Bytes that the manual's layout gives names to.
  public static let size = 0x670

  /// The block whose 4096 bytes are at `start`.
  public init(at start: UnsafeMutableRawPointer) { self.start = start }

  /// Copies what the manual's layout names.
  public func copy(to other: ControlBlock) {
    other.start.copyMemory(from: start, byteCount: Self.size)
  }

  /// All of that as numbers.
  public var words: [UInt64] {
    get {
      stride(from: 0, to: Self.size, by: 8).map { start.load(fromByteOffset: $0, as: UInt64.self) }
    }
    nonmutating set {
      precondition(newValue.count == Self.size / 8)
      for (index, word) in newValue.enumerated() {
        start.storeBytes(of: word, toByteOffset: index * 8, as: UInt64.self)
      }
    }
  }

  /// A field, zero-extended; of a value wider than the field the lower bytes count.
  public subscript(field: VMCBField) -> UInt64 {
    get {
      switch field.width {
      case 1: UInt64(start.load(fromByteOffset: field.rawValue, as: UInt8.self))
      case 2: UInt64(load(field, as: UInt16.self))
      case 4: UInt64(load(field, as: UInt32.self))
      default: load(field, as: UInt64.self)
      }
    }
    nonmutating set {
      switch field.width {
      case 1: store(UInt8(truncatingIfNeeded: newValue), field)
      case 2: store(UInt16(truncatingIfNeeded: newValue), field)
      case 4: store(UInt32(truncatingIfNeeded: newValue), field)
      default: store(newValue, field)
      }
    }
  }

  /// The intercept bit that an exit code below A0h numbers.
  public subscript(intercept code: ExitCode) -> Bool {
    get {
      start.load(fromByteOffset: Int(code.rawValue >> 3), as: UInt8.self) >> (code.rawValue & 7) & 1
        != 0
    }
    nonmutating set {
      let place = Int(code.rawValue >> 3)
      let bit = UInt8(1) << UInt8(code.rawValue & 7)
      let byte = start.load(fromByteOffset: place, as: UInt8.self)
      start.storeBytes(of: newValue ? byte | bit : byte & ~bit, toByteOffset: place, as: UInt8.self)
    }
  }

  private func load<T: FixedWidthInteger>(_ field: VMCBField, as: T.Type) -> T {
    T(littleEndian: start.loadUnaligned(fromByteOffset: field.rawValue, as: T.self))
  }

  private func store<T: FixedWidthInteger>(_ value: T, _ field: VMCBField) {
    start.storeBytes(of: value.littleEndian, toByteOffset: field.rawValue, as: T.self)
  }

  fileprivate func word(_ field: VMCBField) -> UInt32 { UInt32(truncatingIfNeeded: self[field]) }

  /// A segment register as VMRUN would load it.
  fileprivate func segment(_ index: Int) -> Segment {
    let place = VMCBField.segment(index)
    let low = UInt64(littleEndian: start.loadUnaligned(fromByteOffset: place, as: UInt64.self))
    let high = UInt64(littleEndian: start.loadUnaligned(fromByteOffset: place + 8, as: UInt64.self))
    return Segment(controlBlock: low, high)
  }

  fileprivate func store(_ segment: Segment, _ index: Int) {
    let place = VMCBField.segment(index)
    let (low, high) = segment.controlBlockWords
    start.storeBytes(of: low.littleEndian, toByteOffset: place, as: UInt64.self)
    start.storeBytes(of: high.littleEndian, toByteOffset: place + 8, as: UInt64.self)
  }
}

/// Between the processor that holds what a guest believes and the block from which another one runs it.
extension CPU {
  /// Writes down the registers that VMRUN and VMLOAD load, EAX and ESP among them.
  public func store(in block: ControlBlock) {
    for index in 0..<8 { block.store(segments[index], index) }
    block[.gdtrBase] = UInt64(gdtBase)
    block[.gdtrLimit] = UInt64(gdtLimit)
    block[.idtrBase] = UInt64(idtBase)
    block[.idtrLimit] = UInt64(idtLimit)
    block[.cpl] = UInt64(cpl)
    // A rule: without SVME VMRUN refuses.
    block[.efer] = msrs.efer | ExtendedFeatures.virtualMachines
    block[.cr0] = UInt64(cr0.rawValue)
    block[.cr2] = UInt64(cr2)
    block[.cr3] = UInt64(cr3)
    block[.cr4] = UInt64(cr4.rawValue)
    block[.dr6] = UInt64(debugRegisters[6])
    block[.dr7] = UInt64(debugRegisters[7])
    block[.rflags] = UInt64(eflags.rawValue)
    block[.rip] = UInt64(eip)
    block[.rsp] = UInt64(self[.esp])
    block[.rax] = UInt64(self[.eax])
    block[.sysenterCS] = UInt64(msrs.sysenterCS)
    block[.sysenterESP] = UInt64(msrs.sysenterESP)
    block[.sysenterEIP] = UInt64(msrs.sysenterEIP)
    block[.guestPAT] = msrs.pat
    block[.interruptShadow] = interruptShadow == .none ? 0 : 1
  }

  /// Takes the registers over that #VMEXIT and VMSAVE have written. CR0, CR3 and CR4 stay with
  /// `keepingPaging`: the block has what stands for them.
  public mutating func load(from block: ControlBlock, keepingPaging: Bool = false) {
    let pagingBefore = (cr0, cr3, cr4)
    if !keepingPaging {
      cr0 = CR0(rawValue: block.word(.cr0))
      cr3 = block.word(.cr3)
      cr4 = CR4(rawValue: block.word(.cr4))
    }
    cr2 = block.word(.cr2)
    debugRegisters[6] = block.word(.dr6)
    debugRegisters[7] = block.word(.dr7)
    eflags = EFLAGS(rawValue: block.word(.rflags))
    for index in 0..<8 { setSegment(index, block.segment(index)) }
    (gdtBase, gdtLimit) = (block.word(.gdtrBase), UInt16(truncatingIfNeeded: block[.gdtrLimit]))
    (idtBase, idtLimit) = (block.word(.idtrBase), UInt16(truncatingIfNeeded: block[.idtrLimit]))
    self[.eax] = block.word(.rax)
    self[.esp] = block.word(.rsp)
    takeFeatures(block[.efer])
    msrs.sysenterCS = block.word(.sysenterCS)
    msrs.sysenterESP = block.word(.sysenterESP)
    msrs.sysenterEIP = block.word(.sysenterEIP)
    resume(at: block.word(.rip), cpl: UInt8(truncatingIfNeeded: block[.cpl]) & 3)
    isHalted = false
    pendingDebug = 0
    (shadowKind, shadowTick) = (block[.interruptShadow] & 1 != 0 ? .afterSTI : .none, ticks)
    followPaging(pagingBefore)
  }

  /// Takes the registers over of a processor that is in the middle of the guest.
  public mutating func takeGuest(of other: borrowing CPU, keepingPaging: Bool = false) {
    let pagingBefore = (cr0, cr3, cr4)
    takeRegisters(of: other)
    if !keepingPaging { (cr0, cr3, cr4) = (other.cr0, other.cr3, other.cr4) }
    cr2 = other.cr2
    for index in 0..<8 {
      debugRegisters[index] = other.debugRegisters[index]
      setSegment(index, other.segments[index])
    }
    (lazy, systemFlags) = (other.lazy, other.systemFlags)
    (gdtBase, gdtLimit) = (other.gdtBase, other.gdtLimit)
    (idtBase, idtLimit) = (other.idtBase, other.idtLimit)
    takeFeatures(other.msrs.efer)
    msrs.sysenterCS = other.msrs.sysenterCS
    msrs.sysenterESP = other.msrs.sysenterESP
    msrs.sysenterEIP = other.msrs.sysenterEIP
    resume(at: other.eip, cpl: other.cpl)
    (isHalted, pendingDebug) = (other.isHalted, other.pendingDebug)
    (shadowKind, shadowTick) = (other.interruptShadow, ticks)
    followPaging(pagingBefore)
  }

  /// EFER of the processor that runs the guest; SVME there is not the guest's.
  private mutating func takeFeatures(_ efer: UInt64) {
    let own = ExtendedFeatures.virtualMachines
    msrs.efer = efer & ~own | msrs.efer & own
  }

  /// What else is kept of the registers that decide about paging.
  private mutating func followPaging(_ before: (CR0, UInt32, CR4)) {
    withdrawUncheckedAccess()
    guard cr0.contains(.paging), cr4.contains(.physicalAddressExtension),
      before != (cr0, cr3, cr4)
    else { return }
    readDirectoryPointers(at: cr3)
  }

  /// DR0-DR3, which VMRUN and #VMEXIT leave alone.
  public mutating func takeBreakpointAddresses(of other: borrowing CPU) {
    for index in 0..<4 { debugRegisters[index] = other.debugRegisters[index] }
  }
}
