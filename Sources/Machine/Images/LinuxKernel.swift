import X86

/// Loads a Linux kernel by the 32-bit boot protocol (Documentation/arch/x86/boot.rst in Linux).
enum LinuxKernel {
  /// "HdrS" at offset 202h of the file.
  static let magic: UInt32 = 0x5372_6448

  // Where things are put, in conventional memory.
  private static let parameters: UInt64 = 0x1_0000
  private static let descriptors: UInt64 = 0x1_1000
  private static let commandLine: UInt64 = 0x2_0000
  private static let commandLineRoom = 0x1_0000

  /// What the setup header says, checked.
  private struct Header {
    var version: UInt16
    /// Offset of the protected-mode part in the file.
    var kernelOffset: UInt64
    var kernelSize: UInt64
    var loadAddress: UInt64
    var commandLineLimit: Int
    var initrdMaximum: UInt64
    /// Where the kernel will have unpacked itself, as far as it says so.
    var end: UInt64

    init(_ bytes: ImageReader) throws(ImageError) {
      let path = bytes.file.path
      _ = try bytes.part("the setup header", at: 0, size: 0x268)
      func field(_ offset: Int) -> UInt64 { UInt64(bytes.u32(at: offset) ?? 0) }
      version = bytes.u16(at: 0x206) ?? 0
      guard version >= 0x202 else { throw ImageError(path, .oldBootProtocol(version)) }
      guard bytes.u16(at: 0x1FE) == 0xAA55 else {
        throw ImageError(path, .malformed("its boot sector has no 55 AA mark"))
      }
      guard field(0x211) & 1 == 1 else {
        throw ImageError(path, .malformed("it is a zImage, which loads below 1 MiB"))
      }
      let sectors = UInt64(bytes.u8(at: 0x1F1) ?? 0)
      kernelOffset = (sectors == 0 ? 5 : sectors + 1) * 512
      let promised = version >= 0x204 ? field(0x1F4) * 16 : 1
      guard promised > 0 else { throw ImageError(path, .malformed("it says it has no bytes")) }
      // The promise counts in paragraphs; the last one may be cut.
      guard kernelOffset < bytes.count, kernelOffset + promised <= bytes.count + 15 else {
        throw ImageError(
          path, .truncated("the kernel", needs: kernelOffset + promised, has: bytes.count))
      }
      kernelSize =
        version >= 0x204 ? min(promised, bytes.count - kernelOffset) : bytes.count - kernelOffset
      loadAddress = field(0x214)
      guard loadAddress >= BootMemory.extendedStart else {
        let address = hexadecimal(loadAddress)
        throw ImageError(path, .malformed("it wants to be loaded at \(address), below 1 MiB"))
      }
      commandLineLimit = version >= 0x206 ? Int(field(0x238)) : 255
      initrdMaximum = version >= 0x203 ? field(0x22C) : 0x37FF_FFFF
      end = loadAddress + kernelSize
      if version >= 0x20A {
        let preferred = bytes.u64(at: 0x258) ?? 0
        let alignment = max(1, field(0x230))
        let isRelocatable = bytes.u8(at: 0x234) != 0
        let aligned = (loadAddress + alignment - 1) / alignment * alignment
        let start = isRelocatable ? max(aligned, preferred) : preferred
        let (last, overflows) = start.addingReportingOverflow(field(0x260))
        end = overflows ? .max : max(end, last)
      }
    }
  }

  static func load(_ guest: Guest, image: FileContents, into memory: BootMemory)
    throws(ImageError) -> EntryState
  {
    let bytes = ImageReader(image)
    let header = try Header(bytes)
    let kernel = try bytes.part("the kernel", at: header.kernelOffset, size: header.kernelSize)
    guard header.end <= memory.size else {
      let size = header.end - min(header.end, header.loadAddress)
      throw ImageError(
        image.path,
        .noRAM("the unpacked kernel", at: header.loadAddress, size: size, ram: memory.size))
    }
    try memory.require("the boot parameters", at: parameters, size: 0x2_0000)
    try memory.load("the kernel", kernel, at: header.loadAddress)
    try storeParameters(bytes, in: memory)
    try storeCommandLine(guest.commandLine, header, in: memory)
    if let initrd = guest.initrd { try loadInitrd(initrd, header, in: memory) }
    BootDescriptors.store(in: memory, at: descriptors)
    return .protected(
      entry: UInt32(truncatingIfNeeded: header.loadAddress), gdt: UInt32(descriptors),
      registers: [(.esi, UInt32(parameters))])
  }

  /// The "zero page": the file's setup header with what a loader has to fill in around it.
  private static func storeParameters(_ bytes: ImageReader, in memory: BootMemory)
    throws(ImageError)
  {
    let none = UnsafeRawBufferPointer(start: nil, count: 0)
    try memory.load("the boot parameters", none, at: parameters, size: 4096)
    // The header ends where the jump at 200h goes to.
    let end = min(0x290, 0x202 + UInt64(bytes.u8(at: 0x201) ?? 0))
    let setup = try bytes.part("the setup header", at: 0x1F1, size: end - 0x1F1)
    try memory.load("the setup header", setup, at: parameters + 0x1F1)

    func store<T: FixedWidthInteger>(_ value: T, _ offset: UInt64) {
      memory.store(value, at: parameters + offset)
    }
    // screen_info: an 80x25 VGA text screen with its cursor at the top left.
    store(UInt8(3), 0x06)
    store(UInt8(80), 0x07)
    store(UInt16(3), 0x0A)
    store(UInt8(25), 0x0E)
    store(UInt8(1), 0x0F)
    store(UInt16(16), 0x10)
    let ranges = memory.ranges
    let extended = (ranges.count > 1 ? ranges[1].size : 0) >> 10
    store(UInt16(min(extended, 0xFFFF)), 0x02)
    store(UInt32(extended), 0x1E0)
    store(UInt16(0xFFFF), 0x1FA)  // vid_mode: normal
    store(UInt8(0xFF), 0x210)  // type_of_loader: none that has a number
    store(UInt32(truncatingIfNeeded: commandLine), 0x228)
    store(UInt32(0), 0x218)
    store(UInt32(0), 0x21C)
    store(UInt8(ranges.count), 0x1E8)
    for (index, range) in ranges.enumerated() {
      let entry = 0x2D0 + UInt64(index * 20)
      store(range.start, entry)
      store(range.size, entry + 8)
      store(UInt32(1), entry + 16)
    }
  }

  private static func storeCommandLine(
    _ text: String, _ header: Header, in memory: BootMemory
  ) throws(ImageError) {
    let limit = min(header.commandLineLimit, commandLineRoom - 1)
    let length = text.utf8.count
    guard length <= limit else {
      throw ImageError(memory.path, .commandLineTooLong(length: length, limit: limit))
    }
    memory.store(text, at: commandLine)
  }

  /// As high as RAM and the kernel allow, so that it is out of the way of unpacking.
  private static func loadInitrd(
    _ initrd: FileContents, _ header: Header, in memory: BootMemory
  ) throws(ImageError) {
    let size = UInt64(initrd.bytes.count)
    let top = min(memory.size, header.initrdMaximum + 1)
    let floor = (header.end + 0xFFF) & ~0xFFF
    let room = top > floor ? top - floor : 0
    guard size <= room else {
      throw ImageError(initrd.path, .initrdTooLarge(size: size, room: room))
    }
    let start = (top - size) & ~0xFFF
    guard start >= floor else {
      throw ImageError(initrd.path, .initrdTooLarge(size: size, room: room & ~0xFFF))
    }
    try memory.load("the initial RAM disk", initrd.bytes, at: start)
    memory.store(UInt32(truncatingIfNeeded: start), at: parameters + 0x218)
    memory.store(UInt32(truncatingIfNeeded: size), at: parameters + 0x21C)
  }
}
