/// Opcodes whose ModR/M.reg names the operation (SDM 2, table A-6).
extension Decoder {
  enum ShiftCount { case immediate, one, cl }

  /// Group 2. The 32-bit shifts of a register have handlers of their own.
  mutating func decodeShift(_ opcode: UInt8, countedBy source: ShiftCount) {
    decodeModRM()
    let isByte = opcode & 1 == 0
    let width = widthIndex(opcode)
    switch source {
    case .immediate: instruction.immediate = UInt32(fetch8()) & 31
    case .one: instruction.immediate = 1
    case .cl: break
    }
    if !isMemory { instruction.b = place(rm, byte: isByte) }
    if !isMemory && width == 2 && reg >= 4 && (source == .cl || instruction.immediate != 0) {
      instruction.a = place(rm, byte: false)
      switch reg {
      case 5: emit(source == .cl ? .shr32RC : .shr32RI)
      case 7: emit(source == .cl ? .sar32RC : .sar32RI)
      default: emit(source == .cl ? .shl32RC : .shl32RI)
      }
      return
    }
    instruction.a = UInt8(reg)
    emit(source == .cl ? .shift8RC : .shift8RI, plus: width * 2 + (isMemory ? 1 : 0))
  }

  /// Group 3: TEST, NOT, NEG and the accumulator's multiplications.
  mutating func decodeGroup3(_ opcode: UInt8) {
    decodeModRM()
    let isByte = opcode & 1 == 0
    let width = widthIndex(opcode)
    let form = isMemory ? 1 : 0
    if !isMemory { instruction.a = place(rm, byte: isByte) }
    switch reg {
    case 0, 1:
      instruction.immediate = isByte ? UInt32(fetch8()) : fetchOperand()
      emit(.test8RI, plus: width * 4 + form)
    case 2: emit(.not8R, plus: width * 2 + form)
    case 3: emit(.neg8R, plus: width * 2 + form)
    default:
      instruction.b = instruction.a
      instruction.a = UInt8(reg)
      emit(.multiply8, plus: width)
    }
  }

  /// Group 4: INC and DEC of a byte.
  mutating func decodeGroup4() {
    decodeModRM()
    if !isMemory { instruction.a = place(rm, byte: true) }
    switch reg {
    case 0: emit(isMemory ? .inc8M : .inc8R)
    case 1: emit(isMemory ? .dec8M : .dec8R)
    default: emit(.undefined)
    }
  }

  /// Group 5: INC, DEC, indirect transfers, PUSH.
  mutating func decodeGroup5() {
    decodeModRM()
    if !isMemory { instruction.a = place(rm, byte: false) }
    switch reg {
    case 0: emit(isMemory ? (is16 ? .inc16M : .inc32M) : (is16 ? .inc16R : .inc32R))
    case 1: emit(isMemory ? (is16 ? .dec16M : .dec32M) : (is16 ? .dec16R : .dec32R))
    case 2:
      emit(
        isMemory ? (is16 ? .call16M : .call32M) : (is16 ? .call16R : .call32R), ends: true)
    case 3: emit(isMemory ? .farCallM : .undefined, ends: true)
    case 4: emit(isMemory ? .jmpM : .jmpR, ends: true)
    case 5: emit(isMemory ? .farJumpM : .undefined, ends: true)
    case 6: emit(isMemory ? (is16 ? .push16M : .push32M) : (is16 ? .push16R : .push32R))
    default: emit(.undefined)
    }
  }

  /// Group 6: LDTR, TR and the verification of selectors.
  mutating func decodeGroup6() {
    decodeRM(byte: false)
    let handlers: [Handler] = [.sldt, .str, .lldt, .ltr, .verr, .verw, .undefined, .undefined]
    emit(handlers[reg])
  }

  /// Group 7: descriptor-table registers, MSW, INVLPG.
  mutating func decodeGroup7() {
    decodeRM(byte: false)
    switch reg {
    case 0: emit(isMemory ? .sgdt : .undefined)
    case 1: emit(isMemory ? .sidt : .undefined)
    case 2: emit(isMemory ? .lgdt : .undefined)
    case 3 where !isMemory: decodeVirtualMachine()
    case 3: emit(.lidt)
    case 4: emit(.smsw)
    case 6: emit(.lmsw, ends: true)
    case 7: emit(isMemory ? .invlpg : .undefined, ends: true)
    default: emit(.undefined)
    }
  }

  /// 0F 01 D8-DF: AMD's Secure Virtual Machine. SKINIT (DE) is not part of the profile.
  private mutating func decodeVirtualMachine() {
    guard features.contains(.virtualMachines) else { return emit(.undefined) }
    switch rm {
    case 0: emit(.vmrun, ends: true)
    case 1: emit(.vmmcall, ends: true)
    case 2: emit(.vmload, ends: true)
    case 3: emit(.vmsave)
    case 4: emit(.stgi, ends: true)
    case 5: emit(.clgi, ends: true)
    case 7: emit(.invlpga, ends: true)
    default: emit(.undefined)
    }
  }

  /// Group 8: bit tests with an immediate index.
  mutating func decodeGroup8() {
    decodeRM(byte: false)
    let index = UInt32(fetch8()) & (is16 ? 15 : 31)
    instruction.immediate = index | UInt32(reg) << 8
    emit(reg < 4 ? .undefined : is16 ? .bitTest16 : .bitTest32)
  }
}
