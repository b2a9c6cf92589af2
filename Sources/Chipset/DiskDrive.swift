/// One ATA disk drive: its medium, its geometry and what IDENTIFY says about it.
struct DiskDrive {
  let medium: any DiskMedium
  /// Cylinders, heads and sectors in a track, as the drive comes from its maker.
  let cylinders: Int
  static let defaultHeads = 16
  static let defaultSectors = 63
  /// The largest block of READ and WRITE MULTIPLE, in sectors.
  static let largestBlock = 16

  /// What INITIALIZE DEVICE PARAMETERS has set.
  var heads = Self.defaultHeads
  var sectors = Self.defaultSectors
  /// Sectors in a block of READ and WRITE MULTIPLE; 0 until it is set.
  var block = 0

  init(medium: any DiskMedium) {
    self.medium = medium
    let track = UInt64(Self.defaultHeads * Self.defaultSectors)
    cylinders = Int(max(1, min(16383, medium.sectorCount / track)))
  }

  /// What the reset line does.
  mutating func reset() {
    (heads, sectors, block) = (Self.defaultHeads, Self.defaultSectors, 0)
  }

  var sectorCount: UInt64 { medium.sectorCount }

  /// Cylinders of the geometry that is set.
  private var currentCylinders: Int {
    Int(max(1, min(65535, sectorCount / UInt64(heads * sectors))))
  }

  /// The sector of a cylinder, head and sector number; nil where the geometry has none.
  func sector(cylinder: Int, head: Int, number: Int) -> UInt64? {
    guard head < heads, (1...sectors).contains(number) else { return nil }
    return UInt64((cylinder * heads + head) * sectors + number - 1)
  }

  /// The 256 words of IDENTIFY DEVICE (ATA-4, 8.12), as bytes.
  func identity(unit: Int) -> [UInt8] {
    var words = IdentityWords()
    words[0] = 0x0040  // A fixed drive.
    words[1] = UInt16(cylinders)
    words[3] = UInt16(Self.defaultHeads)
    // Bytes of a track and a sector, from the first ATA; the Bochs BIOS relies on them.
    words[4] = UInt16(Self.defaultSectors * DiskChannel.sectorSize)
    words[5] = UInt16(DiskChannel.sectorSize)
    words[6] = UInt16(Self.defaultSectors)
    words.put("RS000\(unit + 1)", at: 10, count: 10)
    words.put("1.0", at: 23, count: 4)
    words.put("Ringside disk", at: 27, count: 20)
    words[47] = 0x8000 | UInt16(Self.largestBlock)
    words[49] = 0x0A00  // LBA and IORDY; no DMA.
    words[51] = 0x0200
    words[53] = 0x0003
    words[54] = UInt16(currentCylinders)
    words[55] = UInt16(heads)
    words[56] = UInt16(sectors)
    words.put(min(sectorCount, UInt64(currentCylinders * heads * sectors)), at: 57)
    words[59] = block > 0 ? 0x0100 | UInt16(block) : 0
    words.put(min(sectorCount, DiskChannel.largestDisk), at: 60)
    words[64] = 0x0003  // PIO modes 3 and 4.
    words[67] = 120
    words[68] = 120
    words[80] = 0x001E  // ATA-1 to ATA-4.
    words[83] = 0x5000  // FLUSH CACHE.
    words[84] = 0x4000
    words[86] = 0x1000
    words[87] = 0x4000
    return words.bytes
  }

  func save(into writer: inout StateWriter) {
    writer.write(UInt8(heads))
    writer.write(UInt8(sectors))
    writer.write(UInt8(block))
    medium.save(into: &writer)
  }

  mutating func load(from reader: inout StateReader) throws(StateError) {
    heads = Int(try reader.read(UInt8.self))
    sectors = Int(try reader.read(UInt8.self))
    block = Int(try reader.read(UInt8.self))
    guard (1...16).contains(heads), sectors > 0, block <= Self.largestBlock else {
      throw .malformed
    }
    try medium.load(from: &reader)
  }
}
