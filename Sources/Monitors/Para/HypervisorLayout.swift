import X86

/// Where the hypervisor keeps its things. It owns the machine; its own memory begins at 1 MiB, and a
/// part of that is mapped into the hole at the top of every address space.
///
///     linear    what
///     FC000000  machine-to-physical table: guest kernels may read it
///     FC400000  the GDT of the domain that runs, 16 pages, of which 14 are the domain's own
///     FC410000  its LDT, 16 pages
///     FC800000  IDT, 256 gates
///     FC801000  TSS with the I/O permission bitmap
///     FC804000  256 entry stubs of 16 bytes
///     FC805000  the idle loop
///     FC806000  the hypervisor's stack, 16 KiB
///
/// The segments of ring 1 end at FC3FFFFF, behind the machine-to-physical table, whose pages are
/// read-only: this is all that a guest kernel sees of the hypervisor. The ABI fixes FC000000 and
/// FC400000 for guests without PAE; what is where above that is ours.
enum HypervisorLayout {
  /// Linear addresses from here to the end belong to the hypervisor.
  static let hole: UInt32 = 0xFC00_0000
  static let guestEnd: UInt32 = 0xFC40_0000
  static let gdt: UInt32 = 0xFC40_0000
  static let ldt: UInt32 = 0xFC41_0000
  static let own: UInt32 = 0xFC80_0000
  /// The page directory entries of the hole: 1008 to 1023.
  static let firstSlot = 1008
  static let machineToPhysicalSlot = 1008
  static let perDomainSlot = 1009
  static let ownSlot = 1010

  /// Offsets in what is mapped at `own`.
  static let idt: UInt32 = 0
  static let task: UInt32 = 0x1000
  static let stubs: UInt32 = 0x4000
  static let idle: UInt32 = 0x5000
  static let stackTop: UInt32 = 0xA000
  static let ownSize: UInt32 = 0xA000

  /// The I/O bitmap in the TSS: a bit for each port, and the byte behind it that is all ones.
  static let ports: UInt32 = 0x68
  static let taskLimit: UInt32 = ports + 0x2000
  /// Where the TSS says that its bitmap is, when no port is open.
  static let noPorts: UInt16 = 0x8000

  // MARK: Machine addresses

  static let machine: UInt64 = 0x10_0000
  /// The hypervisor's part of a GDT, pages 14 and 15, the same for all domains.
  static let descriptors: UInt64 = machine + 0xA000
  static let ownTable: UInt64 = machine + 0xC000
  static let machineToPhysicalTable: UInt64 = machine + 0xD000
  /// A page of zeros: GDT pages that a domain has not set.
  static let zeros: UInt64 = machine + 0xE000
  /// The page directory in CR3 while no domain runs.
  static let idleDirectory: UInt64 = machine + 0xF000
  /// For each domain a page table for FC400000, and the page that it shares with the hypervisor.
  static func perDomainTable(_ domain: Int) -> UInt64 { machine + 0x1_0000 + UInt64(domain) << 12 }
  static func sharedInfo(_ domain: Int) -> UInt64 { machine + 0x1_8000 + UInt64(domain) << 12 }
  static func grantTable(_ domain: Int) -> UInt64 { machine + 0x2_0000 + UInt64(domain) << 12 }
  /// Room for domains.
  static let domains = 8
  static let machineToPhysical: UInt64 = machine + 0x2_8000

  /// The first machine frame behind the hypervisor's memory, in a machine with so many frames.
  static func firstFreeFrame(of frames: Int) -> Int {
    Int(machineToPhysical >> 12) + (frames * 4 + 0xFFF) >> 12
  }

  // MARK: Selectors

  /// The 16 pages of a GDT have 8192 descriptors; those from 7168 on are the hypervisor's.
  static let firstReservedDescriptor = 7168
  static let codeSelector: UInt16 = 0xE008
  static let dataSelector: UInt16 = 0xE010
  static let guestCode: UInt16 = 0xE019
  static let guestData: UInt16 = 0xE021
  static let userCode: UInt16 = 0xE02B
  static let userData: UInt16 = 0xE033
  static let taskSelector: UInt16 = 0xE040
  static let ldtSelector: UInt16 = 0xE048
}
