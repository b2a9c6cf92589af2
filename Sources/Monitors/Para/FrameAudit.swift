public import X86

/// Counting again, from the bytes in memory, what the frame table says: whoever wants to know whether
/// the hypervisor's books are right.
extension Paravirtualization {
  /// What is wrong, in sentences; empty if every reference is accounted for, no table can be written to
  /// by a guest, and every page that a domain maps is one that it may.
  public func audit(_ cpu: inout CPU) -> [String] {
    var found = FrameCounts(frames.frames.count)
    var complaints: [String] = []
    for frame in 0..<UInt32(frames.frames.count) {
      let kept = frames[frame]
      // Of a domain that is gone only what others have mapped is left.
      if kept.owner < FrameTable.io && !domains[Int(kept.owner)].isGone {
        found.references[Int(frame)] += 1
      }
      if kept.owner == FrameTable.hypervisor || kept.owner == FrameTable.io {
        found.references[Int(frame)] += 1
      }
      if kept.isPinned { found.use(frame) }
      guard kept.kindReferences > 0, kept.kind == .table || kept.kind == .directory else {
        continue
      }
      let isTable = kept.kind == .table
      for index in 0..<(isTable ? 1024 : HypervisorLayout.firstSlot) {
        let entry: UInt32 = cpu.load(at: UInt64(frame) << 12 | UInt64(index * 4))
        guard entry & Entry.present != 0 else { continue }
        let page = Entry.frame(entry)
        guard frames.isRAM(page) else {
          if !isTable {
            complaints.append("directory \(hexadecimal(frame)) leads to what is no memory")
          }
          continue
        }
        if isTable && entry & Entry.writable == 0 || frames[page].owner == FrameTable.hypervisor {
          found.references[Int(page)] += 1
        } else {
          found.use(page)
        }
        if !mayUse(page, by: kept.owner, UInt64(frame) << 12 | UInt64(index * 4), isTable) {
          complaints.append(
            "frame \(hexadecimal(page)) is mapped by domain \(kept.owner), and is not its own")
        }
        let wanted = isTable ? FrameTable.Kind.writable : .table
        if isTable && entry & Entry.writable == 0 { continue }
        let isOwn = frames[page].owner == FrameTable.hypervisor && isTable
        if !isOwn && frames[page].kind != wanted {
          complaints.append("frame \(hexadecimal(page)) is used as two things at once")
        }
      }
      for index in HypervisorLayout.firstSlot..<1024 where !isTable {
        let entry: UInt32 = cpu.load(at: UInt64(frame) << 12 | UInt64(index * 4))
        let table = Entry.frame(entry)
        guard entry & Entry.present != 0 else { continue }
        if !frames.isRAM(table) || frames[table].owner != FrameTable.hypervisor {
          complaints.append("directory \(hexadecimal(frame)) has a hole in the hypervisor's hole")
        }
      }
    }
    for domain in domains where !domain.isGone {
      found.use(domain.directory)
      for page in domain.gdtPages + domain.ldtPages { found.use(page) }
      if let info = domain.movedInfo { found.use(UInt32(info >> 12)) }
    }
    for frame in 0..<UInt32(frames.frames.count) {
      let kept = frames[frame]
      if kept.references != found.references[Int(frame)] {
        complaints.append(
          "frame \(hexadecimal(frame)) has \(kept.references) references, and there are "
            + "\(found.references[Int(frame)])")
      }
      if kept.kindReferences != found.uses[Int(frame)] {
        complaints.append(
          "frame \(hexadecimal(frame)) has \(kept.kindReferences) uses as \(kept.kind), and there are "
            + "\(found.uses[Int(frame)])")
      }
    }
    return complaints
  }

  /// Whether the entry at a machine address may name a frame: one of the domain's own, of the pages that
  /// the hypervisor shares with it, or what has been granted to it and mapped there.
  private func mayUse(_ frame: UInt32, by user: UInt16, _ entry: UInt64, _ isTable: Bool) -> Bool {
    if frames[frame].owner == user { return true }
    guard isTable else { return false }
    if frames[frame].owner == FrameTable.hypervisor { return isShared(frame, with: user) }
    return grants.contains {
      $0.map { $0.user == user && $0.frame == frame && $0.entry == entry } ?? false
    }
  }
}

/// References and uses by frame.
private struct FrameCounts {
  var references: [UInt32]
  var uses: [UInt32]

  init(_ count: Int) {
    references = [UInt32](repeating: 0, count: count)
    uses = references
  }

  mutating func use(_ frame: UInt32) {
    references[Int(frame)] += 1
    uses[Int(frame)] += 1
  }
}
