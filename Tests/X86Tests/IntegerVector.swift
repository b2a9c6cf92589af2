/// One instruction with its operands, and what a processor made of them. The format is described in
/// Tests/Generators/integer-vectors.c.
struct IntegerVector {
  static let defaults: [UInt32] = [
    0x0A1B_2C3D, 0x1B2C_3D4E, 0x2C3D_4E5F, 0x3D4E_5F60, 0x0006_0800, 0x5F60_7182, 0x6071_8293,
    0x7182_93A4,
  ]
  static let codeAddress: UInt32 = 0x3_0000
  private static let registerNames: [Substring] = [
    "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi",
  ]
  private static let segmentNames: [Substring] = ["es", "cs", "ss", "ds", "fs", "gs"]

  struct State {
    var registers = IntegerVector.defaults
    /// ES CS SS DS FS GS.
    var selectors: [UInt16] = [0x2B, 0x23, 0x2B, 0x2B, 0, 0x63]
    /// Where the code lies, and the offset of that in CS.
    var start = IntegerVector.codeAddress
    var eip = IntegerVector.codeAddress
    var flags: UInt32 = 0
    /// Bytes from an address on.
    var memory: [(address: Int, bytes: [UInt8])] = []
  }

  let line: Substring
  let code: [UInt8]
  var before = State()
  var after: State
  var undefinedFlags: UInt32 = 0
  var fault: Int?
  /// What the fault pushed, for vectors that push an error code.
  var errorCode: UInt32?

  init?(_ line: Substring) {
    self.line = line
    let words = line.split(separator: " ")
    guard let first = words.first, let code = Self.bytes(first),
      let split = words.firstIndex(of: ">")
    else { return nil }
    self.code = code
    for word in words[1..<split] {
      guard Self.apply(word, to: &before) else { return nil }
    }
    after = before
    after.memory = []
    let faultWord = words.last { $0.hasPrefix("!") }
    if faultWord == nil { after.eip += UInt32(code.count) }
    for word in words[(split + 1)...] {
      if word.hasPrefix("!") {
        let parts = word.dropFirst().split(separator: ":")
        fault = Int(parts[0], radix: 16)
        errorCode = parts.count > 1 ? UInt32(parts[1], radix: 16) : nil
      } else if word.hasPrefix("~") {
        guard let mask = UInt32(word.dropFirst(), radix: 16) else { return nil }
        undefinedFlags = mask
      } else {
        guard Self.apply(word, to: &after) else { return nil }
      }
    }
  }

  /// The bytes from the opcode on.
  var opcode: ArraySlice<UInt8> {
    code.drop { [0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3].contains($0) }
  }

  /// A string instruction with REP: each step is one iteration.
  var isRepeatedString: Bool {
    let opcode = opcode
    guard let first = opcode.first,
      [0x6C...0x6F, 0xA4...0xA7, 0xAA...0xAF].contains(where: { $0.contains(first) })
    else { return false }
    return code[..<opcode.startIndex].contains { $0 == 0xF2 || $0 == 0xF3 }
  }

  private static func apply(_ word: Substring, to state: inout State) -> Bool {
    if let colon = word.firstIndex(of: ":") {
      guard let address = Int(word[..<colon], radix: 16),
        let bytes = bytes(word[word.index(after: colon)...])
      else { return false }
      state.memory.append((address, bytes))
      return true
    }
    guard let equals = word.firstIndex(of: "="),
      let value = UInt32(word[word.index(after: equals)...], radix: 16)
    else { return false }
    let name = word[..<equals]
    if let index = registerNames.firstIndex(of: name) {
      state.registers[index] = value
    } else if let index = segmentNames.firstIndex(of: name) {
      state.selectors[index] = UInt16(truncatingIfNeeded: value)
    } else if name == "at" {
      state.start = value
      state.eip = value
    } else if name == "ip" {
      state.eip = value
    } else if name == "f" {
      state.flags = value
    } else {
      return false
    }
    return true
  }

  private static func bytes(_ text: Substring) -> [UInt8]? {
    var result: [UInt8] = []
    var rest = text.utf8[...]
    while let high = rest.popFirst() {
      guard let low = rest.popFirst(), let upper = digit(high), let lower = digit(low) else {
        return nil
      }
      result.append(upper << 4 | lower)
    }
    return result
  }

  private static func digit(_ character: UInt8) -> UInt8? {
    switch character {
    case 0x30...0x39: character - 0x30
    case 0x61...0x66: character - 0x61 + 10
    default: nil
    }
  }
}
