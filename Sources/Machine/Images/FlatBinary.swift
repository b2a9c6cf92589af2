/// Loads images without a header: boot sectors and plain binaries.
enum FlatBinary {
  /// Where firmware puts a boot sector. Whatever follows the sector in the file is loaded behind
  /// it, as if the sector had read it already; of a whole disk, only the sector.
  static let bootSectorAddress: UInt64 = 0x7C00
  private static let sectorSize = 512
  /// No more than this fits below the video memory.
  private static let roomForSectors = 0xA_0000 - Int(bootSectorAddress)
  /// Where a binary that is no boot sector goes.
  static let address: UInt64 = 0x10_0000
  /// Its descriptor table.
  private static let descriptors: UInt64 = 0x1000

  static func loadBootSector(_ image: FileContents, into memory: BootMemory) throws(ImageError)
    -> EntryState
  {
    let fits = image.bytes.count <= roomForSectors
    let bytes = fits ? image.bytes : UnsafeRawBufferPointer(rebasing: image.bytes[..<sectorSize])
    try memory.load("the boot image", bytes, at: bootSectorAddress)
    return .real(segment: 0, offset: UInt16(bootSectorAddress))
  }

  static func load(_ image: FileContents, into memory: BootMemory) throws(ImageError) -> EntryState
  {
    try memory.load("the image", image.bytes, at: address)
    BootDescriptors.store(in: memory, at: descriptors)
    return .protected(entry: UInt32(address), gdt: UInt32(descriptors), registers: [])
  }
}
