import X86

/// The contents of one page of RAM at some moment, shared by all snapshots in which it is the same.
final class Page {
  let bytes: UnsafeMutableRawPointer
  private let meter: PageMeter

  init(copying page: UnsafeRawPointer, meter: PageMeter) {
    bytes = .allocate(byteCount: 4096, alignment: 4096)
    bytes.copyMemory(from: page, byteCount: 4096)
    self.meter = meter
    meter.count += 1
  }

  deinit {
    meter.count -= 1
    bytes.deallocate()
  }
}

/// How many pages are kept.
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

  /// Takes the present contents of a page.
  mutating func store(_ host: UnsafeRawPointer, at address: PhysicalAddress) {
    self[address] = Self.isZero(host) ? nil : Page(copying: host, meter: meter)
  }

  /// The addresses of pages that are not the same object in another table.
  func differences(from other: PageTable) -> [PhysicalAddress] {
    var addresses: [PhysicalAddress] = []
    for index in leaves.indices {
      for entry in 0..<Self.leafCount where leaves[index][entry] !== other.leaves[index][entry] {
        addresses.append(PhysicalAddress(index) << 20 | PhysicalAddress(entry) << 12)
      }
    }
    return addresses
  }

  private static func isZero(_ page: UnsafeRawPointer) -> Bool {
    for offset in stride(from: 0, to: 4096, by: 8)
    where page.load(fromByteOffset: offset, as: UInt64.self) != 0 {
      return false
    }
    return true
  }
}
