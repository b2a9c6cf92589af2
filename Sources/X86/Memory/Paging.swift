/// Linear to physical addresses: page-table walks, faults, accessed and dirty bits (SDM 3A, ch. 4).
extension CPU {
  enum AccessKind { case read, write, execute }

  /// Bits of the #PF error code (SDM 3A, figure 4-12).
  private enum FaultCode {
    static let present: UInt32 = 1
    static let write: UInt32 = 2
    static let user: UInt32 = 4
    static let reserved: UInt32 = 8
    static let fetch: UInt32 = 16
  }

  /// The physical address of data at a linear one, from the TLB or by a walk that fills it.
  /// Throws #PF.
  mutating func translate(
    _ linear: UInt32, _ kind: AccessKind, user: Bool
  ) throws(Interruption) -> PhysicalAddress {
    let index = TLB.index(linear, user: user)
    let page = linear & 0xFFFF_F000
    let known = tlb.translations[index]
    if known.tag == page && (kind == .read || known.isWritable && known.isDirty) {
      return physical(known, linear, index, user: user)
    }
    var found = Translation()
    found.tag = page
    if isTranslating {
      found = try walkTables(linear, kind, user: user)
    } else {
      found.physical = UInt64(page)
      found.isWritable = true
      found.isDirty = true
    }
    found.physical &= addressMask
    tlb.insert(found, at: index)
    return physical(found, linear, index, user: user)
  }

  /// The physical address of an instruction byte at the current privilege. Throws #PF.
  mutating func translateCode(_ linear: UInt32) throws(Interruption) -> PhysicalAddress {
    guard isTranslating else { return UInt64(linear) & addressMask }
    let entry = codeTLB.entry(for: linear, user: cpl == 3)
    if entry.pointee.generation != generation {
      let found = try walkTables(linear, .execute, user: cpl == 3)
      entry.pointee = CodeTLB.Entry(
        generation: generation, physical: found.physical & addressMask)
    }
    return entry.pointee.physical | UInt64(linear & 0xFFF)
  }

  /// Linear and physical addresses may differ: by paging, or under a guest by nested paging.
  @inline(__always)
  var isTranslating: Bool { cr0.contains(.paging) || svm.guest.nestsPaging }

  mutating func walkTables(
    _ linear: UInt32, _ kind: AccessKind, user: Bool
  ) throws(Interruption) -> Translation {
    if _slowPath(svm.guest.nestsPaging) { return try walkNested(linear, kind, user: user) }
    return try walkOwnTables(linear, kind, user: user)
  }

  /// Through the tables that CR3 names.
  @inline(__always)
  mutating func walkOwnTables(
    _ linear: UInt32, _ kind: AccessKind, user: Bool
  ) throws(Interruption) -> Translation {
    try cr4.contains(.physicalAddressExtension)
      ? walkPAE(linear, kind, user: user) : walk(linear, kind, user: user)
  }

  /// Grants the fast path what this translation and the frame allow, and returns the address.
  @inline(__always)
  private mutating func physical(
    _ translation: Translation, _ linear: UInt32, _ index: Int, user: Bool
  ) -> PhysicalAddress {
    if tlb.data[index].readTag != translation.tag { grantFastPath(translation, index, user: user) }
    if translation.isWritable && translation.isDirty
      && tlb.data[index].writeTag != translation.tag
    {
      grantFastPath(translation, index, user: user)
    }
    return translation.physical | UInt64(linear & 0xFFF)
  }

  private mutating func grantFastPath(_ translation: Translation, _ index: Int, user: Bool) {
    guard let frame = memory.frame(at: translation.physical), let host = frame.pointee.host,
      debugRegisters[7] & 0xFF == 0, !notesAccesses || !isWatchedPage(translation.tag),
      !(user && systemFlags.contains(.alignmentCheck) && cr0.contains(.alignmentMask))
    else { return }
    tlb.data[index].addend = Int(bitPattern: host) &- Int(translation.tag)
    tlb.data[index].readTag = translation.tag
    if translation.isWritable && translation.isDirty && !frame.pointee.isReadOnly
      && frame.pointee.codeMask == 0 && !frame.pointee.isWatched
    {
      memory.changes.willWrite(frame, at: translation.physical)
      tlb.data[index].writeTag = translation.tag
    }
  }

  /// #PF: CR2 is loaded when the fault is delivered.
  private mutating func pageFault(
    _ linear: UInt32, _ kind: AccessKind, user: Bool, _ code: UInt32, _ cause: Cause
  ) -> Interruption {
    pageFaultAddress = linear
    var code = code
    if kind == .write { code |= FaultCode.write }
    if user { code |= FaultCode.user }
    if kind == .execute && noExecuteEnabled { code |= FaultCode.fetch }
    return .pageFault(code, cause)
  }

  private var noExecuteEnabled: Bool {
    msrs.efer & ExtendedFeatures.noExecute != 0 && cr4.contains(.physicalAddressExtension)
  }

  /// Two-level 32-bit paging with optional 4 MiB pages.
  private mutating func walk(
    _ linear: UInt32, _ kind: AccessKind, user: Bool
  ) throws(Interruption) -> Translation {
    let directoryAddress = try tableAddress(
      UInt64(cr3 & 0xFFFF_F000) | UInt64(linear >> 20 & 0xFFC))
    let directory = UInt32(truncatingIfNeeded: readPhysical(directoryAddress, 4))
    guard directory & 1 != 0 else {
      throw pageFault(linear, kind, user: user, 0, .pageDirectoryNotPresent)
    }
    let isLarge = directory & 0x80 != 0 && cr4.contains(.pageSizeExtensions)
    var entryAddress = directoryAddress
    var entry = directory
    var rights = directory
    if isLarge {
      // PSE-36 is not in the profiles: bits 21-13 are reserved.
      if directory & 0x3F_E000 != 0 {
        throw pageFault(
          linear, kind, user: user, FaultCode.present | FaultCode.reserved, .pageReservedBit)
      }
    } else {
      entryAddress = try tableAddress(
        UInt64(directory & 0xFFFF_F000) | UInt64(linear >> 10 & 0xFFC))
      entry = UInt32(truncatingIfNeeded: readPhysical(entryAddress, 4))
      guard entry & 1 != 0 else {
        throw pageFault(linear, kind, user: user, 0, .pageNotPresent)
      }
      rights &= entry
    }
    try checkRights(linear, kind, user: user, rights: rights, noExecute: false)
    if !isLarge { setBits(directoryAddress, UInt64(directory), 0x20, 4) }
    setBits(entryAddress, UInt64(entry), kind == .write ? 0x60 : 0x20, 4)
    let page =
      isLarge
      ? directory & 0xFFC0_0000 | linear & 0x3F_F000 : entry & 0xFFFF_F000
    return translation(
      linear, kind, user: user, entry: UInt64(entry), rights: rights,
      physical: UInt64(page))
  }

  /// Three-level PAE paging with optional 2 MiB pages and the no-execute bit.
  private mutating func walkPAE(
    _ linear: UInt32, _ kind: AccessKind, user: Bool
  ) throws(Interruption) -> Translation {
    let pointer = try directoryPointer(Int(linear >> 30))
    guard pointer & 1 != 0 else {
      throw pageFault(linear, kind, user: user, 0, .pageDirectoryNotPresent)
    }
    if pointer & Self.reservedInDirectoryPointers != 0 {
      throw pageFault(
        linear, kind, user: user, FaultCode.present | FaultCode.reserved, .pageReservedBit)
    }
    let frameMask: UInt64 = 0xF_FFFF_F000
    let directoryAddress = try tableAddress(
      pointer & frameMask | UInt64(linear >> 18 & 0xFF8))
    let directory = readPhysical(directoryAddress, 8)
    guard directory & 1 != 0 else {
      throw pageFault(linear, kind, user: user, 0, .pageDirectoryNotPresent)
    }
    let reserved = 0x7FFF_FFF0_0000_0000 | (noExecuteEnabled ? 0 : UInt64(1) << 63)
    let isLarge = directory & 0x80 != 0
    if directory & (isLarge ? reserved | 0x1F_E000 : reserved) != 0 {
      throw pageFault(
        linear, kind, user: user, FaultCode.present | FaultCode.reserved, .pageReservedBit)
    }
    var entryAddress = directoryAddress
    var entry = directory
    var rights = UInt32(truncatingIfNeeded: directory)
    var noExecute = directory >> 63 != 0
    if !isLarge {
      entryAddress = try tableAddress(directory & frameMask | UInt64(linear >> 9 & 0xFF8))
      entry = readPhysical(entryAddress, 8)
      guard entry & 1 != 0 else {
        throw pageFault(linear, kind, user: user, 0, .pageNotPresent)
      }
      if entry & reserved != 0 {
        throw pageFault(
          linear, kind, user: user, FaultCode.present | FaultCode.reserved, .pageReservedBit)
      }
      rights &= UInt32(truncatingIfNeeded: entry)
      noExecute = noExecute || entry >> 63 != 0
    }
    noExecute = noExecute && noExecuteEnabled
    try checkRights(linear, kind, user: user, rights: rights, noExecute: noExecute)
    if !isLarge { setBits(directoryAddress, directory, 0x20, 8) }
    setBits(entryAddress, entry, kind == .write ? 0x60 : 0x20, 8)
    let page =
      isLarge
      ? directory & 0xF_FFE0_0000 | UInt64(linear & 0x1F_F000) : entry & frameMask
    return translation(
      linear, kind, user: user, entry: entry, rights: rights, physical: page)
  }

  /// U/S, R/W with CR0.WP, and NX (SDM 3A, 4.6).
  private mutating func checkRights(
    _ linear: UInt32, _ kind: AccessKind, user: Bool, rights: UInt32, noExecute: Bool
  ) throws(Interruption) {
    if user && rights & 4 == 0 {
      throw pageFault(linear, kind, user: user, FaultCode.present, .pageSupervisorOnly)
    }
    if kind == .write && rights & 2 == 0 && (user || cr0.contains(.writeProtect)) {
      throw pageFault(linear, kind, user: user, FaultCode.present, .pageReadOnly)
    }
    if kind == .execute && noExecute {
      throw pageFault(linear, kind, user: user, FaultCode.present, .pageNoExecute)
    }
  }

  private func translation(
    _ linear: UInt32, _ kind: AccessKind, user: Bool, entry: UInt64, rights: UInt32,
    physical: PhysicalAddress
  ) -> Translation {
    var found = Translation()
    found.tag = linear & 0xFFFF_F000
    found.isWritable = rights & 2 != 0 || !(user || cr0.contains(.writeProtect))
    found.isDirty = kind == .write || entry & 0x40 != 0
    found.isGlobal = entry & 0x100 != 0 && cr4.contains(.pageGlobal)
    found.physical = physical
    return found
  }

  /// Sets A or A and D in an entry that lacks them.
  mutating func setBits(
    _ address: PhysicalAddress, _ entry: UInt64, _ bits: UInt64, _ size: Int
  ) {
    if entry & bits != bits { writePhysical(address, entry | bits, size) }
  }

  private func pdpte(_ index: Int) -> UInt64 {
    switch index {
    case 0: return pdptes.0
    case 1: return pdptes.1
    case 2: return pdptes.2
    default: return pdptes.3
    }
  }

  /// The pointer for a quarter of the linear space: loaded with CR3, except under nested paging,
  /// where every walk reads it (AMD APM 2, 15.25.10).
  private mutating func directoryPointer(_ index: Int) throws(Interruption) -> UInt64 {
    guard _slowPath(svm.guest.nestsPaging) else { return pdpte(index) }
    return readPhysical(try tableAddress(UInt64(cr3 & 0xFFFF_FFE0) | UInt64(index * 8)), 8)
  }

  static let reservedInDirectoryPointers: UInt64 = 0xFFFF_FFF0_0000_01E6

  /// Loads the four PAE directory pointers from CR3. #GP(0) when one has reserved bits set.
  mutating func loadPDPTEs(cr3: UInt32) throws(Interruption) {
    if svm.guest.nestsPaging { return }
    guard areDirectoryPointers(at: cr3) else {
      throw .generalProtection(0, .reservedControlBits)
    }
    readDirectoryPointers(at: cr3)
  }

  /// Whether the four entries could be loaded: those present have no reserved bits.
  mutating func areDirectoryPointers(at cr3: UInt32) -> Bool {
    let base = UInt64(cr3 & 0xFFFF_FFE0) & addressMask
    for index in 0..<4 {
      let entry = readPhysical(base + UInt64(index * 8), 8)
      if entry & 1 != 0 && entry & Self.reservedInDirectoryPointers != 0 { return false }
    }
    return true
  }

  mutating func readDirectoryPointers(at cr3: UInt32) {
    let base = UInt64(cr3 & 0xFFFF_FFE0) & addressMask
    pdptes.0 = readPhysical(base, 8)
    pdptes.1 = readPhysical(base + 8, 8)
    pdptes.2 = readPhysical(base + 16, 8)
    pdptes.3 = readPhysical(base + 24, 8)
  }

  /// The physical address of a linear one for a debugger: no faults, no A/D bits, no TLB.
  public func peekTranslate(_ linear: UInt32) -> PhysicalAddress? {
    guard let found = peekTables(linear), let physical = peekNested(found) else { return nil }
    return physical & addressMask
  }

  /// What the tables named by CR3 say; under nested paging a guest's physical address.
  private func peekTables(_ linear: UInt32) -> PhysicalAddress? {
    guard cr0.contains(.paging) else { return UInt64(linear) }
    if cr4.contains(.physicalAddressExtension) {
      let mask: UInt64 = 0xF_FFFF_F000
      let pointer = peekDirectoryPointer(linear)
      guard pointer & 1 != 0,
        let directory = peekGuest(pointer & mask | UInt64(linear >> 18 & 0xFF8), 8),
        directory & 1 != 0
      else { return nil }
      if directory & 0x80 != 0 {
        return directory & 0xF_FFE0_0000 | UInt64(linear & 0x1F_FFFF)
      }
      guard let entry = peekGuest(directory & mask | UInt64(linear >> 9 & 0xFF8), 8), entry & 1 != 0
      else { return nil }
      return entry & mask | UInt64(linear & 0xFFF)
    }
    guard let directory = peekGuest(UInt64(cr3 & 0xFFFF_F000) | UInt64(linear >> 20 & 0xFFC), 4),
      directory & 1 != 0
    else { return nil }
    if directory & 0x80 != 0 && cr4.contains(.pageSizeExtensions) {
      return directory & 0xFFC0_0000 | UInt64(linear & 0x3F_FFFF)
    }
    guard
      let entry = peekGuest(directory & 0xFFFF_F000 | UInt64(linear >> 10 & 0xFFC), 4),
      entry & 1 != 0
    else { return nil }
    return entry & 0xFFFF_F000 | UInt64(linear & 0xFFF)
  }

  private func peekDirectoryPointer(_ linear: UInt32) -> UInt64 {
    guard svm.guest.nestsPaging else { return pdpte(Int(linear >> 30)) }
    return peekGuest(UInt64(cr3 & 0xFFFF_FFE0) | UInt64((linear >> 30) * 8), 8) ?? 0
  }

  /// An entry of the tables that CR3 names.
  private func peekGuest(_ address: PhysicalAddress, _ size: Int) -> UInt64? {
    guard _slowPath(svm.guest.nestsPaging) else { return peek(address, size) }
    guard let machine = peekNested(address) else { return nil }
    return peek(machine, size)
  }

  /// One byte at a linear address for a debugger; nil when not mapped to RAM or ROM.
  public func peekByte(_ linear: UInt32) -> UInt8? {
    guard let physical = peekTranslate(linear) else { return nil }
    return memory.host(at: physical)?.load(as: UInt8.self)
  }

  /// The paging-structure entries of a linear address as they are now, see `Evidence`.
  mutating func pageEntries(for linear: UInt32) -> UInt64 {
    guard cr4.contains(.physicalAddressExtension) else {
      let place = UInt64(cr3 & 0xFFFF_F000) | UInt64(linear >> 20 & 0xFFC)
      guard let directory = peekGuest(place, 4) else { return 0 }
      guard directory & 1 != 0, directory & 0x80 == 0 || !cr4.contains(.pageSizeExtensions) else {
        return directory << 32
      }
      let entry = peekGuest(directory & 0xFFFF_F000 | UInt64(linear >> 10 & 0xFFC), 4) ?? 0
      return directory << 32 | entry
    }
    let mask: UInt64 = 0xF_FFFF_F000
    let pointer = peekDirectoryPointer(linear)
    guard pointer & 1 != 0 else { return pointer }
    guard let directory = peekGuest(pointer & mask | UInt64(linear >> 18 & 0xFF8), 8) else {
      return 0
    }
    guard directory & 1 != 0, directory & 0x80 == 0 else { return directory }
    return peekGuest(directory & mask | UInt64(linear >> 9 & 0xFF8), 8) ?? 0
  }

  func peek(_ address: PhysicalAddress, _ size: Int) -> UInt64? {
    guard let pointer = memory.host(at: address & addressMask) else { return nil }
    return size == 8
      ? pointer.loadUnaligned(as: UInt64.self) : UInt64(pointer.loadUnaligned(as: UInt32.self))
  }
}
