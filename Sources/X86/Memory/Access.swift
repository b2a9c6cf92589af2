/// Reading and writing memory through a segment: the fast path, inlined everywhere.
///
/// Fast means: the offset is below the segment's unchecked bound, the page has a tag in the TLB and
/// the access does not leave it. Everything else goes to `AccessSlow.swift`.
extension CPU {
  @inline(__always)
  mutating func read<T: Word>(
    _ segment: Int, _ offset: UInt32, as type: T.Type = T.self
  ) throws(Interruption) -> T {
    let hidden = segments + segment
    if _fastPath(offset < hidden.pointee.readEnd) {
      let linear = hidden.pointee.base &+ offset
      let entry = currentTLB + (Int(linear >> 12) & (TLB.entries - 1))
      let lastPage = (linear &+ UInt32(MemoryLayout<T>.size - 1)) & 0xFFFF_F000
      if _fastPath(entry.pointee.readTag == lastPage) {
        return hostPointer(entry, linear).loadUnaligned(as: T.self)
      }
    }
    return T(truncatingIfNeeded: try readSlow(segment, offset, MemoryLayout<T>.size))
  }

  @inline(__always)
  mutating func write<T: Word>(
    _ segment: Int, _ offset: UInt32, _ value: T
  ) throws(Interruption) {
    let hidden = segments + segment
    if _fastPath(offset < hidden.pointee.writeEnd) {
      let linear = hidden.pointee.base &+ offset
      let entry = currentTLB + (Int(linear >> 12) & (TLB.entries - 1))
      let lastPage = (linear &+ UInt32(MemoryLayout<T>.size - 1)) & 0xFFFF_F000
      if _fastPath(entry.pointee.writeTag == lastPage) {
        hostPointer(entry, linear).storeBytes(of: value, as: T.self)
        return
      }
    }
    try writeSlow(segment, offset, UInt64(value), MemoryLayout<T>.size)
  }

  /// Where a read-modify-write may work directly in host memory; nil when it must take the
  /// slow path. Write permission has been checked as for a write.
  @inline(__always)
  mutating func writablePointer<T: Word>(
    _ segment: Int, _ offset: UInt32, _ type: T.Type
  ) -> UnsafeMutableRawPointer? {
    let hidden = segments + segment
    if _fastPath(offset < hidden.pointee.writeEnd) {
      let linear = hidden.pointee.base &+ offset
      let entry = currentTLB + (Int(linear >> 12) & (TLB.entries - 1))
      let lastPage = (linear &+ UInt32(MemoryLayout<T>.size - 1)) & 0xFFFF_F000
      if _fastPath(entry.pointee.writeTag == lastPage) { return hostPointer(entry, linear) }
    }
    return nil
  }

  @inline(__always)
  private func hostPointer(
    _ entry: UnsafeMutablePointer<TLBEntry>, _ linear: UInt32
  ) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(bitPattern: entry.pointee.addend &+ Int(linear)).unsafelyUnwrapped
  }
}
