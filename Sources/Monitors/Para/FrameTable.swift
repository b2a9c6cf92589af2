import X86

/// What the hypervisor knows of each frame of the machine's memory: who owns it, how often it is
/// referred to, and as what.
///
/// A frame has one type at a time for as long as something counts on it: it is a page table, or it is
/// mapped writable, but never both. That is what makes it safe to let the processor walk the guests'
/// own page tables.
struct FrameTable {
  /// What a frame is used as. References of different kinds exclude each other.
  enum Kind: UInt8 {
    case none
    /// Some page table maps it writable.
    case writable
    /// A page table, validated: every entry in it holds a reference.
    case table
    /// A page directory, validated.
    case directory
    /// Part of a GDT or LDT, validated.
    case descriptors
  }

  struct Frame: Equatable {
    var owner = FrameTable.nobody
    /// Every mapping, every use, and 1 for being allocated to its owner.
    var references: UInt32 = 0
    var kind = Kind.none
    /// Uses as `kind`; when there is none, the frame may become something else.
    var kindReferences: UInt32 = 0
    var isPinned = false
  }

  /// Owners that are no domains, with the ABI's numbers.
  static let io: UInt16 = 0x7FF1
  static let hypervisor: UInt16 = 0x7FF2
  static let nobody: UInt16 = 0x7FFF

  private(set) var frames: [Frame]
  /// Free frames, the next one to be given out last.
  private(set) var free: [UInt32] = []

  /// A machine with so many frames of RAM below 640 KiB and from 1 MiB on.
  init(frames count: Int) {
    frames = [Frame](repeating: Frame(), count: count)
    let first = HypervisorLayout.firstFreeFrame(of: count)
    for frame in 0..<min(first, count) {
      frames[frame].owner = (0xA0..<0x100).contains(frame) ? Self.io : Self.hypervisor
      frames[frame].references = 1
    }
    if first < count { free = (first..<count).reversed().map { UInt32($0) } }
  }

  /// Another moment's table, of the same machine.
  mutating func take(_ frames: [Frame], free: [UInt32]) {
    precondition(frames.count == self.frames.count, "the machine has as much memory as before")
    (self.frames, self.free) = (frames, free)
  }

  subscript(_ frame: UInt32) -> Frame {
    get { frames[Int(frame)] }
    set { frames[Int(frame)] = newValue }
  }

  func isRAM(_ frame: UInt32) -> Bool {
    frame < UInt32(frames.count) && self[frame].owner != Self.io
  }

  // MARK: Giving out

  /// Takes a frame for a domain; nil when there is none left.
  mutating func allocate(for owner: UInt16) -> UInt32? {
    guard let frame = free.popLast() else { return nil }
    self[frame] = Frame(owner: owner, references: 1)
    return frame
  }

  /// Gives back a frame that nothing refers to but its allocation. False if something does.
  mutating func release(_ frame: UInt32) -> Bool {
    guard self[frame].references == 1 else { return false }
    self[frame] = Frame()
    free.append(frame)
    return true
  }

  // MARK: References

  /// One more reference to a frame of a domain's.
  mutating func refer(to frame: UInt32, of owner: UInt16) throws(HypercallError) {
    guard frame < UInt32(frames.count), self[frame].owner == owner, self[frame].references > 0
    else {
      throw .invalid(.frameOfAnotherDomain)
    }
    self[frame].references += 1
  }

  /// One less. The last one frees it: the owner has given it up before.
  mutating func drop(_ frame: UInt32) {
    precondition(self[frame].references > 0, "references are counted")
    self[frame].references -= 1
    guard self[frame].references == 0 else { return }
    precondition(self[frame].kindReferences == 0, "a use is a reference")
    self[frame] = Frame()
    free.append(frame)
  }
}
