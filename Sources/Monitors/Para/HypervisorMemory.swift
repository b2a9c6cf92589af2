import X86

/// The hypervisor's tables and code as bytes in the machine's memory, which the processor uses by its
/// own rules. Damage one, and the machine fails as a real one would.
enum HypervisorMemory {
  /// The vector of hypercalls, and of Unix-like system calls, which may go to a guest directly.
  static let hypercallVector = 0x82
  static let systemCallVector = 0x80

  /// Writes everything that never changes: gates, stubs, TSS, own descriptors, the hole's pages.
  static func build(_ cpu: inout CPU, frames: Int) {
    for page in stride(from: HypervisorLayout.machine, to: tablesEnd(frames), by: 4096) {
      clear(page, &cpu)
    }
    for vector in 0..<256 {
      storeStub(vector, &cpu)
      // INT3 and INTO are allowed in ring 3; INT 82h in the guests' kernels.
      storeGate(
        vector, dpl: vector == 3 || vector == 4 ? 3 : vector == hypercallVector ? 1 : 0, &cpu)
    }
    storeIdleLoop(&cpu)
    storeTask(&cpu)
    storeDescriptors(&cpu)
    storePages(&cpu, frames: frames)
  }

  private static func tablesEnd(_ frames: Int) -> UInt64 {
    UInt64(HypervisorLayout.firstFreeFrame(of: frames)) << 12
  }

  static func clear(_ page: UInt64, _ cpu: inout CPU) {
    for offset in stride(from: UInt64(0), to: 4096, by: 8) {
      cpu.store(UInt64(0), at: page + offset)
    }
  }

  /// The machine address of something mapped at `HypervisorLayout.own`.
  static func machine(_ offset: UInt32) -> UInt64 { HypervisorLayout.machine + UInt64(offset) }

  // MARK: Gates and stubs

  /// An interrupt gate: INT n is #GP from rings outside `dpl`.
  static func storeGate(_ vector: Int, dpl: UInt64, _ cpu: inout CPU) {
    let target = HypervisorLayout.own + stub(vector) + EntryBytes.entryOffset(vector)
    cpu.store(
      EntryBytes.gate(
        HypervisorLayout.codeSelector, target, access: EntryBytes.interruptGate(dpl: dpl)),
      at: machine(HypervisorLayout.idt) + UInt64(vector * 8))
  }

  static func stub(_ vector: Int) -> UInt32 { HypervisorLayout.stubs + UInt32(vector * 16) }

  private static func storeStub(_ vector: Int, _ cpu: inout CPU) {
    store(EntryBytes.stub(vector), at: machine(stub(vector)), &cpu)
  }

  /// Instructions from a stub's first to the gate, and from there to the guest: ADD and IRET.
  static func entryLength(_ vector: Int) -> UInt64 { EntryBytes.hasErrorCode(vector) ? 2 : 3 }
  static let exitLength: UInt64 = 2
  /// STI and HLT of the idle loop, or CLI and HLT: an interrupt leads out of it, and never back.
  static let idleLength: UInt64 = 2

  /// Where the last domain has shut down: CLI and HLT end the machine.
  static let haltOffset: UInt32 = 4

  ///     sti; hlt; jmp $-2       FB F4 EB FC     an interrupt leads out of it
  ///     cli; hlt                FA F4
  private static func storeIdleLoop(_ cpu: inout CPU) {
    store([0xFB, 0xF4, 0xEB, 0xFC, 0xFA, 0xF4], at: machine(HypervisorLayout.idle), &cpu)
  }

  private static func store(_ bytes: [UInt8], at address: UInt64, _ cpu: inout CPU) {
    for (index, byte) in bytes.enumerated() { cpu.store(byte, at: address + UInt64(index)) }
  }

  // MARK: TSS

  /// SS1:ESP1 follow the guest's kernel stack; the ports are closed until a privileged domain asks.
  private static func storeTask(_ cpu: inout CPU) {
    let task = machine(HypervisorLayout.task)
    cpu.store(HypervisorLayout.own + HypervisorLayout.stackTop, at: task + 4)
    cpu.store(UInt32(HypervisorLayout.dataSelector), at: task + 8)
    cpu.store(HypervisorLayout.noPorts, at: task + 0x66)
    for port in stride(from: 0, to: 0x1_0000, by: 8) {
      let closed = (0..<8).reduce(UInt8(0)) {
        isHypervisors(port: port + $1) ? $0 | 1 << UInt8($1) : $0
      }
      cpu.store(closed, at: task + UInt64(HypervisorLayout.ports) + UInt64(port / 8))
    }
    cpu.store(UInt8(0xFF), at: task + UInt64(HypervisorLayout.taskLimit))
  }

  /// The interrupt controllers and the timer are the hypervisor's; all else is Domain 0's.
  static func isHypervisors(port: Int) -> Bool {
    [0x20, 0x21, 0xA0, 0xA1].contains(port) || (0x40...0x43).contains(port)
  }

  // MARK: Descriptors

  private static func storeDescriptors(_ cpu: inout CPU) {
    store(HypervisorLayout.codeSelector, Descriptor.flatCode.raw, &cpu)
    store(HypervisorLayout.dataSelector, Descriptor.flatData.raw, &cpu)
    store(HypervisorLayout.guestCode, flat(limit: HypervisorLayout.guestEnd, access: 0xBB), &cpu)
    store(HypervisorLayout.guestData, flat(limit: HypervisorLayout.guestEnd, access: 0xB3), &cpu)
    store(HypervisorLayout.userCode, flat(limit: HypervisorLayout.guestEnd, access: 0xFB), &cpu)
    store(HypervisorLayout.userData, flat(limit: HypervisorLayout.guestEnd, access: 0xF3), &cpu)
    store(
      HypervisorLayout.taskSelector,
      EntryBytes.system(
        base: HypervisorLayout.own + HypervisorLayout.task, limit: HypervisorLayout.taskLimit,
        type: 0x8B), &cpu)
  }

  static func descriptorAddress(_ selector: UInt16) -> UInt64 {
    HypervisorLayout.descriptors
      + UInt64(Int(selector >> 3) - HypervisorLayout.firstReservedDescriptor) * 8
  }

  private static func store(_ selector: UInt16, _ raw: UInt64, _ cpu: inout CPU) {
    cpu.store(raw, at: descriptorAddress(selector))
  }

  /// Base 0, 32-bit, ending before `limit`, a multiple of 4096.
  private static func flat(limit: UInt32, access: UInt64) -> UInt64 {
    let pages = UInt64(limit >> 12) - 1
    return pages & 0xFFFF | access << 40 | (pages >> 16) << 48 | 0xC << 52
  }

  // MARK: Pages

  private enum Bits {
    static let readOnly: UInt32 = 0x21
    static let writable: UInt32 = 0x63
  }

  /// All of it is for CPL 0 to 2 only. From ring 1 segment limits keep away what must not be seen.
  private static func storePages(_ cpu: inout CPU, frames: Int) {
    for page in stride(from: UInt64(0), to: UInt64(HypervisorLayout.ownSize), by: 4096) {
      cpu.store(
        UInt32(HypervisorLayout.machine + page) | Bits.writable,
        at: HypervisorLayout.ownTable + page >> 10)
    }
    for page in 0..<(frames * 4 + 0xFFF) >> 12 {
      cpu.store(
        UInt32(HypervisorLayout.machineToPhysical) + UInt32(page << 12) | Bits.readOnly,
        at: HypervisorLayout.machineToPhysicalTable + UInt64(page * 4))
    }
    storeSlots(
      directory: HypervisorLayout.idleDirectory, table: HypervisorLayout.perDomainTable(0), &cpu)
    for domain in 0..<HypervisorLayout.domains { storePerDomainPages(domain, gdt: [], &cpu) }
  }

  /// The window in which a domain's GDT appears: its own pages, then the hypervisor's two.
  static func storePerDomainPages(_ domain: Int, gdt: [UInt32], _ cpu: inout CPU) {
    let table = HypervisorLayout.perDomainTable(domain)
    for page in 0..<16 {
      let frame =
        switch page {
        case 14, 15: UInt32(HypervisorLayout.descriptors >> 12) + UInt32(page - 14)
        case 0..<gdt.count: gdt[page]
        default: UInt32(HypervisorLayout.zeros >> 12)
        }
      // The processor sets the accessed bit of descriptors, and marks the TSS busy.
      let bits = page < 14 && page >= gdt.count ? Bits.readOnly : Bits.writable
      cpu.store(frame << 12 | bits, at: table + UInt64(page * 4))
    }
  }

  /// The window in which a domain's LDT appears.
  static func storeLocalTablePages(_ domain: Int, _ pages: [UInt32], _ cpu: inout CPU) {
    let table = HypervisorLayout.perDomainTable(domain)
    for page in 0..<16 {
      let entry = page < pages.count ? pages[page] << 12 | Bits.writable : 0
      cpu.store(entry, at: table + 64 + UInt64(page * 4))
    }
  }

  /// The hole in a page directory.
  static func storeSlots(directory: UInt64, table: UInt64, _ cpu: inout CPU) {
    for slot in HypervisorLayout.firstSlot..<1024 {
      let entry: UInt32 =
        switch slot {
        case HypervisorLayout.machineToPhysicalSlot:
          UInt32(HypervisorLayout.machineToPhysicalTable) | Bits.readOnly
        case HypervisorLayout.perDomainSlot: UInt32(table) | Bits.writable
        case HypervisorLayout.ownSlot: UInt32(HypervisorLayout.ownTable) | Bits.writable
        default: 0
        }
      cpu.store(entry, at: directory + UInt64(slot * 4))
    }
  }
}
