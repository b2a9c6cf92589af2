import Monitors

/// Reads a paravirtual kernel: an ELF file whose notes, named "Xen", say how it wants to be started.
enum XenKernel {
  /// Types of notes, with the ABI's numbers.
  private enum Note {
    static let entry: UInt32 = 1
    static let hypercallPage: UInt32 = 2
    static let virtualBase: UInt32 = 3
    static let physicalOffset: UInt32 = 4
    static let version: UInt32 = 5
    static let physicalAddressExtension: UInt32 = 9
  }

  static func image(_ guest: Guest, _ file: FileContents) throws(ImageError) -> DomainImage {
    let bytes = ImageReader(file)
    guard bytes.u32(at: 0) == ELF.magic, let notes = try notes(of: bytes), !notes.isEmpty else {
      throw ImageError(file.path, .noXenNotes)
    }
    let elf = try ELF(bytes)
    if notes[Note.version].map({ text($0) != "xen-3.0" }) == true {
      throw ImageError(file.path, .malformed("its notes are for another hypervisor than xen-3.0"))
    }
    if notes[Note.physicalAddressExtension].map({ text($0).hasPrefix("yes") }) == true {
      throw ImageError(file.path, .needsPAE)
    }
    let base = number(notes[Note.virtualBase]) ?? 0
    guard base & 0x3F_FFFF == 0 else {
      throw ImageError(file.path, .malformed("its VIRT_BASE is no multiple of 4 MiB"))
    }
    let offset = number(notes[Note.physicalOffset]) ?? base
    var segments: [DomainImage.Segment] = []
    for segment in elf.segments {
      let part = try bytes.part("a segment", at: segment.fileOffset, size: segment.fileSize)
      let address = segment.physicalAddress &- UInt64(offset)
      guard address < 1 << 30, address + segment.memorySize < 1 << 30 else {
        throw ImageError(file.path, .malformed("a segment lies below its PADDR_OFFSET"))
      }
      segments.append(
        DomainImage.Segment(
          address: UInt32(address), bytes: Array(part), size: UInt32(segment.memorySize)))
    }
    return DomainImage(
      segments: segments,
      entry: number(notes[Note.entry]) ?? UInt32(truncatingIfNeeded: elf.entry), virtualBase: base,
      hypercallPage: number(notes[Note.hypercallPage]), commandLine: guest.commandLine)
  }

  /// The descriptions of all notes with the name "Xen", by type; nil in a file without notes.
  private static func notes(
    of bytes: ImageReader
  ) throws(ImageError) -> [UInt32: UnsafeRawBufferPointer]? {
    try ELF.check(bytes)
    guard let table = bytes.u32(at: 28), let size = bytes.u16(at: 42), let count = bytes.u16(at: 44)
    else { return nil }
    var found: [UInt32: UnsafeRawBufferPointer] = [:]
    for index in 0..<Int(count) {
      let header = Int(table) + index * Int(size)
      // PT_NOTE
      guard bytes.u32(at: header) == 4, let start = bytes.u32(at: header + 4),
        let length = bytes.u32(at: header + 16)
      else { continue }
      _ = try bytes.part("its notes", at: UInt64(start), size: UInt64(length))
      var place = Int(start)
      let end = Int(start) + Int(length)
      while place + 12 <= end, let nameSize = bytes.u32(at: place),
        let size = bytes.u32(at: place + 4), let type = bytes.u32(at: place + 8)
      {
        let description = place + 12 + (Int(nameSize) + 3) & ~3
        guard description + Int(size) <= end else { break }
        if nameSize == 4, bytes.u32(at: place + 12) == 0x006E_6558 {
          found[type] = try bytes.part("a note", at: UInt64(description), size: UInt64(size))
        }
        place = description + (Int(size) + 3) & ~3
      }
    }
    return found
  }

  private static func number(_ note: UnsafeRawBufferPointer?) -> UInt32? {
    guard let note, note.count >= 4 else { return nil }
    return UInt32(littleEndian: note.loadUnaligned(as: UInt32.self))
  }

  private static func text(_ note: UnsafeRawBufferPointer) -> String {
    String(decoding: note.prefix { $0 != 0 }, as: UTF8.self)
  }
}
