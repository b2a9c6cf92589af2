/// The arithmetic flags, kept as the last result and its carry vector and computed when asked for.
///
/// `carries` holds CF in bit 31, CF ^ OF (the carry into the sign bit) in bit 30 and AF in bit 3, so
/// that a 32-bit add needs only a mask. Bits 15-8 are XORed into the low result byte before its
/// parity is taken and bit 0 into the sign: they make combinations possible that no single result has
/// (POPF, SAHF).
struct LazyFlags {
  var result: UInt32 = 1
  var carries: UInt32 = 0

  private static let kept: UInt32 = 0xC000_0008

  /// After an operation of any width: `result` and the carries out of every bit.
  @inline(__always)
  mutating func set<T: Word>(result value: T, carries vector: T) {
    result = value.signExtended
    let wide = UInt32(truncatingIfNeeded: vector)
    let shift = UInt32(32 - T.bitWidth)
    carries = T.bitWidth == 32 ? wide & Self.kept : (wide << shift) & 0xC000_0000 | wide & 8
  }

  /// After a logical operation: CF = OF = AF = 0.
  @inline(__always)
  mutating func set<T: Word>(logical value: T) {
    result = value.signExtended
    carries = 0
  }

  @inline(__always) var carry: Bool { carries >> 31 != 0 }
  @inline(__always) var overflow: Bool { (carries ^ carries << 1) >> 31 != 0 }
  @inline(__always) var adjust: Bool { carries & 8 != 0 }
  @inline(__always) var zero: Bool { result == 0 }
  @inline(__always) var sign: Bool { (result >> 31 ^ carries) & 1 != 0 }
  @inline(__always) var parity: Bool {
    let byte = (result ^ carries >> 8) & 0xFF
    return 0x9669 >> ((byte ^ byte >> 4) & 15) & 1 != 0
  }

  /// The same with CF and OF set to the given values, the others kept.
  @inline(__always)
  mutating func set(carry: Bool, overflow: Bool) {
    carries = carries & 0x3FFF_FFFF | (carry ? 1 << 31 : 0) | (carry != overflow ? 1 << 30 : 0)
  }

  @inline(__always)
  mutating func set(carry: Bool) { set(carry: carry, overflow: overflow) }

  @inline(__always)
  mutating func set(adjust: Bool) { carries = carries & ~8 | (adjust ? 8 : 0) }

  /// Gives every flag the value it has in an EFLAGS image.
  mutating func set(_ flags: EFLAGS) {
    result = flags.contains(.zero) ? 0 : 0x100
    carries = flags.contains(.adjust) ? 8 : 0
    if flags.contains(.sign) { carries |= 1 }
    if !flags.contains(.parity) { carries |= 1 << 8 }
    set(carry: flags.contains(.carry), overflow: flags.contains(.overflow))
  }

  var eflags: EFLAGS {
    var flags: EFLAGS = []
    if carry { flags.insert(.carry) }
    if parity { flags.insert(.parity) }
    if adjust { flags.insert(.adjust) }
    if zero { flags.insert(.zero) }
    if sign { flags.insert(.sign) }
    if overflow { flags.insert(.overflow) }
    return flags
  }
}

/// An operand width: 8, 16 or 32 bits.
protocol Word: FixedWidthInteger, UnsignedInteger {
  var signExtended: UInt32 { get }
}
extension UInt8: Word {
  @inline(__always) var signExtended: UInt32 { UInt32(bitPattern: Int32(Int8(bitPattern: self))) }
}
extension UInt16: Word {
  @inline(__always) var signExtended: UInt32 { UInt32(bitPattern: Int32(Int16(bitPattern: self))) }
}
extension UInt32: Word {
  @inline(__always) var signExtended: UInt32 { self }
}
