import X86

/// The page tables that the lab processor really walks while a guest runs: linear address of the
/// guest → machine address. Filled entry by entry as the guest touches pages, from the guest's own
/// tables, and emptied when the guest flushes its TLB: a shadow is a large TLB.
struct ShadowPaging {
  private let memory: MonitorMemory
  /// Machine addresses of page tables that are not in use.
  private var free: [UInt32] = []
  /// Indices of the directory that have a table.
  private var used: [Int] = []

  private enum Bits {
    static let present: UInt32 = 1
    static let writable: UInt32 = 2
    static let user: UInt32 = 4
  }

  init(_ memory: MonitorMemory) {
    self.memory = memory
    for table in stride(from: MonitorLayout.pool, to: MonitorLayout.size, by: 4096) {
      free.append(table)
    }
    free.reverse()
  }

  /// Page tables in use, beside the directory and the hole's.
  var tableCount: Int { used.count }

  /// Forgets every page of the guest. The processor's TLB is the caller's business.
  mutating func flush() {
    for index in used {
      let entry = directoryEntry(index)
      free.append((memory.load(entry) as UInt32) & 0xFFFF_F000)
      memory.store(UInt32(0), at: entry)
    }
    used.removeAll(keepingCapacity: true)
  }

  /// Forgets one page.
  func zap(_ linear: UInt32) {
    guard let entry = tableEntry(linear) else { return }
    memory.store(UInt32(0), at: entry)
  }

  /// Maps a page. When all tables are taken, the others are forgotten first; true if so.
  mutating func map(_ linear: UInt32, to machine: UInt64, isUser: Bool, isWritable: Bool) -> Bool {
    let index = Int(linear >> 22)
    var hasFlushed = false
    if (memory.load(directoryEntry(index)) as UInt32) & Bits.present == 0 {
      if free.isEmpty {
        flush()
        hasFlushed = true
      }
      let table = free.removeLast()
      memory.clear(table, size: 4096)
      // The directory allows everything: the entries below decide.
      memory.store(
        table | Bits.present | Bits.writable | Bits.user, at: directoryEntry(index))
      used.append(index)
    }
    guard let entry = tableEntry(linear) else { preconditionFailure("the table is there") }
    var value = UInt32(truncatingIfNeeded: machine) & 0xFFFF_F000 | Bits.present
    if isUser { value |= Bits.user }
    if isWritable { value |= Bits.writable }
    memory.store(value, at: entry)
    return hasFlushed
  }

  /// The entry for a page as it is, 0 when there is none.
  func entry(_ linear: UInt32) -> UInt32 {
    guard let entry = tableEntry(linear) else { return 0 }
    return memory.load(entry)
  }

  // MARK: As a value

  /// Which pages the shadow has: the entries of each table, and which page tables are not in use.
  struct State {
    /// Machine addresses.
    var free: [UInt32] = []
    /// For each table in use its place in the directory, then its address, then its entries: number
    /// in the upper, contents in the lower half.
    var tables: [[UInt64]] = []

    mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
      coder.numbers(&free)
      coder.array(&tables, empty: []) { $0.numbers(&$1) }
    }
  }

  var state: State {
    var state = State(free: free)
    for index in used {
      let table = (memory.load(directoryEntry(index)) as UInt32) & 0xFFFF_F000
      var words = [UInt64(index), UInt64(table)]
      for number in UInt32(0)..<1024 {
        let entry: UInt32 = memory.load(table + number * 4)
        if entry != 0 { words.append(UInt64(number) << 32 | UInt64(entry)) }
      }
      state.tables.append(words)
    }
    return state
  }

  /// Whether every page table is there once, and every entry maps memory of the guest.
  func canTake(
    _ state: State, _ machine: borrowing PhysicalMemory,
    directoryEntries: Int = MonitorLayout.holeDirectoryIndex
  ) -> Bool {
    guard state.tables.allSatisfy({ $0.count >= 2 }) else { return false }
    let places = state.free.map(UInt64.init) + state.tables.map { $0[1] }
    let pool = stride(from: UInt64(MonitorLayout.pool), to: UInt64(MonitorLayout.size), by: 4096)
    guard places.sorted() == Array(pool),
      Set(state.tables.map { $0[0] }).count == state.tables.count
    else { return false }
    for table in state.tables {
      guard table[0] < UInt64(directoryEntries) else { return false }
      for word in table.dropFirst(2) {
        let page = word & 0xFFFF_F000
        guard word >> 32 < 1024, word & 0xF98 == 0, page >= MonitorLayout.guestOffset,
          machine.host(at: page) != nil
        else { return false }
      }
    }
    return true
  }

  mutating func take(_ state: State) {
    flush()
    free = state.free
    for words in state.tables {
      let (index, table) = (Int(words[0]), UInt32(words[1]))
      memory.clear(table, size: 4096)
      for word in words.dropFirst(2) {
        memory.store(UInt32(truncatingIfNeeded: word), at: table + UInt32(word >> 32) * 4)
      }
      memory.store(
        table | Bits.present | Bits.writable | Bits.user, at: directoryEntry(index))
      used.append(index)
    }
  }

  private func directoryEntry(_ index: Int) -> UInt32 {
    MonitorLayout.directory + UInt32(index * 4)
  }

  private func tableEntry(_ linear: UInt32) -> UInt32? {
    let directory: UInt32 = memory.load(directoryEntry(Int(linear >> 22)))
    guard directory & Bits.present != 0 else { return nil }
    return directory & 0xFFFF_F000 + linear >> 10 & 0xFFC
  }
}
