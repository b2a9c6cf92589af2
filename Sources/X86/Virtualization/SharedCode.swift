/// Two processors over the same memory, of which one runs at a time: each must forget the blocks it
/// has decoded from bytes that the other has changed.
///
/// A processor notes the pages from which it begins to decode; the other one is told to watch
/// these, and notes when it writes to one. Whoever switches between the two carries the notes over.
/// While a page is watched its writes take the slow path; the first ends the watch.
extension CPU {
  /// Pages from which code has been decoded since the last call, by physical address.
  public mutating func takeNewCodePages() -> [PhysicalAddress] {
    defer { memory.newCodePages.removeAll(keepingCapacity: true) }
    return memory.newCodePages
  }

  /// Watched pages that have been written to since the last call.
  public mutating func takeWrittenPages() -> [PhysicalAddress] {
    defer { memory.writtenPages.removeAll(keepingCapacity: true) }
    return memory.writtenPages
  }

  /// Has the next write to each page told to whoever keeps old contents of it, see
  /// `PageChanges.tell`.
  public mutating func withdrawWrites() { _ = takeChanges() }

  /// Notes the next write to a page.
  public mutating func watch(page address: PhysicalAddress) {
    guard let frame = memory.frame(at: address), !frame.pointee.isWatched else { return }
    frame.pointee.isWatched = true
    tlb.withdrawWrites(physical: address & ~0xFFF)
  }
}

extension PhysicalMemory {
  mutating func noteCode(in page: PhysicalAddress) {
    if notesCode { newCodePages.append(page) }
  }

  /// A watched page is about to be written to.
  mutating func noteWrite(
    to frame: UnsafeMutablePointer<Frame>, _ address: PhysicalAddress
  ) {
    frame.pointee.isWatched = false
    writtenPages.append(address & ~0xFFF)
  }
}
