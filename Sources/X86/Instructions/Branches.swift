/// Near transfers: jumps, calls, returns, loops. They check the target against the CS limit before
/// anything changes (SDM 2, Jcc, CALL, RET).
extension LazyFlags {
  @inline(__always) var belowOrEqual: Bool { carry || zero }
  @inline(__always) var less: Bool { sign != overflow }
  @inline(__always) var lessOrEqual: Bool { zero || less }
}

extension CPU {
  /// Whether a condition holds, by its code in the opcode, 0 (O) to 15 (G).
  mutating func condition(_ code: UInt32) -> Bool {
    let holds: Bool
    switch code >> 1 {
    case 0: holds = lazy.overflow
    case 1: holds = lazy.carry
    case 2: holds = lazy.zero
    case 3: holds = lazy.belowOrEqual
    case 4: holds = lazy.sign
    case 5: holds = lazy.parity
    case 6: holds = lazy.less
    default: holds = lazy.lessOrEqual
    }
    return holds != (code & 1 != 0)
  }

  /// Where a relative branch goes. The mask cuts IP to 16 bits with that operand size.
  @inline(__always)
  func branchTarget(_ i: UnsafePointer<Instruction>) -> UInt32 {
    (blockStart &+ i.pointee.immediate) & i.pointee.mask
  }

  @inline(__always)
  func operandMask(_ i: UnsafePointer<Instruction>) -> UInt32 {
    i.pointee.is16 ? 0xFFFF : 0xFFFF_FFFF
  }

  @inline(__always)
  func nextInstruction(after i: UnsafePointer<Instruction>) -> UInt32 {
    blockStart &+ UInt32(i.pointee.offset) &+ UInt32(i.pointee.length)
  }

  @inline(__always)
  mutating func jump(to target: UInt32) throws(Interruption) {
    try checkCodeLimit(target)
    eip = target
  }

  @inline(__always)
  func checkCodeLimit(_ target: UInt32) throws(Interruption) {
    if _slowPath(target > codeLimit) { throw .generalProtection(0, .codeLimitExceeded) }
  }

  /// Jcc: ends its block whichever way it goes. Returns whether it was taken.
  @inline(__always)
  mutating func branch(
    _ i: UnsafePointer<Instruction>, if holds: Bool
  ) throws(Interruption) -> Bool {
    if holds {
      try jump(to: branchTarget(i))
    } else {
      eip = nextInstruction(after: i)
    }
    return holds
  }

  @inline(__always)
  mutating func call<T: Word>(
    _ target: UInt32, _: T.Type, _ i: UnsafePointer<Instruction>
  ) throws(Interruption) {
    try checkCodeLimit(target)
    try push(T(truncatingIfNeeded: nextInstruction(after: i)))
    eip = target
  }

  @inline(__always)
  mutating func nearReturn<T: Word>(
    _: T.Type, _ released: UInt32
  ) throws(Interruption) {
    let top = stackPointer
    let target: T = try read(SegmentRegister.ss, top)
    try jump(to: UInt32(target))
    stackPointer = top &+ UInt32(MemoryLayout<T>.size) &+ released
  }

  /// LOOP, LOOPE, LOOPNE, JCXZ. The count register follows the address size.
  mutating func countedBranch(_ i: UnsafePointer<Instruction>) throws(Interruption) -> Bool {
    let mask: UInt32 = i.pointee.flags.contains(.address16) ? 0xFFFF : 0xFFFF_FFFF
    var count = self[.ecx] & mask
    let holds: Bool
    if i.pointee.handler == .jcxz {
      holds = count == 0
    } else {
      count = (count &- 1) & mask
      switch i.pointee.handler {
      case .loope: holds = count != 0 && lazy.zero
      case .loopne: holds = count != 0 && !lazy.zero
      default: holds = count != 0
      }
    }
    let isTaken = try branch(i, if: holds)
    self[.ecx] = self[.ecx] & ~mask | count
    return isTaken
  }
}
