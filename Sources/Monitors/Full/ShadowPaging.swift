import X86

/// How a monitor keeps its shadow page tables in step with the guest's.
public enum PagingPolicy: String, Sendable, CaseIterable {
  /// A shadow is a large TLB: it is emptied when the guest flushes its own.
  case flush
  /// The guest's page tables are write-protected, and what is derived from them follows each write.
  /// So a shadow stays when the guest loads CR3, and is there when it comes back.
  case trace
}

/// The page tables that the lab processor really walks while a guest runs: linear address of the
/// guest → machine address. Filled entry by entry as the guest touches pages, from the guest's own
/// tables. The pages for them come from a pool; when it is empty, the one used longest ago goes.
struct ShadowPaging {
  /// What a page of the pool is a shadow of.
  struct Key: Hashable {
    enum Kind: UInt8 {
      /// A page directory of the guest, at the guest-physical address `place`.
      case directory
      /// A page table of the guest, at `place`, seen through a directory entry with these `rights`.
      case table
      /// A 4 MiB page of the guest that begins at `place`.
      case largePage
      /// The directory while paging is off, or the only one there is.
      case onlyDirectory
      /// Whatever is at the directory's index `place`.
      case region
    }

    var kind: Kind
    var place: PhysicalAddress
    /// R/W and U/S, bits 1 and 2, of the directory entry; of a large page also D, as bit 0.
    var rights: UInt8 = 0

    var isDirectory: Bool { kind == .directory || kind == .onlyDirectory }
  }

  /// A page of the pool in use.
  struct Page {
    var key: Key
    /// Machine address.
    var address: UInt32
    /// When an entry was last made in it, by `clock`.
    var lastUse: UInt64
    /// Writes to the guest's table since then.
    var writes: UInt8 = 0
  }

  enum Bits {
    static let present: UInt32 = 1
    static let writable: UInt32 = 2
    static let user: UInt32 = 4
    static let accessed: UInt32 = 0x20
    static let dirty: UInt32 = 0x40
    static let large: UInt32 = 0x80
    static let frame: UInt32 = 0xFFFF_F000
  }

  let policy: PagingPolicy
  let memory: MonitorMemory
  /// The last entry of each directory is the monitor's hole.
  let hasHole: Bool
  /// Pages in use, by machine address, and where the shadow of something is.
  var pages: [UInt32: Page] = [:]
  var places: [Key: UInt32] = [:]
  /// Machine addresses of pages that are not in use.
  var free: [UInt32] = []
  /// The directory that the lab processor walks.
  var root: UInt32 = 0
  private(set) var clock: UInt64 = 0
  /// Frames of the guest that hold tables with a shadow, and how many shadows.
  var traced: [PhysicalAddress: Int] = [:]
  /// Frames that a shadow may map writable.
  private var mayBeWritable: Set<PhysicalAddress> = []
  /// Pages that had to go for others.
  private(set) var evictions: UInt64 = 0

  /// With fewer pages, one instruction could need more of them than there are.
  static let leastPages = 16
  /// After so many writes to a guest's table, none of them followed by a use, it is taken for
  /// something else: memory that is being filled.
  private static let idleWrites: UInt8 = 3

  /// `limit` pages of the pool are used, or all of it.
  init(_ memory: MonitorMemory, policy: PagingPolicy, limit: Int? = nil, hasHole: Bool = true) {
    (self.memory, self.policy, self.hasHole) = (memory, policy, hasHole)
    let pool = stride(from: MonitorLayout.pool, to: MonitorLayout.size, by: 4096)
    free = Array(pool.prefix(limit ?? .max)).reversed()
    precondition(free.count >= Self.leastPages, "one instruction may need that many")
    root = allocate(Key(kind: .onlyDirectory, place: 0))
  }

  // MARK: Directories

  /// Whether a shadow of the guest's present directory is there.
  func hasRoot(for guest: borrowing CPU) -> Bool { places[Self.rootKey(guest)] != nil }

  private static func rootKey(_ guest: borrowing CPU) -> Key {
    guest.cr0.contains(.paging)
      ? Key(kind: .directory, place: UInt64(guest.cr3 & Bits.frame))
      : Key(kind: .onlyDirectory, place: 0)
  }

  /// Goes to the directory that stands for the guest's present one.
  mutating func selectRoot(_ guest: borrowing CPU) {
    guard policy == .trace else { return }
    let key = Self.rootKey(guest)
    root = places[key] ?? allocate(key)
    touch(root)
  }

  /// Forgets every page of the guest.
  mutating func flush() {
    // In the order of addresses: a dictionary has none that is the same in every run.
    for page in pages.values.sorted(by: { $0.address > $1.address }) where page.address != root {
      release(page.address, page)
    }
    clearDirectory(root)
    mayBeWritable.removeAll(keepingCapacity: true)
  }

  private func clearDirectory(_ address: UInt32) {
    memory.clear(address, size: 4096)
    guard hasHole else { return }
    memory.store(
      MonitorLayout.holeTable | 0x63,
      at: address + UInt32(MonitorLayout.holeDirectoryIndex * 4))
  }

  // MARK: Entries

  /// Maps a page. `path` is how the guest's tables lead there; nil while it does not use paging. True
  /// when something else was forgotten or restricted for it: the lab processor's TLB must forget too.
  mutating func map(
    _ linear: UInt32, _ found: GuestTranslation, _ path: GuestPath?, isWritable: Bool
  ) -> Bool {
    precondition(!hasHole || linear < MonitorLayout.hole, "the hole is the monitor's")
    let key = key(for: linear, path)
    let evictedBefore = evictions
    let table = places[key] ?? allocate(key)
    var mustForget = evictions != evictedBefore
    touch(table)
    let slot = root + (linear >> 22) * 4
    let link: UInt32 = memory.load(slot)
    if link & Bits.frame != table || link & Bits.present == 0 {
      // The directory allows everything: the entries below decide.
      memory.store(table | Bits.present | Bits.writable | Bits.user, at: slot)
      mustForget = mustForget || link & Bits.present != 0
    }
    if let path, policy == .trace {
      if protectIfNew(path.directory) { mustForget = true }
      if !path.isLarge, protectIfNew(UInt64(path.directoryEntry & Bits.frame)) { mustForget = true }
    }
    let frame = found.page
    let grants = isWritable && !isTraced(frame)
    if grants { mayBeWritable.insert(frame) }
    var entry = UInt32(truncatingIfNeeded: GuestMemory.machineAddress(of: frame)) & Bits.frame
    entry |= Bits.present | (found.isUser ? Bits.user : 0) | (grants ? Bits.writable : 0)
    memory.store(entry, at: table + (linear >> 10 & 0xFFC))
    return mustForget
  }

  private func key(for linear: UInt32, _ path: GuestPath?) -> Key {
    guard policy == .trace, let path else {
      return Key(kind: .region, place: UInt64(linear >> 22))
    }
    return Self.childKey(path.directoryEntry, isLarge: path.isLarge)
  }

  /// What an entry of the guest's directory leads to.
  static func childKey(_ entry: UInt32, isLarge: Bool) -> Key {
    let rights = UInt8(truncatingIfNeeded: entry & 6)
    guard isLarge else {
      return Key(kind: .table, place: UInt64(entry & Bits.frame), rights: rights)
    }
    let dirty = entry & Bits.dirty != 0 ? UInt8(largeDirty) : 0
    return Key(kind: .largePage, place: UInt64(entry & 0xFFC0_0000), rights: rights | dirty)
  }

  /// Among the rights of a large page: its D bit is set.
  static let largeDirty: UInt32 = 1

  /// Forgets one page, under the present directory.
  func zap(_ linear: UInt32) {
    guard policy == .flush, let place = entryPlace(linear) else { return }
    memory.store(UInt32(0), at: place)
  }

  /// The entry for a page as it is, 0 when there is none.
  func entry(_ linear: UInt32) -> UInt32 {
    guard let place = entryPlace(linear) else { return 0 }
    return memory.load(place)
  }

  /// Where in the monitor's memory the entry for a linear address is.
  func entryPlace(_ linear: UInt32) -> UInt32? {
    let directory: UInt32 = memory.load(root + (linear >> 22) * 4)
    guard directory & Bits.present != 0 else { return nil }
    return directory & Bits.frame + linear >> 10 & 0xFFC
  }

  // MARK: Traced frames

  /// Whether a frame of the guest holds a table that a shadow is derived from.
  func isTraced(_ frame: PhysicalAddress) -> Bool { traced[frame] != nil }

  /// Whether one of the bytes from an address on is in such a frame.
  func isTraced(_ address: PhysicalAddress, size: Int) -> Bool {
    guard !traced.isEmpty, size > 0 else { return false }
    return stride(from: address & ~0xFFF, to: address + UInt64(size), by: 4096).contains {
      traced[$0] != nil
    }
  }

  /// In rising order.
  var tracedFrames: [PhysicalAddress] { traced.keys.sorted() }

  private var newlyTraced: Set<PhysicalAddress> = []

  private mutating func protectIfNew(_ frame: PhysicalAddress) -> Bool {
    newlyTraced.remove(frame) != nil && protect(frame)
  }

  /// Takes a frame's writable mappings away, under whatever address. True if there was one.
  mutating func protect(_ frame: PhysicalAddress) -> Bool {
    guard mayBeWritable.remove(frame) != nil else { return false }
    let machine = UInt32(truncatingIfNeeded: GuestMemory.machineAddress(of: frame))
    var hasChanged = false
    for page in pages.values where !page.key.isDirectory {
      for place in stride(from: page.address, to: page.address + 4096, by: 4) {
        let entry: UInt32 = memory.load(place)
        if entry & Bits.frame == machine && entry & 3 == 3 {
          memory.store(entry & ~Bits.writable, at: place)
          hasChanged = true
        }
      }
    }
    return hasChanged
  }

  /// The guest writes to a traced table. True if the frame is not worth to be traced any more: its
  /// shadows are gone.
  mutating func noteWrite(to frame: PhysicalAddress) -> Bool {
    var isIdle = false
    for address in shadows(of: frame) {
      guard pages[address]?.writes ?? 0 < Self.idleWrites else {
        isIdle = true
        continue
      }
      pages[address]?.writes += 1
    }
    let own = shadows(of: frame)
    guard isIdle, !own.contains(root) else { return false }
    for address in own { remove(address) }
    return true
  }

  /// The pool's pages that are derived from a frame.
  func shadows(of frame: PhysicalAddress) -> [UInt32] {
    let directory = Key(kind: .directory, place: frame)
    let tables = [UInt8(0), 2, 4, 6].map { Key(kind: .table, place: frame, rights: $0) }
    return ([directory] + tables).compactMap { places[$0] }
  }

  // MARK: The pool

  private mutating func touch(_ address: UInt32) {
    clock += 1
    pages[address]?.lastUse = clock
    pages[address]?.writes = 0
  }

  private mutating func allocate(_ key: Key) -> UInt32 {
    if free.isEmpty { evict() }
    let address = free.removeLast()
    if key.isDirectory { clearDirectory(address) } else { memory.clear(address, size: 4096) }
    pages[address] = Page(key: key, address: address, lastUse: clock)
    places[key] = address
    if key.kind == .directory || key.kind == .table {
      if traced[key.place] == nil { newlyTraced.insert(key.place) }
      traced[key.place, default: 0] += 1
    }
    return address
  }

  private mutating func evict() {
    let victim = pages.values.filter { $0.address != root }.min { $0.lastUse < $1.lastUse }
    guard let victim else { preconditionFailure("the pool has more than the root") }
    evictions += 1
    remove(victim.address)
  }

  /// Forgets one page of the pool; no directory leads there any more.
  mutating func remove(_ address: UInt32) {
    guard let page = pages[address] else { return }
    if !page.key.isDirectory {
      for directory in pages.values where directory.key.isDirectory {
        for index in UInt32(0)..<(hasHole ? UInt32(MonitorLayout.holeDirectoryIndex) : 1024) {
          let link: UInt32 = memory.load(directory.address + index * 4)
          if link & Bits.present != 0 && link & Bits.frame == address {
            memory.store(UInt32(0), at: directory.address + index * 4)
          }
        }
      }
    }
    release(address, page)
  }

  private mutating func release(_ address: UInt32, _ page: Page) {
    pages[address] = nil
    places[page.key] = nil
    free.append(address)
    guard page.key.kind == .directory || page.key.kind == .table else { return }
    let left = (traced[page.key.place] ?? 1) - 1
    traced[page.key.place] = left == 0 ? nil : left
    newlyTraced.remove(page.key.place)
  }

  // MARK: For the state

  /// Makes the pool what it was, see `State`.
  mutating func restore(
    _ kept: [Page], free: [UInt32], root: UInt32, clock: UInt64, evictions: UInt64
  ) {
    (pages, places, traced, mayBeWritable) = ([:], [:], [:], [])
    (self.free, self.root, self.clock, self.evictions) = (free, root, clock, evictions)
    for page in kept {
      pages[page.address] = page
      places[page.key] = page.address
      if page.key.kind == .directory || page.key.kind == .table {
        traced[page.key.place, default: 0] += 1
      }
    }
    // To look at those again that are protected already costs little and changes nothing.
    newlyTraced = Set(traced.keys)
  }

  /// An entry that maps a frame writable has been put back.
  mutating func noteWritable(_ frame: PhysicalAddress) { mayBeWritable.insert(frame) }

  /// Makes a page of the pool an empty directory or table.
  func clear(_ page: Page) {
    if page.key.isDirectory {
      clearDirectory(page.address)
    } else {
      memory.clear(page.address, size: 4096)
    }
  }
}
