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
    precondition(linear < MonitorLayout.hole, "the hole is the monitor's")
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

  private func directoryEntry(_ index: Int) -> UInt32 {
    MonitorLayout.directory + UInt32(index * 4)
  }

  private func tableEntry(_ linear: UInt32) -> UInt32? {
    let directory: UInt32 = memory.load(directoryEntry(Int(linear >> 22)))
    guard directory & Bits.present != 0 else { return nil }
    return directory & 0xFFFF_F000 + linear >> 10 & 0xFFC
  }
}
