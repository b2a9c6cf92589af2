/// A page that was written to, and what was in it before.
public struct PageChange {
  /// Its physical address.
  public let address: PhysicalAddress
  /// The 4096 bytes as they were; whoever takes the change deallocates them. Nil: zeros.
  public let old: UnsafeMutableRawPointer?
}

/// Copy before write: which pages were written to since somebody last asked, and what they were.
///
/// An object of its own, because devices with DMA write to memory in the middle of an instruction.
/// Until `isKeeping` is set, it costs one store a page.
public final class PageChanges {
  /// Whether the contents of a page are put aside before it is first written to.
  public private(set) var isKeeping = false
  private var list: [PageChange] = []
  /// Whom the pages are told to as well, and how much lower their addresses are there.
  private var other: (changes: PageChanges, offset: UInt64)?
  /// The frames, see `PhysicalMemory`.
  private let directory: UnsafeMutablePointer<UnsafeMutablePointer<Frame>?>

  init(_ directory: UnsafeMutablePointer<UnsafeMutablePointer<Frame>?>) {
    self.directory = directory
  }

  deinit { for change in list { change.old?.deallocate() } }

  /// The pages from address `offset` on are also another processor's, which has them from 0 on: the
  /// first write to each since the last `take` is told to its `changes`, which keep the contents.
  public func tell(_ changes: PageChanges, below offset: UInt64) { other = (changes, offset) }

  /// How many pages have been copied since they were last taken.
  public private(set) var copies = 0

  /// To be called by whoever is about to write to RAM and is not the processor.
  public func willWrite(at address: PhysicalAddress, size: Int) {
    var page = address & ~0xFFF
    while page < min(address + UInt64(size), 1 << 32) {
      if let leaf = directory[Int(page >> 22)] {
        willWrite(leaf + Int(page >> 12 & 1023), at: page)
      }
      page += 0x1000
    }
  }

  @inline(__always)
  func willWrite(_ frame: UnsafeMutablePointer<Frame>, at address: PhysicalAddress) {
    if _slowPath(!frame.pointee.isDirty) { note(frame, address & ~0xFFF) }
  }

  @inline(never)
  private func note(_ frame: UnsafeMutablePointer<Frame>, _ page: PhysicalAddress) {
    frame.pointee.isDirty = true
    if let other {
      list.append(PageChange(address: page, old: nil))
      if page >= other.offset { other.changes.willWrite(at: page - other.offset, size: 1) }
      return
    }
    guard isKeeping, let host = frame.pointee.host else { return }
    guard !Self.isZero(host) else { return list.append(PageChange(address: page, old: nil)) }
    let copy = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 16)
    copy.copyMemory(from: host, byteCount: 4096)
    copies += 1
    list.append(PageChange(address: page, old: copy))
  }

  private static func isZero(_ page: UnsafeMutableRawPointer) -> Bool {
    for offset in stride(from: 0, to: 4096, by: 8)
    where page.load(fromByteOffset: offset, as: UInt64.self) != 0 {
      return false
    }
    return true
  }

  /// From now on, every page counts as unchanged and is kept before it changes. Returns the pages
  /// written to so far; all others are as they were when the machine was made.
  func keep(_ memory: borrowing PhysicalMemory) -> [PhysicalAddress] {
    precondition(!isKeeping, "one history keeps a machine's pages")
    isKeeping = true
    var written: [PhysicalAddress] = []
    memory.forEachFrame { address, frame in
      if frame.pointee.isDirty && frame.pointee.host != nil { written.append(address) }
      frame.pointee.isDirty = false
    }
    return written
  }

  /// The pages written to since the last call. From now on they count as unchanged.
  func take() -> [PageChange] {
    for change in list {
      guard let leaf = directory[Int(change.address >> 22)] else { continue }
      leaf[Int(change.address >> 12 & 1023)].isDirty = false
    }
    defer { (list, copies) = ([], 0) }
    return list
  }
}
