import X86

/// Firmware images: mapped, not loaded.
struct ROM {
  static let largest: UInt64 = 16 << 20
  /// How much of the end of a BIOS also appears below 1 MiB.
  static let lowWindow = 0x2_0000
  static let videoAddress: UInt64 = 0xC_0000

  /// Whole 64 KiB, with a jump where the processor starts.
  static func looksLikeOne(_ bytes: ImageReader) -> Bool {
    guard bytes.count >= 0x1_0000, bytes.count & 0xFFFF == 0, bytes.count <= largest,
      let opcode = bytes.u8(at: bytes.bytes.count - 16)
    else { return false }
    return opcode == 0xEA || opcode == 0xE9 || opcode == 0xEB
  }

  static func check(_ file: FileContents) throws(ImageError) {
    let size = UInt64(file.bytes.count)
    guard size & 0xFFF == 0, size <= largest else { throw ImageError(file.path, .romSize(size)) }
  }

  static func checkVideo(_ file: FileContents) throws(ImageError) {
    let size = UInt64(file.bytes.count)
    guard size <= 0x1_0000 else { throw ImageError(file.path, .romSize(size)) }
  }
}
