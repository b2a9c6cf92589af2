/// The string instructions and their repeat prefixes.
///
/// Each iteration is one tick and may be the last before an interrupt: the registers always say how
/// far the instruction has come, and an unfinished one is simply executed again.
extension CPU {
  /// MOVS, CMPS, STOS, LODS, SCAS, INS and OUTS of the width in `a`, with or without prefix.
  mutating func executeString(_ i: Instruction) throws(Interruption) {
    switch i.a {
    case 1: try executeString(UInt8.self, i)
    case 2: try executeString(UInt16.self, i)
    default: try executeString(UInt32.self, i)
    }
  }

  private mutating func executeString<T: Word>(_: T.Type, _ i: Instruction) throws(Interruption) {
    guard !i.flags.isDisjoint(with: [.rep, .repne]) else { return try iterate(T.self, i) }
    let mask = i.mask
    var count = self[.ecx] & mask
    if count == 0 && (i.handler == .ins || i.handler == .outs) {
      // Processors ask for the permission also when there is nothing to transfer.
      try checkPort(get(16), MemoryLayout<T>.size)
    }
    while count != 0 {
      let done = try iterateInBulk(T.self, i, count)
      if done == 0 { try iterate(T.self, i) }
      count &-= max(done, 1)
      self[.ecx] = self[.ecx] & ~mask | count
      if endsEarly(i) { return }
      if count == 0 { return }
      if remaining <= 0 {
        nextEIP = eip
        return
      }
      remaining -= 1
    }
  }

  /// Whether REPE or REPNE stops after this comparison.
  private func endsEarly(_ i: Instruction) -> Bool {
    guard i.handler == .cmps || i.handler == .scas else { return false }
    return lazy.zero != i.flags.contains(.rep)
  }

  private func advance(_ register: Register, _ i: Instruction, _ bytes: UInt32) {
    let old = self[register]
    let new = systemFlags.contains(.direction) ? old &- bytes : old &+ bytes
    self[register] = old & ~i.mask | new & i.mask
  }

  private mutating func iterate<T: Word>(_: T.Type, _ i: Instruction) throws(Interruption) {
    let size = UInt32(MemoryLayout<T>.size)
    let source = self[.esi] & i.mask
    let destination = self[.edi] & i.mask
    let segment = Int(i.segment)
    switch i.handler {
    case .movs:
      let value: T = try read(segment, source)
      try write(SegmentRegister.es, destination, value)
      advance(.esi, i, size)
      advance(.edi, i, size)
    case .stos:
      try write(SegmentRegister.es, destination, get(0) as T)
      advance(.edi, i, size)
    case .lods:
      put(0, try read(segment, source) as T)
      advance(.esi, i, size)
    case .scas:
      let value: T = try read(SegmentRegister.es, destination)
      _ = Subtract.apply(get(0) as T, value, &lazy)
      advance(.edi, i, size)
    case .cmps:
      let first: T = try read(segment, source)
      let second: T = try read(SegmentRegister.es, destination)
      _ = Subtract.apply(first, second, &lazy)
      advance(.esi, i, size)
      advance(.edi, i, size)
    case .ins:
      let port: UInt16 = get(16)
      try checkPort(port, Int(size))
      try interceptPort(port, Int(size), i, isInput: true)
      try probeWrite(SegmentRegister.es, destination, Int(size))
      let value = readPort(port, Int(size))
      try write(SegmentRegister.es, destination, T(truncatingIfNeeded: value))
      advance(.edi, i, size)
    default:
      let port: UInt16 = get(16)
      try checkPort(port, Int(size))
      try interceptPort(port, Int(size), i, isInput: false)
      let value: T = try read(segment, source)
      writePort(port, Int(size), UInt32(value))
      advance(.esi, i, size)
    }
  }

  // MARK: Many iterations at once

  /// As many iterations of a forward MOVS or STOS as stay inside one page and the budget.
  /// Returns 0 when the next one needs all its checks.
  private mutating func iterateInBulk<T: Word>(
    _: T.Type, _ i: Instruction, _ count: UInt32
  ) throws(Interruption) -> UInt32 {
    guard i.handler == .movs || i.handler == .stos, !systemFlags.contains(.direction), count > 1,
      remaining > 0
    else { return 0 }
    let size = UInt32(MemoryLayout<T>.size)
    let destination = self[.edi] & i.mask
    guard let to = writablePointer(SegmentRegister.es, destination, T.self) else { return 0 }
    var limit = min(count, UInt32(truncatingIfNeeded: min(remaining, 1 << 20)) + 1)
    limit = min(limit, run(SegmentRegister.es, destination, size, i.mask, isWrite: true))
    if i.handler == .stos {
      if limit < 2 { return 0 }
      fill(to, get(0) as T, Int(limit))
    } else {
      let source = self[.esi] & i.mask
      guard let from = readablePointer(Int(i.segment), source, T.self) else { return 0 }
      limit = min(limit, run(Int(i.segment), source, size, i.mask, isWrite: false))
      if limit < 2 { return 0 }
      copy(to, from, T.self, Int(limit))
      advance(.esi, i, limit &* size)
    }
    advance(.edi, i, limit &* size)
    remaining -= Int(limit) - 1
    return limit
  }

  /// How many elements from `offset` on lie in its page, in the unchecked part of the segment and
  /// before the offset wraps.
  private func run(
    _ segment: Int, _ offset: UInt32, _ size: UInt32, _ mask: UInt32, isWrite: Bool
  ) -> UInt32 {
    let hidden = segments + segment
    let inPage = 0x1000 - (hidden.pointee.base &+ offset) & 0xFFF
    let end = isWrite ? hidden.pointee.writeEnd : hidden.pointee.readEnd
    let beforeWrap = mask &- offset
    return min(inPage, end &- offset, beforeWrap) / size
  }

  private mutating func readablePointer<T: Word>(
    _ segment: Int, _ offset: UInt32, _: T.Type
  ) -> UnsafeMutableRawPointer? {
    let hidden = segments + segment
    guard offset < hidden.pointee.readEnd else { return nil }
    let linear = hidden.pointee.base &+ offset
    let entry = currentTLB + (Int(linear >> 12) & (TLB.entries - 1))
    let lastPage = (linear &+ UInt32(MemoryLayout<T>.size - 1)) & 0xFFFF_F000
    guard entry.pointee.readTag == lastPage else { return nil }
    return UnsafeMutableRawPointer(bitPattern: entry.pointee.addend &+ Int(linear))
  }

  private func fill<T: Word>(_ to: UnsafeMutableRawPointer, _ value: T, _ count: Int) {
    for index in 0..<count {
      to.storeBytes(of: value, toByteOffset: index &* MemoryLayout<T>.size, as: T.self)
    }
  }

  /// Element by element when the areas overlap, so that a pattern spreads as on the processor.
  private func copy<T: Word>(
    _ to: UnsafeMutableRawPointer, _ from: UnsafeMutableRawPointer, _: T.Type, _ count: Int
  ) {
    let bytes = count &* MemoryLayout<T>.size
    let distance = to - from
    if distance <= 0 || distance >= bytes {
      to.copyMemory(from: from, byteCount: bytes)
      return
    }
    for index in 0..<count {
      let offset = index &* MemoryLayout<T>.size
      let value = from.loadUnaligned(fromByteOffset: offset, as: T.self)
      to.storeBytes(of: value, toByteOffset: offset, as: T.self)
    }
  }
}
