/// Reads one instruction: prefixes, opcode, ModR/M, displacement, immediates, in the order of the
/// bytes (manual volume 2, chapter 2). Operands become text in DisassemblyOperands.swift.
extension Disassembly {
  struct Decoder {
    /// Why there is no instruction.
    enum Stop: Error {
      case invalid, truncated
    }

    /// The instruction's bytes and what may follow: at most 15.
    let bytes: [UInt8]
    let address: UInt32
    let is32Bit: Bool

    var position = 0
    var prefixes = Prefixes()
    /// The opcode, without the 0F of a two-byte one.
    var opcodeByte: UInt8 = 0
    var isTwoByte = false
    var modRM: ModRM?

    init(bytes: [UInt8], address: UInt32, is32Bit: Bool) {
      self.bytes = bytes
      self.address = address
      self.is32Bit = is32Bit
    }
  }

  /// The prefix bytes in front of the opcode; of each group the last one counts.
  struct Prefixes {
    var lock = false
    var operandSize = false
    var addressSize = false
    /// F2 or F3.
    var repeating: UInt8?
    /// The overriding segment register's number.
    var segment: UInt8?
  }

  /// A ModR/M byte.
  struct ModRM {
    let byte: UInt8
    var mod: UInt8 { byte >> 6 }
    var reg: UInt8 { byte >> 3 & 7 }
    var rm: UInt8 { byte & 7 }
    var isRegister: Bool { mod == 3 }
    /// The memory operand without size word: `fs:[ebx+4]`. Empty for a register.
    var memory = ""
  }
}

extension Disassembly.Decoder {
  /// 32-bit operands?
  var wideOperands: Bool { is32Bit != prefixes.operandSize }
  /// 32-bit addresses?
  var wideAddresses: Bool { is32Bit != prefixes.addressSize }

  mutating func decode() -> Disassembly {
    do throws(Stop) {
      try readPrefixes()
      let instruction = try readOpcode()
      try checkLock(instruction)
      return try describe(instruction)
    } catch {
      let isInvalid = error == .invalid
      return Disassembly(
        status: isInvalid ? .invalid : .truncated, length: isInvalid ? 1 : max(1, bytes.count),
        prefix: "", mnemonic: isInvalid ? "(bad)" : "(truncated)", operands: "",
        privilege: .innocuous)
    }
  }

  /// The next byte.
  mutating func next() throws(Stop) -> UInt8 {
    guard position < Disassembly.maximumLength else { throw .invalid }
    guard position < bytes.count else { throw .truncated }
    defer { position += 1 }
    return bytes[position]
  }

  /// The next `count` bytes, least significant first.
  mutating func next(count: Int) throws(Stop) -> UInt32 {
    var value: UInt32 = 0
    for index in 0..<count { value |= UInt32(try next()) << UInt32(8 * index) }
    return value
  }

  private mutating func readPrefixes() throws(Stop) {
    while true {
      let byte = try next()
      switch byte {
      case 0x26: prefixes.segment = 0
      case 0x2E: prefixes.segment = 1
      case 0x36: prefixes.segment = 2
      case 0x3E: prefixes.segment = 3
      case 0x64: prefixes.segment = 4
      case 0x65: prefixes.segment = 5
      case 0x66: prefixes.operandSize = true
      case 0x67: prefixes.addressSize = true
      case 0xF0: prefixes.lock = true
      case 0xF2, 0xF3: prefixes.repeating = byte
      default:
        opcodeByte = byte
        return
      }
    }
  }

  private mutating func readOpcode() throws(Stop) -> Disassembly.Instruction {
    let map = Disassembly.OpcodeMap.shared
    var opcode = map.oneByte[Int(opcodeByte)]
    if opcodeByte == 0x0F {
      opcodeByte = try next()
      isTwoByte = true
      opcode = map.twoByte[Int(opcodeByte)]
    } else if opcodeByte == 0x90, prefixes.repeating == 0xF3 {
      return Disassembly.pause
    }
    switch opcode {
    case .invalid: throw .invalid
    case .instruction(let instruction):
      if instruction.operands.contains(where: \.usesModRM) {
        try readModRM(isAddress: !instruction.operands.contains(where: \.ignoresMod))
      }
      try checkForm(instruction)
      return instruction
    case .group(let number, let line):
      try readModRM(isAddress: true)
      var instruction = try member(of: map.groups[number])
      if instruction.operands.isEmpty { instruction.operands = line.operands }
      try checkForm(instruction)
      return instruction
    }
  }

  private func member(of group: Disassembly.Group) throws(Stop) -> Disassembly.Instruction {
    guard let modRM else { throw .invalid }
    if let exact = group.byModRM[modRM.byte] { return exact }
    guard let member = group.byReg[Int(modRM.reg)] else { throw .invalid }
    return member
  }

  private mutating func readModRM(isAddress: Bool) throws(Stop) {
    var modRM = Disassembly.ModRM(byte: try next())
    if isAddress, !modRM.isRegister { modRM.memory = try memoryOperand(modRM) }
    self.modRM = modRM
  }

  /// Operands that take only memory, and registers that do not exist.
  private func checkForm(_ instruction: Disassembly.Instruction) throws(Stop) {
    guard let modRM else { return }
    for (index, operand) in instruction.operands.enumerated() {
      switch operand.method {
      case .memory where modRM.isRegister: throw .invalid
      case .controlRegister where ![0, 2, 3, 4].contains(modRM.reg): throw .invalid
      case .segmentRegister where modRM.reg > 5: throw .invalid
      // CS is loaded by far transfers only.
      case .segmentRegister where modRM.reg == 1 && index == 0: throw .invalid
      default: continue
      }
    }
  }

  /// LOCK is an invalid opcode unless the instruction reads, changes and writes memory.
  private func checkLock(_ instruction: Disassembly.Instruction) throws(Stop) {
    guard prefixes.lock else { return }
    guard instruction.marks.contains(.lock), modRM?.isRegister == false else { throw .invalid }
  }

  private mutating func describe(
    _ instruction: Disassembly.Instruction
  ) throws(Stop) -> Disassembly {
    let operands = try operandText(instruction)
    let wideName =
      instruction.marks.contains(.namedByAddressSize) ? wideAddresses : wideOperands
    return Disassembly(
      status: .complete, length: position, prefix: prefixText(instruction),
      mnemonic: wideName ? instruction.name32 : instruction.name16, operands: operands,
      privilege: instruction.sensitivity)
  }

  /// The prefixes that do something and that the operands do not show.
  private func prefixText(_ instruction: Disassembly.Instruction) -> String {
    var words: [String] = []
    let marks = instruction.marks
    if prefixes.lock { words.append("lock") }
    if let repeating = prefixes.repeating {
      if marks.contains(.repeatsOnZeroFlag) {
        words.append(repeating == 0xF3 ? "repe" : "repne")
      } else if marks.contains(.repeats) {
        words.append(repeating == 0xF3 ? "rep" : "repne")
      }
    }
    if marks.contains(.operandSizeMatters), prefixes.operandSize {
      words.append(wideOperands ? "o32" : "o16")
    }
    if marks.contains(.addressSizeMatters), prefixes.addressSize {
      words.append(wideAddresses ? "a32" : "a16")
    }
    if let segment = prefixes.segment, segment != Self.dataSegment,
      instruction.operands.contains(where: { $0.method == .sourceString })
    {
      words.append(Self.segmentNames[Int(segment)])
    }
    return words.joined(separator: " ")
  }
}

extension Disassembly {
  /// F3 90: a NOP with a name.
  static let pause = Instruction(
    name16: "pause", name32: "pause", operands: [], marks: [], sensitivity: .innocuous)
}

extension Disassembly.OperandCode {
  /// Does the instruction have a ModR/M byte because of this operand?
  var usesModRM: Bool {
    switch method {
    case .modRM, .register, .memory, .modRMRegister, .controlRegister, .debugRegister,
      .segmentRegister:
      true
    default: false
    }
  }

  /// MOV of control and debug registers takes every ModR/M byte as a register form.
  var ignoresMod: Bool { method == .modRMRegister }
}
