/// The second translation: from a guest's physical addresses to the machine's (AMD APM 2, 15.25).
///
/// Nested page tables have the format of the host's, with the paging mode that the host had at
/// VMRUN. To them every access of a guest is a user's, and every access to the guest's own page
/// tables a write. What they refuse leaves the guest; the guest itself never knows.
extension CPU {
  /// Bits of EXITINFO1; the lower ones are those of a page fault's error code.
  private enum NestedFault {
    static let finalAddress: UInt64 = 1 << 32
    static let tableWalk: UInt64 = 1 << 33
  }

  /// Where a paging structure of the guest lies in the machine.
  @inline(__always)
  mutating func tableAddress(
    _ address: PhysicalAddress
  ) throws(Interruption) -> PhysicalAddress {
    guard _slowPath(svm.guest.nestsPaging) else { return address & addressMask }
    return try nest(address, .write, isTableWalk: true).physical | address & 0xFFF
  }

  /// The guest's own translation, if it has paging on, and then the machine's: page, and what may be
  /// done there.
  @inline(never)
  mutating func walkNested(
    _ linear: UInt32, _ kind: AccessKind, user: Bool
  ) throws(Interruption) -> Translation {
    var found = Translation()
    if cr0.contains(.paging) {
      found = try walkOwnTables(linear, kind, user: user)
    } else {
      found.tag = linear & 0xFFFF_F000
      found.physical = UInt64(found.tag)
      found.isWritable = true
      found.isDirty = true
    }
    let nested = try nest(found.physical | UInt64(linear & 0xFFF), kind, isTableWalk: false)
    found.physical = nested.physical
    found.isWritable = found.isWritable && nested.isWritable
    found.isDirty = found.isDirty && nested.isDirty
    return found
  }

  /// Walks the nested tables. The result's `physical` is the page.
  private mutating func nest(
    _ address: PhysicalAddress, _ kind: AccessKind, isTableWalk: Bool
  ) throws(Interruption) -> Translation {
    var walk = NestedWalk(address: address, kind: kind, isTableWalk: isTableWalk)
    let isPAE = svm.host.cr4.contains(.physicalAddressExtension)
    guard address >> 32 == 0 else { throw nestedFault(walk, 0) }
    let linear = UInt32(truncatingIfNeeded: address)
    let (directory, pointer) = try nestedDirectory(linear, walk, isPAE: isPAE)
    guard directory & 1 != 0 else { throw nestedFault(walk, 0) }
    try checkNestedEntry(directory, walk, isPAE: isPAE)
    walk.rights &= directory
    walk.noExecute = isPAE && directory >> 63 != 0
    var (entry, place, size) = (directory, pointer, isPAE ? UInt64(0x20_0000) : 0x40_0000)
    if directory & 0x80 != 0 && (isPAE || svm.host.cr4.contains(.pageSizeExtensions)) {
      guard directory & (isPAE ? 0x1F_E000 : 0x3F_E000) == 0 else { throw nestedFault(walk, 9) }
    } else {
      size = 0x1000
      place =
        (directory & 0xF_FFFF_F000) | UInt64(linear >> (isPAE ? 9 : 10)) & (isPAE ? 0xFF8 : 0xFFC)
      place &= addressMask
      entry = readPhysical(place, isPAE ? 8 : 4)
      guard entry & 1 != 0 else { throw nestedFault(walk, 0) }
      try checkNestedEntry(entry, walk, isPAE: isPAE)
      walk.rights &= entry
      if isPAE && entry >> 63 != 0 { walk.noExecute = true }
    }
    let isRefused =
      walk.rights & 4 == 0 || kind == .write && walk.rights & 2 == 0
      || kind == .execute && walk.noExecute
    if isRefused { throw nestedFault(walk, 1) }

    if size == 0x1000 { setBits(pointer, directory, 0x20, isPAE ? 8 : 4) }
    setBits(place, entry, kind == .write ? 0x60 : 0x20, isPAE ? 8 : 4)
    var found = Translation()
    found.physical = (entry & 0xF_FFFF_F000 & ~(size - 1) | address & (size - 1) & ~0xFFF)
    found.physical &= addressMask
    found.isWritable = walk.rights & 2 != 0
    found.isDirty = kind == .write || entry & 0x40 != 0
    return found
  }

  /// The page-directory entry for an address, and where it lies.
  private mutating func nestedDirectory(
    _ linear: UInt32, _ walk: NestedWalk, isPAE: Bool
  ) throws(Interruption) -> (UInt64, PhysicalAddress) {
    guard isPAE else {
      let place = svm.guest.nestedCR3 & 0xFFFF_F000 | UInt64(linear >> 20 & 0xFFC)
      return (readPhysical(place & addressMask, 4), place & addressMask)
    }
    let pointers = svm.guest.nestedCR3 & 0xFFFF_FFE0 | UInt64((linear >> 30) << 3)
    let pointer = readPhysical(pointers & addressMask, 8)
    guard pointer & 1 != 0 else { throw nestedFault(walk, 0) }
    guard pointer & Self.reservedInDirectoryPointers == 0 else { throw nestedFault(walk, 9) }
    let place = (pointer & 0xF_FFFF_F000 | UInt64(linear >> 18 & 0xFF8)) & addressMask
    return (readPhysical(place, 8), place)
  }

  private mutating func checkNestedEntry(
    _ entry: UInt64, _ walk: NestedWalk, isPAE: Bool
  ) throws(Interruption) {
    guard isPAE else { return }
    let reserved = 0x7FFF_FFF0_0000_0000 | (svm.host.hasNoExecute ? 0 : UInt64(1) << 63)
    if entry & reserved != 0 { throw nestedFault(walk, 9) }
  }

  /// #VMEXIT(NPF): what was tried in EXITINFO1, the guest's physical address in EXITINFO2.
  private mutating func nestedFault(_ walk: NestedWalk, _ code: UInt64) -> Interruption {
    var information = code | 4
    if walk.kind == .write { information |= 2 }
    let hasNoExecute =
      svm.host.hasNoExecute && svm.host.cr4.contains(.physicalAddressExtension)
    if walk.kind == .execute && hasNoExecute { information |= 16 }
    information |= walk.isTableWalk ? NestedFault.tableWalk : NestedFault.finalAddress
    return exit(.nestedPageFault, information, walk.address)
  }

  /// The same for a debugger: nothing faults, nothing is marked. Nil where nothing is mapped.
  @inline(__always)
  func peekNested(_ address: PhysicalAddress) -> PhysicalAddress? {
    guard _slowPath(svm.guest.nestsPaging) else { return address }
    return peekNestedTables(address)
  }

  /// Of its own, so that the others copy nothing of the guest's state.
  @inline(never)
  private func peekNestedTables(_ address: PhysicalAddress) -> PhysicalAddress? {
    guard address >> 32 == 0 else { return nil }
    let isPAE = svm.host.cr4.contains(.physicalAddressExtension)
    var place = svm.guest.nestedCR3 & 0xFFFF_F000 | address >> 20 & 0xFFC
    if isPAE {
      let pointers = svm.guest.nestedCR3 & 0xFFFF_FFE0 | (address >> 30) << 3
      guard let pointer = peek(pointers, 8), pointer & 1 != 0 else { return nil }
      place = pointer & 0xF_FFFF_F000 | address >> 18 & 0xFF8
    }
    guard let directory = peek(place, isPAE ? 8 : 4), directory & 1 != 0 else { return nil }
    if directory & 0x80 != 0 && (isPAE || svm.host.cr4.contains(.pageSizeExtensions)) {
      let size: UInt64 = isPAE ? 0x20_0000 : 0x40_0000
      return directory & 0xF_FFFF_F000 & ~(size - 1) | address & (size - 1)
    }
    place = directory & 0xF_FFFF_F000 | address >> (isPAE ? 9 : 10) & (isPAE ? 0xFF8 : 0xFFC)
    guard let entry = peek(place, isPAE ? 8 : 4), entry & 1 != 0 else { return nil }
    return entry & 0xF_FFFF_F000 | address & 0xFFF
  }
}

/// One walk of the nested tables.
private struct NestedWalk {
  /// The guest's physical address.
  let address: PhysicalAddress
  let kind: CPU.AccessKind
  let isTableWalk: Bool
  /// U/S and R/W of the entries so far.
  var rights: UInt64 = 6
  var noExecute = false

  init(address: PhysicalAddress, kind: CPU.AccessKind, isTableWalk: Bool) {
    self.address = address
    self.kind = kind
    self.isTableWalk = isTableWalk
  }
}
