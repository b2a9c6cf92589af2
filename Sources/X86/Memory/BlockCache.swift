/// A basic block: instructions decoded from consecutive bytes, run without looking back.
struct Block {
  /// Stamp and linear address under which the block may be entered without asking: see `codeKey`.
  /// 0 when it has to be looked up again.
  var key: UInt64 = 0
  var instructions: UnsafeMutablePointer<Instruction>
  /// Number of instructions; a terminal pseudo-instruction follows the last.
  var count: Int
  var byteLength: UInt32
  /// Where control went last: by a taken branch or call, and by falling through.
  var taken: UnsafeMutablePointer<Block>
  var fallThrough: UnsafeMutablePointer<Block>
  /// Physical address of the first byte, and of the second page when the last instruction crosses.
  var physical: PhysicalAddress
  var secondPage: PhysicalAddress
  var is32Bit: Bool
  var isValid = true
  var nextInBucket: UnsafeMutablePointer<Block>?
  var nextInFrame: UnsafeMutablePointer<Block>?
  var nextInSecondFrame: UnsafeMutablePointer<Block>?

  /// `secondPage` of a block inside one page.
  static let noPage: PhysicalAddress = .max
}

/// Decoded blocks by physical address and code size, in two arenas that are emptied when full.
///
/// Block 0 is `none`. Only a cache: what it holds never shows in the machine's state.
struct BlockCache: ~Copyable {
  private static let bucketCount = 1 << 14
  static let instructionLimit = 1 << 18
  static let blockLimit = 1 << 16

  private let buckets: UnsafeMutablePointer<UnsafeMutablePointer<Block>?>
  private let arena: UnsafeMutablePointer<Instruction>
  private let blockArena: UnsafeMutablePointer<Block>
  private var usedInstructions = 0
  private var usedBlocks = 1
  /// Blocks by linear address, a guess verified by their key.
  let recent: UnsafeMutablePointer<UnsafeMutablePointer<Block>>
  static let recentCount = 1 << 12
  /// Where the bytes of an instruction are put together when they do not lie in one page of memory.
  let fetchBuffer: UnsafeMutableRawPointer
  /// Never valid; what links point to before they are made.
  let none: UnsafeMutablePointer<Block>
  /// Executes nothing and ends `runBlocks`: what stands before an instruction that somebody waits for.
  let stop: UnsafeMutablePointer<Block>
  /// Times a write hit decoded bytes; for the counters pane.
  var invalidations: UInt64 = 0

  init() {
    buckets = .allocate(capacity: Self.bucketCount)
    buckets.initialize(repeating: nil, count: Self.bucketCount)
    arena = .allocate(capacity: Self.instructionLimit)
    blockArena = .allocate(capacity: Self.blockLimit)
    fetchBuffer = .allocate(byteCount: 16, alignment: 16)
    none = blockArena
    let end = UnsafeMutablePointer<Instruction>.allocate(capacity: 1)
    end.initialize(to: Instruction(handler: .stop))
    stop = .allocate(capacity: 1)
    recent = .allocate(capacity: Self.recentCount)
    recent.initialize(repeating: blockArena, count: Self.recentCount)
    none.initialize(
      to: Block(
        instructions: arena, count: 0, byteLength: 0, taken: none, fallThrough: none,
        physical: .max, secondPage: Block.noPage, is32Bit: false, isValid: false))
    stop.initialize(
      to: Block(
        instructions: end, count: 0, byteLength: 0, taken: none, fallThrough: none,
        physical: .max, secondPage: Block.noPage, is32Bit: false, isValid: false))
  }

  deinit {
    buckets.deallocate()
    arena.deallocate()
    blockArena.deallocate()
    recent.deallocate()
    fetchBuffer.deallocate()
    stop.pointee.instructions.deallocate()
    stop.deallocate()
  }

  @inline(__always)
  private static func bucket(_ physical: PhysicalAddress) -> Int {
    Int(truncatingIfNeeded: physical ^ physical >> 14) & (bucketCount - 1)
  }

  @inline(__always)
  func recentSlot(_ linear: UInt32) -> UnsafeMutablePointer<UnsafeMutablePointer<Block>> {
    recent + Int(linear ^ linear >> 12) & (Self.recentCount - 1)
  }

  func find(_ physical: PhysicalAddress, is32Bit: Bool) -> UnsafeMutablePointer<Block>? {
    var candidate = buckets[Self.bucket(physical)]
    while let block = candidate {
      if block.pointee.physical == physical && block.pointee.is32Bit == is32Bit
        && block.pointee.isValid
      {
        return block
      }
      candidate = block.pointee.nextInBucket
    }
    return nil
  }

  /// What one block takes of the arena at most: 64 instructions and a pseudo-instruction on both ends.
  private static let room = 66

  /// Room for the longest block; empties the cache when there is none.
  mutating func reserve(_ memory: inout PhysicalMemory) -> UnsafeMutablePointer<Instruction> {
    if usedInstructions + Self.room > Self.instructionLimit || usedBlocks == Self.blockLimit {
      removeAll(&memory)
    }
    return arena + usedInstructions
  }

  /// Files a block whose instructions were written to what `reserve` gave.
  mutating func insert(
    _ block: Block, _ memory: borrowing PhysicalMemory
  ) -> UnsafeMutablePointer<Block> {
    let new = blockArena + usedBlocks
    usedBlocks += 1
    usedInstructions += block.count + 1
    new.initialize(to: block)
    let bucket = Self.bucket(block.physical)
    new.pointee.nextInBucket = buckets[bucket]
    buckets[bucket] = new
    if let frame = memory.frame(at: block.physical) {
      new.pointee.nextInFrame = firstBlock(of: frame)
      setFirstBlock(of: frame, new)
    }
    if block.secondPage != Block.noPage, let frame = memory.frame(at: block.secondPage) {
      new.pointee.nextInSecondFrame = firstBlock(of: frame)
      setFirstBlock(of: frame, new)
    }
    return new
  }

  private func firstBlock(of frame: UnsafeMutablePointer<Frame>) -> UnsafeMutablePointer<Block>? {
    frame.pointee.firstBlock == 0 ? nil : blockArena + Int(frame.pointee.firstBlock)
  }

  private func setFirstBlock(
    of frame: UnsafeMutablePointer<Frame>, _ block: UnsafeMutablePointer<Block>?
  ) {
    frame.pointee.firstBlock = block.map { UInt32($0 - blockArena) } ?? 0
  }

  private func unfile(_ block: UnsafeMutablePointer<Block>) {
    let bucket = Self.bucket(block.pointee.physical)
    var link = buckets[bucket]
    if link == block {
      buckets[bucket] = block.pointee.nextInBucket
      return
    }
    while let current = link {
      if current.pointee.nextInBucket == block {
        current.pointee.nextInBucket = block.pointee.nextInBucket
        return
      }
      link = current.pointee.nextInBucket
    }
  }

  /// Forgets the blocks of a frame that were decoded from the given bytes of it, and tells which bytes
  /// of the frame still have code.
  mutating func remove(
    in frame: UnsafeMutablePointer<Frame>, page: PhysicalAddress, from first: UInt32, to end: UInt32
  ) {
    var survivors: UnsafeMutablePointer<Block>?
    var mask: UInt64 = 0
    var candidate = firstBlock(of: frame)
    while let block = candidate {
      let isFirstPage = block.pointee.physical & ~0xFFF == page
      candidate = isFirstPage ? block.pointee.nextInFrame : block.pointee.nextInSecondFrame
      guard block.pointee.isValid else { continue }
      let (low, high) = Self.range(of: block, in: page)
      if low < end && first < high {
        kill(block)
      } else {
        mask |= Self.chunks(from: low, to: high)
        if isFirstPage {
          block.pointee.nextInFrame = survivors
        } else {
          block.pointee.nextInSecondFrame = survivors
        }
        survivors = block
      }
    }
    setFirstBlock(of: frame, survivors)
    frame.pointee.codeMask = mask
  }

  private mutating func kill(_ block: UnsafeMutablePointer<Block>) {
    unfile(block)
    block.pointee.isValid = false
    block.pointee.key = 0
    // A block may be killed while it runs: whatever comes next is to be looked up again.
    for index in 0...block.pointee.count {
      block.pointee.instructions[index].handler = .blockKilled
    }
    invalidations &+= 1
  }

  /// The bytes of a page that a block was decoded from, as offsets [low, high).
  static func range(
    of block: UnsafeMutablePointer<Block>, in page: PhysicalAddress
  ) -> (UInt32, UInt32) {
    let start = UInt32(truncatingIfNeeded: block.pointee.physical & 0xFFF)
    let end = start + block.pointee.byteLength
    if block.pointee.physical & ~0xFFF == page { return (start, min(end, 0x1000)) }
    return (0, end - 0x1000)
  }

  /// One bit for each 64-byte chunk that [low, high) touches.
  static func chunks(from low: UInt32, to high: UInt32) -> UInt64 {
    guard low < high else { return 0 }
    let first = low >> 6
    let last = (high - 1) >> 6
    return (UInt64.max << UInt64(first)) & (UInt64.max >> UInt64(63 - last))
  }

  mutating func removeAll(_ memory: inout PhysicalMemory) {
    for index in 1..<max(usedBlocks, 1) {
      let block = blockArena + index
      block.pointee.key = 0
      if let frame = memory.frame(at: block.pointee.physical) {
        frame.pointee.codeMask = 0
        frame.pointee.firstBlock = 0
      }
      if block.pointee.secondPage != Block.noPage,
        let frame = memory.frame(at: block.pointee.secondPage)
      {
        frame.pointee.codeMask = 0
        frame.pointee.firstBlock = 0
      }
    }
    for index in 0..<Self.bucketCount { buckets[index] = nil }
    for index in 0..<Self.recentCount { recent[index] = none }
    usedBlocks = 1
    usedInstructions = 0
  }
}
