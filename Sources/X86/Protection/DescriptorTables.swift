/// Finding what a selector names in the GDT and the LDT (SDM 3A, 3.4.2 and 3.5.1).
extension Interruption {
  /// A fault whose error code names a selector (RPL cleared).
  static func onSelector(_ vector: UInt8, _ selector: UInt16, _ cause: Cause) -> Interruption {
    Interruption(
      vector: vector, errorCode: UInt32(selector & 0xFFFC), hasErrorCode: true, cause: cause)
  }

  static func generalProtection(selector: UInt16, _ cause: Cause) -> Interruption {
    onSelector(Vector.generalProtection, selector, cause)
  }
  static func notPresent(selector: UInt16, _ cause: Cause = .descriptorNotPresent) -> Interruption {
    onSelector(Vector.segmentNotPresent, selector, cause)
  }
  static func stackFault(selector: UInt16, _ cause: Cause) -> Interruption {
    onSelector(Vector.stackFault, selector, cause)
  }
  static func invalidTSS(selector: UInt16, _ cause: Cause) -> Interruption {
    onSelector(Vector.invalidTSS, selector, cause)
  }
}

/// The parts of a selector (SDM 3A, figure 3-6).
enum Selector {
  @inline(__always) static func isNull(_ selector: UInt16) -> Bool { selector & 0xFFFC == 0 }
  @inline(__always) static func rpl(_ selector: UInt16) -> UInt8 { UInt8(selector & 3) }
  @inline(__always) static func isLocal(_ selector: UInt16) -> Bool { selector & 4 != 0 }
  @inline(__always)
  static func withRPL(_ selector: UInt16, _ level: UInt8) -> UInt16 {
    selector & 0xFFFC | UInt16(level)
  }
}

extension CPU {
  /// Linear address of a selector's descriptor; nil when it lies outside its table.
  mutating func descriptorAddress(_ selector: UInt16) -> UInt32? {
    let offset = UInt32(selector & 0xFFF8)
    if !Selector.isLocal(selector) {
      return offset + 7 <= UInt32(gdtLimit) ? gdtBase &+ offset : nil
    }
    let table = segments[SegmentRegister.ldtr]
    return table.isUsable && offset + 7 <= table.limit ? table.base &+ offset : nil
  }

  /// The descriptor that a selector names; nil when it lies outside its table.
  mutating func findDescriptor(_ selector: UInt16) throws(Interruption) -> Descriptor? {
    guard let address = descriptorAddress(selector) else { return nil }
    return Descriptor(raw: try readTable(address))
  }

  /// Eight bytes of a descriptor table, straight from host memory when the TLB allows it.
  @inline(__always)
  mutating func readTable(_ linear: UInt32) throws(Interruption) -> UInt64 {
    let entry = tlb.data + TLB.index(linear, user: false)
    if entry.pointee.readTag == (linear &+ 7) & 0xFFFF_F000,
      let host = UnsafeRawPointer(bitPattern: entry.pointee.addend &+ Int(linear))
    {
      return host.loadUnaligned(as: UInt64.self)
    }
    return try readLinear(linear, 8, user: false)
  }

  /// The descriptor that a selector names; outside its table a fault with the selector.
  mutating func descriptor(
    _ selector: UInt16, orElse vector: UInt8 = Vector.generalProtection
  ) throws(Interruption) -> Descriptor {
    guard let found = try findDescriptor(selector) else {
      throw .onSelector(vector, selector, .selectorOutsideTable)
    }
    return found
  }

  /// Sets the accessed bit of a code or data descriptor in its table, and returns the segment.
  mutating func load(
    _ selector: UInt16, _ descriptor: Descriptor
  ) throws(Interruption) -> Segment {
    var accessed = descriptor
    if descriptor.access & 1 == 0, let address = descriptorAddress(selector) {
      accessed.raw |= 1 << 40
      try writeSystem(address &+ 5, accessed.access)
    }
    return Segment(selector: selector, descriptor: accessed)
  }

  /// Marks a TSS descriptor busy or available. Only the GDT holds these.
  mutating func setBusy(_ selector: UInt16, _ isBusy: Bool) throws(Interruption) {
    let address = gdtBase &+ UInt32(selector & 0xFFF8) &+ 5
    let access: UInt8 = try readSystem(address)
    try writeSystem(address, isBusy ? access | 2 : access & ~2)
  }

  /// The segment that CS becomes: its RPL is the privilege level it runs at.
  mutating func loadCode(
    _ selector: UInt16, _ descriptor: Descriptor, level: UInt8
  ) throws(Interruption) -> Segment {
    var segment = try load(selector, descriptor)
    segment.selector = Selector.withRPL(selector, level)
    return segment
  }

  /// #GP(0) unless an instruction pointer lies inside its code segment.
  func checkCodeLimit(_ eip: UInt32, _ limit: UInt32) throws(Interruption) {
    if eip > limit { throw .generalProtection(0, .codeLimitExceeded) }
  }
}
