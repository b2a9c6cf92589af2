/// What a processor's own page tables say, asked by a monitor that keeps shadows of them.
public struct GuestTranslation: Equatable, Sendable {
  /// Guest-physical address of the page, bits 11-0 clear.
  public var page: PhysicalAddress
  /// U/S of directory and table entry together: CPL 3 may use the page.
  public var isUser: Bool
  /// R/W of both together, whatever CR0.WP says.
  public var isWritable: Bool
  /// The D bit is set: a write needs nothing more from the guest's tables.
  public var isDirty: Bool
}

/// Through which of a processor's own tables a linear address is translated.
public struct GuestPath: Equatable, Sendable {
  /// Guest-physical address of the page directory.
  public var directory: PhysicalAddress
  /// Its entry for the address.
  public var directoryEntry: UInt32
  /// The entry maps a page of 4 MiB, and there is no page table.
  public var isLarge: Bool
}

/// What has been forgotten about translations: what a monitor has to follow.
public enum TranslationFlush: Equatable, Sendable {
  case none
  /// INVLPG: the page of this linear address.
  case page(UInt32)
  /// MOV CR3, a task switch: all but global pages.
  case nonGlobal
  /// A change of CR0 or CR4, or of A20.
  case all

  /// Both, one after the other.
  func and(_ next: TranslationFlush) -> TranslationFlush {
    switch (self, next) {
    case (.none, _): return next
    case (_, .none): return self
    case (.page(let first), .page(let second)) where first == second: return self
    case (.nonGlobal, .nonGlobal), (.page, .nonGlobal), (.nonGlobal, .page): return .nonGlobal
    default: return .all
    }
  }
}

extension CPU {
  /// Walks the page tables as an access at a linear address would, TLB aside: with every check,
  /// setting A and D bits. Throws the #PF that the access would raise, CR2 loaded.
  ///
  /// Two-level paging or none; what PAE needs is not asked for yet.
  public mutating func walk(
    _ linear: UInt32, isWrite: Bool, isUser: Bool
  ) throws(Interruption) -> GuestTranslation {
    precondition(!cr4.contains(.physicalAddressExtension), "monitors refuse PAE guests by name")
    guard cr0.contains(.paging) else {
      return GuestTranslation(
        page: UInt64(linear & 0xFFFF_F000) & addressMask, isUser: true, isWritable: true,
        isDirty: true)
    }
    let found = try walkTables(linear, isWrite ? .write : .read, user: isUser)
    let rights = peekRights(linear)
    return GuestTranslation(
      page: found.physical & addressMask, isUser: rights & 4 != 0, isWritable: rights & 2 != 0,
      isDirty: found.isDirty)
  }

  /// How a linear address is translated as the tables are now; nil while paging is off.
  public mutating func path(to linear: UInt32) -> GuestPath? {
    guard cr0.contains(.paging) else { return nil }
    let entry = UInt32(truncatingIfNeeded: pageEntries(for: linear) >> 32)
    return GuestPath(
      directory: UInt64(cr3 & 0xFFFF_F000) & addressMask, directoryEntry: entry,
      isLarge: entry & 0x80 != 0 && cr4.contains(.pageSizeExtensions))
  }

  /// U/S and R/W, bits 2 and 1, of the entries for a linear address that is mapped.
  private mutating func peekRights(_ linear: UInt32) -> UInt32 {
    let entries = pageEntries(for: linear)
    let directory = UInt32(truncatingIfNeeded: entries >> 32) & 6
    let isLarge = entries >> 32 & 0x80 != 0 && cr4.contains(.pageSizeExtensions)
    return isLarge ? directory : directory & UInt32(truncatingIfNeeded: entries)
  }

  /// What has been flushed since the last call.
  public mutating func takeFlush() -> TranslationFlush {
    defer { flush = .none }
    return flush
  }

  /// INVLPG for a monitor: forgets the translations of one page.
  public mutating func invalidate(page linear: UInt32) {
    tlb.flush(page: linear)
    startNewGeneration()
  }
}
