/// Operands as text.
extension Disassembly.Decoder {
  static let byteNames = ["al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"]
  static let wordNames = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"]
  static let doublewordNames = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"]
  static let segmentNames = ["es", "cs", "ss", "ds", "fs", "gs"]
  static let stackSegment: UInt8 = 2
  static let dataSegment: UInt8 = 3

  /// All operands, destination first. String operands are in the mnemonic already.
  mutating func operandText(_ instruction: Disassembly.Instruction) throws(Stop) -> String {
    let operands = instruction.operands
    if operands.contains(where: { [.sourceString, .destinationString].contains($0.method) }) {
      return ""
    }
    var text = ""
    for (index, operand) in operands.enumerated() {
      if index > 0 { text += "," }
      text += try describe(operand, among: operands)
    }
    return text
  }

  private mutating func describe(
    _ operand: Disassembly.OperandCode, among operands: [Disassembly.OperandCode]
  ) throws(Stop) -> String {
    switch operand.method {
    case .modRM, .memory:
      guard let modRM else { throw .invalid }
      if modRM.isRegister { return register(modRM.rm, operand.width) }
      return sizeWord(operand, among: operands) + modRM.memory
    case .register: return register(modRM?.reg ?? 0, operand.width)
    case .modRMRegister: return register(modRM?.rm ?? 0, operand.width)
    case .opcodeRegister: return register(opcodeByte & 7, operand.width)
    case .byteRegister(let number): return Self.byteNames[Int(number)]
    case .wordRegister(let number): return Self.wordNames[Int(number)]
    case .accumulator: return register(0, operand.width)
    case .segment(let number): return Self.segmentNames[Int(number)]
    case .segmentRegister: return Self.segmentNames[Int(modRM?.reg ?? 0)]
    case .controlRegister: return "cr\(modRM?.reg ?? 0)"
    case .debugRegister: return "dr\(modRM?.reg ?? 0)"
    case .one: return "1"
    case .stackTop: return "st0"
    case .stackRegister: return "st\(modRM?.rm ?? 0)"
    case .immediate: return try immediate(operand.width)
    case .relative: return try branchTarget(operand.width)
    case .farPointer: return try farPointer()
    case .offset:
      let offset = try next(count: wideAddresses ? 4 : 2)
      return inSegment("[" + hex(offset) + "]", default: Self.dataSegment)
    case .sourceString, .destinationString: return ""
    }
  }

  private func register(_ number: UInt8, _ width: Disassembly.OperandCode.Width) -> String {
    switch width {
    case .byte: Self.byteNames[Int(number)]
    case .word: Self.wordNames[Int(number)]
    case .operandSize, .wordInMemory:
      wideOperands ? Self.doublewordNames[Int(number)] : Self.wordNames[Int(number)]
    default: Self.doublewordNames[Int(number)]
    }
  }

  /// `dword ` and its like, unless a register of the same size stands beside the memory operand.
  private func sizeWord(
    _ operand: Disassembly.OperandCode, among operands: [Disassembly.OperandCode]
  ) -> String {
    if operand.width == .farPointer { return operands.count == 1 ? "far " : "" }
    guard let bits = bits(operand.width) else { return "" }
    let isTold = operands.contains {
      switch $0.method {
      case .register, .accumulator, .segmentRegister: self.bits($0.width) == bits
      default: false
      }
    }
    if isTold { return "" }
    switch bits {
    case 8: return "byte "
    case 16: return "word "
    case 32: return "dword "
    case 64: return "qword "
    default: return "tword "
    }
  }

  private func bits(_ width: Disassembly.OperandCode.Width) -> Int? {
    switch width {
    case .byte, .signedByte: 8
    case .word, .wordInMemory: 16
    case .doubleword: 32
    case .quadword: 64
    case .tenBytes: 80
    case .operandSize: wideOperands ? 32 : 16
    case .farPointer, .none: nil
    }
  }

  private mutating func immediate(
    _ width: Disassembly.OperandCode.Width
  ) throws(Stop) -> String {
    switch width {
    case .byte: return hex(UInt32(try next()))
    case .signedByte:
      let value = Int8(bitPattern: try next())
      return value < 0 ? "-" + hex(UInt32(value.magnitude)) : hex(UInt32(value))
    case .word: return hex(try next(count: 2))
    default: return hex(try next(count: wideOperands ? 4 : 2))
    }
  }

  /// The address a relative branch goes to: relative to the next instruction, cut to operand size.
  private mutating func branchTarget(
    _ width: Disassembly.OperandCode.Width
  ) throws(Stop) -> String {
    let displacement =
      if width == .byte {
        UInt32(bitPattern: Int32(Int8(bitPattern: try next())))
      } else {
        try next(count: wideOperands ? 4 : 2)
      }
    let target = address &+ UInt32(position) &+ displacement
    return Self.hexadecimal(wideOperands ? target : target & 0xFFFF)
  }

  private mutating func farPointer() throws(Stop) -> String {
    let offset = try next(count: wideOperands ? 4 : 2)
    let selector = try next(count: 2)
    return Self.hexadecimal(selector) + ":" + Self.hexadecimal(offset)
  }

  /// Puts the override in front where it changes the segment.
  private func inSegment(_ text: String, default segment: UInt8) -> String {
    guard let override = prefixes.segment, override != segment else { return text }
    return Self.segmentNames[Int(override)] + ":" + text
  }

  /// `7`, `0x1f`: one digit needs no 0x, it is the same number either way.
  func hex(_ value: UInt32) -> String {
    value < 10 ? String(value) : Self.hexadecimal(value)
  }

  private static func hexadecimal(_ value: UInt32) -> String {
    "0x" + String(value, radix: 16)
  }
}

/// Effective addresses (manual volume 2, section 2.1.5).
extension Disassembly.Decoder {
  private static let pairs16 = ["bx+si", "bx+di", "bp+si", "bp+di", "si", "di", "bp", "bx"]

  mutating func memoryOperand(_ modRM: Disassembly.ModRM) throws(Stop) -> String {
    let (parts, segment) = try wideAddresses ? address32(modRM) : address16(modRM)
    // LEA accesses no segment.
    let isLEA = opcodeByte == 0x8D && !isTwoByte
    return isLEA ? "[" + parts + "]" : inSegment("[" + parts + "]", default: segment)
  }

  private mutating func address16(
    _ modRM: Disassembly.ModRM
  ) throws(Stop) -> (parts: String, segment: UInt8) {
    if modRM.mod == 0, modRM.rm == 6 {
      return (hex(try next(count: 2)), Self.dataSegment)
    }
    let usesBP = [2, 3, 6].contains(modRM.rm)
    return (
      Self.pairs16[Int(modRM.rm)] + (try displacement(mod: modRM.mod, wideBytes: 2)),
      usesBP ? Self.stackSegment : Self.dataSegment
    )
  }

  private mutating func address32(
    _ modRM: Disassembly.ModRM
  ) throws(Stop) -> (parts: String, segment: UInt8) {
    guard modRM.rm == 4 else {
      if modRM.mod == 0, modRM.rm == 5 { return (hex(try next(count: 4)), Self.dataSegment) }
      return (
        Self.doublewordNames[Int(modRM.rm)] + (try displacement(mod: modRM.mod, wideBytes: 4)),
        modRM.rm == 5 ? Self.stackSegment : Self.dataSegment
      )
    }
    let sib = try next()
    let (scale, index, base) = (1 << (sib >> 6), sib >> 3 & 7, sib & 7)
    let hasBase = !(base == 5 && modRM.mod == 0)
    var parts = hasBase ? Self.doublewordNames[Int(base)] : ""
    if index != 4 {
      if hasBase { parts += "+" }
      parts += Self.doublewordNames[Int(index)]
      // Without a base `*1` stays: [ebp*1+8] is not [ebp+8], whose segment is SS.
      if scale > 1 || !hasBase { parts += "*\(scale)" }
    }
    if !hasBase, index == 4 { return (hex(try next(count: 4)), Self.dataSegment) }
    parts += try displacement(mod: hasBase ? modRM.mod : 2, wideBytes: 4)
    let usesStack = hasBase && (base == 4 || base == 5)
    return (parts, usesStack ? Self.stackSegment : Self.dataSegment)
  }

  /// The displacement behind a register. Within the last sixteenth of the address space it is
  /// taken for negative; below, for the address of something.
  private mutating func displacement(mod: UInt8, wideBytes: Int) throws(Stop) -> String {
    var value: UInt32
    switch mod {
    case 1: value = UInt32(bitPattern: Int32(Int8(bitPattern: try next())))
    case 2: value = try next(count: wideBytes)
    default: return ""
    }
    let mask: UInt32 = wideBytes == 4 ? 0xFFFF_FFFF : 0xFFFF
    value &= mask
    if value == 0 { return "" }
    if value > mask - mask >> 4 { return "-" + hex((0 &- value) & mask) }
    return "+" + hex(value)
  }
}
