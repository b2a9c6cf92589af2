/// The opcodes after 0F (SDM 2, table A-3), as far as an i686 without MMX and SSE has them.
extension Decoder {
  mutating func decodeTwoByte(_ opcode: UInt8) {
    switch opcode {
    case 0x00: decodeGroup6()
    case 0x01: decodeGroup7()
    case 0x02, 0x03:
      decodeRM(byte: false)
      emit(opcode == 0x02 ? .lar : .lsl)
    case 0x06: emit(.clts)
    case 0x08: emit(.invd)
    case 0x09: emit(.wbinvd)
    case 0x0B: emit(.undefined)
    case 0x18...0x1F:
      // The long NOP and its neighbours, which are hints or reserved and do nothing either.
      decodeModRM()
      emit(features.contains(.longNop) ? .nop : .undefined)
    case 0x20...0x23: decodeControlMove(opcode)
    case 0x30: emit(.wrmsr, ends: true)
    case 0x31: emit(.rdtsc)
    case 0x32: emit(.rdmsr)
    case 0x33: emit(.rdpmc)
    case 0x34: emit(.sysenter, ends: true)
    case 0x35: emit(.sysexit, ends: true)
    case 0x3F: emit(.hostGate, ends: true)
    case 0x40...0x4F:
      decodeRM(byte: false)
      instruction.immediate = UInt32(opcode & 15)
      guard features.contains(.cmov) else { return emit(.undefined) }
      emit(isMemory ? (is16 ? .cmov16M : .cmov32M) : (is16 ? .cmov16R : .cmov32R))
    case 0x80...0x8F:
      let distance = is16 ? UInt16(truncatingIfNeeded: fetch16()).signExtended : fetch32()
      decodeBranch(.jo, plus: Int(opcode & 15), distance: distance)
    case 0x90...0x9F:
      decodeRM(byte: true)
      instruction.immediate = UInt32(opcode & 15)
      emit(isMemory ? .setccM : .setccR)
    case 0xA0, 0xA8: decodeSegmentStack(.pushSegment, opcode >> 3 & 7)
    case 0xA1, 0xA9: decodeSegmentStack(.popSegment, opcode >> 3 & 7)
    case 0xA2: emit(.cpuid)
    case 0xAA: emit(features.contains(.virtualMachines) ? .rsm : .undefined, ends: true)
    case 0xA3, 0xAB, 0xB3, 0xBB:
      decodeRM(byte: false)
      instruction.immediate = UInt32(opcode >> 3 & 7) << 8 | 0x800
      emit(is16 ? .bitTest16 : .bitTest32)
    case 0xA4, 0xA5, 0xAC, 0xAD: decodeDoubleShift(opcode)
    case 0xAE: decodeGroup15()
    case 0xAF:
      decodeRM(byte: false)
      emit(
        isMemory ? (is16 ? .imul16RM : .imul32RM) : (is16 ? .imul16RR : .imul32RR))
    case 0xB0, 0xB1, 0xC0, 0xC1:
      decodeRM(byte: opcode & 1 == 0)
      instruction.immediate = UInt32(1 << widthIndex(opcode))
      emit(features.contains(.i486) ? (opcode < 0xC0 ? .cmpxchg : .xadd) : .undefined)
    case 0xB2: decodeLoadFarPointer(into: SegmentRegister.ss)
    case 0xB4: decodeLoadFarPointer(into: SegmentRegister.fs)
    case 0xB5: decodeLoadFarPointer(into: SegmentRegister.gs)
    case 0xB6, 0xB7, 0xBE, 0xBF: decodeExtend(opcode)
    case 0xBA: decodeGroup8()
    case 0xBC, 0xBD:
      decodeRM(byte: false)
      instruction.immediate = UInt32(opcode & 1)
      emit(is16 ? .bitScan16 : .bitScan32)
    case 0xC7:
      decodeRM(byte: false)
      emit(isMemory && reg == 1 && features.contains(.cmpxchg8b) ? .cmpxchg8b : .undefined)
    case 0xC8...0xCF:
      instruction.a = (opcode & 7) << 3
      emit(features.contains(.i486) ? .bswap : .undefined)
    default: emit(.undefined)
    }
  }

  /// Group 15: of its memory forms FXSAVE and FXRSTOR.
  private mutating func decodeGroup15() {
    decodeRM(byte: false)
    switch reg {
    case 0 where isMemory: emit(.fxsave)
    case 1 where isMemory: emit(.fxrstor)
    default: emit(.undefined)
    }
  }

  /// MOV to and from CR and DR: ModR/M always names a register, whatever its mode bits.
  private mutating func decodeControlMove(_ opcode: UInt8) {
    let byte = fetch8()
    instruction.a = byte >> 3 & 7
    instruction.b = (byte & 7) << 3
    if namesCR8(opcode) {
      instruction.a = 8
      instruction.flags.remove(.lock)
    }
    switch opcode {
    case 0x20: emit(.movFromCR)
    case 0x21: emit(.movFromDR)
    case 0x22: emit(.movToCR, ends: true)
    default: emit(.movToDR, ends: true)
    }
  }

  /// AMD's parts name CR8 by a LOCK before a move of CR0 (AMD APM 3, MOV CRn).
  private func namesCR8(_ opcode: UInt8) -> Bool {
    opcode & 1 == 0 && instruction.a == 0 && instruction.flags.contains(.lock)
      && features.contains(.virtualMachines)
  }

  private mutating func decodeDoubleShift(_ opcode: UInt8) {
    decodeRM(byte: false)
    let count: UInt32 = opcode & 1 == 0 ? UInt32(fetch8()) : 0x200
    instruction.immediate = count | (opcode >= 0xA8 ? 0x100 : 0)
    emit(is16 ? .doubleShift16 : .doubleShift32)
  }

  private mutating func decodeLoadFarPointer(into segment: Int) {
    instruction.immediate = UInt32(segment)
    decodeMemoryOnly(.loadFarPointer)
  }

  /// MOVZX and MOVSX. From 16 to 16 bits they are plain moves.
  private mutating func decodeExtend(_ opcode: UInt8) {
    let isByte = opcode & 1 == 0
    decodeModRM()
    instruction.a = place(reg, byte: false)
    if !isMemory { instruction.b = place(rm, byte: isByte) }
    let form = isMemory ? 1 : 0
    if is16 && !isByte { return emit(isMemory ? .mov16RM : .mov16RR) }
    let first: Handler = opcode < 0xB8 ? .movzx16From8R : .movsx16From8R
    emit(first, plus: (is16 ? 0 : isByte ? 2 : 4) + form)
  }
}
