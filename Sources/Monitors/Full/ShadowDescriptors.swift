import X86

/// The descriptor tables that the lab processor really uses while a guest runs: copies of the
/// guest's with ring 0 made ring 1, two of each table.
///
/// Ring 1 is supervisor for paging, so page tables cannot keep the guest's kernel out of the hole;
/// segment limits must. That is the *kernel* image, for CPL 1. CPL 3 is kept out by paging, and has
/// the *user* image, in which segments are as long as the guest made them: thread-local storage is
/// reached by negative offsets from a GS with the largest limit. The monitor changes from one to the
/// other whenever the guest changes its ring.
struct ShadowDescriptors {
  /// For which ring of the guest an image is.
  enum Image {
    case kernel, user

    /// The one that a guest uses in a ring that it believes in.
    init(ring: UInt8) { self = ring == 3 ? .user : .kernel }

    /// Where it lies in the monitor's memory.
    var gdt: UInt32 { self == .kernel ? MonitorLayout.gdt : MonitorLayout.userGDT }
    var ldt: UInt32 { self == .kernel ? MonitorLayout.ldt : MonitorLayout.userLDT }
  }

  /// A page that holds a table of the guest: the monitor sees each write to it, under whatever linear
  /// address it is made.
  struct TracedPage: Equatable {
    /// Where the guest's table register leads.
    var linear: UInt32
    /// Guest-physical; `absent` while nothing is mapped there.
    var physical: PhysicalAddress

    static let absent: PhysicalAddress = 1 << 40
  }

  private let memory: MonitorMemory
  /// The guest tables that the shadows were made from.
  private var gdtBase: UInt32 = 0
  private var gdtLimit: UInt16 = 0
  private var ldt = Segment()
  private var gdtShadow = TableShadow(isGlobal: true)
  private var ldtShadow = TableShadow(isGlobal: false)
  private(set) var pages: [TracedPage] = []

  init(_ memory: MonitorMemory) { self.memory = memory }

  /// The guest has loaded other tables since they were copied.
  func isOutdated(_ guest: borrowing CPU) -> Bool {
    guest.gdtBase != gdtBase || guest.gdtLimit != gdtLimit
      || guest.segment(SegmentRegister.ldtr) != ldt
  }

  /// The guest's page tables have come to show other memory where its descriptor tables are.
  func hasMoved(_ guest: borrowing CPU) -> Bool {
    for page in pages where Self.place(of: page.linear, guest) != page.physical { return true }
    return false
  }

  fileprivate static func place(of linear: UInt32, _ guest: borrowing CPU) -> PhysicalAddress {
    guest.peekTranslate(linear).map { $0 & ~0xFFF } ?? TracedPage.absent
  }

  func isTraced(_ page: PhysicalAddress) -> Bool { pages.contains { $0.physical == page } }

  /// Whether one of the bytes from an address on is in a traced page.
  func isTraced(_ address: PhysicalAddress, size: Int) -> Bool {
    pages.contains { $0.physical < address + UInt64(size) && address < $0.physical + 4096 }
  }

  /// Copies the guest's tables as they are now. True if other pages than before hold them.
  mutating func rebuild(from guest: borrowing CPU) -> Bool {
    let before = pages
    (gdtBase, gdtLimit) = (guest.gdtBase, guest.gdtLimit)
    ldt = guest.segment(SegmentRegister.ldtr)
    pages.removeAll(keepingCapacity: true)
    let size = min(Int(gdtLimit) + 1, Int(MonitorLayout.guestLimit))
    gdtShadow.copy(guest, from: gdtBase, size: size, to: memory, tracing: &pages)
    // What LDTR has after RESET, 64 KiB at 0 without a selector, is nobody's table: who uses it is
    // interpreted, and low memory need not be watched.
    let hasTable = ldt.isUsable && ldt.selector & 0xFFFC != 0
    let ldtSize = hasTable ? min(Int(ldt.limit) + 1, MonitorLayout.tableSize) : 0
    ldtShadow.copy(guest, from: ldt.base, size: ldtSize, to: memory, tracing: &pages)
    return pages != before
  }

  /// What the lab processor finds under a selector, as a segment with that selector in it.
  func segment(_ selector: UInt16, _ image: Image) -> Segment? {
    guard selector & 0xFFFC != 0 else { return nil }
    let table = selector & 4 == 0 ? image.gdt : image.ldt
    let descriptor = Descriptor(raw: memory.load(table + UInt32(selector & 0xFFF8)))
    guard !descriptor.isSystem, descriptor.isPresent else { return nil }
    return Segment(selector: selector, descriptor: descriptor)
  }

  /// Lets the monitor's exit load a descriptor whose A bit is clear: the guest has loaded one like it,
  /// from another table perhaps, as when it has changed its GDT and not CS and SS. Later loads of it are
  /// not seen, and leave its A bit clear.
  func admit(_ selector: UInt16, _ image: Image) -> Segment? {
    let isLocal = selector & 4 != 0
    let copied = isLocal ? ldtShadow.copied : gdtShadow.copied
    let index = Int(selector >> 3)
    guard isLocal || index > 0, index < copied.count, copied[index] & 1 << 40 == 0 else {
      return nil
    }
    let shadow = Self.shadow(Descriptor(raw: copied[index] | 1 << 40), image)
    guard !shadow.isSystem, shadow.isPresent else { return nil }
    let table = isLocal ? image.ldt : image.gdt
    memory.store(shadow.raw, at: table + UInt32(selector & 0xFFF8))
    return Segment(selector: selector, descriptor: shadow)
  }

  // MARK: The rule

  /// The descriptor that stands for one of the guest's. System descriptors and whatever cannot be
  /// made safe become not present: their use faults, and the monitor emulates it.
  static func shadow(_ guest: Descriptor, _ image: Image) -> Descriptor {
    guard !guest.isSystem else { return Descriptor(raw: 0) }
    // Until its A bit is set, the first load must be seen: the processor sets it in the guest's table.
    guard guest.isPresent && guest.access & 1 != 0 else {
      return Descriptor(raw: guest.raw & ~(1 << 47))
    }
    if image == .user {
      return Descriptor(raw: guest.raw & ~(0xFF << 40) | UInt64(deprivileged(guest.access)) << 40)
    }
    let isExpandDown = guest.isData && guest.access & 4 != 0
    guard !isExpandDown, let limit = truncated(base: guest.base, limit: guest.limit) else {
      return Descriptor(raw: guest.raw & ~(1 << 47))
    }
    var raw = guest.raw & 0xFF70_00FF_FFFF_0000
    if limit > 0xF_FFFF {
      raw |= 1 << 55 | UInt64(limit >> 12 & 0xFFFF) | UInt64(limit >> 28) << 48
    } else {
      raw |= UInt64(limit & 0xFFFF) | UInt64(limit >> 16) << 48
    }
    raw |= UInt64(deprivileged(guest.access)) << 40
    return Descriptor(raw: raw)
  }

  /// The segment register that stands for one of the guest's; nil when there is none that is safe.
  static func shadow(_ guest: Segment, _ image: Image) -> Segment? {
    guard guest.isUsable else {
      var null = Segment()
      null.selector = guest.selector
      return null
    }
    var segment = guest
    if image == .kernel {
      let isExpandDown = guest.access & 0x1C == 0x14
      guard !isExpandDown, let limit = truncated(base: guest.base, limit: guest.limit) else {
        return nil
      }
      segment.limit = limit
    }
    segment.access = deprivileged(guest.access)
    segment.updateBounds()
    return segment
  }

  /// Whether a segment register could be a guest's: not of ring 0, and outside the hole in ring 1.
  static func isSafe(_ segment: Segment, _ image: Image) -> Bool {
    guard segment.isUsable else { return true }
    guard segment.access & 0x60 != 0 else { return false }
    return image == .user
      || segment.access & 0x1C != 0x14 && segment.base < MonitorLayout.hole
        && segment.limit <= MonitorLayout.hole - 1 - segment.base
  }

  /// Ring 0 becomes ring 1, and the segment has been accessed already.
  private static func deprivileged(_ access: UInt8) -> UInt8 {
    (access & 0x60 == 0 ? access | 0x20 : access) | 1
  }

  /// The limit below the hole, in steps that a descriptor can express: bytes up to 1 MiB, then pages.
  private static func truncated(base: UInt32, limit: UInt32) -> UInt32? {
    guard base < MonitorLayout.hole else { return nil }
    let allowed = min(limit, MonitorLayout.hole - 1 - base)
    if allowed <= 0xF_FFFF { return allowed }
    return allowed & 0xFFF == 0xFFF ? allowed : (allowed & 0xFFFF_F000) &- 1
  }
}

// MARK: - As a value

extension ShadowDescriptors {
  /// What the shadows were made from.
  struct State {
    var gdtBase: UInt32 = 0
    var gdtLimit: UInt16 = 0
    var ldt = Segment()
    /// The guest's descriptors.
    var gdt: [UInt64] = []
    var local: [UInt64] = []
    var pages: [TracedPage] = []

    mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
      coder.field(&gdtBase)
      coder.field(&gdtLimit)
      ldt.exchange(&coder)
      coder.numbers(&gdt)
      coder.numbers(&local)
      coder.array(&pages, empty: TracedPage(linear: 0, physical: 0)) {
        $0.field(&$1.linear)
        $0.field(&$1.physical)
      }
    }

    /// Whether the tables have room for all of it.
    var isPossible: Bool {
      gdt.count * 8 <= Int(MonitorLayout.guestLimit)
        && local.count * 8 <= MonitorLayout.tableSize
        && pages.allSatisfy {
          $0.physical & 0xFFF == 0 && $0.physical < 1 << 32 || $0.physical == TracedPage.absent
        }
    }
  }

  var state: State {
    State(
      gdtBase: gdtBase, gdtLimit: gdtLimit, ldt: ldt, gdt: gdtShadow.copied,
      local: ldtShadow.copied, pages: pages)
  }

  mutating func take(_ state: State) {
    (gdtBase, gdtLimit, ldt) = (state.gdtBase, state.gdtLimit, state.ldt)
    gdtShadow.set(state.gdt, memory)
    ldtShadow.set(state.local, memory)
    pages = state.pages
  }
}

/// The two shadows of one descriptor table, and what they were made from.
private struct TableShadow {
  let isGlobal: Bool
  /// The guest's descriptors as they were copied.
  private(set) var copied: [UInt64] = []

  init(isGlobal: Bool) { self.isGlobal = isGlobal }

  /// Copies `size` bytes of descriptors from the guest's linear address `base`; those that are as
  /// before cost a look. Adds the pages where they lie.
  mutating func copy(
    _ guest: borrowing CPU, from base: UInt32, size: Int, to memory: MonitorMemory,
    tracing pages: inout [ShadowDescriptors.TracedPage]
  ) {
    let count = size / 8
    cut(to: count, memory)
    var page: UInt32?
    var host: UnsafeMutableRawPointer?
    for index in 0..<count {
      let linear = base &+ UInt32(index * 8)
      if page != linear & ~0xFFF {
        page = linear & ~0xFFF
        let place = ShadowDescriptors.place(of: linear & ~0xFFF, guest)
        host = guest.memory.host(at: place)
        let traced = ShadowDescriptors.TracedPage(linear: linear & ~0xFFF, physical: place)
        if !pages.contains(traced) { pages.append(traced) }
      }
      let offset = Int(linear & 0xFFF)
      // What lies across two pages, or outside memory, is read the long way.
      let raw =
        (offset <= 0xFF8 ? host?.loadUnaligned(fromByteOffset: offset, as: UInt64.self) : nil)
        ?? guest.peekQuadword(linear) ?? 0
      put(raw, index, memory)
    }
  }

  /// Makes the table one of these descriptors.
  mutating func set(_ descriptors: [UInt64], _ memory: MonitorMemory) {
    cut(to: descriptors.count, memory)
    for (index, raw) in descriptors.enumerated() { put(raw, index, memory) }
  }

  private func place(_ image: ShadowDescriptors.Image) -> UInt32 {
    isGlobal ? image.gdt : image.ldt
  }

  private mutating func cut(to count: Int, _ memory: MonitorMemory) {
    guard copied.count > count else { return }
    for image in [ShadowDescriptors.Image.kernel, .user] {
      memory.clear(place(image) + UInt32(count * 8), size: (copied.count - count) * 8)
    }
    copied.removeLast(copied.count - count)
  }

  private mutating func put(_ raw: UInt64, _ index: Int, _ memory: MonitorMemory) {
    if index < copied.count {
      guard raw != copied[index] else { return }
      copied[index] = raw
    } else {
      copied.append(raw)
    }
    // The null descriptor is never used, whatever it says.
    guard index > 0 || !isGlobal else { return }
    for image in [ShadowDescriptors.Image.kernel, .user] {
      memory.store(
        ShadowDescriptors.shadow(Descriptor(raw: raw), image).raw,
        at: place(image) + UInt32(index * 8))
    }
  }
}
