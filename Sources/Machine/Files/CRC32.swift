/// The CRC-32 of PNG, ZIP and Ethernet: polynomial 04C11DB7h, bits reflected (ISO 3309).
struct CRC32 {
  private var register: UInt32 = 0xFFFF_FFFF

  /// The checksum of all bytes so far.
  var value: UInt32 { ~register }

  /// For each of eight byte positions, what a byte there contributes.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var rest = UInt32(byte)
      for _ in 0..<8 { rest = rest >> 1 ^ (rest & 1 == 0 ? 0 : 0xEDB8_8320) }
      tables[byte] = rest
    }
    for index in 256..<8 * 256 {
      let before = tables[index - 256]
      tables[index] = before >> 8 ^ tables[Int(before & 0xFF)]
    }
    return tables
  }()

  /// Takes bytes in, eight at a time.
  mutating func combine(_ bytes: UnsafeRawBufferPointer) {
    Self.tables.withUnsafeBufferPointer { tables in
      var rest = register
      var offset = 0
      while offset + 8 <= bytes.count {
        let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian
        let mixed = word ^ UInt64(rest)
        rest = 0
        for place in 0..<8 {
          rest ^=
            tables[(7 - place) * 256 + Int(truncatingIfNeeded: mixed >> UInt64(8 * place)) & 255]
        }
        offset += 8
      }
      for place in offset..<bytes.count {
        rest = rest >> 8 ^ tables[Int(truncatingIfNeeded: rest ^ UInt32(bytes[place])) & 255]
      }
      register = rest
    }
  }
}
