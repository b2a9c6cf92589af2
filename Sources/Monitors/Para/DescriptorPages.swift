import X86

/// Descriptor tables: pages that the processor reads, and so pages that only the hypervisor writes.
extension Paravirtualization {
  /// Every descriptor in a page that is to be part of a GDT or LDT.
  func validateDescriptors(_ frame: UInt32, _ cpu: inout CPU) throws(HypercallError) {
    for index in 0..<512 {
      let raw: UInt64 = cpu.load(at: UInt64(frame) << 12 | UInt64(index * 8))
      guard let allowed = Self.allowed(raw) else { throw .invalid(.descriptorNotAllowed) }
      if allowed != raw { cpu.store(allowed, at: UInt64(frame) << 12 | UInt64(index * 8)) }
    }
  }

  /// A descriptor as a guest may have it; nil when it must not. Segments only, in rings 1 to 3 (ring 0
  /// becomes 1), expanding up; the limit is cut where it would reach what guests must not see.
  static func allowed(_ raw: UInt64) -> UInt64? {
    let descriptor = Descriptor(raw: raw)
    guard descriptor.isPresent else { return raw }
    guard !descriptor.isSystem, !(descriptor.isData && descriptor.access & 4 != 0),
      descriptor.base < HypervisorLayout.guestEnd
    else { return nil }
    var allowed = descriptor.dpl == 0 ? raw | 1 << 45 : raw
    let room = HypervisorLayout.guestEnd - descriptor.base
    if descriptor.limit >= room {
      // In bytes, or in pages where that is too much for the field.
      let isLong = room > 0x10_0000
      let limit = UInt64(isLong ? room >> 12 : room) - 1
      allowed &= 0xFF70_FFFF_FFFF_0000
      allowed |= limit & 0xFFFF | (limit >> 16) << 48 | (isLong ? 1 << 55 : 0)
    }
    return allowed
  }

  /// Replaces the GDT by pages of the domain's, none for the hypervisor's part alone.
  func setDescriptorTable(_ pages: [UInt32], _ cpu: inout CPU) throws(HypercallError) {
    let used = try useDescriptors(pages, &cpu)
    for page in current.gdtPages { release(page, &cpu) }
    current.gdtPages = used
    HypervisorMemory.storePerDomainPages(Int(current.id), gdt: used, &cpu)
    needsFlush = true
  }

  /// Replaces the LDT by pages of the domain's, none for no LDT.
  func setLocalTable(
    _ pages: [UInt32], _ entries: UInt32, _ cpu: inout CPU
  ) throws(HypercallError) {
    let used = try useDescriptors(pages, &cpu)
    for page in current.ldtPages { release(page, &cpu) }
    current.ldtPages = used
    current.ldtCount = entries
    HypervisorMemory.storeLocalTablePages(Int(current.id), used, &cpu)
    loadLocalTable(&cpu)
    needsFlush = true
  }

  /// References to pages as parts of a descriptor table: to all or to none.
  private func useDescriptors(
    _ pages: [UInt32], _ cpu: inout CPU
  ) throws(HypercallError) -> [UInt32] {
    var used: [UInt32] = []
    do throws(HypercallError) {
      for page in pages {
        try use(page, as: .descriptors, of: current.id, &cpu)
        used.append(page)
      }
    } catch {
      for page in used { release(page, &cpu) }
      throw error
    }
    return used
  }
}
