/// The interpreter's inner loop: one dense switch over predecoded instructions, block after block.
///
/// What a handler does is said elsewhere, in functions that are inlined here when they are frequent.
/// A handler leaves the switch to go on with the next instruction of the block, or leaves `dispatch`
/// when control may go elsewhere, with `eip` set.
extension CPU {
  /// Runs blocks from `eip` until the budget ends or attention is requested. Throws what the
  /// instruction at `currentInstruction` raised; it has not been retired then.
  mutating func runBlocks() throws(Interruption) {
    var block = try findBlock()
    while true {
      var op = UnsafePointer(block.pointee.instructions)
      currentInstruction = op
      blockStart = eip
      blockEnd = op + block.pointee.count
      remaining &-= block.pointee.count
      if _slowPath(remaining < 0) { plantStop(blockEnd + remaining) }
      var isTaken = true

      dispatch: while true {
        currentInstruction = op
        switch op.pointee.handler {
        case .fallThrough:
          eip = blockStart &+ block.pointee.byteLength
          isTaken = false
          break dispatch
        case .stop:
          removePlantedStop()
          eip = blockStart &+ UInt32(op.pointee.offset)
          leaveBlock()
          return
        case .blockKilled:
          removePlantedStop()
          eip = blockStart &+ UInt32(op.pointee.offset)
          leaveBlock()
          isTaken = false
          break dispatch
        case .untimed: enterUntimed(op)

        case .add8RR: registerRegister(Add.self, UInt8.self, op)
        case .add8RM: try registerMemory(Add.self, UInt8.self, op)
        case .add8MR: try memoryRegister(Add.self, UInt8.self, op)
        case .add8RI: registerImmediate(Add.self, UInt8.self, op)
        case .add8MI: try memoryImmediate(Add.self, UInt8.self, op)
        case .add16RR: registerRegister(Add.self, UInt16.self, op)
        case .add16RM: try registerMemory(Add.self, UInt16.self, op)
        case .add16MR: try memoryRegister(Add.self, UInt16.self, op)
        case .add16RI: registerImmediate(Add.self, UInt16.self, op)
        case .add16MI: try memoryImmediate(Add.self, UInt16.self, op)
        case .add32RR: registerRegister(Add.self, UInt32.self, op)
        case .add32RM: try registerMemory(Add.self, UInt32.self, op)
        case .add32MR: try memoryRegister(Add.self, UInt32.self, op)
        case .add32RI: registerImmediate(Add.self, UInt32.self, op)
        case .add32MI: try memoryImmediate(Add.self, UInt32.self, op)
        case .or8RR: registerRegister(Or.self, UInt8.self, op)
        case .or8RM: try registerMemory(Or.self, UInt8.self, op)
        case .or8MR: try memoryRegister(Or.self, UInt8.self, op)
        case .or8RI: registerImmediate(Or.self, UInt8.self, op)
        case .or8MI: try memoryImmediate(Or.self, UInt8.self, op)
        case .or16RR: registerRegister(Or.self, UInt16.self, op)
        case .or16RM: try registerMemory(Or.self, UInt16.self, op)
        case .or16MR: try memoryRegister(Or.self, UInt16.self, op)
        case .or16RI: registerImmediate(Or.self, UInt16.self, op)
        case .or16MI: try memoryImmediate(Or.self, UInt16.self, op)
        case .or32RR: registerRegister(Or.self, UInt32.self, op)
        case .or32RM: try registerMemory(Or.self, UInt32.self, op)
        case .or32MR: try memoryRegister(Or.self, UInt32.self, op)
        case .or32RI: registerImmediate(Or.self, UInt32.self, op)
        case .or32MI: try memoryImmediate(Or.self, UInt32.self, op)
        case .adc8RR: registerRegister(AddWithCarry.self, UInt8.self, op)
        case .adc8RM: try registerMemory(AddWithCarry.self, UInt8.self, op)
        case .adc8MR: try memoryRegister(AddWithCarry.self, UInt8.self, op)
        case .adc8RI: registerImmediate(AddWithCarry.self, UInt8.self, op)
        case .adc8MI: try memoryImmediate(AddWithCarry.self, UInt8.self, op)
        case .adc16RR: registerRegister(AddWithCarry.self, UInt16.self, op)
        case .adc16RM: try registerMemory(AddWithCarry.self, UInt16.self, op)
        case .adc16MR: try memoryRegister(AddWithCarry.self, UInt16.self, op)
        case .adc16RI: registerImmediate(AddWithCarry.self, UInt16.self, op)
        case .adc16MI: try memoryImmediate(AddWithCarry.self, UInt16.self, op)
        case .adc32RR: registerRegister(AddWithCarry.self, UInt32.self, op)
        case .adc32RM: try registerMemory(AddWithCarry.self, UInt32.self, op)
        case .adc32MR: try memoryRegister(AddWithCarry.self, UInt32.self, op)
        case .adc32RI: registerImmediate(AddWithCarry.self, UInt32.self, op)
        case .adc32MI: try memoryImmediate(AddWithCarry.self, UInt32.self, op)
        case .sbb8RR: registerRegister(SubtractWithBorrow.self, UInt8.self, op)
        case .sbb8RM: try registerMemory(SubtractWithBorrow.self, UInt8.self, op)
        case .sbb8MR: try memoryRegister(SubtractWithBorrow.self, UInt8.self, op)
        case .sbb8RI: registerImmediate(SubtractWithBorrow.self, UInt8.self, op)
        case .sbb8MI: try memoryImmediate(SubtractWithBorrow.self, UInt8.self, op)
        case .sbb16RR: registerRegister(SubtractWithBorrow.self, UInt16.self, op)
        case .sbb16RM: try registerMemory(SubtractWithBorrow.self, UInt16.self, op)
        case .sbb16MR: try memoryRegister(SubtractWithBorrow.self, UInt16.self, op)
        case .sbb16RI: registerImmediate(SubtractWithBorrow.self, UInt16.self, op)
        case .sbb16MI: try memoryImmediate(SubtractWithBorrow.self, UInt16.self, op)
        case .sbb32RR: registerRegister(SubtractWithBorrow.self, UInt32.self, op)
        case .sbb32RM: try registerMemory(SubtractWithBorrow.self, UInt32.self, op)
        case .sbb32MR: try memoryRegister(SubtractWithBorrow.self, UInt32.self, op)
        case .sbb32RI: registerImmediate(SubtractWithBorrow.self, UInt32.self, op)
        case .sbb32MI: try memoryImmediate(SubtractWithBorrow.self, UInt32.self, op)
        case .and8RR: registerRegister(And.self, UInt8.self, op)
        case .and8RM: try registerMemory(And.self, UInt8.self, op)
        case .and8MR: try memoryRegister(And.self, UInt8.self, op)
        case .and8RI: registerImmediate(And.self, UInt8.self, op)
        case .and8MI: try memoryImmediate(And.self, UInt8.self, op)
        case .and16RR: registerRegister(And.self, UInt16.self, op)
        case .and16RM: try registerMemory(And.self, UInt16.self, op)
        case .and16MR: try memoryRegister(And.self, UInt16.self, op)
        case .and16RI: registerImmediate(And.self, UInt16.self, op)
        case .and16MI: try memoryImmediate(And.self, UInt16.self, op)
        case .and32RR: registerRegister(And.self, UInt32.self, op)
        case .and32RM: try registerMemory(And.self, UInt32.self, op)
        case .and32MR: try memoryRegister(And.self, UInt32.self, op)
        case .and32RI: registerImmediate(And.self, UInt32.self, op)
        case .and32MI: try memoryImmediate(And.self, UInt32.self, op)
        case .sub8RR: registerRegister(Subtract.self, UInt8.self, op)
        case .sub8RM: try registerMemory(Subtract.self, UInt8.self, op)
        case .sub8MR: try memoryRegister(Subtract.self, UInt8.self, op)
        case .sub8RI: registerImmediate(Subtract.self, UInt8.self, op)
        case .sub8MI: try memoryImmediate(Subtract.self, UInt8.self, op)
        case .sub16RR: registerRegister(Subtract.self, UInt16.self, op)
        case .sub16RM: try registerMemory(Subtract.self, UInt16.self, op)
        case .sub16MR: try memoryRegister(Subtract.self, UInt16.self, op)
        case .sub16RI: registerImmediate(Subtract.self, UInt16.self, op)
        case .sub16MI: try memoryImmediate(Subtract.self, UInt16.self, op)
        case .sub32RR: registerRegister(Subtract.self, UInt32.self, op)
        case .sub32RM: try registerMemory(Subtract.self, UInt32.self, op)
        case .sub32MR: try memoryRegister(Subtract.self, UInt32.self, op)
        case .sub32RI: registerImmediate(Subtract.self, UInt32.self, op)
        case .sub32MI: try memoryImmediate(Subtract.self, UInt32.self, op)
        case .xor8RR: registerRegister(ExclusiveOr.self, UInt8.self, op)
        case .xor8RM: try registerMemory(ExclusiveOr.self, UInt8.self, op)
        case .xor8MR: try memoryRegister(ExclusiveOr.self, UInt8.self, op)
        case .xor8RI: registerImmediate(ExclusiveOr.self, UInt8.self, op)
        case .xor8MI: try memoryImmediate(ExclusiveOr.self, UInt8.self, op)
        case .xor16RR: registerRegister(ExclusiveOr.self, UInt16.self, op)
        case .xor16RM: try registerMemory(ExclusiveOr.self, UInt16.self, op)
        case .xor16MR: try memoryRegister(ExclusiveOr.self, UInt16.self, op)
        case .xor16RI: registerImmediate(ExclusiveOr.self, UInt16.self, op)
        case .xor16MI: try memoryImmediate(ExclusiveOr.self, UInt16.self, op)
        case .xor32RR: registerRegister(ExclusiveOr.self, UInt32.self, op)
        case .xor32RM: try registerMemory(ExclusiveOr.self, UInt32.self, op)
        case .xor32MR: try memoryRegister(ExclusiveOr.self, UInt32.self, op)
        case .xor32RI: registerImmediate(ExclusiveOr.self, UInt32.self, op)
        case .xor32MI: try memoryImmediate(ExclusiveOr.self, UInt32.self, op)
        case .cmp8RR: compareRegisters(Subtract.self, UInt8.self, op)
        case .cmp8RM: try compareWithMemory(Subtract.self, UInt8.self, op)
        case .cmp8MR: try compareMemory(Subtract.self, UInt8.self, op)
        case .cmp8RI: compareImmediate(Subtract.self, UInt8.self, op)
        case .cmp8MI: try compareMemoryImmediate(Subtract.self, UInt8.self, op)
        case .cmp16RR: compareRegisters(Subtract.self, UInt16.self, op)
        case .cmp16RM: try compareWithMemory(Subtract.self, UInt16.self, op)
        case .cmp16MR: try compareMemory(Subtract.self, UInt16.self, op)
        case .cmp16RI: compareImmediate(Subtract.self, UInt16.self, op)
        case .cmp16MI: try compareMemoryImmediate(Subtract.self, UInt16.self, op)
        case .cmp32RR: compareRegisters(Subtract.self, UInt32.self, op)
        case .cmp32RM: try compareWithMemory(Subtract.self, UInt32.self, op)
        case .cmp32MR: try compareMemory(Subtract.self, UInt32.self, op)
        case .cmp32RI: compareImmediate(Subtract.self, UInt32.self, op)
        case .cmp32MI: try compareMemoryImmediate(Subtract.self, UInt32.self, op)
        case .test8RR: compareRegisters(And.self, UInt8.self, op)
        case .test8MR: try compareMemory(And.self, UInt8.self, op)
        case .test8RI: compareImmediate(And.self, UInt8.self, op)
        case .test8MI: try compareMemoryImmediate(And.self, UInt8.self, op)
        case .test16RR: compareRegisters(And.self, UInt16.self, op)
        case .test16MR: try compareMemory(And.self, UInt16.self, op)
        case .test16RI: compareImmediate(And.self, UInt16.self, op)
        case .test16MI: try compareMemoryImmediate(And.self, UInt16.self, op)
        case .test32RR: compareRegisters(And.self, UInt32.self, op)
        case .test32MR: try compareMemory(And.self, UInt32.self, op)
        case .test32RI: compareImmediate(And.self, UInt32.self, op)
        case .test32MI: try compareMemoryImmediate(And.self, UInt32.self, op)

        case .inc8R: unaryRegister(Increment.self, UInt8.self, op)
        case .inc8M: try unaryMemory(Increment.self, UInt8.self, op)
        case .inc16R: unaryRegister(Increment.self, UInt16.self, op)
        case .inc16M: try unaryMemory(Increment.self, UInt16.self, op)
        case .inc32R: unaryRegister(Increment.self, UInt32.self, op)
        case .inc32M: try unaryMemory(Increment.self, UInt32.self, op)
        case .dec8R: unaryRegister(Decrement.self, UInt8.self, op)
        case .dec8M: try unaryMemory(Decrement.self, UInt8.self, op)
        case .dec16R: unaryRegister(Decrement.self, UInt16.self, op)
        case .dec16M: try unaryMemory(Decrement.self, UInt16.self, op)
        case .dec32R: unaryRegister(Decrement.self, UInt32.self, op)
        case .dec32M: try unaryMemory(Decrement.self, UInt32.self, op)
        case .not8R: unaryRegister(Not.self, UInt8.self, op)
        case .not8M: try unaryMemory(Not.self, UInt8.self, op)
        case .not16R: unaryRegister(Not.self, UInt16.self, op)
        case .not16M: try unaryMemory(Not.self, UInt16.self, op)
        case .not32R: unaryRegister(Not.self, UInt32.self, op)
        case .not32M: try unaryMemory(Not.self, UInt32.self, op)
        case .neg8R: unaryRegister(Negate.self, UInt8.self, op)
        case .neg8M: try unaryMemory(Negate.self, UInt8.self, op)
        case .neg16R: unaryRegister(Negate.self, UInt16.self, op)
        case .neg16M: try unaryMemory(Negate.self, UInt16.self, op)
        case .neg32R: unaryRegister(Negate.self, UInt32.self, op)
        case .neg32M: try unaryMemory(Negate.self, UInt32.self, op)

        case .mov8RR: put(op.pointee.a, get(op.pointee.b) as UInt8)
        case .mov8RM: put(op.pointee.a, try load(op) as UInt8)
        case .mov8MR: try store(op, get(op.pointee.a) as UInt8)
        case .mov8RI: put(op.pointee.a, UInt8(truncatingIfNeeded: op.pointee.immediate))
        case .mov8MI: try store(op, UInt8(truncatingIfNeeded: op.pointee.immediate))
        case .mov16RR: put(op.pointee.a, get(op.pointee.b) as UInt16)
        case .mov16RM: put(op.pointee.a, try load(op) as UInt16)
        case .mov16MR: try store(op, get(op.pointee.a) as UInt16)
        case .mov16RI: put(op.pointee.a, UInt16(truncatingIfNeeded: op.pointee.immediate))
        case .mov16MI: try store(op, UInt16(truncatingIfNeeded: op.pointee.immediate))
        case .mov32RR: put(op.pointee.a, get(op.pointee.b) as UInt32)
        case .mov32RM: put(op.pointee.a, try load(op) as UInt32)
        case .mov32MR: try store(op, get(op.pointee.a) as UInt32)
        case .mov32RI: put(op.pointee.a, UInt32(truncatingIfNeeded: op.pointee.immediate))
        case .mov32MI: try store(op, UInt32(truncatingIfNeeded: op.pointee.immediate))
        case .xchg8RR: exchangeRegisters(UInt8.self, op)
        case .xchg8MR: try exchangeMemory(UInt8.self, op)
        case .xchg16RR: exchangeRegisters(UInt16.self, op)
        case .xchg16MR: try exchangeMemory(UInt16.self, op)
        case .xchg32RR: exchangeRegisters(UInt32.self, op)
        case .xchg32MR: try exchangeMemory(UInt32.self, op)
        case .movzx16From8R:
          put(op.pointee.a, UInt16(get(op.pointee.b) as UInt8))
        case .movzx16From8M:
          put(op.pointee.a, try UInt16(load(op) as UInt8))
        case .movsx16From8R:
          put(op.pointee.a, UInt16(truncatingIfNeeded: (get(op.pointee.b) as UInt8).signExtended))
        case .movsx16From8M:
          put(op.pointee.a, try UInt16(truncatingIfNeeded: (load(op) as UInt8).signExtended))
        case .movzx32From8R:
          put(op.pointee.a, UInt32(get(op.pointee.b) as UInt8))
        case .movzx32From8M:
          put(op.pointee.a, try UInt32(load(op) as UInt8))
        case .movsx32From8R:
          put(op.pointee.a, UInt32(truncatingIfNeeded: (get(op.pointee.b) as UInt8).signExtended))
        case .movsx32From8M:
          put(op.pointee.a, try UInt32(truncatingIfNeeded: (load(op) as UInt8).signExtended))
        case .movzx32From16R:
          put(op.pointee.a, UInt32(get(op.pointee.b) as UInt16))
        case .movzx32From16M:
          put(op.pointee.a, try UInt32(load(op) as UInt16))
        case .movsx32From16R:
          put(op.pointee.a, UInt32(truncatingIfNeeded: (get(op.pointee.b) as UInt16).signExtended))
        case .movsx32From16M:
          put(op.pointee.a, try UInt32(truncatingIfNeeded: (load(op) as UInt16).signExtended))

        case .lea32: put(op.pointee.a, effectiveAddress(op))
        case .lea16: put(op.pointee.a, UInt16(truncatingIfNeeded: effectiveAddress(op)))
        case .nop: break
        case .shl32RI: shiftLeft(op, op.pointee.immediate)
        case .shr32RI: shiftRight(op, op.pointee.immediate)
        case .sar32RI: shiftArithmetic(op, op.pointee.immediate)
        case .shl32RC:
          if let count = shiftCount { shiftLeft(op, count) }
        case .shr32RC:
          if let count = shiftCount { shiftRight(op, count) }
        case .sar32RC:
          if let count = shiftCount { shiftArithmetic(op, count) }
        case .imul32RR: multiplySigned(op, get(op.pointee.a), get(op.pointee.b) as UInt32)
        case .imul32RM: multiplySigned(op, get(op.pointee.a), try load(op) as UInt32)
        case .imul32RRI: multiplySigned(op, get(op.pointee.b), op.pointee.immediate)
        case .cmov32R:
          if condition(op.pointee.immediate) { put(op.pointee.a, get(op.pointee.b) as UInt32) }
        case .setccR: put(op.pointee.b, condition(op.pointee.immediate) ? 1 : 0 as UInt8)
        case .cwde: self[.eax] = (get(0) as UInt16).signExtended
        case .cdq: self[.edx] = UInt32(bitPattern: Int32(bitPattern: self[.eax]) >> 31)

        case .push32R: try push(get(op.pointee.a) as UInt32)
        case .push32I: try push(op.pointee.immediate)
        case .push32M: try push(try load(op) as UInt32)
        case .pop32R: put(op.pointee.a, try pop() as UInt32)
        case .push16R: try push(get(op.pointee.a) as UInt16)
        case .push16I: try push(UInt16(truncatingIfNeeded: op.pointee.immediate))
        case .push16M: try push(try load(op) as UInt16)
        case .pop16R: put(op.pointee.a, try pop() as UInt16)
        case .leave32: try leave(UInt32.self)
        case .leave16: try leave(UInt16.self)

        case .jo:
          isTaken = try branch(op, if: lazy.overflow)
          break dispatch
        case .jno:
          isTaken = try branch(op, if: !lazy.overflow)
          break dispatch
        case .jb:
          isTaken = try branch(op, if: lazy.carry)
          break dispatch
        case .jae:
          isTaken = try branch(op, if: !lazy.carry)
          break dispatch
        case .jz:
          isTaken = try branch(op, if: lazy.zero)
          break dispatch
        case .jnz:
          isTaken = try branch(op, if: !lazy.zero)
          break dispatch
        case .jbe:
          isTaken = try branch(op, if: lazy.belowOrEqual)
          break dispatch
        case .ja:
          isTaken = try branch(op, if: !lazy.belowOrEqual)
          break dispatch
        case .js:
          isTaken = try branch(op, if: lazy.sign)
          break dispatch
        case .jns:
          isTaken = try branch(op, if: !lazy.sign)
          break dispatch
        case .jp:
          isTaken = try branch(op, if: lazy.parity)
          break dispatch
        case .jnp:
          isTaken = try branch(op, if: !lazy.parity)
          break dispatch
        case .jl:
          isTaken = try branch(op, if: lazy.less)
          break dispatch
        case .jge:
          isTaken = try branch(op, if: !lazy.less)
          break dispatch
        case .jle:
          isTaken = try branch(op, if: lazy.lessOrEqual)
          break dispatch
        case .jg:
          isTaken = try branch(op, if: !lazy.lessOrEqual)
          break dispatch
        case .jmp:
          try jump(to: branchTarget(op))
          break dispatch
        case .jmpR:
          try jump(to: (get(op.pointee.a) as UInt32) & operandMask(op))
          break dispatch
        case .jmpM:
          try jump(to: op.pointee.is16 ? UInt32(try load(op) as UInt16) : try load(op))
          break dispatch
        case .call32:
          try call(branchTarget(op), UInt32.self, op)
          break dispatch
        case .call32R:
          try call(get(op.pointee.a), UInt32.self, op)
          break dispatch
        case .call32M:
          try call(try load(op), UInt32.self, op)
          break dispatch
        case .ret32:
          try nearReturn(UInt32.self, 0)
          break dispatch
        case .ret32I:
          try nearReturn(UInt32.self, op.pointee.immediate)
          break dispatch
        case .call16:
          try call(branchTarget(op), UInt16.self, op)
          break dispatch
        case .call16R:
          try call(UInt32(get(op.pointee.a) as UInt16), UInt16.self, op)
          break dispatch
        case .call16M:
          try call(UInt32(try load(op) as UInt16), UInt16.self, op)
          break dispatch
        case .ret16:
          try nearReturn(UInt16.self, 0)
          break dispatch
        case .ret16I:
          try nearReturn(UInt16.self, op.pointee.immediate)
          break dispatch
        case .jcxz, .loop, .loope, .loopne:
          isTaken = try countedBranch(op)
          break dispatch

        case .fpu: try executeFPU(op)
        default:
          synchronizeEIP(op)
          try execute(op.pointee)
          if op.pointee.flags.contains(.endsBlock) {
            eip = nextEIP
            break dispatch
          }
        }
        op += 1
      }

      currentInstruction = blockEnd
      let next = isTaken ? block.pointee.taken : block.pointee.fallThrough
      if _fastPath(
        next.pointee.key == codeStamp | UInt64(codeBase &+ eip)
          && eip &+ (next.pointee.byteLength &- 1) <= codeLimit)
      {
        block = next
        continue
      }
      // Whatever waits at this boundary comes before a fault in fetching the next instruction.
      if remaining <= 0 { return }
      let found = try findBlock()
      if isTaken { block.pointee.taken = found } else { block.pointee.fallThrough = found }
      block = found
    }
  }

  /// Ends the running block before `currentInstruction`; what follows gives its ticks back.
  mutating func leaveBlock() {
    eip = instructionPointer
    if _slowPath(untimedEnd != nil) { leaveUntimed() }
    remaining += blockEnd - currentInstruction
    blockEnd = currentInstruction
  }

  /// Sets `eip` and `nextEIP` for an instruction that looks at them.
  @inline(__always)
  mutating func synchronizeEIP(_ i: UnsafePointer<Instruction>) {
    eip = blockStart &+ UInt32(i.pointee.offset)
    nextEIP = eip &+ UInt32(i.pointee.length)
  }
}
