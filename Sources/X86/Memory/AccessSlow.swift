/// Memory accesses that the fast path refuses: segment checks that can fail, TLB misses, page
/// crossings, devices, ROM, code pages, watchpoints.
extension CPU {
  @inline(never)
  mutating func readSlow(
    _ segment: Int, _ offset: UInt32, _ size: Int
  ) throws(Interruption) -> UInt64 {
    try checkRead(segment, offset, size)
    return try readLinear(segments[segment].base &+ offset, size, user: cpl == 3)
  }

  @inline(never)
  mutating func writeSlow(
    _ segment: Int, _ offset: UInt32, _ value: UInt64, _ size: Int
  ) throws(Interruption) {
    try checkWrite(segment, offset, size)
    try writeLinear(segments[segment].base &+ offset, value, size, user: cpl == 3)
  }

  /// Reads 64 bits through a segment (CMPXCHG8B, FPU operands).
  mutating func read64(_ segment: Int, _ offset: UInt32) throws(Interruption) -> UInt64 {
    try readSlow(segment, offset, 8)
  }

  mutating func write64(
    _ segment: Int, _ offset: UInt32, _ value: UInt64
  ) throws(Interruption) {
    try writeSlow(segment, offset, value, 8)
  }

  /// The segment half of a read: usable, readable, inside the limit.
  mutating func checkRead(_ segment: Int, _ offset: UInt32, _ size: Int) throws(Interruption) {
    let hidden = segments[segment]
    if !hidden.isUsable { throw segmentFault(segment, offset, .nullSelector) }
    if usesDescriptors && !hidden.isReadable { throw segmentFault(segment, offset, .notReadable) }
    if !hidden.contains(offset: offset, size: UInt32(size)) {
      throw segmentFault(segment, offset, .limitExceeded)
    }
  }

  mutating func checkWrite(_ segment: Int, _ offset: UInt32, _ size: Int) throws(Interruption) {
    let hidden = segments[segment]
    if !hidden.isUsable { throw segmentFault(segment, offset, .nullSelector) }
    if usesDescriptors && !hidden.isWritable { throw segmentFault(segment, offset, .notWritable) }
    if !hidden.contains(offset: offset, size: UInt32(size)) {
      throw segmentFault(segment, offset, .limitExceeded)
    }
  }

  /// Violations through SS are stack faults, all others general protection (SDM 3A, 5.3).
  private mutating func segmentFault(
    _ segment: Int, _ offset: UInt32, _ cause: Cause
  ) -> Interruption {
    violation = (UInt8(segment), offset)
    return segment == SegmentRegister.ss ? .stackFault(0, cause) : .generalProtection(0, cause)
  }

  /// Verifies that a later write of `size` bytes cannot fault, without writing.
  mutating func probeWrite(
    _ segment: Int, _ offset: UInt32, _ size: Int
  ) throws(Interruption) {
    try checkWrite(segment, offset, size)
    let linear = segments[segment].base &+ offset
    _ = try translate(linear, .write, user: cpl == 3)
    if linear & 0xFFF &+ UInt32(size) > 0x1000 {
      _ = try translate((linear | 0xFFF) &+ 1, .write, user: cpl == 3)
    }
  }

  // MARK: Linear addresses

  /// Reads 1...8 bytes at a linear address with the given privilege.
  mutating func readLinear(
    _ linear: UInt32, _ size: Int, user: Bool
  ) throws(Interruption) -> UInt64 {
    let room = 0x1000 - Int(linear & 0xFFF)
    if debugRegisters[7] & 0xFF != 0 { noteDataBreakpoint(linear, size, isWrite: false) }
    if user && systemFlags.contains(.alignmentCheck) { try checkAlignment(linear, size) }
    let first = try translate(linear, .read, user: user)
    guard size > room else {
      if _slowPath(notesAccesses) { noteAccess(linear, size, isWrite: false) }
      return readPhysical(first, size)
    }
    let second = try translate((linear | 0xFFF) &+ 1, .read, user: user)
    if _slowPath(notesAccesses) { noteAccess(linear, size, isWrite: false) }
    let low = readPhysical(first, room)
    return low | readPhysical(second, size - room) << UInt64(room * 8)
  }

  /// Writes 1...8 bytes at a linear address; nothing is written when either page faults.
  mutating func writeLinear(
    _ linear: UInt32, _ value: UInt64, _ size: Int, user: Bool
  ) throws(Interruption) {
    let room = 0x1000 - Int(linear & 0xFFF)
    if debugRegisters[7] & 0xFF != 0 { noteDataBreakpoint(linear, size, isWrite: true) }
    if user && systemFlags.contains(.alignmentCheck) { try checkAlignment(linear, size) }
    let first = try translate(linear, .write, user: user)
    guard size > room else {
      if _slowPath(notesAccesses) { noteAccess(linear, size, isWrite: true) }
      return writePhysical(first, value, size)
    }
    let second = try translate((linear | 0xFFF) &+ 1, .write, user: user)
    if _slowPath(notesAccesses) { noteAccess(linear, size, isWrite: true) }
    writePhysical(first, value, room)
    writePhysical(second, value >> UInt64(room * 8), size - room)
  }

  /// Descriptor tables, TSS and stacks of inner rings are read with supervisor rights.
  mutating func readSystem<T: Word>(
    _ linear: UInt32, as type: T.Type = T.self
  ) throws(Interruption) -> T {
    T(truncatingIfNeeded: try readLinear(linear, MemoryLayout<T>.size, user: false))
  }

  mutating func writeSystem<T: Word>(_ linear: UInt32, _ value: T) throws(Interruption) {
    try writeLinear(linear, UInt64(value), MemoryLayout<T>.size, user: false)
  }

  /// #AC for a misaligned access at CPL 3 with CR0.AM and EFLAGS.AC (SDM 3A, 6.15).
  private func checkAlignment(_ linear: UInt32, _ size: Int) throws(Interruption) {
    guard cr0.contains(.alignmentMask), linear & UInt32(size - 1) != 0 else { return }
    throw Interruption(
      vector: Vector.alignmentCheck, errorCode: 0, hasErrorCode: true, cause: .unalignedAccess)
  }

  // MARK: Physical addresses

  /// Reads up to 8 bytes that lie in one frame.
  mutating func readPhysical(_ address: PhysicalAddress, _ size: Int) -> UInt64 {
    if let frame = memory.frame(at: address), let page = frame.pointee.host {
      return Self.load(page + Int(address & 0xFFF), size)
    }
    return readDevice(address, size)
  }

  /// Writes up to 8 bytes that lie in one frame; instructions decoded from them are forgotten.
  mutating func writePhysical(_ address: PhysicalAddress, _ value: UInt64, _ size: Int) {
    guard let frame = memory.frame(at: address), let page = frame.pointee.host else {
      return writeDevice(address, value, size)
    }
    if frame.pointee.isReadOnly { return }
    if frame.pointee.codeMask != 0 {
      invalidateCode(frame, physical: address, size: size)
    }
    memory.changes.willWrite(frame, at: address)
    if frame.pointee.isWatched { memory.noteWrite(to: frame, address) }
    Self.store(page + Int(address & 0xFFF), value, size)
  }

  private static func load(_ pointer: UnsafeMutableRawPointer, _ size: Int) -> UInt64 {
    switch size {
    case 1: return UInt64(pointer.load(as: UInt8.self))
    case 2: return UInt64(pointer.loadUnaligned(as: UInt16.self))
    case 4: return UInt64(pointer.loadUnaligned(as: UInt32.self))
    case 8: return pointer.loadUnaligned(as: UInt64.self)
    default:
      var value: UInt64 = 0
      for index in 0..<size {
        value |= UInt64(pointer.load(fromByteOffset: index, as: UInt8.self)) << UInt64(index * 8)
      }
      return value
    }
  }

  private static func store(_ pointer: UnsafeMutableRawPointer, _ value: UInt64, _ size: Int) {
    switch size {
    case 1: pointer.storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
    case 2: pointer.storeBytes(of: UInt16(truncatingIfNeeded: value), as: UInt16.self)
    case 4: pointer.storeBytes(of: UInt32(truncatingIfNeeded: value), as: UInt32.self)
    case 8: pointer.storeBytes(of: value, as: UInt64.self)
    default:
      for index in 0..<size {
        pointer.storeBytes(
          of: UInt8(truncatingIfNeeded: value >> UInt64(index * 8)), toByteOffset: index,
          as: UInt8.self)
      }
    }
  }

  /// Memory-mapped devices answer up to four bytes at a time.
  private mutating func readDevice(_ address: PhysicalAddress, _ size: Int) -> UInt64 {
    var value: UInt64 = 0
    var offset = 0
    while offset < size {
      let width = size - offset >= 4 ? 4 : size - offset >= 2 ? 2 : 1
      let part = bus.readMemory(address + UInt64(offset), width: width, at: ticks)
      value |= UInt64(part) << UInt64(offset * 8)
      offset += width
    }
    recordAccess(.memoryMappedRead, at: address, width: size, value: value)
    return value
  }

  private mutating func writeDevice(_ address: PhysicalAddress, _ value: UInt64, _ size: Int) {
    var offset = 0
    while offset < size {
      let width = size - offset >= 4 ? 4 : size - offset >= 2 ? 2 : 1
      let part = UInt32(truncatingIfNeeded: value >> UInt64(offset * 8))
      bus.writeMemory(
        address + UInt64(offset), width: width,
        value: width == 4 ? part : part & (1 << UInt32(width * 8) - 1), at: ticks)
      offset += width
    }
    recordAccess(.memoryMappedWrite, at: address, width: size, value: value)
    requestAttention()
  }
}
