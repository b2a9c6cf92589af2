/// The longer stack instructions: PUSHA, POPA, ENTER, LEAVE, POP to memory. A fault leaves ESP and
/// EBP as they were.
extension CPU {
  /// PUSHA and PUSHAD: all or nothing.
  mutating func pushAll(is16: Bool) throws(Interruption) {
    let size: UInt32 = is16 ? 2 : 4
    let top = stackPointer
    if !isProtected && is16 && [7, 9, 11, 13, 15].contains(top) {
      // Of real mode the manual wants #GP for these, where each push alone would raise #SS.
      throw .generalProtection(0, .limitExceeded)
    }
    for number in 0..<8 {
      try probeWrite(SegmentRegister.ss, (top &- size &* UInt32(number + 1)) & stackMask, Int(size))
    }
    for number in 0..<8 {
      let offset = (top &- size &* UInt32(number + 1)) & stackMask
      if is16 {
        try write(SegmentRegister.ss, offset, UInt16(truncatingIfNeeded: register(number)))
      } else {
        try write(SegmentRegister.ss, offset, register(number))
      }
    }
    stackPointer = top &- size &* 8
  }

  /// POPA and POPAD: the image of ESP is read and thrown away.
  mutating func popAll(is16: Bool) throws(Interruption) {
    let size: UInt32 = is16 ? 2 : 4
    let top = stackPointer
    // Twice through the image: what can fault comes before the first register changes.
    for isSecondPass in [false, true] {
      for number in (0..<8).reversed() {
        let offset = (top &+ size &* UInt32(7 - number)) & stackMask
        if is16 {
          let value: UInt16 = try read(SegmentRegister.ss, offset)
          if isSecondPass && number != 4 { put(UInt8(number * 8), value) }
        } else {
          let value: UInt32 = try read(SegmentRegister.ss, offset)
          if isSecondPass && number != 4 { setRegister(number, value) }
        }
      }
    }
    stackPointer = top &+ size &* 8
  }

  @inline(__always)
  mutating func leave<T: Word>(_: T.Type) throws(Interruption) {
    let frame = self[.ebp] & stackMask
    let saved: T = try read(SegmentRegister.ss, frame)
    stackPointer = frame &+ UInt32(MemoryLayout<T>.size)
    put(40, saved)
  }

  /// ENTER: bytes of locals in the immediate, nesting level in the displacement.
  mutating func enter(_ i: Instruction) throws(Interruption) {
    let size: UInt32 = i.is16 ? 2 : 4
    let level = i.displacement & 31
    var top = stackPointer
    var frame = self[.ebp]
    top = (top &- size) & stackMask
    try writeStack(top, frame, is16: i.is16)
    let newFrame = self[.esp] & ~stackMask | top
    if level > 0 {
      for _ in 1..<max(level, 1) {
        frame = frame & ~stackMask | (frame &- size) & stackMask
        let link: UInt32 =
          i.is16
          ? UInt32(try read(SegmentRegister.ss, frame & stackMask) as UInt16)
          : try read(SegmentRegister.ss, frame & stackMask)
        top = (top &- size) & stackMask
        try writeStack(top, link, is16: i.is16)
      }
      top = (top &- size) & stackMask
      try writeStack(top, newFrame, is16: i.is16)
    }
    top = (top &- i.immediate) & stackMask
    // A frame that the next push could not use faults here.
    try probeWrite(SegmentRegister.ss, top, Int(size))
    if i.is16 {
      put(40, UInt16(truncatingIfNeeded: newFrame))
    } else {
      self[.ebp] = newFrame
    }
    stackPointer = top
  }

  private mutating func writeStack(
    _ offset: UInt32, _ value: UInt32, is16: Bool
  ) throws(Interruption) {
    if is16 {
      try write(SegmentRegister.ss, offset, UInt16(truncatingIfNeeded: value))
    } else {
      try write(SegmentRegister.ss, offset, value)
    }
  }

  /// POP to memory: an address based on ESP uses the value after the pop.
  mutating func popMemory<T: Word>(_: T.Type, _ i: Instruction) throws(Interruption) {
    let old = self[.esp]
    let value: T = try pop()
    do { try write(Int(i.segment), effectiveAddress(i), value) } catch {
      self[.esp] = old
      throw error
    }
  }
}
