/// Where a ring-1 monitor keeps its things: the first 8 MiB of the lab machine's memory, of which
/// parts are mapped into a hole at the top of every address space.
///
///     linear    machine
///     FFC00000  000000   IDT, 256 interrupt gates
///     FFC02000  002000   TSS: SS0:ESP0, no I/O bitmap
///     FFC03000  003000   256 entry stubs of 16 bytes
///     FFC04000  004000   the monitor's stack, 16 KiB
///     FFC10000  010000   the shadow of the guest's GDT, and at its end the monitor's own descriptors
///     FFC20000  020000   the shadow of the guest's LDT
///     FFC30000  030000   the same GDT and
///     FFC40000  040000   LDT for CPL 3, with whole segments
///        –      050000   the hole's page table
///        –      060000   shadow page directories and tables
///     FFC60000  260000   for a translator, see `TranslationLayout`
///        –      400000   the guest's memory from its address 0 on
enum MonitorLayout {
  /// The hole takes one entry of the page directory: linear addresses from here to the end.
  static let hole: UInt32 = 0xFFC0_0000
  static let holeDirectoryIndex = 1023
  /// How much of the monitor's memory the hole shows.
  static let mappedSize: UInt32 = 0x5_0000

  static let idt: UInt32 = 0
  static let task: UInt32 = 0x2000
  static let stubs: UInt32 = 0x3000
  static let stack: UInt32 = 0x4000
  static let stackTop: UInt32 = 0x8000
  static let gdt: UInt32 = 0x1_0000
  static let ldt: UInt32 = 0x2_0000
  static let userGDT: UInt32 = 0x3_0000
  static let userLDT: UInt32 = 0x4_0000
  static let tableSize = 0x1_0000
  static let holeTable: UInt32 = 0x5_0000
  static let pool: UInt32 = 0x6_0000
  static let size: UInt32 = 0x40_0000

  /// The monitor's selectors, at the end of the 64 KiB that a GDT can have.
  static let codeSelector: UInt16 = 0xFFD0
  static let dataSelector: UInt16 = 0xFFD8
  static let taskSelector: UInt16 = 0xFFE0
  static let ldtSelector: UInt16 = 0xFFE8
  /// The first byte of the GDT that is not the guest's.
  static let guestLimit: UInt32 = 0xFFC0

  /// Machine-physical minus guest-physical address of the guest's memory.
  static let guestOffset = GuestMemory.offset
}
