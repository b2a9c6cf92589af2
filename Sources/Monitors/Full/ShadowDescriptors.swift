import X86

/// The descriptor tables that the lab processor really uses while a guest runs: copies of the
/// guest's, with ring 0 made ring 1 and no segment reaching into the monitor's hole.
///
/// Ring 1 is supervisor for paging, so page tables cannot keep the guest's kernel out of the hole;
/// segment limits must.
struct ShadowDescriptors {
  private let memory: MonitorMemory
  /// The guest tables that the shadows were made from.
  private var gdtBase: UInt32 = 0
  private var gdtLimit: UInt16 = 0
  private var ldt = Segment()
  private var gdtImage = TableImage(place: MonitorLayout.gdt)
  private var ldtImage = TableImage(place: MonitorLayout.ldt)
  /// The guest-physical pages that hold the guest's tables: the monitor sees each write to them.
  private(set) var tracedPages: [PhysicalAddress] = []

  init(_ memory: MonitorMemory) { self.memory = memory }

  /// The guest has loaded other tables since they were copied.
  func isOutdated(_ guest: borrowing CPU) -> Bool {
    guest.gdtBase != gdtBase || guest.gdtLimit != gdtLimit
      || guest.segment(SegmentRegister.ldtr) != ldt
  }

  func isTraced(_ page: PhysicalAddress) -> Bool { tracedPages.contains(page) }

  /// Whether one of the bytes from an address on is in a traced page.
  func isTraced(_ address: PhysicalAddress, size: Int) -> Bool {
    tracedPages.contains { $0 < address + UInt64(size) && address < $0 + 4096 }
  }

  /// Copies the guest's tables as they are now. True if other pages than before hold them.
  mutating func rebuild(from guest: borrowing CPU) -> Bool {
    let before = tracedPages
    (gdtBase, gdtLimit) = (guest.gdtBase, guest.gdtLimit)
    ldt = guest.segment(SegmentRegister.ldtr)
    tracedPages.removeAll(keepingCapacity: true)
    let size = min(Int(gdtLimit) + 1, Int(MonitorLayout.guestLimit))
    gdtImage.copy(guest, from: gdtBase, size: size, to: memory, tracing: &tracedPages)
    let ldtSize = ldt.isUsable ? min(Int(ldt.limit) + 1, MonitorLayout.tableSize) : 0
    ldtImage.copy(guest, from: ldt.base, size: ldtSize, to: memory, tracing: &tracedPages)
    return tracedPages != before
  }

  /// What the lab processor finds under a selector, as a segment with that selector in it.
  func segment(_ selector: UInt16) -> Segment? {
    guard selector & 0xFFFC != 0 else { return nil }
    let image = selector & 4 == 0 ? MonitorLayout.gdt : MonitorLayout.ldt
    let descriptor = Descriptor(raw: memory.load(image + UInt32(selector & 0xFFF8)))
    guard !descriptor.isSystem, descriptor.isPresent else { return nil }
    return Segment(selector: selector, descriptor: descriptor)
  }

  // MARK: The rule

  /// The descriptor that stands for one of the guest's. System descriptors and whatever cannot be
  /// made safe become not present: their use faults, and the monitor emulates it.
  static func shadow(_ guest: Descriptor) -> Descriptor {
    guard !guest.isSystem else { return Descriptor(raw: 0) }
    guard guest.isPresent else { return guest }
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
  static func shadow(_ guest: Segment) -> Segment? {
    guard guest.isUsable else {
      var null = Segment()
      null.selector = guest.selector
      return null
    }
    let isExpandDown = guest.access & 0x1C == 0x14
    guard !isExpandDown, let limit = truncated(base: guest.base, limit: guest.limit) else {
      return nil
    }
    var segment = guest
    segment.limit = limit
    segment.access = deprivileged(guest.access)
    segment.updateBounds()
    return segment
  }

  /// Whether a segment register could be a guest's: not of ring 0, and outside the hole.
  static func isSafe(_ segment: Segment) -> Bool {
    guard segment.isUsable else { return true }
    return segment.access & 0x60 != 0 && segment.access & 0x1C != 0x14
      && segment.base < MonitorLayout.hole
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
    var tracedPages: [PhysicalAddress] = []

    mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
      coder.field(&gdtBase)
      coder.field(&gdtLimit)
      ldt.exchange(&coder)
      coder.numbers(&gdt)
      coder.numbers(&local)
      coder.numbers(&tracedPages)
    }

    /// Whether the tables have room for all of it.
    var isPossible: Bool {
      gdt.count * 8 <= Int(MonitorLayout.guestLimit)
        && local.count * 8 <= MonitorLayout.tableSize
        && tracedPages.allSatisfy { $0 & 0xFFF == 0 && $0 < 1 << 32 }
    }
  }

  var state: State {
    State(
      gdtBase: gdtBase, gdtLimit: gdtLimit, ldt: ldt, gdt: gdtImage.copied,
      local: ldtImage.copied, tracedPages: tracedPages)
  }

  mutating func take(_ state: State) {
    (gdtBase, gdtLimit, ldt) = (state.gdtBase, state.gdtLimit, state.ldt)
    gdtImage.set(state.gdt, memory)
    ldtImage.set(state.local, memory)
    tracedPages = state.tracedPages
  }
}

/// The shadow of one descriptor table, and what it was made from.
private struct TableImage {
  /// Where it lies in the monitor's memory.
  let place: UInt32
  /// The guest's descriptors as they were copied.
  private(set) var copied: [UInt64] = []

  init(place: UInt32) { self.place = place }

  /// Copies `size` bytes of descriptors from the guest's linear address `base`; those that are as
  /// before cost a look. Adds the guest-physical pages where they lie.
  mutating func copy(
    _ guest: borrowing CPU, from base: UInt32, size: Int, to memory: MonitorMemory,
    tracing pages: inout [PhysicalAddress]
  ) {
    let count = size / 8
    cut(to: count, memory)
    var page: UInt32?
    var host: UnsafeMutableRawPointer?
    for index in 0..<count {
      let linear = base &+ UInt32(index * 8)
      if page != linear & ~0xFFF {
        page = linear & ~0xFFF
        let address = guest.peekTranslate(linear & ~0xFFF)
        host = address.flatMap { guest.memory.host(at: $0) }
        if let address, !pages.contains(address) { pages.append(address) }
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

  private mutating func cut(to count: Int, _ memory: MonitorMemory) {
    guard copied.count > count else { return }
    memory.clear(place + UInt32(count * 8), size: (copied.count - count) * 8)
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
    guard index > 0 || place != MonitorLayout.gdt else { return }
    memory.store(
      ShadowDescriptors.shadow(Descriptor(raw: raw)).raw, at: place + UInt32(index * 8))
  }
}
