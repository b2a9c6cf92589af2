/// The x87 opcodes D8 … DF: one switch over the low digit of the opcode and ModR/M.reg.
extension CPU {
  /// Executes FWAIT, FXSAVE, FXRSTOR, or the x87 instruction at `currentInstruction`: that is not
  /// copied.
  @inline(__always)
  mutating func executeFPU(_ i: Instruction) throws(Interruption) {
    if _fastPath(i.handler == .fpu) { return try executeFPU(currentInstruction) }
    try executeNumericState(i)
  }

  /// Executes an x87 instruction in the running block. Undocumented opcodes do what they do on
  /// Intel's processors from the 387 on.
  @inline(__always)
  mutating func executeFPU(_ i: UnsafePointer<Instruction>) throws(Interruption) {
    let errorSummary = UInt32(fpu.status & FPU.Status.errorSummary)
    if _slowPath(cr0.rawValue & Self.numericTraps | errorSummary != 0) { try checkNumeric(i) }
    // In octal: 1 for memory; the opcode's last digit; ModR/M.reg.
    let isMemory: UInt32 = i.pointee.isMemory ? 0o100 : 0
    switch isMemory | i.pointee.immediate >> 5 & 0o70 | i.pointee.immediate >> 3 & 7 {
    // D8
    case 0o000: arithmetic(FADD.self, i)
    case 0o001: arithmetic(FMUL.self, i)
    case 0o002: compare(i, i.pointee.stackIndex)
    case 0o003: compare(i, i.pointee.stackIndex, pops: 1)
    case 0o004: arithmetic(FSUB.self, i)
    case 0o005: arithmetic(FSUBR.self, i)
    case 0o006: arithmetic(FDIV.self, i)
    case 0o007: arithmetic(FDIVR.self, i)
    case 0o100: try arithmeticSingle(FADD.self, i)
    case 0o101: try arithmeticSingle(FMUL.self, i)
    case 0o102: try compareSingle(i, pops: 0)
    case 0o103: try compareSingle(i, pops: 1)
    case 0o104: try arithmeticSingle(FSUB.self, i)
    case 0o105: try arithmeticSingle(FSUBR.self, i)
    case 0o106: try arithmeticSingle(FDIV.self, i)
    case 0o107: try arithmeticSingle(FDIVR.self, i)
    // D9
    case 0o010: loadRegister(i)
    case 0o011: exchange(i)
    case 0o012:
      guard i.pointee.stackIndex == 0 else { throw .invalidOpcode(.undefinedOpcode) }
      note(i)  // FNOP
    case 0o013: storeRegisterUnchecked(i)
    case 0o014, 0o015, 0o016, 0o017: try executeTopOfStack(i)
    case 0o110: try loadSingle(i)
    case 0o112: try storeSingle(i, pops: false)
    case 0o113: try storeSingle(i, pops: true)
    case 0o114: try loadEnvironment(i)
    case 0o115: try loadControl(i)
    case 0o116: try storeEnvironment(i)
    case 0o117: try storeControl(i)
    // DA
    case 0o020: try conditionalMove(i, lazy.carry)
    case 0o021: try conditionalMove(i, lazy.zero)
    case 0o022: try conditionalMove(i, lazy.carry || lazy.zero)
    case 0o023: try conditionalMove(i, lazy.parity)
    case 0o025:
      guard i.pointee.stackIndex == 1 else { throw .invalidOpcode(.undefinedOpcode) }
      compare(i, 1, isQuiet: true, pops: 2)  // FUCOMPP
    case 0o120: try arithmeticInteger(FADD.self, i, isShort: false)
    case 0o121: try arithmeticInteger(FMUL.self, i, isShort: false)
    case 0o122: try compareInteger(i, isShort: false, pops: 0)
    case 0o123: try compareInteger(i, isShort: false, pops: 1)
    case 0o124: try arithmeticInteger(FSUB.self, i, isShort: false)
    case 0o125: try arithmeticInteger(FSUBR.self, i, isShort: false)
    case 0o126: try arithmeticInteger(FDIV.self, i, isShort: false)
    case 0o127: try arithmeticInteger(FDIVR.self, i, isShort: false)
    // DB
    case 0o030: try conditionalMove(i, !lazy.carry)
    case 0o031: try conditionalMove(i, !lazy.zero)
    case 0o032: try conditionalMove(i, !(lazy.carry || lazy.zero))
    case 0o033: try conditionalMove(i, !lazy.parity)
    case 0o034: try executeControl(i)
    case 0o035: try compareToFlags(i, isQuiet: true, pops: false)
    case 0o036: try compareToFlags(i, isQuiet: false, pops: false)
    case 0o130: try loadInteger32(i)
    case 0o132: try storeInteger(i, width: 32, pops: false)
    case 0o133: try storeInteger(i, width: 32, pops: true)
    case 0o135: try loadExtended(i)
    case 0o137: try storeExtended(i)
    // DC; the reversed forms change places where ST(i) is the destination.
    case 0o040: arithmeticToRegister(FADD.self, i)
    case 0o041: arithmeticToRegister(FMUL.self, i)
    case 0o042: compare(i, i.pointee.stackIndex)  // FCOM2
    case 0o043: compare(i, i.pointee.stackIndex, pops: 1)  // FCOMP3
    case 0o044: arithmeticToRegister(FSUBR.self, i)
    case 0o045: arithmeticToRegister(FSUB.self, i)
    case 0o046: arithmeticToRegister(FDIVR.self, i)
    case 0o047: arithmeticToRegister(FDIV.self, i)
    case 0o140: try arithmeticDouble(FADD.self, i)
    case 0o141: try arithmeticDouble(FMUL.self, i)
    case 0o142: try compareDouble(i, pops: 0)
    case 0o143: try compareDouble(i, pops: 1)
    case 0o144: try arithmeticDouble(FSUB.self, i)
    case 0o145: try arithmeticDouble(FSUBR.self, i)
    case 0o146: try arithmeticDouble(FDIV.self, i)
    case 0o147: try arithmeticDouble(FDIVR.self, i)
    // DD
    case 0o050: freeRegister(i)
    case 0o051: exchange(i)  // FXCH4
    case 0o052: storeRegister(i, pops: false)
    case 0o053: storeRegister(i, pops: true)
    case 0o054: compare(i, i.pointee.stackIndex, isQuiet: true)
    case 0o055: compare(i, i.pointee.stackIndex, isQuiet: true, pops: 1)
    case 0o150: try loadDouble(i)
    case 0o152: try storeDouble(i, pops: false)
    case 0o153: try storeDouble(i, pops: true)
    case 0o154: try restoreState(i)
    case 0o156: try saveState(i)
    case 0o157: try storeStatus(i)
    // DE
    case 0o060: arithmeticAndPop(FADD.self, i)
    case 0o061: arithmeticAndPop(FMUL.self, i)
    case 0o062: compare(i, i.pointee.stackIndex, pops: 1)  // FCOMP5
    case 0o063:
      guard i.pointee.stackIndex == 1 else { throw .invalidOpcode(.undefinedOpcode) }
      compare(i, 1, pops: 2)  // FCOMPP
    case 0o064: arithmeticAndPop(FSUBR.self, i)
    case 0o065: arithmeticAndPop(FSUB.self, i)
    case 0o066: arithmeticAndPop(FDIVR.self, i)
    case 0o067: arithmeticAndPop(FDIV.self, i)
    case 0o160: try arithmeticInteger(FADD.self, i, isShort: true)
    case 0o161: try arithmeticInteger(FMUL.self, i, isShort: true)
    case 0o162: try compareInteger(i, isShort: true, pops: 0)
    case 0o163: try compareInteger(i, isShort: true, pops: 1)
    case 0o164: try arithmeticInteger(FSUB.self, i, isShort: true)
    case 0o165: try arithmeticInteger(FSUBR.self, i, isShort: true)
    case 0o166: try arithmeticInteger(FDIV.self, i, isShort: true)
    case 0o167: try arithmeticInteger(FDIVR.self, i, isShort: true)
    // DF
    case 0o070: freeRegister(i, pops: true)  // FFREEP
    case 0o071: exchange(i)  // FXCH7
    case 0o072, 0o073: storeRegister(i, pops: true)  // FSTP8, FSTP9
    case 0o074:
      guard i.pointee.stackIndex == 0 else { throw .invalidOpcode(.undefinedOpcode) }
      storeStatusInAX()
    case 0o075: try compareToFlags(i, isQuiet: true, pops: true)
    case 0o076: try compareToFlags(i, isQuiet: false, pops: true)
    case 0o170: try loadInteger16(i)
    case 0o172: try storeInteger(i, width: 16, pops: false)
    case 0o173: try storeInteger(i, width: 16, pops: true)
    case 0o174: try loadPackedDecimal(i)
    case 0o175: try loadInteger64(i)
    case 0o176: try storePackedDecimal(i)
    case 0o177: try storeInteger(i, width: 64, pops: true)
    // FISTTP belongs to SSE3; the rest was never defined.
    default: throw .invalidOpcode(.undefinedOpcode)
    }
  }

  /// CR0.EM and CR0.TS.
  private static var numericTraps: UInt32 {
    CR0.emulation.rawValue | CR0.taskSwitched.rawValue
  }

  @inline(never)
  private mutating func executeNumericState(_ i: Instruction) throws(Interruption) {
    switch i.handler {
    case .fwait: try fwait()
    case .fxsave: try fxsave(i)
    case .fxrstor: try fxrstor(i)
    default: preconditionFailure("\(i.handler) is not an x87 instruction")
    }
  }

  /// D9 E0 … D9 FF.
  private mutating func executeTopOfStack(_ i: UnsafePointer<Instruction>) throws(Interruption) {
    switch i.pointee.immediate & 0x3F {
    case 0x20: changeSign(i, isAbsolute: false)
    case 0x21: changeSign(i, isAbsolute: true)
    case 0x24: compareWithZero(i)
    case 0x25: examine(i)
    case 0x28, 0x29, 0x2A, 0x2B, 0x2C, 0x2D, 0x2E: loadConstant(i)
    case 0x30: unary(i, Extended.exponentialMinusOne)
    case 0x31: binary(i) { Extended.logarithm($0, times: $1, &$2) }
    case 0x32: tangent(i)
    case 0x33: binary(i) { Extended.arctangent(y: $1, x: $0, &$2) }
    case 0x34: extract(i)
    case 0x35: remainder(i, toNearest: true)
    case 0x36: moveTop(i, by: -1)
    case 0x37: moveTop(i, by: 1)
    case 0x38: remainder(i, toNearest: false)
    case 0x39: binary(i) { Extended.logarithmPlusOne($0, times: $1, &$2) }
    case 0x3A: unary(i, Extended.squareRoot)
    case 0x3B: sineAndCosine(i)
    case 0x3C: unary(i, Extended.roundedToIntegral)
    case 0x3D: scale(i)
    case 0x3E: trigonometric(i, Extended.sine)
    case 0x3F: trigonometric(i, Extended.cosine)
    default: throw .invalidOpcode(.undefinedOpcode)
    }
  }

  /// DB E0 … DB E7. FENI, FDISI and FSETPM served the 8087 and 287 and do nothing.
  private mutating func executeControl(_ i: UnsafePointer<Instruction>) throws(Interruption) {
    switch i.pointee.stackIndex {
    case 0, 1, 4: break
    case 2: clearNumericExceptions()
    case 3: initializeFPU()
    default: throw .invalidOpcode(.undefinedOpcode)
    }
  }
}
