import X86

/// The nested page tables: where in the machine the guest's physical memory is. In the format of the
/// host's own, two levels with pages of 4 MiB and 4 KiB.
///
/// They are written once. What is not in them is not the guest's memory: a device, or nothing.
struct NestedTables {
  private let memory: MonitorMemory
  private var nextTable = HardwareLayout.nestedTables

  private enum Bits {
    static let present: UInt32 = 1
    static let writable: UInt32 = 2
    /// To nested tables every access of a guest is a user's.
    static let user: UInt32 = 4
    static let large: UInt32 = 0x80
  }

  private init(_ memory: MonitorMemory) { self.memory = memory }

  /// Writes the tables for these parts of the guest's memory.
  static func build(in memory: MonitorMemory, _ parts: [GuestMemory]) {
    var tables = NestedTables(memory)
    for part in parts { tables.map(part) }
  }

  private mutating func map(_ part: GuestMemory) {
    let rights = Bits.present | Bits.user | (part.isReadOnly ? 0 : Bits.writable)
    var address = part.address
    let end = part.address + UInt64(part.size)
    while address < end {
      let isLarge = address & 0x3F_FFFF == 0 && end - address >= 0x40_0000
      let machine = UInt32(truncatingIfNeeded: GuestMemory.machineAddress(of: address))
      if isLarge {
        memory.store(machine | rights | Bits.large, at: directoryEntry(address))
      } else {
        memory.store(machine | rights, at: tableEntry(address))
      }
      address += isLarge ? 0x40_0000 : 0x1000
    }
  }

  private func directoryEntry(_ address: PhysicalAddress) -> UInt32 {
    HardwareLayout.nestedDirectory + UInt32(address >> 22) * 4
  }

  private mutating func tableEntry(_ address: PhysicalAddress) -> UInt32 {
    let entry = directoryEntry(address)
    var table: UInt32 = memory.load(entry)
    if table & Bits.present == 0 {
      precondition(nextTable < HardwareLayout.nestedTablesEnd, "RAM and ROM are few ranges")
      table = nextTable | Bits.present | Bits.writable | Bits.user
      memory.store(table, at: entry)
      nextTable += 0x1000
    }
    return table & 0xFFFF_F000 + UInt32(address >> 12 & 1023) * 4
  }
}
