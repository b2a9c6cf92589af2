/// The one-byte opcodes (SDM 2, table A-2), in the order of the map.
extension Decoder {
  mutating func decodeOneByte(_ opcode: UInt8) {
    switch opcode {
    case 0x00...0x3F: decodeArithmetic(opcode)
    case 0x40...0x4F:
      instruction.a = (opcode & 7) << 3
      emit(opcode < 0x48 ? (is16 ? .inc16R : .inc32R) : (is16 ? .dec16R : .dec32R))
    case 0x50...0x57:
      instruction.a = (opcode & 7) << 3
      emit(is16 ? .push16R : .push32R)
    case 0x58...0x5F:
      instruction.a = (opcode & 7) << 3
      emit(is16 ? .pop16R : .pop32R)
    case 0x60: emit(.pusha)
    case 0x61: emit(.popa)
    case 0x62: decodeMemoryOnly(.bound)
    case 0x63:
      decodeRM(byte: false)
      emit(.arpl)
    case 0x68:
      instruction.immediate = fetchOperand()
      emit(is16 ? .push16I : .push32I)
    case 0x69, 0x6B: decodeMultiplyImmediate(opcode)
    case 0x6A:
      instruction.immediate = fetchSigned8()
      emit(is16 ? .push16I : .push32I)
    case 0x6C, 0x6D: decodeString(.ins, opcode, ends: true)
    case 0x6E, 0x6F: decodeString(.outs, opcode, ends: true)
    case 0x70...0x7F: decodeBranch(.jo, plus: Int(opcode & 15), distance: fetchSigned8())
    case 0x80...0x83: decodeArithmeticImmediate(opcode)
    case 0x84, 0x85: decodeTwoOperands(.test8RR, forms: 4, memory: 1, opcode)
    case 0x86, 0x87: decodeTwoOperands(.xchg8RR, forms: 2, memory: 1, opcode)
    case 0x88, 0x89: decodeTwoOperands(.mov8RR, forms: 5, memory: 2, opcode)
    case 0x8A, 0x8B: decodeTwoOperands(.mov8RR, forms: 5, memory: 1, opcode, swapped: true)
    case 0x8C:
      decodeSegmentMove(.movFromSegment)
    case 0x8D:
      decodeMemoryOnly(is16 ? .lea16 : .lea32)
    case 0x8E:
      decodeSegmentMove(.movToSegment)
      if reg == SegmentRegister.cs { emit(.undefined) }
    case 0x8F: decodePopMemory()
    case 0x90:
      // F3 90 is PAUSE, which nobody but a hypervisor can tell from NOP.
      let isPause = instruction.flags.contains(.rep) && features.contains(.virtualMachines)
      emit(isPause ? .pause : .nop)
    case 0x91...0x97:
      instruction.a = 0
      instruction.b = (opcode & 7) << 3
      emit(is16 ? .xchg16RR : .xchg32RR)
    case 0x98: emit(is16 ? .cbw : .cwde)
    case 0x99: emit(is16 ? .cwd : .cdq)
    case 0x9A: decodeFarPointer(.farCall)
    case 0x9B: emit(.fwait)
    case 0x9C: emit(.pushf)
    case 0x9D: emit(.popf)
    case 0x9E: emit(.sahf)
    case 0x9F: emit(.lahf)
    case 0xA0...0xA3: decodeAccumulatorMove(opcode)
    case 0xA4, 0xA5: decodeString(.movs, opcode)
    case 0xA6, 0xA7: decodeString(.cmps, opcode)
    case 0xA8, 0xA9:
      instruction.immediate = opcode == 0xA8 ? UInt32(fetch8()) : fetchOperand()
      emit(.test8RI, plus: widthIndex(opcode) * 4)
    case 0xAA, 0xAB: decodeString(.stos, opcode)
    case 0xAC, 0xAD: decodeString(.lods, opcode)
    case 0xAE, 0xAF: decodeString(.scas, opcode)
    case 0xB0...0xB7:
      instruction.a = place(Int(opcode & 7), byte: true)
      instruction.immediate = UInt32(fetch8())
      emit(.mov8RI)
    case 0xB8...0xBF:
      instruction.a = (opcode & 7) << 3
      instruction.immediate = fetchOperand()
      emit(is16 ? .mov16RI : .mov32RI)
    case 0xC0, 0xC1: decodeShift(opcode, countedBy: .immediate)
    case 0xC2:
      instruction.immediate = fetch16()
      emit(is16 ? .ret16I : .ret32I, ends: true)
    case 0xC3: emit(is16 ? .ret16 : .ret32, ends: true)
    case 0xC4: decodeLoadFarPointer(SegmentRegister.es)
    case 0xC5: decodeLoadFarPointer(SegmentRegister.ds)
    case 0xC6, 0xC7: decodeMoveImmediate(opcode)
    case 0xC8:
      instruction.immediate = fetch16()
      instruction.displacement = UInt32(fetch8())
      emit(.enter)
    case 0xC9: emit(is16 ? .leave16 : .leave32)
    case 0xCA:
      instruction.immediate = fetch16()
      emit(.farReturnI, ends: true)
    case 0xCB: emit(.farReturn, ends: true)
    case 0xCC: emit(.int3, ends: true)
    case 0xCD:
      instruction.immediate = UInt32(fetch8())
      emit(.intN, ends: true)
    case 0xCE: emit(.into, ends: true)
    case 0xCF: emit(.interruptReturn, ends: true)
    case 0xD0, 0xD1: decodeShift(opcode, countedBy: .one)
    case 0xD2, 0xD3: decodeShift(opcode, countedBy: .cl)
    default: decodeOneByteFromD4(opcode)
    }
  }

  private mutating func decodeOneByteFromD4(_ opcode: UInt8) {
    switch opcode {
    case 0xD4, 0xD5:
      instruction.immediate = UInt32(fetch8())
      emit(opcode == 0xD4 ? .aam : .aad)
    case 0xD6: emit(.salc)
    case 0xD7: emit(.xlat)
    case 0xD8...0xDF:
      let modrm = position < available ? bytes.load(fromByteOffset: position, as: UInt8.self) : 0
      decodeModRM()
      instruction.immediate = UInt32(opcode) << 8 | UInt32(modrm)
      emit(.fpu)
    case 0xE0: decodeBranch(.loopne, distance: fetchSigned8())
    case 0xE1: decodeBranch(.loope, distance: fetchSigned8())
    case 0xE2: decodeBranch(.loop, distance: fetchSigned8())
    case 0xE3: decodeBranch(.jcxz, distance: fetchSigned8())
    case 0xE4...0xE7:
      instruction.immediate = UInt32(fetch8())
      decodePort(opcode < 0xE6 ? .inI : .outI, opcode)
    case 0xE8: decodeBranch(is16 ? .call16 : .call32, distance: fetchDistance())
    case 0xE9: decodeBranch(.jmp, distance: fetchDistance())
    case 0xEA: decodeFarPointer(.farJump)
    case 0xEB: decodeBranch(.jmp, distance: fetchSigned8())
    case 0xEC...0xEF: decodePort(opcode < 0xEE ? .inDX : .outDX, opcode)
    case 0xF1: emit(.icebp, ends: true)
    case 0xF4: emit(.hlt, ends: true)
    case 0xF5: emit(.cmc)
    case 0xF6, 0xF7: decodeGroup3(opcode)
    case 0xF8: emit(.clc)
    case 0xF9: emit(.stc)
    case 0xFA: emit(.cli)
    case 0xFB: emit(.sti)
    case 0xFC: emit(.cld)
    case 0xFD: emit(.std)
    case 0xFE: decodeGroup4()
    case 0xFF: decodeGroup5()
    default: emit(.undefined)
    }
  }

  // MARK: 00-3F

  private mutating func decodeArithmetic(_ opcode: UInt8) {
    let operation = Int(opcode >> 3)
    switch opcode & 7 {
    case 0, 1: decodeTwoOperands(.add8RR, forms: 5, memory: 2, opcode, group: operation)
    case 2, 3:
      decodeTwoOperands(.add8RR, forms: 5, memory: 1, opcode, group: operation, swapped: true)
    case 4, 5:
      instruction.immediate = opcode & 1 == 0 ? UInt32(fetch8()) : fetchOperand()
      emit(.add8RI, plus: operation * 15 + widthIndex(opcode) * 5)
    default: decodeArithmeticColumn(opcode)
    }
  }

  /// Columns 6 and 7: segment pushes and pops, the two-byte map, BCD adjustments.
  private mutating func decodeArithmeticColumn(_ opcode: UInt8) {
    switch opcode {
    case 0x06, 0x0E, 0x16, 0x1E: decodeSegmentStack(.pushSegment, opcode >> 3)
    case 0x07, 0x17, 0x1F: decodeSegmentStack(.popSegment, opcode >> 3)
    case 0x0F: decodeTwoByte(fetch8())
    case 0x27: emit(.daa)
    case 0x2F: emit(.das)
    case 0x37: emit(.aaa)
    default: emit(.aas)
    }
  }

  mutating func decodeSegmentStack(_ handler: Handler, _ segment: UInt8) {
    instruction.a = segment
    emit(handler)
  }

  /// A register and an r/m operand. `first` is the RR handler of the 8-bit width of the first group;
  /// widths are `forms` apart, groups three widths; the memory form is `memory` places after RR.
  ///
  /// Of two registers `a` is the destination: ModR/M.rm, or ModR/M.reg when `swapped`.
  private mutating func decodeTwoOperands(
    _ first: Handler, forms: Int, memory: Int, _ opcode: UInt8, group: Int = 0,
    swapped: Bool = false
  ) {
    let isByte = opcode & 1 == 0
    decodeModRM()
    let distance = group * forms * 3 + widthIndex(opcode) * forms
    if isMemory {
      instruction.a = place(reg, byte: isByte)
      emit(first, plus: distance + memory)
    } else {
      instruction.a = place(swapped ? reg : rm, byte: isByte)
      instruction.b = place(swapped ? rm : reg, byte: isByte)
      emit(first, plus: distance)
    }
  }

  // MARK: ModR/M forms

  /// `a` from ModR/M.reg, and `b` from ModR/M.rm unless that is memory.
  mutating func decodeRM(byte: Bool) {
    decodeModRM()
    instruction.a = place(reg, byte: byte)
    if !isMemory { instruction.b = place(rm, byte: byte) }
  }

  /// A form whose r/m operand must be memory: #UD for a register.
  mutating func decodeMemoryOnly(_ handler: Handler) {
    decodeRM(byte: false)
    emit(isMemory ? handler : .undefined)
  }

  private mutating func decodeSegmentMove(_ handler: Handler) {
    decodeModRM()
    instruction.a = UInt8(reg)
    if !isMemory { instruction.b = place(rm, byte: false) }
    emit(reg < 6 ? handler : .undefined)
  }

  private mutating func decodeArithmeticImmediate(_ opcode: UInt8) {
    decodeModRM()
    let isByte = opcode & 1 == 0
    instruction.immediate =
      opcode == 0x81 ? fetchOperand() : fetchSigned8()
    if !isMemory { instruction.a = place(rm, byte: isByte) }
    let width = isByte ? 0 : is16 ? 1 : 2
    emit(isMemory ? .add8MI : .add8RI, plus: reg * 15 + width * 5)
  }

  private mutating func decodeMultiplyImmediate(_ opcode: UInt8) {
    decodeRM(byte: false)
    instruction.immediate = opcode == 0x69 ? fetchOperand() : fetchSigned8()
    if is16 { emit(isMemory ? .imul16RMI : .imul16RRI) }
    if !is16 { emit(isMemory ? .imul32RMI : .imul32RRI) }
  }

  private mutating func decodeMoveImmediate(_ opcode: UInt8) {
    decodeModRM()
    let isByte = opcode & 1 == 0
    instruction.immediate = isByte ? UInt32(fetch8()) : fetchOperand()
    if !isMemory { instruction.a = place(rm, byte: isByte) }
    guard reg == 0 else { return emit(.undefined) }
    emit(isMemory ? .mov8MI : .mov8RI, plus: widthIndex(opcode) * 5)
  }

  private mutating func decodeAccumulatorMove(_ opcode: UInt8) {
    instruction.flags.insert(.memory)
    instruction.displacement = isAddress16 ? fetch16() : fetch32()
    emit(opcode < 0xA2 ? .mov8RM : .mov8MR, plus: widthIndex(opcode) * 5)
  }

  private mutating func decodePopMemory() {
    decodeModRM()
    guard reg == 0 else { return emit(.undefined) }
    if isMemory { return emit(is16 ? .pop16M : .pop32M) }
    instruction.a = place(rm, byte: false)
    emit(is16 ? .pop16R : .pop32R)
  }

  private mutating func decodeLoadFarPointer(_ segment: Int) {
    instruction.immediate = UInt32(segment)
    decodeMemoryOnly(.loadFarPointer)
  }

  // MARK: Transfers

  private mutating func fetchDistance() -> UInt32 {
    is16 ? UInt16(truncatingIfNeeded: fetch16()).signExtended : fetch32()
  }

  /// A relative branch; the target is kept relative to the start of the block.
  mutating func decodeBranch(_ first: Handler, plus: Int = 0, distance: UInt32) {
    instruction.immediate = UInt32(position) &+ distance
    instruction.mask = is16 ? 0xFFFF : 0xFFFF_FFFF
    emit(first, plus: plus, ends: true)
  }

  private mutating func decodeFarPointer(_ handler: Handler) {
    instruction.immediate = fetchOperand()
    instruction.displacement = fetch16()
    emit(handler, ends: true)
  }

  private mutating func decodePort(_ handler: Handler, _ opcode: UInt8) {
    instruction.a = UInt8(1 << widthIndex(opcode))
    emit(handler, ends: true)
  }

  private mutating func decodeString(_ handler: Handler, _ opcode: UInt8, ends: Bool = false) {
    instruction.a = UInt8(1 << widthIndex(opcode))
    let isRepeated = !instruction.flags.isDisjoint(with: [.rep, .repne])
    emit(handler, ends: ends || isRepeated)
  }
}
