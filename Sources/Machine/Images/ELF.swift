/// A 32-bit ELF executable for the x86 (System V gABI, chapters 4 and 5).
struct ELF {
  /// 7F 45 4C 46, as one field.
  static let magic: UInt32 = 0x464C_457F

  /// A PT_LOAD program header: what to load where.
  struct Segment {
    var fileOffset: UInt64
    var fileSize: UInt64
    var virtualAddress: UInt64
    var physicalAddress: UInt64
    var memorySize: UInt64
  }

  var entry: UInt64
  var segments: [Segment] = []

  /// Throws unless the file is an ELF executable for a 32-bit x86.
  static func check(_ bytes: ImageReader) throws(ImageError) {
    let path = bytes.file.path
    guard let fileClass = bytes.u8(at: 4), let order = bytes.u8(at: 5),
      let type = bytes.u16(at: 16), let machine = bytes.u16(at: 18), bytes.count >= 52
    else { throw ImageError(path, .truncated("the ELF header", needs: 52, has: bytes.count)) }
    if fileClass != 1 { throw ImageError(path, .wrongELF("a 64-bit ELF file")) }
    if order != 1 { throw ImageError(path, .wrongELF("a big-endian ELF file")) }
    if machine != 3 { throw ImageError(path, .wrongELF("an ELF file for another processor")) }
    if type == 1 { throw ImageError(path, .wrongELF("an ELF object file that nobody linked")) }
    if type != 2 { throw ImageError(path, .wrongELF("an ELF file that is no fixed executable")) }
  }

  init(_ bytes: ImageReader) throws(ImageError) {
    try Self.check(bytes)
    let path = bytes.file.path
    guard let start = bytes.u32(at: 24), let table = bytes.u32(at: 28),
      let entrySize = bytes.u16(at: 42), let count = bytes.u16(at: 44)
    else { throw ImageError(path, .truncated("the ELF header", needs: 52, has: bytes.count)) }
    entry = UInt64(start)
    guard count > 0 else { throw ImageError(path, .malformed("it has no program headers")) }
    guard entrySize >= 32 else {
      throw ImageError(path, .malformed("its program headers have \(entrySize) bytes, not 32"))
    }
    _ = try bytes.part(
      "the program header table", at: UInt64(table), size: UInt64(entrySize) * UInt64(count))
    for index in 0..<Int(count) {
      let header = Int(table) + index * Int(entrySize)
      func field(_ number: Int) -> UInt64 { UInt64(bytes.u32(at: header + number * 4) ?? 0) }
      guard field(0) == 1, field(5) > 0 else { continue }
      let segment = Segment(
        fileOffset: field(1), fileSize: field(4), virtualAddress: field(2),
        physicalAddress: field(3), memorySize: field(5))
      guard segment.fileSize <= segment.memorySize else {
        throw ImageError(path, .malformed("a segment is larger in the file than in memory"))
      }
      segments.append(segment)
    }
    guard !segments.isEmpty else { throw ImageError(path, .malformed("it loads nothing")) }
  }

  /// Throws if the file ends before its segments do.
  func checkFile(_ bytes: ImageReader) throws(ImageError) {
    for segment in segments {
      _ = try bytes.part("a segment", at: segment.fileOffset, size: segment.fileSize)
    }
  }

  /// The entry point as a physical address: the header's is virtual, as the linker saw it.
  var physicalEntry: UInt64 {
    for segment in segments
    where entry >= segment.virtualAddress && entry - segment.virtualAddress < segment.memorySize {
      return entry - segment.virtualAddress + segment.physicalAddress
    }
    return entry
  }
}
