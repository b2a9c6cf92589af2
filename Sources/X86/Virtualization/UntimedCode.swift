/// Code that takes none of the processor's time: what a monitor that translates binaries has added
/// to the program it executes.
///
/// Time is the guest's. An instruction that the monitor put between two of the guest's is executed
/// like any other, by the same rules, but retires without a tick. So `ticks` counts the guest's
/// instructions even in translated code, and a run ends exactly where it is to end.
///
/// A block with such instructions begins with the pseudo-instruction `untimed`, which gives the ticks
/// of all of them back at once. Where a block is left in the middle, those not executed are
/// taken off again. Other blocks pay nothing.
public struct UntimedCode {
  /// Physical address and size of the memory that has such instructions, whole pages.
  var start: PhysicalAddress
  var size: Int
  /// One bit for each byte: an untimed instruction starts there. Bit 0 of a byte comes first.
  var map: UnsafePointer<UInt8>

  public init(start: PhysicalAddress, size: Int, map: UnsafePointer<UInt8>) {
    precondition(start & 0xFFF == 0 && size & 0xFFF == 0, "frames are 4 KiB")
    (self.start, self.size, self.map) = (start, size, map)
  }

  /// The place of a byte in the map; nil when it lies outside.
  func index(of address: PhysicalAddress) -> Int? {
    guard address >= start, address < start + UInt64(size) else { return nil }
    return Int(address - start)
  }

  func isUntimed(_ index: Int) -> Bool { map[index >> 3] >> UInt8(index & 7) & 1 != 0 }
}

extension Decoder {
  /// Marks the untimed ones of `count` instructions decoded from `address`, and puts the
  /// pseudo-instruction before them if there are any. Returns how many there are then.
  func markUntimed(
    _ code: UntimedCode, _ address: PhysicalAddress,
    _ instructions: UnsafeMutablePointer<Instruction>, _ count: Int
  ) -> Int {
    guard let first = code.index(of: address) else { return count }
    var found: UInt32 = 0
    for index in 0..<count
    where code.isUntimed(first + Int(instructions[index].offset)) {
      instructions[index].flags.insert(.untimed)
      found += 1
    }
    guard found > 0 else { return count }
    // The terminal one moves too.
    for index in (0...count).reversed() { instructions[index + 1] = instructions[index] }
    instructions[0] = Instruction(handler: .untimed, flags: .untimed, immediate: found + 1)
    return count + 1
  }
}

extension CPU {
  /// The first thing in a block with untimed instructions.
  @inline(never)
  mutating func enterUntimed(_ i: UnsafePointer<Instruction>) {
    untimedEnd = blockEnd
    remaining &+= Int(i.pointee.immediate)
    guard plantedStop != nil else { return }
    // The stop was planted as if every instruction took a tick.
    removePlantedStop()
    // Also when the budget ends with the block's last timed one: what follows belongs to the next.
    guard remaining <= 0 else { return }
    var left = remaining + Self.timed(from: i, to: blockEnd)
    var place = i
    while left > 0 {
      place += 1
      if !place.pointee.flags.contains(.untimed) { left -= 1 }
    }
    plantStop(place + 1)
  }

  /// Gives up the ticks of untimed instructions of the running block that are not executed.
  mutating func leaveUntimed() {
    guard untimedEnd == blockEnd, currentInstruction.pointee.handler != .untimed else { return }
    let left = blockEnd - currentInstruction
    remaining -= left - Self.timed(from: currentInstruction, to: blockEnd)
    untimedEnd = nil
  }

  private static func timed(
    from start: UnsafePointer<Instruction>, to end: UnsafePointer<Instruction>
  ) -> Int {
    var count = 0
    var place = start
    while place < end {
      if !place.pointee.flags.contains(.untimed) { count += 1 }
      place += 1
    }
    return count
  }
}
