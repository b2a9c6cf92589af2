import X86

/// Direct paging: the guests' page tables are those that the processor walks, and every change of one
/// is checked before it is made.
extension Paravirtualization {
  typealias Kind = FrameTable.Kind

  /// Bits of a page table entry.
  enum Entry {
    static let present: UInt32 = 1
    static let writable: UInt32 = 2
    /// In a table PAT, in a directory a page of 4 MiB.
    static let large: UInt32 = 0x80
    static let global: UInt32 = 0x100
    /// What leaves the reference alone when it changes: U/S, caching, A, D, the guest's own bits.
    static let harmless: UInt32 = 0xE7C

    static func frame(_ entry: UInt32) -> UInt32 { entry >> 12 }
  }

  // MARK: Kinds

  /// A reference to a frame as something, which validates it if it is not that yet.
  func use(
    _ frame: UInt32, as kind: Kind, of domain: UInt16, _ cpu: inout CPU
  ) throws(HypercallError) {
    try frames.refer(to: frame, of: domain)
    do throws(HypercallError) {
      try count(frame, as: kind, of: domain, &cpu)
    } catch {
      frames.drop(frame)
      throw error
    }
  }

  private func count(
    _ frame: UInt32, as kind: Kind, of domain: UInt16, _ cpu: inout CPU
  ) throws(HypercallError) {
    if frames[frame].kindReferences > 0 {
      guard frames[frame].kind == kind else {
        counters.refusedKinds &+= 1
        throw .invalid(.frameInOtherUse)
      }
      frames[frame].kindReferences += 1
      return
    }
    // The TLB may still let the guest write to what becomes a table now.
    if frames[frame].kind != kind { needsFlush = true }
    frames[frame].kind = kind
    frames[frame].kindReferences = 1
    do throws(HypercallError) {
      switch kind {
      case .table: try validateTable(frame, of: domain, &cpu)
      case .directory: try validateDirectory(frame, of: domain, &cpu)
      case .descriptors: try validateDescriptors(frame, &cpu)
      case .writable, .none: break
      }
    } catch {
      frames[frame].kindReferences = 0
      frames[frame].kind = .none
      throw error
    }
  }

  /// The end of a use; the last one of a table gives up what its entries refer to.
  func release(_ frame: UInt32, _ cpu: inout CPU) {
    precondition(frames[frame].kindReferences > 0, "uses are counted")
    frames[frame].kindReferences -= 1
    if frames[frame].kindReferences == 0 {
      switch frames[frame].kind {
      case .table: forgetTable(frame, entries: 1024, &cpu)
      case .directory: forgetDirectory(frame, entries: HypervisorLayout.firstSlot, &cpu)
      case .writable, .descriptors, .none: break
      }
    }
    frames.drop(frame)
  }

  // MARK: Validation

  private func validateTable(
    _ frame: UInt32, of domain: UInt16, _ cpu: inout CPU
  ) throws(HypercallError) {
    counters.validatedTables &+= 1
    elementsLeft -= 64
    for index in 0..<1024 {
      let entry: UInt32 = cpu.load(at: place(frame, index))
      do throws(HypercallError) {
        try refer(toPageOf: entry, for: domain, &cpu)
      } catch {
        forgetTable(frame, entries: index, &cpu)
        throw error
      }
    }
  }

  private func validateDirectory(
    _ frame: UInt32, of domain: UInt16, _ cpu: inout CPU
  ) throws(HypercallError) {
    counters.validatedDirectories &+= 1
    elementsLeft -= 64
    for index in 0..<HypervisorLayout.firstSlot {
      let entry: UInt32 = cpu.load(at: place(frame, index))
      do throws(HypercallError) {
        try refer(toTableOf: entry, for: domain, &cpu)
      } catch {
        forgetDirectory(frame, entries: index, &cpu)
        throw error
      }
    }
    HypervisorMemory.storeSlots(
      directory: UInt64(frame) << 12, table: HypervisorLayout.perDomainTable(Int(domain)), &cpu)
  }

  private func place(_ frame: UInt32, _ index: Int) -> UInt64 {
    UInt64(frame) << 12 | UInt64(index * 4)
  }

  private func forgetTable(_ frame: UInt32, entries: Int, _ cpu: inout CPU) {
    elementsLeft -= 64
    for index in 0..<entries { drop(pageOf: cpu.load(at: place(frame, index)), &cpu) }
  }

  private func forgetDirectory(_ frame: UInt32, entries: Int, _ cpu: inout CPU) {
    elementsLeft -= 64
    for index in 0..<entries { drop(tableOf: cpu.load(at: place(frame, index)), &cpu) }
  }

  // MARK: Entries

  /// What a table's entry refers to: a page of the domain's own, or of a device.
  private func refer(
    toPageOf entry: UInt32, for domain: UInt16, _ cpu: inout CPU
  ) throws(HypercallError) {
    guard entry & Entry.present != 0 else { return }
    guard entry & (Entry.large | Entry.global) == 0 else { throw .invalid(.entryBitsNotAllowed) }
    let frame = Entry.frame(entry)
    guard frames.isRAM(frame) else {
      guard domains[Int(domain)].isPrivileged else { throw .notPermitted }
      return
    }
    if isShared(frame, with: domain) {
      return try frames.refer(to: frame, of: FrameTable.hypervisor)
    }
    if entry & Entry.writable != 0 {
      try use(frame, as: .writable, of: domain, &cpu)
    } else {
      try frames.refer(to: frame, of: domain)
    }
  }

  func drop(pageOf entry: UInt32, _ cpu: inout CPU) {
    guard entry & Entry.present != 0 else { return }
    let frame = Entry.frame(entry)
    guard frames.isRAM(frame) else { return }
    if entry & Entry.writable != 0 && frames[frame].owner != FrameTable.hypervisor {
      release(frame, &cpu)
    } else {
      frames.drop(frame)
    }
  }

  /// Pages of the hypervisor's that are there for a domain to map: shared info and grant table.
  func isShared(_ frame: UInt32, with domain: UInt16) -> Bool {
    let address = UInt64(frame) << 12
    return address == HypervisorLayout.sharedInfo(Int(domain))
      || address == HypervisorLayout.grantTable(Int(domain))
  }

  private func refer(
    toTableOf entry: UInt32, for domain: UInt16, _ cpu: inout CPU
  ) throws(HypercallError) {
    guard entry & Entry.present != 0 else { return }
    guard entry & (Entry.large | Entry.global) == 0 else { throw .invalid(.entryBitsNotAllowed) }
    try use(Entry.frame(entry), as: .table, of: domain, &cpu)
  }

  private func drop(tableOf entry: UInt32, _ cpu: inout CPU) {
    guard entry & Entry.present != 0 else { return }
    release(Entry.frame(entry), &cpu)
  }

  // MARK: Updates

  /// Changes the entry at a machine address, in a table or directory of the domain that asks, or in any
  /// other page of its own.
  func update(_ address: UInt64, to value: UInt32, _ cpu: inout CPU) throws(HypercallError) {
    let frame = UInt32(truncatingIfNeeded: address >> 12)
    let domain = current.id
    guard address < UInt64(frames.frames.count) << 12, frames[frame].owner == domain else {
      throw .invalid(.frameOfAnotherDomain)
    }
    let isUsed = frames[frame].kindReferences > 0
    switch frames[frame].kind {
    case .table where isUsed:
      try replace(address, by: value, &cpu) { (entry, cpu) throws(HypercallError) in
        try self.refer(toPageOf: entry, for: domain, &cpu)
      } dropping: { entry, cpu in
        self.drop(pageOf: entry, &cpu)
      }
    case .directory where isUsed:
      guard address & 0xFFF < UInt64(HypervisorLayout.firstSlot * 4) else {
        throw .invalid(.entryOfHypervisor)
      }
      try replace(address, by: value, &cpu) { (entry, cpu) throws(HypercallError) in
        try self.refer(toTableOf: entry, for: domain, &cpu)
      } dropping: { entry, cpu in
        self.drop(tableOf: entry, &cpu)
      }
    case .descriptors where isUsed: throw .invalid(.frameInOtherUse)
    default: cpu.store(value, at: address)
    }
  }

  private func replace(
    _ address: UInt64, by value: UInt32, _ cpu: inout CPU,
    referring: (UInt32, inout CPU) throws(HypercallError) -> Void,
    dropping: (UInt32, inout CPU) -> Void
  ) throws(HypercallError) {
    let old: UInt32 = cpu.load(at: address)
    let isSame = old & ~Entry.harmless == value & ~Entry.harmless
    if !isSame { try referring(value, &cpu) }
    cpu.store(value, at: address)
    if !isSame { dropping(old, &cpu) }
  }

  /// The machine address of the table entry for a linear address; refuses when there is no table.
  func tableEntry(for linear: UInt32, _ cpu: inout CPU) throws(HypercallError) -> UInt64 {
    guard linear < HypervisorLayout.hole else { throw .invalid(.noPageTable) }
    let slot: UInt32 = cpu.load(at: UInt64(current.directory) << 12 | UInt64(linear >> 20 & 0xFFC))
    guard slot & Entry.present != 0 else { throw .invalid(.noPageTable) }
    return UInt64(Entry.frame(slot)) << 12 | UInt64(linear >> 10 & 0xFFC)
  }

  // MARK: Pinning and the base

  /// Keeps a frame a table or directory until it is unpinned.
  func pin(_ frame: UInt32, as kind: Kind, _ cpu: inout CPU) throws(HypercallError) {
    try use(frame, as: kind, of: current.id, &cpu)
    guard !frames[frame].isPinned else {
      release(frame, &cpu)
      throw .invalid
    }
    frames[frame].isPinned = true
    counters.pins &+= 1
  }

  func unpin(_ frame: UInt32, _ cpu: inout CPU) throws(HypercallError) {
    guard frame < UInt32(frames.frames.count), frames[frame].owner == current.id,
      frames[frame].isPinned
    else { throw .invalid }
    frames[frame].isPinned = false
    release(frame, &cpu)
  }

  /// Another page directory for the domain that runs.
  func setBase(_ frame: UInt32, _ cpu: inout CPU) throws(HypercallError) {
    try use(frame, as: .directory, of: current.id, &cpu)
    let old = current.directory
    current.directory = frame
    cpu.loadPageDirectory(frame << 12)
    needsFlush = false
    release(old, &cpu)
  }
}
