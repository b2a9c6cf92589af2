/// From an address to a block: the guess by linear address, the cache by physical address, and
/// decoding at last.
extension CPU {
  /// The block at `eip`. Throws what fetching the instruction raises.
  mutating func findBlock() throws(Interruption) -> UnsafeMutablePointer<Block> {
    try checkCodeLimit(eip)
    let linear = codeBase &+ eip
    let key = codeStamp | UInt64(linear)
    let slot = blocks.recentSlot(linear)
    let guess = slot.pointee
    if guess.pointee.key == key && fitsCodeLimit(guess) { return guess }
    if _slowPath(stopsAtCode) && isStopped(at: linear) { return blocks.stop }

    let physical = try translateCode(linear)
    if let known = blocks.find(physical, is32Bit: isCode32Bit), fitsCodeLimit(known),
      hidesWatchedCode(known.pointee.instructions, known.pointee.count, linear) == nil
    {
      if known.pointee.secondPage == Block.noPage {
        return file(known, under: key, in: slot)
      }
      let second = try translateCode((linear | 0xFFF) &+ 1)
      if second == known.pointee.secondPage { return file(known, under: key, in: slot) }
    }
    return try makeBlock(linear, physical, key, slot)
  }

  var isCode32Bit: Bool { segments[SegmentRegister.cs].isBig }

  private func fitsCodeLimit(_ block: UnsafeMutablePointer<Block>) -> Bool {
    eip &+ (block.pointee.byteLength &- 1) <= codeLimit
  }

  private mutating func file(
    _ block: UnsafeMutablePointer<Block>, under key: UInt64,
    in slot: UnsafeMutablePointer<UnsafeMutablePointer<Block>>
  ) -> UnsafeMutablePointer<Block> {
    if _slowPath(stopsAtCode) && isWatched(UInt32(truncatingIfNeeded: key)) {
      block.pointee.key = 0
      return block
    }
    block.pointee.key = key
    slot.pointee = block
    return block
  }

  /// Decodes a block at a physical address and files it.
  private mutating func makeBlock(
    _ linear: UInt32, _ physical: PhysicalAddress, _ key: UInt64,
    _ slot: UnsafeMutablePointer<UnsafeMutablePointer<Block>>
  ) throws(Interruption) -> UnsafeMutablePointer<Block> {
    let instructions = blocks.reserve(&memory)
    let is32Bit = isCode32Bit
    let room = 0x1000 - Int(physical & 0xFFF)
    let allowed = Int(codeLimit - eip) + 1
    let host = memory.host(at: physical)
    var second = Block.noPage
    var decoder = Decoder(
      bytes: host ?? gather(physical, 0, min(room, allowed, Decoder.longest)),
      available: min(room, allowed, host == nil ? Decoder.longest : .max), is32Bit: is32Bit,
      features: profile.features)
    var count = decoder.decodeBlock(
      into: instructions, limit: host == nil ? 1 : maximumBlockLength)
    if _slowPath(stopsAtCode), let host, let shorter = hidesWatchedCode(instructions, count, linear)
    {
      decoder = Decoder(
        bytes: host, available: min(room, allowed), is32Bit: is32Bit, features: profile.features)
      count = decoder.decodeBlock(into: instructions, limit: shorter)
    }
    if count == 0 {
      // The first instruction goes on in the next page, or beyond the limit of CS.
      if allowed <= room { throw .generalProtection(0, .codeLimitExceeded) }
      second = try translateCode((linear | 0xFFF) &+ 1)
      _ = gather(physical, 0, room)
      let available = min(allowed, Decoder.longest)
      decoder = Decoder(
        bytes: gather(second, room, available - room), available: available, is32Bit: is32Bit,
        features: profile.features)
      count = decoder.decodeBlock(into: instructions, limit: 1)
      if count == 0 { throw .generalProtection(0, .codeLimitExceeded) }
    }
    if let code = memory.untimedCode {
      count = decoder.markUntimed(code, physical, instructions, count)
    }
    let block = Block(
      instructions: instructions, count: count, byteLength: decoder.byteLength,
      taken: blocks.none, fallThrough: blocks.none, physical: physical, secondPage: second,
      is32Bit: is32Bit, isValid: host != nil)
    let filed = blocks.insert(block, memory)
    // What a device answers may be something else next time: such a block is used once.
    if host == nil { return filed }
    markCode(physical, filed)
    if second != Block.noPage { markCode(second, filed) }
    return file(filed, under: key, in: slot)
  }

  /// Collects bytes of one frame in the fetch buffer, whoever answers for them.
  private mutating func gather(
    _ physical: PhysicalAddress, _ start: Int, _ count: Int
  ) -> UnsafeMutableRawPointer {
    for index in 0..<count {
      let byte = UInt8(truncatingIfNeeded: readPhysical(physical + UInt64(index), 1))
      blocks.fetchBuffer.storeBytes(of: byte, toByteOffset: start + index, as: UInt8.self)
    }
    return blocks.fetchBuffer
  }

  /// From now on a write to these bytes has to look for blocks: no fast path to their frame.
  private mutating func markCode(
    _ physical: PhysicalAddress, _ block: UnsafeMutablePointer<Block>
  ) {
    let page = physical & ~0xFFF
    guard let frame = memory.frame(at: page) else { return }
    if frame.pointee.codeMask == 0 {
      tlb.withdrawWrites(physical: page)
      memory.noteCode(in: page)
    }
    let (low, high) = BlockCache.range(of: block, in: page)
    frame.pointee.codeMask |= BlockCache.chunks(from: low, to: high)
  }
}
