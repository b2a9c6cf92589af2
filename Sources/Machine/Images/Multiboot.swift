import X86

/// The header by which a Multiboot 1 kernel is known (Multiboot Specification 0.6.96, 3.1).
struct MultibootHeader {
  static let magic: UInt32 = 0x1BAD_B002
  /// What EAX holds at the kernel's entry.
  static let loaderMagic: UInt32 = 0x2BAD_B002
  /// Bits 0-15 are requirements; page alignment, memory sizes and a video mode are known.
  static let knownRequirements: UInt32 = 0x7
  /// The addresses are in the header: for kernels that are no ELF.
  static let hasAddresses: UInt32 = 1 << 16

  /// Offset of the header in the file.
  var offset: Int
  var flags: UInt32

  /// Looks for the header in the first 8 KiB. Behind a boot sector it counts only if it says where
  /// to load: the disk may well have a kernel on it.
  static func find(in bytes: ImageReader) -> MultibootHeader? {
    for offset in stride(from: 0, to: min(8192, bytes.bytes.count), by: 4)
    where bytes.u32(at: offset) == magic {
      guard let flags = bytes.u32(at: offset + 4), let checksum = bytes.u32(at: offset + 8),
        magic &+ flags &+ checksum == 0
      else { continue }
      let header = MultibootHeader(offset: offset, flags: flags)
      let isDisk = bytes.u16(at: 510) == 0xAA55 && bytes.u32(at: 0) != ELF.magic
      return isDisk && flags & hasAddresses == 0 ? nil : header
    }
    return nil
  }
}

/// Loads a Multiboot 1 kernel, and its module if an initial RAM disk was given.
enum Multiboot {
  static let loaderName = "Ringside"

  static func load(_ guest: Guest, image: FileContents, into memory: BootMemory)
    throws(ImageError) -> EntryState
  {
    let bytes = ImageReader(image)
    guard let header = MultibootHeader.find(in: bytes) else {
      throw ImageError(image.path, .noMultibootHeader)
    }
    let unknown = header.flags & 0xFFFF & ~MultibootHeader.knownRequirements
    guard unknown == 0 else { throw ImageError(image.path, .multibootFlags(unknown)) }

    var used: [Range<UInt64>] = []
    let entry =
      if header.flags & MultibootHeader.hasAddresses != 0 {
        try loadByAddresses(header, bytes, into: memory, &used)
      } else {
        try loadELF(bytes, into: memory, &used)
      }
    guard used.contains(where: { $0.contains(entry) }) else {
      throw ImageError(
        image.path, .malformed("its entry point \(hexadecimal(entry)) is in nothing it loads"))
    }
    let module = try loadModule(guest, into: memory, above: used)
    if let module { used.append(module) }
    let area = try freeArea(size: 4096 + UInt64(guest.commandLine.utf8.count), used, memory)
    storeInformation(guest, module, at: area, in: memory)
    return .protected(
      entry: UInt32(truncatingIfNeeded: entry), gdt: UInt32(area),
      registers: [
        (.eax, MultibootHeader.loaderMagic), (.ebx, UInt32(area) + Information.offset),
      ])
  }

  private static func loadELF(
    _ bytes: ImageReader, into memory: BootMemory, _ used: inout [Range<UInt64>]
  ) throws(ImageError) -> UInt64 {
    let elf = try ELF(bytes)
    for segment in elf.segments {
      let part = try bytes.part("a segment", at: segment.fileOffset, size: segment.fileSize)
      let name = "the segment for \(hexadecimal(segment.physicalAddress))"
      try memory.load(name, part, at: segment.physicalAddress, size: segment.memorySize)
      used.append(segment.physicalAddress..<segment.physicalAddress + segment.memorySize)
    }
    return elf.physicalEntry
  }

  /// The address fields of the header: header, load, load end, bss end, entry (3.1.3).
  private static func loadByAddresses(
    _ header: MultibootHeader, _ bytes: ImageReader, into memory: BootMemory,
    _ used: inout [Range<UInt64>]
  ) throws(ImageError) -> UInt64 {
    _ = try bytes.part("the Multiboot header", at: UInt64(header.offset), size: 32)
    func field(_ number: Int) -> UInt64 {
      UInt64(bytes.u32(at: header.offset + 12 + number * 4) ?? 0)
    }
    let (headerAddress, start, loadEnd) = (field(0), field(1), field(2))
    let distance = headerAddress &- start
    guard headerAddress >= start, distance <= UInt64(header.offset) else {
      throw ImageError(bytes.file.path, .malformed("its Multiboot load address is impossible"))
    }
    let offset = UInt64(header.offset) - distance
    let end = loadEnd == 0 ? start + (bytes.count - offset) : loadEnd
    guard end >= start, field(3) == 0 || field(3) >= end else {
      throw ImageError(bytes.file.path, .malformed("its Multiboot addresses are out of order"))
    }
    let part = try bytes.part("the kernel", at: offset, size: end - start)
    let size = max(field(3), end) - start
    try memory.load("the kernel", part, at: start, size: size)
    used.append(start..<start + size)
    return field(4)
  }

  private static func loadModule(
    _ guest: Guest, into memory: BootMemory, above used: [Range<UInt64>]
  ) throws(ImageError) -> Range<UInt64>? {
    guard let initrd = guest.initrd else { return nil }
    let end = used.map(\.upperBound).max() ?? 0
    let start = max(BootMemory.extendedStart, (end + 0xFFF) & ~0xFFF)
    let size = UInt64(initrd.bytes.count)
    guard memory.hasRAM(at: start, size: size) else {
      let room = memory.size > start ? memory.size - start : 0
      throw ImageError(initrd.path, .initrdTooLarge(size: size, room: room))
    }
    try memory.load("the module", initrd.bytes, at: start)
    return start..<start + size
  }

  /// The lowest place in conventional memory that the kernel does not occupy.
  private static func freeArea(
    size: UInt64, _ used: [Range<UInt64>], _ memory: BootMemory
  ) throws(ImageError) -> UInt64 {
    var start: UInt64 = 0x1000
    for range in used.sorted(by: { $0.lowerBound < $1.lowerBound })
    where range.lowerBound < start + size && range.upperBound > start {
      start = (range.upperBound + 0xFFF) & ~0xFFF
    }
    let end = min(BootMemory.conventionalEnd, memory.size)
    guard start + size <= end else {
      throw ImageError(memory.path, .malformed("it leaves no conventional memory for the loader"))
    }
    return start
  }

  /// The information structure and what it points to, behind the GDT (specification 3.3).
  private enum Information {
    static let offset: UInt32 = 0x40
    static let map: UInt64 = 0x100
    static let module: UInt64 = 0x200
    static let name: UInt64 = 0x240
    static let commandLine: UInt64 = 0x280
  }

  private static func storeInformation(
    _ guest: Guest, _ module: Range<UInt64>?, at area: UInt64, in memory: BootMemory
  ) {
    BootDescriptors.store(in: memory, at: area)
    let information = area + UInt64(Information.offset)
    func store(_ value: UInt64, field offset: UInt64) {
      memory.store(UInt32(truncatingIfNeeded: value), at: information + offset)
    }
    for offset in stride(from: UInt64(0), to: 88, by: 4) { store(0, field: offset) }
    // Flags: memory sizes, command line, modules, memory map, loader name.
    store(1 << 0 | 1 << 2 | (module == nil ? 0 : 1 << 3) | 1 << 6 | 1 << 9, field: 0)
    let ranges = memory.ranges
    store(ranges[0].size >> 10, field: 4)
    store(ranges.count > 1 ? ranges[1].size >> 10 : 0, field: 8)
    memory.store(guest.commandLine, at: area + Information.commandLine)
    store(area + Information.commandLine, field: 16)
    if let module {
      store(1, field: 20)
      store(area + Information.module, field: 24)
      let entry = area + Information.module
      let text = area + Information.commandLine + UInt64(guest.commandLine.utf8.count)
      for (index, value) in [module.lowerBound, module.upperBound, text, 0].enumerated() {
        memory.store(UInt32(truncatingIfNeeded: value), at: entry + UInt64(index * 4))
      }
    }
    for (index, range) in ranges.enumerated() {
      let entry = area + Information.map + UInt64(index * 24)
      memory.store(UInt32(20), at: entry)
      memory.store(range.start, at: entry + 4)
      memory.store(range.size, at: entry + 12)
      memory.store(UInt32(1), at: entry + 20)
    }
    store(UInt64(ranges.count * 24), field: 44)
    store(area + Information.map, field: 48)
    memory.store(loaderName, at: area + Information.name)
    store(area + Information.name, field: 64)
  }
}
