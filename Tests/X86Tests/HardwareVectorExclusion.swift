/// What a later processor does differently by design. Nothing else is left out.
struct HardwareVectorExclusion: Sendable {
  let reason: String
  let applies: @Sendable (_ form: String, _ vector: HardwareVector) -> Bool

  static let all: [HardwareVectorExclusion] = [
    HardwareVectorExclusion(
      reason: "LOCK is #UD on a 386 unless the instruction changes a memory operand"
    ) { form, vector in
      let instruction = PrefixedInstruction(vector.bytes)
      guard instruction.prefixes.contains(0xF0) else { return false }
      return !(lockable.contains(form) && instruction.hasMemoryOperand)
    },
    HardwareVectorExclusion(
      reason: "an instruction may have 10 bytes on an 80286, 15 since the 386"
    ) { _, vector in vector.exception != nil && PrefixedInstruction(vector.bytes).length > 10 },
    HardwareVectorExclusion(
      reason: "segment registers 4 and 5 are FS and GS since the 386, #UD on an 80286"
    ) { form, vector in
      ["8C", "8E"].contains(form) && [4, 5].contains(PrefixedInstruction(vector.bytes).reg)
    },
    HardwareVectorExclusion(
      reason: "an 80286 has moved SI, DI and CX when a string operand faults; a 386 has not"
    ) { form, vector in
      vector.exception?.number == 13
        && ["6D", "6F", "A5", "A7", "AB", "AD", "AF"].contains(form)
    },
    HardwareVectorExclusion(
      reason: "an 80286 has moved SP when the destination of POP faults; a 386 has not"
    ) { form, vector in
      form == "8F" && vector.exception?.number == 13 && vector.initial.regs["sp"] != 0xFFFF
    },
    HardwareVectorExclusion(
      reason: "without a coprocessor an 80286 does not see that its operand reaches beyond FFFFh"
    ) { form, vector in
      guard form.hasPrefix("D"), form > "D7", vector.exception == nil else { return false }
      let offset = PrefixedInstruction(vector.bytes).memoryOffset(vector.initial.regs)
      return (offset ?? 0) > 0xFFFC
    },
    HardwareVectorExclusion(
      reason: "an 80286 misses some overflows of IDIV to the quotient 80h"
    ) { form, vector in
      guard form == "F6.7", vector.exception == nil, let dividend = vector.initial.regs["ax"],
        let result = vector.final.regs["ax"], result & 0xFF == 0x80
      else { return false }
      let rest = Int(Int8(truncatingIfNeeded: result >> 8))
      let product = Int(Int16(truncatingIfNeeded: dividend)) - rest
      return product % 128 != 0 || Int8(exactly: product / -128) == nil
    },
    HardwareVectorExclusion(
      reason: "a capture with SS where the frame has CS: three of the whole suite's 1.5 million"
    ) { _, vector in
      guard vector.exception != nil, let sp = vector.final.regs["sp"],
        let ss = vector.initial.regs["ss"], let cs = vector.initial.regs["cs"], cs != ss
      else { return false }
      // IP, CS and FLAGS, from SP on.
      let low = vector.finalByte(segment: ss, offset: sp + 2)
      let high = vector.finalByte(segment: ss, offset: sp + 3)
      return low == Int(ss & 0xFF) && high == Int(ss >> 8)
    },
  ]

  static func reason(form: String, vector: HardwareVector) -> String? {
    all.first { $0.applies(form, vector) }?.reason
  }

  /// The forms that may be locked.
  private static let lockable: Set<String> = {
    var forms: Set = ["86", "87", "F6.2", "F6.3", "F7.2", "F7.3", "FE.0", "FE.1", "FF.0", "FF.1"]
    for operation in 0..<7 {
      for group in ["80", "81", "82", "83"] { forms.insert("\(group).\(operation)") }
      for width in 0..<2 {
        let opcode = String(operation << 3 | width, radix: 16, uppercase: true)
        forms.insert(operation < 2 ? "0\(opcode)" : opcode)
      }
    }
    return forms
  }()
}

/// An instruction of a case with its prefixes split off.
struct PrefixedInstruction {
  let prefixes: ArraySlice<UInt8>
  let opcode: UInt8
  /// What follows the opcode.
  private let rest: ArraySlice<UInt8>
  /// In bytes, prefixes included.
  let length: Int

  /// From hexadecimal digits; the HLT at the end is not part of it.
  init(_ text: String) {
    var bytes: [UInt8] = []
    var digits = text[...]
    while let byte = UInt8(digits.prefix(2), radix: 16) {
      bytes.append(byte)
      digits = digits.dropFirst(2)
    }
    prefixes = bytes.prefix { [0x26, 0x2E, 0x36, 0x3E, 0xF0, 0xF2, 0xF3].contains($0) }
    opcode = bytes[prefixes.count]
    rest = bytes.dropFirst(prefixes.count + 1).dropLast()
    // Of undefined forms of C7 the cases give no more than ModR/M.
    let isCutOff = opcode == 0xC7 && rest.count == 1
    length = bytes.count - 1 + (isCutOff ? 2 + Self.displacementSize(rest.first) : 0)
  }

  private static func displacementSize(_ modrm: UInt8?) -> Int {
    guard let modrm else { return 0 }
    switch modrm >> 6 {
    case 0: return modrm & 7 == 6 ? 2 : 0
    case 1: return 1
    case 2: return 2
    default: return 0
    }
  }

  private var modrm: UInt8? { rest.first }
  var reg: Int { Int(modrm ?? 0) >> 3 & 7 }
  var hasMemoryOperand: Bool { modrm.map { $0 < 0xC0 } ?? false }

  /// The operand that can reach beyond FFFFh lies in the stack segment.
  var usesStackSegment: Bool {
    switch opcode {
    case 0x07, 0x17, 0x1F, 0x58...0x5F, 0x61, 0x8F, 0x9D, 0xC2, 0xC3, 0xC9, 0xCA, 0xCB, 0xCF:
      return true
    case 0xA0...0xA3:
      return segmentOverride == 0x36
    default:
      guard let modrm, modrm < 0xC0 else { return false }
      // BP is the base.
      let isBased = modrm & 7 == 2 || modrm & 7 == 3 || modrm & 7 == 6 && modrm >= 0x40
      return segmentOverride.map { $0 == 0x36 } ?? isBased
    }
  }

  /// Offset of the memory operand.
  func memoryOffset(_ regs: [String: UInt32]) -> UInt32? {
    guard let modrm, modrm < 0xC0 else { return nil }
    let bytes = rest.dropFirst().prefix(Self.displacementSize(modrm))
    var displacement = bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    if bytes.count == 1 {
      displacement = UInt32(bitPattern: Int32(Int8(truncatingIfNeeded: displacement)))
    }
    let parts = [
      ["bx", "si"], ["bx", "di"], ["bp", "si"], ["bp", "di"], ["si"], ["di"], ["bp"], ["bx"],
    ]
    let isDirect = modrm >> 6 == 0 && modrm & 7 == 6
    let sum = isDirect ? 0 : parts[Int(modrm & 7)].reduce(UInt32(0)) { $0 &+ (regs[$1] ?? 0) }
    return (sum &+ displacement) & 0xFFFF
  }

  private var segmentOverride: UInt8? {
    prefixes.last { [0x26, 0x2E, 0x36, 0x3E].contains($0) }
  }
}
