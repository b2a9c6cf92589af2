import X86

/// The contents of one page of RAM at some moments, shared by all tables in which it is the same.
///
/// As long as the machine's own memory has these contents they are nowhere else; `keep` gives the
/// page a copy of its own just before memory changes.
final class Page {
  /// The 4096 bytes; nil while memory has them.
  private(set) var bytes: UnsafeMutableRawPointer?
  private let meter: PageMeter

  /// The page as memory has it.
  init(meter: PageMeter) { self.meter = meter }

  /// Takes a copy as the page's own, unless it has one.
  func keep(_ copy: UnsafeMutableRawPointer) {
    guard bytes == nil else { return copy.deallocate() }
    bytes = copy
    meter.count += 1
  }

  /// Copies what memory has.
  func keep(copying host: UnsafeRawPointer) {
    guard bytes == nil else { return }
    let copy = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 16)
    copy.copyMemory(from: host, byteCount: 4096)
    keep(copy)
  }

  deinit {
    guard let bytes else { return }
    meter.count -= 1
    bytes.deallocate()
  }
}

/// How many pages have bytes of their own.
final class PageMeter {
  var count = 0
}

/// Which contents each page of the machine's memory had; none for a page of zeros. Copies share
/// all they can.
struct PageTable {
  private static let leafCount = 256
  private var leaves: [[Page?]]
  /// Counts the pages of all copies of this table.
  let meter = PageMeter()

  /// A table of zeros for addresses below `end`.
  init(end: PhysicalAddress) {
    let pages = Int((end + 4095) >> 12)
    let leaf = [Page?](repeating: nil, count: Self.leafCount)
    leaves = Array(repeating: leaf, count: (pages + Self.leafCount - 1) / Self.leafCount)
  }

  subscript(address: PhysicalAddress) -> Page? {
    get { leaves[Int(address >> 20)][Int(address >> 12) & (Self.leafCount - 1)] }
    set { leaves[Int(address >> 20)][Int(address >> 12) & (Self.leafCount - 1)] = newValue }
  }

  /// Makes the page what memory has at `host`, without a copy.
  mutating func adopt(_ host: UnsafeRawPointer, at address: PhysicalAddress) {
    self[address] = Self.isZero(host) ? nil : Page(meter: meter)
  }

  /// Whether a page could be in the table.
  func contains(_ address: PhysicalAddress) -> Bool { address >> 20 < leaves.count }

  /// Visits the pages that are not zeros, in the order of their addresses.
  func forEachPage(_ body: (PhysicalAddress, Page) -> Void) {
    for index in leaves.indices {
      for entry in 0..<Self.leafCount {
        guard let page = leaves[index][entry] else { continue }
        body(PhysicalAddress(index) << 20 | PhysicalAddress(entry) << 12, page)
      }
    }
  }

  /// The addresses of pages that are not the same object in another table.
  func differences(from other: PageTable) -> [PhysicalAddress] {
    var addresses: [PhysicalAddress] = []
    for index in leaves.indices where !isShared(leaves[index], other.leaves[index]) {
      for entry in 0..<Self.leafCount where leaves[index][entry] !== other.leaves[index][entry] {
        addresses.append(PhysicalAddress(index) << 20 | PhysicalAddress(entry) << 12)
      }
    }
    return addresses
  }

  /// Roughly what a table costs beside its pages, in bytes, when it differs from the one before in
  /// pages of `count` MiB of memory.
  func overhead(changedLeaves count: Int) -> Int { leaves.count * 8 + count * Self.leafCount * 8 }

  /// Whether two arrays are the same storage.
  private func isShared(_ one: [Page?], _ other: [Page?]) -> Bool {
    one.withUnsafeBufferPointer { one in
      other.withUnsafeBufferPointer { one.baseAddress == $0.baseAddress }
    }
  }

  private static func isZero(_ page: UnsafeRawPointer) -> Bool {
    for offset in stride(from: 0, to: 4096, by: 8)
    where page.load(fromByteOffset: offset, as: UInt64.self) != 0 {
      return false
    }
    return true
  }
}
