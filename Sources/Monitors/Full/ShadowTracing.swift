import X86

/// What follows from the guest's page tables, entry by entry: looked at when the guest has written to
/// one, and by an audit at any time.
extension ShadowPaging {
  /// A frame with tables of the guest was written to: what is derived from it and does not follow from
  /// it any more is forgotten. True if there was something.
  mutating func follow(_ frame: PhysicalAddress, _ guest: borrowing CPU) -> Bool {
    var hasChanged = false
    for address in shadows(of: frame) {
      guard let page = pages[address] else { continue }
      for place in wrongEntries(of: page, guest, isWatched: { _ in false }) {
        memory.store(UInt32(0), at: place)
        hasChanged = true
      }
    }
    return hasChanged
  }

  /// The places of entries that the guest's tables do not give. `isWatched` says which frames must not
  /// be writable for other reasons.
  private func wrongEntries(
    of page: Page, _ guest: borrowing CPU, isWatched: (PhysicalAddress) -> Bool
  ) -> [UInt32] {
    var wrong: [UInt32] = []
    let host = guest.memory.host(at: page.key.place)
    for index in UInt32(0)..<1024 {
      let place = page.address + index * 4
      let entry: UInt32 = memory.load(place)
      guard entry & Bits.present != 0 else { continue }
      func guestEntry() -> UInt32 {
        host.map { UInt32(littleEndian: $0.load(fromByteOffset: Int(index * 4), as: UInt32.self)) }
          ?? 0
      }
      let isRight =
        switch page.key.kind {
        case .directory, .onlyDirectory:
          hasHole && index == UInt32(MonitorLayout.holeDirectoryIndex)
            ? entry & Bits.frame == MonitorLayout.holeTable
            : isRight(link: entry, index, page.key.kind == .directory ? guestEntry() : nil, guest)
        case .table: isRight(entry, of: guestEntry(), page.key.rights, isWatched)
        case .largePage:
          isRight(entry, ofLarge: page.key, index, isWatched)
        case .region:
          isMemory(entry, guest) && isAllowed(entry, isWatched)
            && (policy == .flush || frame(of: entry) == page.key.place << 22 | UInt64(index) << 12)
        }
      if !isRight { wrong.append(place) }
    }
    return wrong
  }

  /// A directory's entry leads to the shadow of what the guest's entry leads to.
  private func isRight(
    link: UInt32, _ index: UInt32, _ entry: UInt32?, _ guest: borrowing CPU
  ) -> Bool {
    guard let child = pages[link & Bits.frame]?.key else { return false }
    guard let entry else { return child == Key(kind: .region, place: UInt64(index)) }
    let needed = Bits.present | Bits.accessed
    guard entry & needed == needed else { return false }
    let isLarge = entry & Bits.large != 0 && guest.cr4.contains(.pageSizeExtensions)
    return child == Self.childKey(entry, isLarge: isLarge)
  }

  /// A table's entry gives what the guest's gives together with its directory entry, or less.
  private func isRight(
    _ entry: UInt32, of guest: UInt32, _ rights: UInt8, _ isWatched: (PhysicalAddress) -> Bool
  ) -> Bool {
    let needed = Bits.present | Bits.accessed
    guard guest & needed == needed, frame(of: entry) == UInt64(guest & Bits.frame) else {
      return false
    }
    let given = guest & UInt32(rights)
    let grants = given & Bits.writable != 0 && guest & Bits.dirty != 0
    return entry & Bits.user == given & Bits.user
      && (entry & Bits.writable == 0 || grants && isAllowed(entry, isWatched))
  }

  private func isRight(
    _ entry: UInt32, ofLarge key: Key, _ index: UInt32, _ isWatched: (PhysicalAddress) -> Bool
  ) -> Bool {
    let rights = UInt32(key.rights)
    let grants = rights & Bits.writable != 0 && rights & Self.largeDirty != 0
    return frame(of: entry) == key.place + UInt64(index) << 12
      && entry & Bits.user == rights & Bits.user
      && (entry & Bits.writable == 0 || grants && isAllowed(entry, isWatched))
  }

  /// Writable frames hold no tables that somebody watches.
  private func isAllowed(_ entry: UInt32, _ isWatched: (PhysicalAddress) -> Bool) -> Bool {
    let frame = frame(of: entry)
    return entry & Bits.writable == 0 || !isTraced(frame) && !isWatched(frame)
  }

  private func isMemory(_ entry: UInt32, _ guest: borrowing CPU) -> Bool {
    let machine = UInt64(entry & Bits.frame)
    return machine >= MonitorLayout.guestOffset && guest.memory.host(at: frame(of: entry)) != nil
  }

  func frame(of entry: UInt32) -> PhysicalAddress {
    GuestMemory.guestAddress(of: UInt64(entry & Bits.frame)) ?? .max
  }

  // MARK: Audit

  /// Recomputes every entry of every shadow page.
  func audit(
    _ guest: borrowing CPU, isWatched: (PhysicalAddress) -> Bool
  ) -> ShadowAudit {
    var audit = ShadowAudit()
    for page in pages.values {
      for index in UInt32(0)..<1024
      where (memory.load(page.address + index * 4) as UInt32) & Bits.present != 0 {
        audit.entries += 1
      }
      audit.wrong += wrongEntries(of: page, guest, isWatched: isWatched)
      if page.key.kind == .region { audit.stale += staleEntries(of: page, guest) }
    }
    audit.pages = pages.count
    return audit
  }

  /// Entries of a shadow that is no more than a TLB, and that the guest's tables do not give any more:
  /// the guest has changed them and not flushed yet.
  private func staleEntries(of page: Page, _ guest: borrowing CPU) -> Int {
    var count = 0
    for index in UInt32(0)..<1024 {
      let entry: UInt32 = memory.load(page.address + index * 4)
      guard entry & Bits.present != 0 else { continue }
      let linear = UInt32(page.key.place) << 22 | index << 12
      let physical = guest.peekTranslate(linear)
      if physical != frame(of: entry) { count += 1 }
    }
    return count
  }
}

/// What an audit of the shadow page tables has found.
public struct ShadowAudit: Sendable, Equatable {
  /// Pages of the pool that are in use.
  public var pages = 0
  /// Entries that are present.
  public var entries = 0
  /// Machine addresses of entries that do not follow from the guest's tables, from where the guest's
  /// memory is, and from what is traced. There must be none.
  public var wrong: [UInt32] = []
  /// Entries for which the guest has other tables by now and has flushed nothing yet: as in a TLB.
  /// Always 0 where page tables are traced.
  public var stale = 0
}
