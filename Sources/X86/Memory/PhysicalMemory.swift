/// One 4 KiB frame of guest-physical address space as the processor sees it: 24 bytes, as a machine
/// has many.
struct Frame {
  /// Where its bytes are in this process; nil when accesses go to the bus.
  var host: UnsafeMutableRawPointer?
  /// One bit for each 64 bytes from which instructions have been decoded.
  var codeMask: UInt64 = 0
  /// Number of the first block decoded from this frame, 0 if there is none; chained through the
  /// blocks.
  var firstBlock: UInt32 = 0
  /// ROM: writes are ignored.
  var isReadOnly = false
  /// Written to since the last call of `takeChanges`, see `PageChanges`.
  var isDirty = false
  /// A monitor's: host gates work here.
  var isMonitorOwned = false
  /// Another processor has decoded instructions from it: see `SharedCode.swift`.
  var isWatched = false
}

/// The map from physical addresses to host memory.
///
/// Two levels of 1024 entries, like a page directory: 4 GiB of frames, leaves made on demand.
/// Everything not mapped here belongs to the bus. Raw storage is owned by the caller of `map`.
public struct PhysicalMemory: ~Copyable {
  private let directory: UnsafeMutablePointer<UnsafeMutablePointer<Frame>?>
  /// Bytes of RAM mapped from address 0; the digest covers them.
  public private(set) var ramSize: UInt64 = 0
  /// Whether pages from which code is decoded are noted, and those notes.
  public var notesCode = false
  var newCodePages: [PhysicalAddress] = []
  var writtenPages: [PhysicalAddress] = []
  /// Instructions that take no time, if a monitor has put some into memory.
  public var untimedCode: UntimedCode?
  /// The pages written to, with what was in them before, if anybody wants to know.
  public let changes: PageChanges

  public init() {
    directory = .allocate(capacity: 1024)
    directory.initialize(repeating: nil, count: 1024)
    changes = PageChanges(directory)
  }

  deinit {
    for index in 0..<1024 { directory[index]?.deallocate() }
    directory.deallocate()
  }

  /// Maps `size` bytes at `storage` to the physical `address`. Both multiples of 4096.
  /// The storage must outlive the processor.
  public mutating func map(
    _ storage: UnsafeMutableRawPointer, size: Int, at address: PhysicalAddress,
    readOnly: Bool = false
  ) {
    precondition(address & 0xFFF == 0 && size & 0xFFF == 0, "frames are 4 KiB")
    precondition(address + UInt64(size) <= 1 << 32, "RAM lies below 4 GiB")
    for offset in stride(from: 0, to: size, by: 4096) {
      let frame = makeFrame(at: address + UInt64(offset))
      frame.pointee.host = storage + offset
      frame.pointee.isReadOnly = readOnly
    }
    if address == 0 && !readOnly { ramSize = UInt64(size) }
  }

  /// Gives the range back to the bus.
  public mutating func unmap(size: Int, at address: PhysicalAddress) {
    for offset in stride(from: 0, to: size, by: 4096) {
      makeFrame(at: address + UInt64(offset)).pointee.host = nil
    }
  }

  private mutating func makeFrame(at address: PhysicalAddress) -> UnsafeMutablePointer<Frame> {
    let index = Int(address >> 22)
    if let leaf = directory[index] { return leaf + Int(address >> 12 & 1023) }
    let leaf = UnsafeMutablePointer<Frame>.allocate(capacity: 1024)
    leaf.initialize(repeating: Frame(), count: 1024)
    directory[index] = leaf
    return leaf + Int(address >> 12 & 1023)
  }

  /// The frame at a physical address, or nil where nothing has ever been mapped.
  @inline(__always)
  func frame(at address: PhysicalAddress) -> UnsafeMutablePointer<Frame>? {
    guard address < 1 << 32, let leaf = directory[Int(address >> 22)] else { return nil }
    return leaf + Int(address >> 12 & 1023)
  }

  /// Host address of one byte of RAM or ROM; nil when the bus owns it.
  public func host(at address: PhysicalAddress) -> UnsafeMutableRawPointer? {
    guard let frame = frame(at: address), let page = frame.pointee.host else { return nil }
    return page + Int(address & 0xFFF)
  }

  /// Whether a byte is in RAM.
  public func isWritable(at address: PhysicalAddress) -> Bool {
    guard let frame = frame(at: address) else { return false }
    return frame.pointee.host != nil && !frame.pointee.isReadOnly
  }

  /// Visits everything ever mapped, in the order of addresses.
  func forEachFrame(_ body: (PhysicalAddress, UnsafeMutablePointer<Frame>) -> Void) {
    for index in 0..<1024 {
      guard let leaf = directory[index] else { continue }
      for entry in 0..<1024 {
        body(PhysicalAddress(index) << 22 | PhysicalAddress(entry) << 12, leaf + entry)
      }
    }
  }

  /// The pages that can be written to, by physical address in rising order.
  public var writablePages: [PhysicalAddress] {
    var pages: [PhysicalAddress] = []
    forEachFrame { address, frame in
      if frame.pointee.host != nil && !frame.pointee.isReadOnly { pages.append(address) }
    }
    return pages
  }
}
