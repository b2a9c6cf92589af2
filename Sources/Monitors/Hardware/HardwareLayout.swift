/// Where a monitor that uses AMD-V keeps its things: the first 4 MiB of the lab machine's memory, of
/// which nothing is in the guest's physical address space.
///
///     machine
///     000000   the host's IDT, GDT and TSS
///     001000   the host loop
///     002000   the guest's registers that VMRUN leaves alone, the host's stack
///     003000   the guest's VMCB
///     004000   the host's VMCB, for VMSAVE and VMLOAD
///     005000   the host save area, VM_HSAVE_PA
///     006000   the I/O permission map
///     009000   the MSR permission map
///     00B000   the host's page directory
///     00C000   the nested page directory, and behind it the nested page tables
///     060000   the shadow page directory and tables
///     400000   the guest's memory from its address 0 on
enum HardwareLayout {
  static let idt: UInt32 = 0
  static let gdt: UInt32 = 0x800
  static let task: UInt32 = 0x900
  static let code: UInt32 = 0x1000
  static let registers: UInt32 = 0x2000
  static let stackTop: UInt32 = 0x3000
  static let guestBlock: UInt32 = 0x3000
  static let hostBlock: UInt32 = 0x4000
  static let hostSaveArea: UInt32 = 0x5000
  static let ioPermissions: UInt32 = 0x6000
  static let msrPermissions: UInt32 = 0x9000
  static let hostDirectory: UInt32 = 0xB000
  static let nestedDirectory: UInt32 = 0xC000
  static let nestedTables: UInt32 = 0xD000
  static let nestedTablesEnd: UInt32 = 0x3_0000
  static let size: UInt32 = 0x40_0000

  static let codeSelector: UInt16 = 0x08
  static let dataSelector: UInt16 = 0x10
  static let taskSelector: UInt16 = 0x18

  /// The guest's address space in the TLB; 0 is the host's.
  static let asid: UInt32 = 1
}
