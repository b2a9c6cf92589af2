import X86

/// The shadow page tables as a value: which pages of the pool stand for what, and their entries.
extension ShadowPaging {
  struct State {
    var root: UInt32 = 0
    var clock: UInt64 = 0
    var evictions: UInt64 = 0
    /// Machine addresses.
    var free: [UInt32] = []
    /// For each page in use: what it is a shadow of (kind, place, rights), its machine address, its
    /// last use, the writes since, then its entries: number in the upper, contents in the lower half.
    var pages: [[UInt64]] = []

    /// Words of a page before its entries.
    static let head = 6

    mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
      coder.field(&root)
      coder.field(&clock)
      coder.field(&evictions)
      coder.numbers(&free)
      coder.array(&pages, empty: []) { $0.numbers(&$1) }
    }

    fileprivate var kept: [Page]? {
      var kept: [Page] = []
      for words in pages {
        guard words.count >= Self.head, let kind = UInt8(exactly: words[0]),
          let kind = Key.Kind(rawValue: kind), words[1] & 0xFFF == 0 || kind == .region,
          words[1] < 1 << 32, words[2] < 8,
          let address = UInt32(exactly: words[3]), let writes = UInt8(exactly: words[5])
        else { return nil }
        kept.append(
          Page(
            key: Key(kind: kind, place: words[1], rights: UInt8(words[2])), address: address,
            lastUse: words[4], writes: writes))
      }
      return kept
    }
  }

  var state: State {
    var state = State(root: root, clock: clock, evictions: evictions, free: free)
    for page in pages.values.sorted(by: { $0.address < $1.address }) {
      var words = [
        UInt64(page.key.kind.rawValue), page.key.place, UInt64(page.key.rights),
        UInt64(page.address), page.lastUse, UInt64(page.writes),
      ]
      for number in UInt32(0)..<1024 {
        let entry: UInt32 = memory.load(page.address + number * 4)
        if entry != 0 && !isHole(page, number) {
          words.append(UInt64(number) << 32 | UInt64(entry))
        }
      }
      state.pages.append(words)
    }
    return state
  }

  private func isHole(_ page: Page, _ number: UInt32) -> Bool {
    hasHole && page.key.isDirectory && number == UInt32(MonitorLayout.holeDirectoryIndex)
  }

  /// Whether every page of the pool is there once, directories lead to tables, and tables to memory of
  /// the guest.
  func canTake(_ state: State, _ machine: borrowing PhysicalMemory) -> Bool {
    guard let kept = state.kept else { return false }
    let places = (state.free + kept.map(\.address)).sorted()
    let kinds = Dictionary(
      kept.map { ($0.address, $0.key.isDirectory) }, uniquingKeysWith: { one, _ in one })
    guard places == (free + pages.keys).sorted(), kinds[state.root] == true,
      Set(kept.map(\.key)).count == kept.count, kept.allSatisfy({ $0.lastUse <= state.clock })
    else { return false }
    for (page, words) in zip(kept, state.pages) {
      for word in words.dropFirst(State.head) {
        let target = word & UInt64(Bits.frame)
        guard word >> 32 < 1024, word & 0xF98 == 0, word & 1 != 0 else { return false }
        if page.key.isDirectory {
          guard kinds[UInt32(target)] == false, !isHole(page, UInt32(word >> 32)) else {
            return false
          }
        } else {
          guard target >= MonitorLayout.guestOffset, machine.host(at: target) != nil else {
            return false
          }
        }
      }
    }
    return true
  }

  /// Makes the shadow what it was; `canTake` has said that it can have been.
  mutating func take(_ state: State) {
    guard let kept = state.kept else { preconditionFailure("checked before") }
    restore(
      kept, free: state.free, root: state.root, clock: state.clock, evictions: state.evictions)
    for (page, words) in zip(kept, state.pages) {
      clear(page)
      for word in words.dropFirst(State.head) {
        let entry = UInt32(truncatingIfNeeded: word)
        memory.store(entry, at: page.address + UInt32(word >> 32) * 4)
        if !page.key.isDirectory && entry & Bits.writable != 0 {
          noteWritable(frame(of: entry))
        }
      }
    }
  }
}
