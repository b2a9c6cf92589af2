/// Giving the processor the state in which a boot loader or firmware hands over.
extension CPU {
  /// What 32-bit boot protocols promise: protected mode at CPL 0, paging and interrupts off, CS
  /// and the data segments loaded from flat descriptors. Everything else is as after RESET#.
  ///
  /// `gdt` is the linear address of a descriptor table that lies in memory; `code` and `data` are
  /// selectors of descriptors in it that the caller wrote as `Descriptor.flatCode` and `flatData`.
  public mutating func enterFlatProtectedMode(
    at entry: UInt32, stack: UInt32, gdt: UInt32, limit: UInt16, code: UInt16, data: UInt16
  ) {
    reset()
    gdtBase = gdt
    gdtLimit = limit
    cr0 = [.protection, .extensionType]
    setSegment(SegmentRegister.cs, Segment(selector: code, descriptor: .flatCode))
    for index in 0..<6 where index != SegmentRegister.cs {
      setSegment(index, Segment(selector: data, descriptor: .flatData))
    }
    self[.edx] = 0
    self[.esp] = stack
    eip = entry
    flushTLB()
  }

  /// What firmware does for a boot sector: a jump to `segment`:`offset` in real mode, interrupts
  /// off, the other segments 0.
  public mutating func enterRealMode(segment: UInt16, offset: UInt16, stack: UInt16) {
    reset()
    cr0 = [.extensionType]
    var code = self.segment(SegmentRegister.cs)
    code.loadReal(selector: segment)
    setSegment(SegmentRegister.cs, code)
    self[.edx] = 0
    self[.esp] = UInt32(stack)
    eip = UInt32(offset)
    flushTLB()
  }
}

extension Descriptor {
  /// Code, ring 0, 32 bits, readable, base 0, limit FFFFFFFF, accessed.
  public static let flatCode = Descriptor(raw: 0x00CF_9B00_0000_FFFF)
  /// Data, ring 0, 32 bits, writable, base 0, limit FFFFFFFF, accessed.
  public static let flatData = Descriptor(raw: 0x00CF_9300_0000_FFFF)
}
