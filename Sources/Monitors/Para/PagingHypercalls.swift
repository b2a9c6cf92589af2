import X86

/// Hypercalls about page tables and descriptor tables.
extension Paravirtualization {
  /// Bits of a list's count that say it is a continuation.
  private static let preempted: UInt32 = 1 << 31

  /// mmu_update: pairs of an address, whose lower two bits say what it is about, and a value. `done` is
  /// where the number of those that were made goes, if it is not 0.
  func updateTables(
    _ list: UInt32, count: UInt32, done: UInt32, domain: UInt32, _ cpu: inout CPU
  ) throws(HypercallError) {
    try requireSelf(domain)
    try forEach(of: list, size: 16, count, [done, domain], counted: \.updates, &cpu) {
      (place, cpu) throws(HypercallError) in try updateOne(place, &cpu)
    }
  }

  /// Does the elements of a list in their order up to the first that is refused, and tells how many
  /// were done: `rest` is where to, and whose tables they are. A long list goes on by another entry, with
  /// MMU_UPDATE_PREEMPTED in its count.
  private func forEach(
    of list: UInt32, size: UInt32, _ count: UInt32, _ rest: [UInt32],
    counted: WritableKeyPath<ParaCounters, UInt64>,
    _ cpu: inout CPU, _ body: (UInt32, inout CPU) throws(HypercallError) -> Void
  ) throws(HypercallError) {
    let done = rest[0]
    let before = count & Self.preempted != 0 && done != 0 ? try word(done, &cpu) : 0
    let total = count & ~Self.preempted
    var made: UInt32 = 0
    var refusal: HypercallError?
    do throws(HypercallError) {
      while made < total {
        guard takeElement() else {
          continuation = [list &+ made &* size, (total - made) | Self.preempted] + rest
          break
        }
        try body(list &+ made &* size, &cpu)
        made += 1
      }
    } catch {
      refusal = error
    }
    counters[keyPath: counted] &+= UInt64(made)
    if done != 0 { try put(before &+ made, at: done, &cpu) }
    if let refusal { throw refusal }
  }

  private func updateOne(_ place: UInt32, _ cpu: inout CPU) throws(HypercallError) {
    let address = try word(place, &cpu)
    guard try word(place &+ 4, &cpu) == 0 else { throw .invalid }
    let value = try word(place &+ 8, &cpu)
    guard try word(place &+ 12, &cpu) == 0 else { throw .invalid }
    switch address & 3 {
    case 0: try update(UInt64(address), to: value, &cpu)
    case 1:
      let frame = address >> 12
      guard frames.isRAM(frame), frames[frame].owner == current.id else { throw .invalid }
      setPseudoPhysical(frame, value, &cpu)
    default: throw .notImplemented
    }
  }

  /// One entry of the machine-to-physical table.
  func setPseudoPhysical(_ frame: UInt32, _ value: UInt32, _ cpu: inout CPU) {
    cpu.store(value, at: HypervisorLayout.machineToPhysical + UInt64(frame) * 4)
  }

  /// Other domains' page tables are nobody's business here.
  private func requireSelf(_ domain: UInt32) throws(HypercallError) {
    let id = UInt16(truncatingIfNeeded: domain)
    guard id == 0x7FF0 || id == current.id else {
      guard domains.contains(where: { $0.id == id }) else { throw .noDomain }
      throw .notPermitted
    }
  }

  /// What UVMF flags ask for, about one page.
  func flush(_ flags: UInt32, _ linear: UInt32) throws(HypercallError) {
    switch flags {
    case 0: break
    case 1: needsFlush = true
    case 2: forget(linear)
    default: throw .invalid
    }
  }

  /// A page's translation is to be forgotten on the way back; when they are many, all are.
  func forget(_ linear: UInt32) {
    if pagesToFlush.count < 64 { pagesToFlush.append(linear) } else { needsFlush = true }
  }

  /// mmuext_op: a list of command and two arguments.
  func extendedOperations(
    _ list: UInt32, count: UInt32, done: UInt32, domain: UInt32, _ cpu: inout CPU
  ) throws(HypercallError) {
    try requireSelf(domain)
    try forEach(of: list, size: 12, count, [done, domain], counted: \.extendedOperations, &cpu) {
      (place, cpu) throws(HypercallError) in
      let command = try word(place, &cpu)
      let first = try word(place &+ 4, &cpu)
      try extendedOperation(command, first, try word(place &+ 8, &cpu), &cpu)
    }
  }

  private func extendedOperation(
    _ command: UInt32, _ first: UInt32, _ second: UInt32, _ cpu: inout CPU
  ) throws(HypercallError) {
    switch command {
    case 0: try pin(first, as: .table, &cpu)
    case 1: try pin(first, as: .directory, &cpu)
    // Three and four levels are for PAE and 64 bits.
    case 2, 3: throw .invalid
    case 4: try unpin(first, &cpu)
    case 5: try setBase(first, &cpu)
    case 6, 8, 10: needsFlush = true
    case 7, 9, 11: forget(first)
    case 12: guard current.isPrivileged else { throw .notPermitted }
    case 13: try setLDT(first, entries: second, &cpu)
    default: throw .notImplemented
    }
  }

  // MARK: Descriptor tables

  /// set_gdt: a list of frames, and how many descriptors in them are wanted.
  func setGDT(_ list: UInt32, entries: UInt32, _ cpu: inout CPU) throws(HypercallError) {
    guard entries <= UInt32(HypervisorLayout.firstReservedDescriptor) else { throw .invalid }
    var pages: [UInt32] = []
    for index in 0..<(entries + 511) / 512 {
      pages.append(try word(list &+ index * 4, &cpu))
    }
    try setDescriptorTable(pages, &cpu)
  }

  /// MMUEXT_SET_LDT: descriptors at a page-aligned address of the guest's, up to 8192.
  private func setLDT(_ base: UInt32, entries: UInt32, _ cpu: inout CPU) throws(HypercallError) {
    let size = UInt64(entries) * 8
    guard entries <= 8192, base & 0xFFF == 0,
      UInt64(base) + size <= UInt64(HypervisorLayout.hole)
    else { throw .invalid }
    var pages: [UInt32] = []
    for offset in stride(from: UInt32(0), to: UInt32(size), by: 4096) {
      let entry: UInt32 = cpu.load(at: try tableEntry(for: base + offset, &cpu))
      guard entry & Entry.present != 0 else { throw .invalid }
      pages.append(Entry.frame(entry))
    }
    try setLocalTable(pages, entries, &cpu)
  }

  /// update_descriptor: one descriptor, at its machine address.
  func updateDescriptor(
    at address: UInt64, _ raw: UInt64, _ cpu: inout CPU
  ) throws(HypercallError) {
    let frame = UInt32(truncatingIfNeeded: address >> 12)
    guard address & 7 == 0, address < UInt64(frames.frames.count) << 12,
      frames[frame].owner == current.id, let allowed = Self.allowed(raw)
    else { throw .invalid }
    switch frames[frame].kind {
    case .table where frames[frame].kindReferences > 0,
      .directory where frames[frame].kindReferences > 0:
      throw .invalid
    default: break
    }
    cpu.store(allowed, at: address)
  }
}
