@testable import X86

/// One line of Vectors/fpu-instructions.txt; see Tests/Generators/fpu-instructions.c.
struct FPUInstructionVector {
  /// What the vectors tell of the processor's state.
  struct State: Equatable, CustomStringConvertible {
    var fault: UInt8?
    var control: UInt16
    var status: UInt16
    var tags: UInt8
    /// In physical order.
    var registers: [Extended]
    var flags: UInt32

    var description: String {
      let words = [UInt32(control), UInt32(status), UInt32(tags), flags]
      return
        ([fault.map { "#\($0)" } ?? ""] + words.map { String($0, radix: 16) }
        + registers.map {
          String($0.signExponent, radix: 16) + ":" + String($0.significand, radix: 16)
        }).joined(separator: " ")
    }
  }

  let text: Substring
  let code: [UInt8]
  let before: State
  let operand: [UInt8]
  /// Nil when the instruction is undefined.
  let after: State?
  let stored: [UInt8]
  let ax: UInt16?

  init?(_ line: Substring, values: [Character: Extended]) {
    let fields = line.split(separator: " ")
    guard fields.count >= 9, let code = Self.bytes(fields[0]),
      let before = Self.state(fields[1...3], flags: fields[5]), let operand = Self.bytes(fields[6])
    else { return nil }
    text = line
    self.code = code
    self.operand = operand
    var initial = before
    initial.registers = fields[4].compactMap { values[$0] }
    guard initial.registers.count == 8 else { return nil }
    self.before = initial
    if fields[8] == "UD" {
      (after, stored, ax) = (nil, [], nil)
      return
    }
    let start = fields[8] == "MF" ? 9 : 8
    guard fields.count >= start + 6,
      var after = Self.state(fields[start...start + 2], flags: fields[start + 4]),
      let stored = Self.bytes(fields[start + 5])
    else { return nil }
    after.fault = fields[8] == "MF" ? Vector.floatingPoint : nil
    after.registers = initial.registers
    for change in fields[start + 3].split(separator: ",") where change != "-" {
      let parts = change.split(whereSeparator: { $0 == "=" || $0 == ":" })
      guard parts.count == 3, let index = Int(parts[0]), let high = UInt16(parts[1], radix: 16),
        let low = UInt64(parts[2], radix: 16)
      else { return nil }
      after.registers[index] = Extended(signExponent: high, significand: low)
    }
    self.after = after
    self.stored = stored
    ax = fields.count > start + 6 ? UInt16(fields[start + 6], radix: 16) : nil
  }

  /// A line "value letter sign-exponent:significand".
  static func value(_ line: Substring) -> (letter: Character, value: Extended) {
    let fields = line.split(separator: " ")
    let parts = fields[2].split(separator: ":")
    return (
      Character(String(fields[1])),
      Extended(
        signExponent: UInt16(parts[0], radix: 16) ?? 0,
        significand: UInt64(parts[1], radix: 16) ?? 0)
    )
  }

  private static func state(_ words: ArraySlice<Substring>, flags: Substring) -> State? {
    let numbers = words.compactMap { UInt16($0, radix: 16) }
    guard numbers.count == 3, let flags = UInt32(flags, radix: 16) else { return nil }
    return State(
      control: numbers[0], status: numbers[1], tags: UInt8(truncatingIfNeeded: numbers[2]),
      registers: [], flags: flags)
  }

  private static func bytes(_ text: Substring) -> [UInt8]? {
    if text == "-" { return [] }
    let digits = Array(text)
    let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
      UInt8(String(digits[$0...$0 + 1]), radix: 16)
    }
    return bytes.count * 2 == digits.count ? bytes : nil
  }

  /// The name under which a failure is reported: the instruction without ST(i).
  var name: String {
    code.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
  }

  /// Transcendental functions may differ by one unit in the last place, and C1 with it.
  var isTranscendental: Bool {
    code.count == 2 && code[0] == 0xD9
      && [0xF0, 0xF1, 0xF2, 0xF3, 0xF9, 0xFB, 0xFE, 0xFF].contains(code[1])
  }

  /// FCOMI and its kin: on the processor of the vectors C1 stays, Intel's clear it (SDM 2A).
  var isFlagComparison: Bool {
    code.count == 2 && (code[0] == 0xDB || code[0] == 0xDF) && (0xE8...0xF7).contains(code[1])
  }

  var instruction: Instruction {
    var bytes = code
    var instruction = Instruction(handler: .fpu)
    instruction.length = UInt8(code.count)
    instruction.base = UInt8(Register.ebx.rawValue * 8)
    if bytes[0] == 0x66 {
      instruction.flags.insert(.operand16)
      bytes.removeFirst()
    }
    switch bytes[0] {
    case 0x9B: instruction.handler = .fwait
    case 0x0F:
      instruction.handler = bytes[2] == 0x03 ? .fxsave : .fxrstor
      instruction.flags.insert(.memory)
    default:
      instruction.immediate = UInt32(bytes[0]) << 8 | UInt32(bytes[1])
      if bytes[1] < 0xC0 { instruction.flags.insert(.memory) }
    }
    return instruction
  }
}
