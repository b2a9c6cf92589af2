import X86

/// The bytes of what leads into a monitor: gates, stubs, and descriptors of system segments.
enum EntryBytes {
  /// The processor pushes an error code itself (SDM 3A, table 6-1).
  static func hasErrorCode(_ vector: Int) -> Bool {
    [8, 10, 11, 12, 13, 14, 17].contains(vector)
  }

  /// A gate of the IDT; bits 0 to 7 of `access` are P, DPL and type (SDM 3A, figure 6-2).
  static func gate(_ selector: UInt16, _ offset: UInt32, access: UInt64) -> UInt64 {
    UInt64(offset & 0xFFFF) | UInt64(selector) << 16 | access << 40
      | UInt64(offset & 0xFFFF_0000) << 32
  }

  /// An interrupt gate's `access`: INT n is #GP from rings outside `dpl`.
  static func interruptGate(dpl: UInt64) -> UInt64 { 0x8E | dpl << 5 }

  /// The descriptor of a TSS or LDT, its limit in bytes (SDM 3A, figure 3-8).
  static func system(base: UInt32, limit: UInt32, type: UInt64) -> UInt64 {
    UInt64(limit & 0xFFFF) | UInt64(base & 0xFF_FFFF) << 16 | type << 40
      | UInt64(limit >> 16) << 48 | UInt64(base >> 24) << 56
  }

  // MARK: Stubs

  ///     push 0              6A 00           not where there is an error code
  ///     push vector         68 ib ib ib ib
  ///     host gate           0F 3F
  ///     add esp, 8          83 C4 08
  ///     iret                CF
  static func stub(_ vector: Int) -> [UInt8] {
    [0x6A, 0, 0x68, UInt8(vector), 0, 0, 0, 0x0F, 0x3F, 0x83, 0xC4, 0x08, 0xCF]
  }

  /// Where in its stub a vector's gate leads.
  static func entryOffset(_ vector: Int) -> UInt32 { hasErrorCode(vector) ? 2 : 0 }

  /// Where a stub goes on when the monitor is done.
  static let exitOffset: UInt32 = 9
}
