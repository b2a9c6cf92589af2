/// The opcode map in the form the decoder looks things up in, read once from its text.
extension Disassembly {
  /// One operand as the manual codes it: addressing method and type.
  struct OperandCode: Equatable {
    /// Where the operand is (A.2.1), and the registers the manual names outright.
    enum Method: Equatable {
      case farPointer, controlRegister, debugRegister, modRM, register, immediate, relative
      case memory, offset, modRMRegister, segmentRegister, sourceString, destinationString
      case opcodeRegister, one, stackTop, stackRegister
      /// AL, CL: a byte register by its number.
      case byteRegister(UInt8)
      /// eAX: AX or EAX by operand size.
      case accumulator
      /// AX, DX: always a word, by number.
      case wordRegister(UInt8)
      /// ES … GS, by number.
      case segment(UInt8)
    }

    /// How wide it is (A.2.2).
    enum Width: Equatable {
      case byte, signedByte, word, doubleword, quadword, tenBytes
      /// Word or doubleword by operand size.
      case operandSize
      /// A register of operand size, but always a word in memory.
      case wordInMemory
      /// Operand size plus a selector.
      case farPointer
      /// A structure or no access at all: no size word.
      case none
    }

    let method: Method
    let width: Width
  }

  /// What the map says beside name and operands.
  struct Marks: OptionSet {
    let rawValue: UInt16
    static let lock = Marks(rawValue: 1 << 0)
    static let operandSizeMatters = Marks(rawValue: 1 << 1)
    static let addressSizeMatters = Marks(rawValue: 1 << 2)
    static let namedByAddressSize = Marks(rawValue: 1 << 3)
    static let repeats = Marks(rawValue: 1 << 4)
    static let repeatsOnZeroFlag = Marks(rawValue: 1 << 5)
  }

  /// One line of the map.
  struct Instruction {
    /// The names for 16-bit and 32-bit size; mostly the same.
    var name16: String
    var name32: String
    var operands: [OperandCode]
    var marks: Marks
    var sensitivity: Sensitivity
  }

  /// What an opcode stands for.
  enum Opcode {
    case invalid
    case instruction(Instruction)
    /// The ModR/M byte decides; the line's own operands go to members that have none.
    case group(Int, Instruction)
  }

  /// A group: by the ModR/M byte's reg field, or by the whole byte, which goes first.
  struct Group {
    var byReg = [Instruction?](repeating: nil, count: 8)
    var byModRM: [UInt8: Instruction] = [:]
  }

  /// The whole map. Reading it is a precondition check of the tables themselves: a line that does
  /// not parse stops the program with that line, whatever the guest's bytes are.
  struct OpcodeMap {
    private(set) var oneByte = [Opcode](repeating: .invalid, count: 256)
    private(set) var twoByte = [Opcode](repeating: .invalid, count: 256)
    private(set) var groups: [Group] = []
    private var groupNumbers: [Substring: Int] = [:]

    static let shared = OpcodeMap()

    init() {
      for line in Self.lines(of: Disassembly.groups) { addMember(line) }
      for line in Self.lines(of: Disassembly.escapes) { addMember(line) }
      for line in Self.lines(of: Disassembly.oneByteOpcodes) {
        for byte in Self.range(line[0]) { oneByte[byte] = opcode(line) }
      }
      for line in Self.lines(of: Disassembly.twoByteOpcodes) {
        for byte in Self.range(line[0]) { twoByte[byte] = opcode(line) }
      }
    }

    private static func lines(of text: String) -> [[Substring]] {
      text.split(separator: "\n").map { $0.split(separator: " ") }
    }

    /// `40-47` or `40`, hexadecimal.
    private static func range(_ text: Substring) -> ClosedRange<Int> {
      let ends = text.split(separator: "-").map { Int($0, radix: 16) }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil else {
        preconditionFailure("opcode map: no opcode in \(text)")
      }
      return first...last
    }

    /// `7/3 …` or `7.D8 …`.
    private mutating func addMember(_ line: [Substring]) {
      let key = line[0]
      guard let divider = key.firstIndex(where: { $0 == "/" || $0 == "." }) else {
        preconditionFailure("opcode map: no group member in \(key)")
      }
      let name = key[..<divider]
      let number = groupNumbers[name] ?? groups.count
      if number == groups.count {
        groupNumbers[name] = number
        groups.append(Group())
      }
      let instruction = Self.instruction(line)
      for value in Self.range(key[key.index(after: divider)...]) {
        if key[divider] == "/" {
          groups[number].byReg[value] = instruction
        } else {
          groups[number].byModRM[UInt8(value)] = instruction
        }
      }
    }

    private func opcode(_ line: [Substring]) -> Opcode {
      let instruction = Self.instruction(line)
      guard line[1].hasPrefix("%") else { return .instruction(instruction) }
      guard let number = groupNumbers[line[1].dropFirst()] else {
        preconditionFailure("opcode map: no group \(line[1])")
      }
      return .group(number, instruction)
    }

    private static func instruction(_ line: [Substring]) -> Instruction {
      let names = line[1].split(separator: "/")
      var result = Instruction(
        name16: String(names[0]), name32: String(names[names.count - 1]), operands: [],
        marks: [], sensitivity: .innocuous)
      for word in line.dropFirst(2) where word != "-" { addWord(word, to: &result) }
      return result
    }

    /// A mark, or else the operand codes: marks are words of lower-case letters.
    private static func addWord(_ word: Substring, to instruction: inout Instruction) {
      switch word {
      case "lock": instruction.marks.insert(.lock)
      case "osize": instruction.marks.insert(.operandSizeMatters)
      case "asize": instruction.marks.insert(.addressSizeMatters)
      case "byasize": instruction.marks.insert(.namedByAddressSize)
      case "rep": instruction.marks.insert(.repeats)
      case "repz": instruction.marks.insert(.repeatsOnZeroFlag)
      case "privileged": instruction.sensitivity = .privileged
      case "io": instruction.sensitivity = .ioSensitive
      case "sensitive": instruction.sensitivity = .sensitiveUnprivileged
      default: instruction.operands = word.split(separator: ",").map { OperandCode($0) }
      }
    }
  }
}

extension Disassembly.OperandCode {
  /// Reads a code as the manual writes it.
  init(_ code: Substring) {
    switch code {
    case "AL": (method, width) = (.byteRegister(0), .byte)
    case "CL": (method, width) = (.byteRegister(1), .byte)
    case "AX": (method, width) = (.wordRegister(0), .word)
    case "DX": (method, width) = (.wordRegister(2), .word)
    case "eAX": (method, width) = (.accumulator, .operandSize)
    case "ES": (method, width) = (.segment(0), .word)
    case "CS": (method, width) = (.segment(1), .word)
    case "SS": (method, width) = (.segment(2), .word)
    case "DS": (method, width) = (.segment(3), .word)
    case "FS": (method, width) = (.segment(4), .word)
    case "GS": (method, width) = (.segment(5), .word)
    case "1": (method, width) = (.one, .none)
    case "ST": (method, width) = (.stackTop, .none)
    case "STi": (method, width) = (.stackRegister, .none)
    case "Rv/Mw": (method, width) = (.modRM, .wordInMemory)
    default: (method, width) = (Self.method(code), Self.width(code.dropFirst()))
    }
  }

  private static func method(_ code: Substring) -> Method {
    switch code.first {
    case "A": .farPointer
    case "C": .controlRegister
    case "D": .debugRegister
    case "E": .modRM
    case "G": .register
    case "I": .immediate
    case "J": .relative
    case "M": .memory
    case "O": .offset
    case "R": .modRMRegister
    case "S": .segmentRegister
    case "X": .sourceString
    case "Y": .destinationString
    case "Z": .opcodeRegister
    default: preconditionFailure("opcode map: no addressing method in \(code)")
    }
  }

  private static func width(_ type: Substring) -> Width {
    switch type {
    case "b": .byte
    case "bs": .signedByte
    case "w": .word
    case "d": .doubleword
    case "q": .quadword
    case "t": .tenBytes
    case "v", "z": .operandSize
    case "p": .farPointer
    case "", "a", "s": .none
    default: preconditionFailure("opcode map: no operand type \(type)")
    }
  }
}
