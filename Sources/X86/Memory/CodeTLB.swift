/// Translations for instruction fetch: every page executed since the last flush, none forgotten.
///
/// A page is walked when the first instruction in it is fetched and not again until a flush. That
/// makes accessed bits, and the use of stale translations, follow from the instructions executed
/// and not from how these are cut into blocks.
struct CodeTLB: ~Copyable {
  struct Entry {
    /// The translation generation in which this was walked; 0 never.
    var generation: UInt32 = 0
    /// Physical page address.
    var physical: PhysicalAddress = 0
  }

  /// A page walked.
  struct Page {
    var linear: UInt32
    var isUser: Bool
    var physical: PhysicalAddress
  }

  /// Leaves of 1024 pages, made on demand: supervisor [0, 1024), user [1024, 2048); after the
  /// host's bank of these the guest's.
  private let directory: UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>
  private static let bankSize = 2048
  /// Where the bank in use starts.
  private var current: UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>

  init() {
    directory = .allocate(capacity: TLB.banks * Self.bankSize)
    directory.initialize(repeating: nil, count: TLB.banks * Self.bankSize)
    current = directory
  }

  deinit {
    for index in 0..<TLB.banks * Self.bankSize { directory[index]?.deallocate() }
    directory.deallocate()
  }

  /// Chooses the address space, see `TLB`.
  mutating func select(bank: Int) { current = directory + bank * Self.bankSize }

  /// Makes every page one that has never been walked.
  func removeAll() {
    for index in 0..<TLB.banks * Self.bankSize {
      directory[index]?.update(repeating: Entry(), count: 1024)
    }
  }

  /// The entry for the page of a linear address.
  func entry(for linear: UInt32, user: Bool) -> UnsafeMutablePointer<Entry> {
    let index = Int(linear >> 22) + (user ? 1024 : 0)
    if let leaf = current[index] { return leaf + Int(linear >> 12 & 1023) }
    let leaf = UnsafeMutablePointer<Entry>.allocate(capacity: 1024)
    leaf.initialize(repeating: Entry(), count: 1024)
    current[index] = leaf
    return leaf + Int(linear >> 12 & 1023)
  }

  /// The linear pages walked in a generation.
  func pages(of generation: UInt32, bank: Int) -> [Page] {
    var pages: [Page] = []
    for index in 0..<Self.bankSize {
      guard let leaf = directory[bank * Self.bankSize + index] else { continue }
      for entry in 0..<1024 where leaf[entry].generation == generation {
        let linear = UInt32(index & 1023) << 22 | UInt32(entry) << 12
        pages.append(
          Page(linear: linear, isUser: index >= 1024, physical: leaf[entry].physical))
      }
    }
    return pages
  }
}
