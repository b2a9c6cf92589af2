import X86

/// One guest instruction beside what stands for it, for whoever wants to see both.
public struct TranslationRow: Equatable, Sendable {
  /// What became of the instruction.
  public enum Form: String, Sendable {
    /// The same bytes, or the same with another displacement.
    case identical = "IDENT"
    /// A sequence that does at ring 1 what the guest expects of ring 0.
    case inline = "INLINE"
    /// HLT: the monitor does it.
    case callout = "CALLOUT"
    /// Jumps to other translations, or HLT until there are any.
    case chain = "CHAIN"
  }

  /// The guest's EIP and the bytes there when they were translated; none for an exit.
  public var guest: UInt32
  public var guestBytes: [UInt8]
  /// Linear address in the translation cache, and the bytes there now.
  public var translated: UInt32
  public var translatedBytes: [UInt8]
  public var form: Form
  /// How often this has called the monitor.
  public var calls: UInt64
}

extension FullVirtualization {
  /// The blocks that can be entered, by the guest's EIP, in rising order; nil without a translator.
  public var translatedBlocks: [UInt32]? {
    guard let translation else { return nil }
    return translation.blocks.filter(\.isValid).map(\.guest).sorted()
  }

  /// Has the cache be full sooner: at so many bytes, more than the 8 KiB that one block may take.
  public func limitTranslations(to size: Int) {
    precondition((0x2100...Int(TranslationLayout.cacheSize)).contains(size), "room for a block")
    translation?.capacity = UInt32(size)
  }

  /// A byte of the translation cache, by linear address, for whoever wants to see what breaking it
  /// does.
  public subscript(translated linear: UInt32) -> UInt8 {
    get { TranslationLayout.cacheOffset(linear).flatMap { translation?.byte(at: $0) } ?? 0 }
    set {
      guard let cache = translation, let place = TranslationLayout.cacheOffset(linear) else {
        return
      }
      cache.write(newValue, at: place)
      tellLabProcessor(cache)
    }
  }

  /// The block that begins at a guest EIP, or has an instruction there, row by row: its instructions
  /// and then its exits. Nil if that is not translated.
  public func translation(of eip: UInt32) -> [TranslationRow]? {
    guard let cache = translation else { return nil }
    let holders = cache.blocks.filter {
      $0.isValid && eip >= $0.guest && eip - $0.guest < $0.guestSize
    }
    guard let block = holders.first(where: { $0.guest == eip }) ?? holders.first else { return nil }
    return cache.rows(of: block)
  }
}

extension TranslationCache {
  fileprivate func rows(of block: TranslatedBlock) -> [TranslationRow] {
    var rows: [TranslationRow] = []
    var exits: Set<Int> = []
    for index in block.instructions {
      let part = map[index]
      let end = index + 1 < block.instructions.upperBound ? map[index + 1].place : block.end
      let bytes = (part.place..<end).map { byte(at: $0) }
      let isExit = part.kind == .link
      if let last = rows.last, !isExit, last.guest == part.guest, last.form != .chain {
        rows[rows.count - 1].translatedBytes += bytes
        rows[rows.count - 1].calls += part.calls
      } else {
        if isExit { exits.insert(rows.count) }
        rows.append(
          TranslationRow(
            guest: part.guest, guestBytes: [], translated: TranslationLayout.linear(part.place),
            translatedBytes: bytes, form: Self.form(part.kind), calls: part.calls))
      }
    }
    // How long each instruction is, the next one tells.
    let instructions = rows.indices.filter { !exits.contains($0) }
    for (position, index) in instructions.enumerated() {
      let start = rows[index].guest - block.guest
      let next =
        position + 1 < instructions.count
        ? rows[instructions[position + 1]].guest - block.guest : block.guestSize
      rows[index].guestBytes = (start..<max(start, next)).map { guestByte(block, $0) }
    }
    return rows
  }

  private static func form(_ kind: TranslatedInstruction.Kind) -> TranslationRow.Form {
    switch kind {
    case .identical: .identical
    case .inline: .inline
    case .service: .callout
    case .link, .linkAfterJump, .entry, .lookup: .chain
    }
  }

  /// A byte that a block was made from.
  private func guestByte(_ block: TranslatedBlock, _ offset: UInt32) -> UInt8 {
    let place = Int((codeBase &+ block.guest) & 0xFFF) + Int(offset)
    if place < 0x1000 { return pages[block.page].copy[place] }
    return block.secondPage < 0 ? 0 : pages[block.secondPage].copy[place - 0x1000]
  }
}
