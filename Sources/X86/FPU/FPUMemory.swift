/// Memory operands of the x87 instructions: 8 and 10 bytes wide, and whole state images.
extension CPU {
  /// Where an operand of 8 or 10 bytes lies in host memory; nil when the slow path must look.
  @inline(__always)
  private func numericPointer(
    _ segment: Int, _ offset: UInt32, size: UInt32, isWrite: Bool
  ) -> UnsafeMutableRawPointer? {
    let hidden = segments + segment
    let end = isWrite ? hidden.pointee.writeEnd : hidden.pointee.readEnd
    // The bound vouches for 8 bytes.
    guard _fastPath(offset < end && offset &+ (size &- 8) < end) else { return nil }
    let linear = hidden.pointee.base &+ offset
    let entry = currentTLB + (Int(linear >> 12) & (TLB.entries - 1))
    let lastPage = (linear &+ (size &- 1)) & 0xFFFF_F000
    let tag = isWrite ? entry.pointee.writeTag : entry.pointee.readTag
    guard _fastPath(tag == lastPage) else { return nil }
    return UnsafeMutableRawPointer(bitPattern: entry.pointee.addend &+ Int(linear))
  }

  @inline(__always)
  mutating func readDouble(
    _ segment: Int, _ offset: UInt32
  ) throws(Interruption) -> UInt64 {
    if let pointer = numericPointer(segment, offset, size: 8, isWrite: false) {
      return pointer.loadUnaligned(as: UInt64.self)
    }
    return try read64(segment, offset)
  }

  @inline(__always)
  mutating func writeDouble(
    _ segment: Int, _ offset: UInt32, _ value: UInt64
  ) throws(Interruption) {
    if let pointer = numericPointer(segment, offset, size: 8, isWrite: true) {
      pointer.storeBytes(of: value, as: UInt64.self)
      return
    }
    try write64(segment, offset, value)
  }

  /// Reads the ten bytes of a register image or a packed decimal.
  @inline(__always)
  mutating func readExtended(
    _ segment: Int, _ offset: UInt32
  ) throws(Interruption) -> Extended {
    if let pointer = numericPointer(segment, offset, size: 10, isWrite: false) {
      return Extended(
        signExponent: pointer.loadUnaligned(fromByteOffset: 8, as: UInt16.self),
        significand: pointer.loadUnaligned(as: UInt64.self))
    }
    try checkRead(segment, offset, 10)
    let significand = try read64(segment, offset)
    return Extended(
      signExponent: try read(segment, offset &+ 8), significand: significand)
  }

  @inline(__always)
  mutating func writeExtended(
    _ segment: Int, _ offset: UInt32, _ value: Extended
  ) throws(Interruption) {
    if let pointer = numericPointer(segment, offset, size: 10, isWrite: true) {
      pointer.storeBytes(of: value.significand, as: UInt64.self)
      pointer.storeBytes(of: value.signExponent, toByteOffset: 8, as: UInt16.self)
      return
    }
    try probeWrite(segment, offset, 10)
    try write64(segment, offset, value.significand)
    try write(segment, offset &+ 8, value.signExponent)
  }

  /// Verifies that later reads of `size` bytes cannot fault, without reading.
  mutating func probeRead(
    _ segment: Int, _ offset: UInt32, _ size: Int
  ) throws(Interruption) {
    try checkRead(segment, offset, size)
    let linear = segments[segment].base &+ offset
    _ = try translate(linear, .read, user: cpl == 3)
    if linear & 0xFFF &+ UInt32(size) > 0x1000 {
      _ = try translate((linear | 0xFFF) &+ 1, .read, user: cpl == 3)
    }
  }

  /// A register in a state image. By 16-bit parts: an image is aligned to 2 bytes at best, and
  /// alignment checks apply to it as a whole.
  mutating func readImage(
    _ segment: Int, _ offset: UInt32
  ) throws(Interruption) -> Extended {
    var significand: UInt64 = 0
    for part in 0..<UInt32(4) {
      let bits = try read(segment, offset &+ part &* 2, as: UInt16.self)
      significand |= UInt64(bits) << UInt64(part * 16)
    }
    return Extended(signExponent: try read(segment, offset &+ 8), significand: significand)
  }

  mutating func writeImage(
    _ segment: Int, _ offset: UInt32, _ value: Extended
  ) throws(Interruption) {
    for part in 0..<UInt32(4) {
      let bits = UInt16(truncatingIfNeeded: value.significand >> UInt64(part * 16))
      try write(segment, offset &+ part &* 2, bits)
    }
    try write(segment, offset &+ 8, value.signExponent)
  }
}
