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
  /// How many bytes of the images have ever been filled.
  private var filledGDT = 0
  private var filledLDT = 0
  /// The guest-physical pages that hold the guest's tables: the monitor sees each write to them.
  private(set) var tracedPages: [PhysicalAddress] = []

  init(_ memory: MonitorMemory) { self.memory = memory }

  /// The guest has loaded other tables since they were copied.
  func isOutdated(_ guest: borrowing CPU) -> Bool {
    guest.gdtBase != gdtBase || guest.gdtLimit != gdtLimit
      || guest.segment(SegmentRegister.ldtr) != ldt
  }

  func isTraced(_ page: PhysicalAddress) -> Bool { tracedPages.contains(page) }

  /// Copies the guest's tables as they are now. True if other pages than before hold them.
  mutating func rebuild(from guest: borrowing CPU) -> Bool {
    let before = tracedPages
    (gdtBase, gdtLimit) = (guest.gdtBase, guest.gdtLimit)
    ldt = guest.segment(SegmentRegister.ldtr)
    tracedPages.removeAll(keepingCapacity: true)
    let size = min(Int(gdtLimit) + 1, Int(MonitorLayout.guestLimit))
    filledGDT = copy(guest, from: gdtBase, size: size, to: MonitorLayout.gdt, filled: filledGDT)
    let ldtSize = ldt.isUsable ? min(Int(ldt.limit) + 1, MonitorLayout.tableSize) : 0
    filledLDT = copy(guest, from: ldt.base, size: ldtSize, to: MonitorLayout.ldt, filled: filledLDT)
    return tracedPages != before
  }

  private mutating func copy(
    _ guest: borrowing CPU, from base: UInt32, size: Int, to image: UInt32, filled: Int
  ) -> Int {
    let whole = size & ~7
    if filled > whole { memory.clear(image + UInt32(whole), size: filled - whole) }
    for offset in stride(from: 0, to: whole, by: 8) {
      let linear = base &+ UInt32(offset)
      if offset == 0 || linear & 0xFFF < 8 { trace(guest.peekTranslate(linear)) }
      var raw: UInt64 = 0
      for index in 0..<8 {
        raw |= UInt64(guest.peekByte(linear &+ UInt32(index)) ?? 0) << UInt64(index * 8)
      }
      memory.store(Self.shadow(Descriptor(raw: raw)).raw, at: image + UInt32(offset))
    }
    // The null descriptor is never used, whatever it says.
    if image == MonitorLayout.gdt { memory.store(UInt64(0), at: image) }
    return whole
  }

  private mutating func trace(_ address: PhysicalAddress?) {
    guard let address else { return }
    let page = address & ~0xFFF
    if !tracedPages.contains(page) { tracedPages.append(page) }
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
