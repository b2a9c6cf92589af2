/// The less frequent instructions: each is a call of the function that says what it does.
extension CPU {
  mutating func execute(_ i: Instruction) throws(Interruption) {
    switch i.handler {
    case .movs, .cmps, .stos, .lods, .scas, .ins, .outs: try executeString(i)

    case .cbw: put(0, UInt16(truncatingIfNeeded: (get(0) as UInt8).signExtended))
    case .cwd: put(16, (get(0) as UInt16) >> 15 == 0 ? 0 : 0xFFFF as UInt16)
    case .imul16RR: multiplySigned(i, get(i.a), get(i.b))
    case .imul16RM: multiplySigned(i, get(i.a), try readOperand(i))
    case .imul16RRI, .imul16RMI:
      multiplySigned(i, try readOperand(i), UInt16(truncatingIfNeeded: i.immediate))
    case .imul32RMI: try multiplyMemory(i)
    case .multiply8: try multiply8(i)
    case .multiply16: try multiply16(i)
    case .multiply32: try multiply32(i)

    case .shift8RI, .shift8MI: try shiftGroup(UInt8.self, i, i.immediate)
    case .shift16RI, .shift16MI: try shiftGroup(UInt16.self, i, i.immediate)
    case .shift32RI, .shift32MI: try shiftGroup(UInt32.self, i, i.immediate)
    case .shift8RC, .shift8MC: try shiftGroup(UInt8.self, i, UInt32(get(8) as UInt8))
    case .shift16RC, .shift16MC: try shiftGroup(UInt16.self, i, UInt32(get(8) as UInt8))
    case .shift32RC, .shift32MC: try shiftGroup(UInt32.self, i, UInt32(get(8) as UInt8))
    case .doubleShift16: try doubleShift(UInt16.self, i)
    case .doubleShift32: try doubleShift(UInt32.self, i)
    case .bitTest16: try bitTest(UInt16.self, i)
    case .bitTest32: try bitTest(UInt32.self, i)
    case .bitScan16: try bitScan(UInt16.self, i)
    case .bitScan32: try bitScan(UInt32.self, i)
    case .bswap: swapBytes(i)

    case .setccM: try writeOperand(i, condition(i.immediate) ? 1 : 0 as UInt8)
    case .cmov16R, .cmov16M: try conditionalMove(UInt16.self, i)
    case .cmov32M: try conditionalMove(UInt32.self, i)
    case .xadd:
      switch i.immediate {
      case 1: try exchangeAndAdd(UInt8.self, i)
      case 2: try exchangeAndAdd(UInt16.self, i)
      default: try exchangeAndAdd(UInt32.self, i)
      }
    case .cmpxchg:
      switch i.immediate {
      case 1: try compareAndExchange(UInt8.self, i)
      case 2: try compareAndExchange(UInt16.self, i)
      default: try compareAndExchange(UInt32.self, i)
      }
    case .cmpxchg8b: try compareAndExchange8Bytes(i)
    case .xlat: try translateByte(i)
    case .bound: try checkBounds(i)

    case .pop32M: try popMemory(UInt32.self, i)
    case .pop16M: try popMemory(UInt16.self, i)
    case .pusha: try pushAll(is16: i.is16)
    case .popa: try popAll(is16: i.is16)
    case .enter: try enter(i)

    case .lahf: loadFlagsIntoAH()
    case .sahf: storeAHIntoFlags()
    case .clc: lazy.set(carry: false)
    case .stc: lazy.set(carry: true)
    case .cmc: lazy.set(carry: !lazy.carry)
    case .cld: systemFlags.remove(.direction)
    case .std: systemFlags.insert(.direction)
    case .salc: put(0, lazy.carry ? 0xFF : 0 as UInt8)
    case .daa: decimalAdjust(subtracts: false)
    case .das: decimalAdjust(subtracts: true)
    case .aaa: asciiAdjust(subtracts: false)
    case .aas: asciiAdjust(subtracts: true)
    case .aam: try asciiAdjustAfterMultiply(base: UInt8(i.immediate))
    case .aad: asciiAdjustBeforeDivide(base: UInt8(i.immediate))

    case .fwait, .fxsave, .fxrstor: try executeFPU(i)
    case .undefined: throw .invalidOpcode(.undefinedOpcode)
    case .undefinedLock: throw .invalidOpcode(.lockNotAllowed)
    case .tooLong: throw .generalProtection(0, .instructionTooLong)
    default: try executeSystem(i)
    }
  }

  private mutating func multiplyMemory(_ i: Instruction) throws(Interruption) {
    let operand: UInt32 = try readOperand(i)
    let (high, low) =
      Int32(bitPattern: operand).multipliedFullWidth(by: Int32(bitPattern: i.immediate))
    setProductFlags(low, fits: high == Int32(bitPattern: low) >> 31)
    put(i.a, low)
  }

  /// CMOVcc reads its operand whether or not the condition holds.
  private mutating func conditionalMove<T: Word>(
    _: T.Type, _ i: Instruction
  ) throws(Interruption) {
    let value: T = try readOperand(i)
    if condition(i.immediate) { put(i.a, value) }
  }
}
