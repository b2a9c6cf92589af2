import X86

/// Which translations may be entered: those of pages that the guest's tables still map as when they
/// were made, and whose bytes are still the same.
extension TranslationCache {
  /// A page written to this often within `restingTime` is not translated for as long.
  static let writesAllowed = 32
  /// In ticks of the guest.
  static let restingTime: UInt64 = 100_000

  /// The page of a linear address, made if there is none.
  func page(of linear: UInt32) -> Int {
    let start = linear & 0xFFFF_F000
    if let known = pageAt[start] { return known }
    pages.append(TranslatedPage(linear: start, physical: .max))
    pageAt[start] = pages.count - 1
    return pages.count - 1
  }

  /// A guest-physical page has translations: a write to it must be seen.
  func isTranslated(_ physical: PhysicalAddress) -> Bool {
    guard let found = pagesIn[physical & ~0xFFF] else { return false }
    return found.contains { pages[$0].hasTranslations }
  }

  // MARK: Mappings

  /// The guest has flushed its TLB: no page may be entered before its mapping has been looked at.
  func forgetMappings() {
    for page in validPages { close(page) }
    validPages.removeAll(keepingCapacity: true)
  }

  /// The guest has flushed one page.
  func forgetMapping(of linear: UInt32) {
    guard let page = pageAt[linear & 0xFFFF_F000], pages[page].isValid else { return }
    close(page)
    validPages.removeAll { $0 == page }
  }

  private func close(_ page: Int) {
    pages[page].isValid = false
    for block in pages[page].blocks where blocks[block].isValid {
      setSlot(block, blocks[block].body - 1)
    }
  }

  /// The guest's tables map a page to a frame, now.
  func open(_ page: Int, at physical: PhysicalAddress) {
    if pages[page].physical != physical {
      removeTranslations(of: page)
      pagesIn[pages[page].physical]?.removeAll { $0 == page }
      pages[page].physical = physical
      pagesIn[physical, default: []].append(page)
    }
    guard !pages[page].isValid else { return }
    pages[page].isValid = true
    validPages.append(page)
    for block in pages[page].blocks { openSlot(block) }
  }

  /// Lets others enter a block, if all of its pages may be.
  func openSlot(_ number: Int) {
    let block = blocks[number]
    guard block.isValid, pages[block.page].isValid,
      block.secondPage < 0 || pages[block.secondPage].isValid
    else { return }
    setSlot(number, block.body)
  }

  // MARK: Contents

  /// Notes the bytes that a block was made from.
  func note(_ bytes: UnsafeRawPointer, page: Int, from start: Int, count: Int) {
    for index in start..<start + count {
      pages[page].copy[index] = bytes.load(fromByteOffset: index, as: UInt8.self)
      pages[page].translated[index >> 6] |= 1 << UInt64(index & 63)
    }
    pages[page].hasTranslations = true
  }

  /// Whether bytes that were translated have changed.
  private func isChanged(_ page: Int, _ bytes: UnsafeRawPointer) -> Bool {
    pages[page].copy.withUnsafeBytes { copy in
      for word in 0..<64 {
        var mask = pages[page].translated[word]
        while mask != 0 {
          let index = word * 64 + mask.trailingZeroBitCount
          if copy[index] != bytes.load(fromByteOffset: index, as: UInt8.self) { return true }
          mask &= mask - 1
        }
      }
      return false
    }
  }

  /// A guest-physical page may have been written to. Returns the pages whose translations are gone.
  func pageWritten(_ physical: PhysicalAddress, _ bytes: UnsafeRawPointer?) -> [Int] {
    var gone: [Int] = []
    for page in pagesIn[physical & ~0xFFF] ?? [] where pages[page].hasTranslations {
      if let bytes, !isChanged(page, bytes) { continue }
      removeTranslations(of: page)
      gone.append(page)
    }
    return gone
  }

  /// Counts a write that had to be done by the monitor because there is code in the page. Too many, and
  /// the page is left alone for a while; true if so.
  func noteWrite(_ physical: PhysicalAddress, at tick: UInt64) -> Bool {
    var rests = false
    for page in pagesIn[physical & ~0xFFF] ?? [] where pages[page].hasTranslations {
      if tick - pages[page].writesSince > Self.restingTime {
        (pages[page].writes, pages[page].writesSince) = (0, tick)
      }
      pages[page].writes += 1
      guard pages[page].writes > Self.writesAllowed else { continue }
      (pages[page].writes, pages[page].writesSince) = (0, tick)
      pages[page].restsUntil = tick + Self.restingTime
      rests = true
    }
    return rests
  }

  /// Forgets what was translated from a page. The code stays where it is, but nothing leads there.
  func removeTranslations(of page: Int) {
    guard pages[page].hasTranslations else { return }
    for number in pages[page].blocks where blocks[number].isValid {
      blocks[number].isValid = false
      setSlot(number, blocks[number].body - 1)
    }
    pages[page].hasTranslations = false
    for word in 0..<64 { pages[page].translated[word] = 0 }
  }

  /// The same for every page: nothing translated is right any more.
  func removeAllTranslations() {
    for page in pages.indices { removeTranslations(of: page) }
  }
}
