import X86

/// The machine's RAM as a loader sees it: writes that check whether there is any.
struct BootMemory {
  let ram: UnsafeMutableRawPointer
  /// Bytes of RAM, counted from address 0 with the hole below 1 MiB.
  let size: UInt64
  /// The file that errors are about.
  let path: String
  /// To be told before something is written.
  let pageChanges: PageChanges

  /// Where conventional memory ends and the hole for adapters and ROM begins.
  static let conventionalEnd: UInt64 = 0xA_0000
  static let extendedStart: UInt64 = 0x10_0000

  /// Whether there is RAM at all of these addresses.
  func hasRAM(at address: UInt64, size: UInt64) -> Bool {
    let (end, overflows) = address.addingReportingOverflow(size)
    guard !overflows else { return false }
    return end <= min(Self.conventionalEnd, self.size)
      || address >= Self.extendedStart && end <= self.size
  }

  func require(_ part: String, at address: UInt64, size: UInt64) throws(ImageError) {
    guard hasRAM(at: address, size: size) else {
      throw ImageError(path, .noRAM(part, at: address, size: size, ram: self.size))
    }
  }

  /// Copies a part of the image, and clears what follows it up to `size` bytes.
  func load(
    _ part: String, _ bytes: UnsafeRawBufferPointer, at address: UInt64, size: UInt64? = nil
  ) throws(ImageError) {
    let whole = max(size ?? 0, UInt64(bytes.count))
    try require(part, at: address, size: whole)
    let place = ram + Int(address)
    pageChanges.willWrite(at: address, size: Int(whole))
    if let source = bytes.baseAddress { place.copyMemory(from: source, byteCount: bytes.count) }
    clear(from: address + UInt64(bytes.count), to: address + whole)
  }

  /// Writes zeros where there is something else, so that untouched pages stay untouched.
  private func clear(from start: UInt64, to end: UInt64) {
    var current = start
    while current < end {
      let next = min((current | 0xFFF) + 1, end)
      let bytes = UnsafeMutableRawBufferPointer(
        start: ram + Int(current), count: Int(next - current))
      if bytes.contains(where: { $0 != 0 }) {
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
      }
      current = next
    }
  }

  /// Text with a zero byte at its end.
  func store(_ text: String, at address: UInt64) {
    for (index, byte) in text.utf8.enumerated() { store(byte, at: address + UInt64(index)) }
    store(UInt8(0), at: address + UInt64(text.utf8.count))
  }

  /// A little-endian field.
  func store<T: FixedWidthInteger>(_ value: T, at address: UInt64) {
    precondition(hasRAM(at: address, size: UInt64(MemoryLayout<T>.size)), "a loader's own area")
    pageChanges.willWrite(at: address, size: MemoryLayout<T>.size)
    ram.storeBytes(of: value.littleEndian, toByteOffset: Int(address), as: T.self)
  }

  /// The ranges of RAM, as firmware reports them: start and size.
  var ranges: [(start: UInt64, size: UInt64)] {
    var list: [(start: UInt64, size: UInt64)] = [(0, min(size, Self.conventionalEnd))]
    if size > Self.extendedStart {
      list.append((Self.extendedStart, size - Self.extendedStart))
    }
    return list
  }
}

/// The state in which the image takes over.
enum EntryState {
  /// 32-bit protected mode with flat segments; registers not named are 0.
  case protected(entry: UInt32, gdt: UInt32, registers: [(Register, UInt32)])
  /// Real mode at segment:offset, with the stack below the code.
  case real(segment: UInt16, offset: UInt16)
  /// The processor's own start, FFFFFFF0h.
  case resetVector
}

/// The descriptor table that loaders of 32-bit images put into memory.
enum BootDescriptors {
  /// Linux's boot protocol fixes these two selectors; Multiboot leaves them open.
  static let code: UInt16 = 0x10
  static let data: UInt16 = 0x18
  static let limit: UInt16 = 31

  static func store(in memory: BootMemory, at address: UInt64) {
    let table = [0, 0, Descriptor.flatCode.raw, Descriptor.flatData.raw]
    for (index, raw) in table.enumerated() {
      memory.store(raw, at: address + UInt64(index * 8))
    }
  }
}
