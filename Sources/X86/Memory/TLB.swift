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

/// The software TLB: direct-mapped, one half for supervisor, one for user accesses, and all of it
/// twice: a bank for the host and a bank for a guest, so that neither forgets the other's.
///
/// Guests rely on real TLB behaviour (stale entries until a flush), so entries live until they are
/// evicted or flushed, and they are part of the machine's state.
struct TLB: ~Copyable {
  static let entries = 1024
  static let banks = 2
  /// Data entries of the bank in use: supervisor [0, entries), user [entries, 2 × entries).
  private(set) var data: UnsafeMutablePointer<TLBEntry>
  private(set) var translations: UnsafeMutablePointer<Translation>
  private let allData: UnsafeMutablePointer<TLBEntry>
  private let allTranslations: UnsafeMutablePointer<Translation>
  private(set) var bank = 0
  /// How many banks have ever been in use: 1 unless guests run.
  private(set) var usedBanks = 1
  /// Indices filled with non-global translations since the last flush, so that a CR3 load visits
  /// only these; the first `filledLimit` for each bank, and how many there were.
  private let filled: UnsafeMutablePointer<UInt16>
  private var filledCount = 0
  private var idleFilledCount = 0
  private static let filledLimit = 256

  init() {
    let count = Self.banks * 2 * Self.entries
    allData = .allocate(capacity: count)
    allData.initialize(repeating: TLBEntry(), count: count)
    allTranslations = .allocate(capacity: count)
    allTranslations.initialize(repeating: Translation(), count: count)
    filled = .allocate(capacity: Self.banks * Self.filledLimit)
    filled.initialize(repeating: 0, count: Self.banks * Self.filledLimit)
    data = allData
    translations = allTranslations
  }

  deinit {
    allData.deallocate()
    allTranslations.deallocate()
    filled.deallocate()
  }

  /// Chooses whose translations are looked at and changed: 0 the host's, 1 the guest's.
  mutating func select(bank new: Int) {
    guard new != bank else { return }
    bank = new
    usedBanks = max(usedBanks, new + 1)
    data = allData + new * 2 * Self.entries
    translations = allTranslations + new * 2 * Self.entries
    swap(&filledCount, &idleFilledCount)
  }

  /// The translation at a place of any bank.
  func remembered(_ bank: Int, _ index: Int) -> Translation {
    allTranslations[bank * 2 * Self.entries + index]
  }

  @inline(__always)
  static func index(_ linear: UInt32, user: Bool) -> Int {
    Int(linear >> 12) & (entries - 1) | (user ? entries : 0)
  }

  mutating func insert(_ translation: Translation, at index: Int) {
    translations[index] = translation
    data[index] = TLBEntry()
    guard !translation.isGlobal else { return }
    if filledCount < Self.filledLimit {
      filled[bank * Self.filledLimit + filledCount] = UInt16(index)
    }
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
        let index = Int(filled[bank * Self.filledLimit + position])
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

  mutating func flushAllBanks() {
    let running = bank
    for bank in 0..<usedBanks {
      select(bank: bank)
      flushAll()
    }
    select(bank: running)
  }

  /// INVLPG: the entry for this page, global or not, in both halves.
  mutating func flush(page linear: UInt32) {
    let page = linear & 0xFFFF_F000
    for user in [false, true] {
      let index = Self.index(linear, user: user)
      if translations[index].tag == page { clear(index) }
    }
  }

  /// The same in the other bank.
  mutating func flushIdle(page linear: UInt32) {
    let running = bank
    select(bank: 1 - running)
    flush(page: linear)
    select(bank: running)
  }

  /// Takes the fast write path away from every mapping of a frame that just got code in it.
  mutating func withdrawWrites(physical page: PhysicalAddress) {
    for index in 0..<usedBanks * 2 * Self.entries
    where allTranslations[index].physical == page && allTranslations[index].tag != TLBEntry.noTag {
      allData[index].writeTag = TLBEntry.noTag
    }
  }

  /// Takes every fast path away without forgetting a translation (debug registers, mapping changes).
  mutating func withdrawAll() {
    for index in 0..<usedBanks * 2 * Self.entries { allData[index] = TLBEntry() }
  }
}
