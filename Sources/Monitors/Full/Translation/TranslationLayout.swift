/// Where a translator keeps its things: a second part of the monitor's memory, shown in the hole.
///
///     linear    machine
///     FFC60000  260000   data: what translated code reads and writes, through GS
///     FFC80000  280000   table: for the lower half of an address where RET and its kin go on
///     FFCC0000  2C0000   slots: for each block where others enter it
///     FFD00000  300000   the translation cache, 1 MiB of IA-32 code
///
/// From ring 1 only the data can be written: the rest is read-only in the hole's page table.
enum TranslationLayout {
  /// Offsets in the hole.
  static let data: UInt32 = 0x6_0000
  static let table: UInt32 = 0x8_0000
  static let slots: UInt32 = 0xC_0000
  static let cache: UInt32 = 0x10_0000
  static let end: UInt32 = 0x20_0000

  static let dataSize: UInt32 = 0x1000
  static let cacheSize: UInt32 = end - cache
  static let slotCount = Int((cache - slots) / 4)
  static let tableCount = 1 << 16

  /// The monitor's memory minus the place in the hole.
  static let machineOffset: UInt32 = 0x20_0000

  /// Selectors for translated code: execute-only code at ring 1, with the hole in reach, and GS.
  static let codeSelector: UInt16 = 0xFFC1
  static let dataSelector: UInt16 = 0xFFC9

  static func linear(_ cacheOffset: UInt32) -> UInt32 {
    MonitorLayout.hole + cache + cacheOffset
  }

  /// The place in the translation cache of an address in it.
  static func cacheOffset(_ linear: UInt32) -> UInt32? {
    let start = MonitorLayout.hole + cache
    return linear >= start && linear < start + cacheSize ? linear - start : nil
  }

  /// What GS points to, by offset from its base.
  enum Data {
    /// IF as the guest believes it, 2 or 0: bit 9 of EFLAGS in the byte where it lies.
    static let interruptFlag: UInt32 = 0
    /// Not 0: the image that POPF is about to load needs the monitor.
    static let needsMonitor: UInt32 = 1
    /// Not 0: a device requests an interrupt, and IF must not become 1 without the monitor.
    static let isPending: UInt32 = 2
    /// The guest's ECX while translated code uses it.
    static let ecx: UInt32 = 4
    /// Where an indirect transfer of the guest goes.
    static let target: UInt32 = 8
    /// The guest's own selectors.
    static let cs: UInt32 = 12
    static let ss: UInt32 = 16
    static let gs: UInt32 = 20
    /// For bits 15-8 of an image of EFLAGS: IF in the low byte, `needsMonitor` in the high one.
    static let flagTable: UInt32 = 0x100
    static let table: UInt32 = TranslationLayout.table - TranslationLayout.data
    static let slots: UInt32 = TranslationLayout.slots - TranslationLayout.data
    static let limit: UInt32 = TranslationLayout.cache - TranslationLayout.data - 1
  }
}

extension MonitorMemory {
  /// The part of the hole that is the translator's, by offset in the hole.
  func storeTranslation<T: FixedWidthInteger>(_ value: T, at offset: UInt32) {
    store(value, at: offset + TranslationLayout.machineOffset)
  }

  func loadTranslation<T: FixedWidthInteger>(_ offset: UInt32, as: T.Type = T.self) -> T {
    load(offset + TranslationLayout.machineOffset)
  }

  /// Writes what never changes: descriptors, pages, the table of flags.
  func buildTranslation() {
    typealias Layout = TranslationLayout
    let base = UInt64(MonitorLayout.hole + Layout.data)
    let limit = UInt64(Layout.Data.limit)
    // Ring 1; execute-only code over all 4 GiB, and data that can be written.
    store(0x00CF_B900_0000_FFFF as UInt64, at: MonitorLayout.gdt + UInt32(Layout.codeSelector & ~7))
    store(
      limit & 0xFFFF | (base & 0xFF_FFFF) << 16 | 0xB3 << 40 | (limit >> 16 & 0xF) << 48
        | 4 << 52 | (base >> 24) << 56,
      at: MonitorLayout.gdt + UInt32(Layout.dataSelector & ~7))
    for page in stride(from: Layout.data, to: Layout.end, by: 4096)
    where page < Layout.data + Layout.dataSize || page >= Layout.table {
      let isWritable: UInt32 = page == Layout.data ? 2 : 0
      store(
        (page + Layout.machineOffset) | 0x61 | isWritable,
        at: MonitorLayout.holeTable + page >> 10)
    }
    for image in 0..<256 {
      // TF and IOPL are for the monitor.
      let value = UInt16(image & 2) | (image & 0x31 == 0 ? 0 : 0x100)
      storeTranslation(value, at: Layout.data + Layout.Data.flagTable + UInt32(image * 2))
    }
  }
}
