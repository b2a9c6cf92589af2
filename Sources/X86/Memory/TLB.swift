/// One entry of the data TLB. A tag is the linear page address (bits 31-12) when an access of that
/// kind may go straight to host memory, `TLBEntry.noTag` otherwise.
struct TLBEntry {
  var readTag: UInt32 = noTag
  var writeTag: UInt32 = noTag
  /// Host address of the page minus its linear address.
  var addend: Int = 0

  /// Never equal to a page address.
  static let noTag: UInt32 = 1
}

/// What the processor remembers of a translation beside the fast tags.
struct Translation {
  /// Linear page address, or `TLBEntry.noTag` when the entry is empty.
  var tag: UInt32 = TLBEntry.noTag
  /// Whether the page tables allow writes, and whether the D bit is known to be set.
  var isWritable = false
  var isDirty = false
  var isGlobal = false
  /// Physical page address.
  var physical: PhysicalAddress = 0
}

/// The software TLB: direct-mapped, one half for supervisor, one for user accesses.
///
/// Guests rely on real TLB behaviour (stale entries until a flush), so entries live until they are
/// evicted or flushed, and they are part of the machine's state.
struct TLB: ~Copyable {
  static let entries = 1024
  /// Data entries: supervisor [0, entries), user [entries, 2 × entries).
  let data: UnsafeMutablePointer<TLBEntry>
  let translations: UnsafeMutablePointer<Translation>
  /// Indices filled with non-global translations since the last flush, so that a CR3 load visits
  /// only these.
  private let filled: UnsafeMutablePointer<UInt16>
  private var filledCount = 0
  private static let filledLimit = 256

  init() {
    data = .allocate(capacity: 2 * Self.entries)
    data.initialize(repeating: TLBEntry(), count: 2 * Self.entries)
    translations = .allocate(capacity: 2 * Self.entries)
    translations.initialize(repeating: Translation(), count: 2 * Self.entries)
    filled = .allocate(capacity: Self.filledLimit)
    filled.initialize(repeating: 0, count: Self.filledLimit)
  }

  deinit {
    data.deallocate()
    translations.deallocate()
    filled.deallocate()
  }

  @inline(__always)
  static func index(_ linear: UInt32, user: Bool) -> Int {
    Int(linear >> 12) & (entries - 1) | (user ? entries : 0)
  }

  mutating func insert(_ translation: Translation, at index: Int) {
    translations[index] = translation
    data[index] = TLBEntry()
    guard !translation.isGlobal else { return }
    if filledCount < Self.filledLimit { filled[filledCount] = UInt16(index) }
    filledCount += 1
  }

  private mutating func clear(_ index: Int) {
    translations[index].tag = TLBEntry.noTag
    data[index] = TLBEntry()
  }

  /// What a CR3 load does: every translation but the global ones.
  mutating func flushNonGlobal() {
    if filledCount <= Self.filledLimit {
      for position in 0..<filledCount {
        let index = Int(filled[position])
        if !translations[index].isGlobal { clear(index) }
      }
    } else {
      for index in 0..<2 * Self.entries where !translations[index].isGlobal { clear(index) }
    }
    filledCount = 0
  }

  mutating func flushAll() {
    for index in 0..<2 * Self.entries { clear(index) }
    filledCount = 0
  }

  /// INVLPG: the entry for this page, global or not, in both halves.
  mutating func flush(page linear: UInt32) {
    let page = linear & 0xFFFF_F000
    for user in [false, true] {
      let index = Self.index(linear, user: user)
      if translations[index].tag == page { clear(index) }
    }
  }

  /// Takes the fast write path away from every mapping of a frame that just got code in it.
  mutating func withdrawWrites(physical page: PhysicalAddress) {
    for index in 0..<2 * Self.entries
    where translations[index].physical == page && translations[index].tag != TLBEntry.noTag {
      data[index].writeTag = TLBEntry.noTag
    }
  }

  /// Takes every fast path away without forgetting a translation (debug registers, mapping changes).
  mutating func withdrawAll() {
    for index in 0..<2 * Self.entries { data[index] = TLBEntry() }
  }
}
