/// A stack that something is about to be pushed on: the current one, or that of an inner ring.
///
/// Room for all pushes is checked before the first byte is written, so that a transfer that fails
/// leaves no trace.
struct TargetStack {
  var segment: Segment
  /// ESP; only the bits that SS.B allows change.
  var pointer: UInt32
  /// Pushes have user rights: the level after the transfer is 3.
  var isUser: Bool
  /// What #SS says: the selector of a new stack, 0 for the current one.
  var errorCode: UInt32 = 0

  var mask: UInt32 { segment.isBig ? 0xFFFF_FFFF : 0xFFFF }
}

extension CPU {
  var currentStack: TargetStack {
    TargetStack(segment: segments[SegmentRegister.ss], pointer: self[.esp], isUser: cpl == 3)
  }

  /// Makes sure that `count` pushes cannot fail: #SS outside the segment, #PF in its pages, #AC.
  mutating func reserve(
    _ stack: TargetStack, _ count: Int, is16: Bool
  ) throws(Interruption) {
    let size: UInt32 = is16 ? 2 : 4
    var offset = stack.pointer & stack.mask
    if stack.isUser, systemFlags.contains(.alignmentCheck), cr0.contains(.alignmentMask),
      (stack.segment.base &+ offset) & (size - 1) != 0
    {
      throw Interruption(
        vector: Vector.alignmentCheck, hasErrorCode: true, cause: .unalignedAccess)
    }
    let total = size * UInt32(count)
    if offset >= total, stack.segment.isUsable,
      stack.segment.contains(offset: offset - total, size: total)
    {
      let first = stack.segment.base &+ (offset - size)
      let last = stack.segment.base &+ (offset - total)
      if (first &+ (size - 1)) >> 12 == last >> 12 {
        _ = try translate(first, .write, user: stack.isUser)
        return
      }
    }
    // It does not fit, it wraps around the end of the segment, or it leaves the page: one push after
    // the other, so that CR2 is the address of the first that fails.
    for _ in 0..<count {
      offset = (offset &- size) & stack.mask
      guard stack.segment.isUsable, stack.segment.contains(offset: offset, size: size) else {
        if stack.errorCode == 0 { violation = (UInt8(SegmentRegister.ss), offset) }
        throw .stackFault(
          stack.errorCode, stack.segment.isUsable ? .limitExceeded : .nullSelector)
      }
      let linear = stack.segment.base &+ offset
      _ = try translate(linear, .write, user: stack.isUser)
      if linear & 0xFFF > 0x1000 - size {
        _ = try translate((linear | 0xFFF) &+ 1, .write, user: stack.isUser)
      }
    }
  }

  /// Pushes on a stack with reserved room.
  mutating func push(
    _ value: UInt32, on stack: inout TargetStack, is16: Bool
  ) throws(Interruption) {
    let size: UInt32 = is16 ? 2 : 4
    let offset = (stack.pointer &- size) & stack.mask
    let part = is16 ? value & 0xFFFF : value
    try writeLinear(stack.segment.base &+ offset, UInt64(part), Int(size), user: stack.isUser)
    stack.pointer = stack.pointer & ~stack.mask | offset
  }

  /// Sets the accessed bit of a stack that is about to be switched to.
  mutating func markAccessed(_ stack: inout TargetStack) throws(Interruption) {
    guard stack.segment.access & 1 == 0,
      let address = descriptorAddress(stack.segment.selector)
    else { return }
    stack.segment.access |= 1
    try writeSystem(address &+ 5, stack.segment.access)
  }

  /// Makes it the current stack.
  mutating func switchStack(_ stack: TargetStack) {
    setSegment(SegmentRegister.ss, stack.segment)
    self[.esp] = stack.pointer
  }

  /// An item of the current stack, counted from its top, without popping it.
  mutating func stackItem(_ position: UInt32, is16: Bool) throws(Interruption) -> UInt32 {
    let offset = self[.esp] &+ position &* (is16 ? 2 : 4)
    if is16 {
      return UInt32(try read(SegmentRegister.ss, offset & stackMask, as: UInt16.self))
    }
    return try read(SegmentRegister.ss, offset & stackMask, as: UInt32.self)
  }

  /// The stack that the TSS names for an inner level, checked (SDM 3A, 5.8.5).
  mutating func innerStack(level: UInt8) throws(Interruption) -> TargetStack {
    let task = segments[SegmentRegister.tr]
    let selector: UInt16
    let pointer: UInt32
    if task.access & 8 != 0 {
      let place = UInt32(level) << 3 + 4
      if place + 5 > task.limit { throw .invalidTSS(selector: task.selector, .tssLimitTooSmall) }
      pointer = try readSystem(task.base &+ place)
      selector = try readSystem(task.base &+ place &+ 4)
    } else {
      let place = UInt32(level) << 2 + 2
      if place + 3 > task.limit { throw .invalidTSS(selector: task.selector, .tssLimitTooSmall) }
      pointer = UInt32(try readSystem(task.base &+ place, as: UInt16.self))
      selector = try readSystem(task.base &+ place &+ 2)
    }
    if Selector.isNull(selector) { throw .invalidTSS(0, .tssStackSelectorNull) }
    let found = try descriptor(selector, orElse: Vector.invalidTSS)
    if Selector.rpl(selector) != level || found.dpl != level || !found.isWritable {
      throw .invalidTSS(selector: selector, .tssStackInvalid)
    }
    if !found.isPresent { throw .stackFault(selector: selector, .descriptorNotPresent) }
    return TargetStack(
      segment: Segment(selector: selector, descriptor: found), pointer: pointer,
      isUser: level == 3, errorCode: UInt32(selector & 0xFFFC))
  }
}
