import Foundation
import Testing
import X86

/// One line of Vectors/disassembly.txt.
struct DisassemblyVector {
  let is32Bit: Bool
  let length: Int
  let isGuarded: Bool
  let bytes: [UInt8]
  let text: String

  init(_ line: Substring) throws {
    let fields = line.split(separator: " ", maxSplits: 4)
    try #require(fields.count == 5, "\(line)")
    is32Bit = fields[0] == "32"
    length = try #require(Int(fields[1]))
    isGuarded = fields[2] == "p"
    bytes = try #require(octets(fields[3]))
    text = String(fields[4])
  }

  /// The vectors, in the order of the file.
  static func all() throws -> [DisassemblyVector] {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Vectors/disassembly.txt")
    let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    return try lines.filter { !$0.hasPrefix("#") }.map(DisassemblyVector.init)
  }

  /// What our disassembler makes of the bytes, if that is something else.
  var difference: String? {
    let result = Disassembly.decode(
      bytes, address: is32Bit ? 0x40_1234 : 0x1234, is32Bit: is32Bit)
    let guards = result.privilege == .privileged || result.privilege == .ioSensitive
    if result.text == text && result.length == length && guards == isGuarded { return nil }
    return """
      \(bytes.map { String($0, radix: 16) }), \(is32Bit ? 32 : 16) bits: \(result.length) bytes \
      \(result.text), \(result.privilege); expected \(length) bytes \(text)
      """
  }
}

/// `0f3f0102` as bytes; nil if it is not pairs of hexadecimal digits.
private func octets(_ text: some StringProtocol) -> [UInt8]? {
  let digits = text.compactMap { $0.hexDigitValue.map(UInt8.init) }
  guard digits.count == text.count, digits.count.isMultiple(of: 2) else { return nil }
  return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

private func decode(_ text: String, address: UInt32 = 0, is32Bit: Bool = true) -> Disassembly {
  Disassembly.decode(octets(text) ?? [], address: address, is32Bit: is32Bit)
}

/// Numbers that look random and are the same in every run (xorshift, Marsaglia 2003).
struct Xorshift: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}

@Suite struct DisassemblyTests {
  @Test func agreesWithAnIndependentDecoderOverTheOpcodeMap() throws {
    let vectors = try DisassemblyVector.all()
    #expect(vectors.count > 5000)
    for vector in vectors {
      if let difference = vector.difference { Issue.record("\(difference)") }
    }
  }

  @Test func everyShorterInputIsTruncated() throws {
    for vector in try DisassemblyVector.all() where vector.text != "(bad)" {
      for count in 0..<vector.length {
        let result = Disassembly.decode(
          vector.bytes.prefix(count), address: 0, is32Bit: vector.is32Bit)
        #expect(result.status == .truncated, "\(vector.text), \(count) bytes")
        #expect(result.length == max(1, count))
        #expect(result.text == "(truncated)")
      }
    }
  }

  @Test func neverTrapsAndLengthsStayWithinFifteen() {
    #if DEBUG
      let rounds = 100_000
    #else
      let rounds = 1_000_000
    #endif
    let prefixes: [UInt8] = [
      0x0F, 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3,
    ]
    var random = Xorshift(state: 0x9E37_79B9_7F4A_7C15)
    for round in 0..<rounds {
      var bytes = (0..<Int.random(in: 0...17, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      // Half of them begin with a prefix or 0F, many with several.
      for index in bytes.indices.prefix(round % 4) {
        bytes[index] = prefixes.randomElement(using: &random) ?? 0x0F
      }
      let address = UInt32.random(in: 0...UInt32.max, using: &random)
      let result = Disassembly.decode(bytes, address: address, is32Bit: round & 8 == 0)
      let isSound =
        (1...15).contains(result.length) && !result.mnemonic.isEmpty
        && (result.status != .complete || result.length <= bytes.count)
        && (result.status != .invalid || (result.length == 1 && result.text == "(bad)"))
      if !isSound { Issue.record("\(bytes): \(result)") }
    }
  }

  @Test func fetchedBytesDecodeLikeACollection() {
    let bytes: [UInt8] = [0x0F, 0xB6, 0x44, 0x8B, 0x10]
    var asked: [Int] = []
    let result = Disassembly.decode(address: 0, is32Bit: true) { index in
      asked.append(index)
      return index < bytes.count ? bytes[index] : nil
    }
    #expect(result.text == "movzx eax,byte [ebx+ecx*4+0x10]")
    #expect(asked == [0, 1, 2, 3, 4, 5])
  }

  @Test func sixteenBytesAreTooLong() {
    #expect(decode("2e2e2e2e2e2e2e2e2e2e2e2e2e2e90").length == 15)
    #expect(decode("2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e90").status == .invalid)
    #expect(decode("2e2e2e2e2e2e2e2e2e2e2e2e2e2e").status == .truncated)
  }

  @Test func branchTargetsWrapAtTheOperandSize() {
    #expect(decode("eb10", address: 0xFFFF_FFF8).text == "jmp 0xa")
    #expect(decode("eb10", address: 0xFFF8, is32Bit: false).text == "jmp 0xa")
    #expect(decode("66e90000", address: 0x1_FFFC).text == "o16 jmp 0x0")
  }

  @Test(
    arguments: [
      ("0f3f0d02", "hostgate 0xd,2"), ("f3a5", "rep movsd"), ("2ea4", "cs movsb"),
      ("3e8b450c", "mov eax,ds:[ebp+0xc]"), ("83c0ff", "add eax,-1"),
      ("8d04ad00000000", "lea eax,[ebp*4]"), ("8b04c5000010c0", "mov eax,[eax*8+0xc0100000]"),
      ("ff2d34120000", "jmp far [0x1234]"), ("f00fc70e", "lock cmpxchg8b qword [esi]"),
      ("0f01d8", "vmrun"), ("d6", "salc"), ("f1", "icebp"), ("f348", "dec eax"),
      ("f390", "pause"), ("f4", "hlt"), ("f0f4", "(bad)"), ("0f0b", "ud2"),
    ])
  func words(bytes: String, text: String) {
    #expect(decode(bytes).text == text)
  }
}

@Suite struct SensitivityTests {
  /// Robin and Irvine's list, and IRET, SYSENTER and the loads of segment registers by pointer.
  @Test(
    arguments: [
      "0f0100", "0f0108", "0f0000", "0f00c0", "0f00c8", "0f01e0",  // SGDT SIDT SLDT STR SMSW
      "9c", "9d", "669c", "669d",  // PUSHF POPF
      "0f02c1", "0f03c1", "0f00e0", "0f00e8",  // LAR LSL VERR VERW
      "8cc8", "8ed8", "1e", "1f", "0e", "0fa0", "0fa9", "c400", "c500", "0fb200", "0fb400",
      "9a000000000800", "ea000000000800", "ff18", "ff28", "cb", "ca0400",  // far transfers
      "cc", "cd80", "ce", "cf", "66cf", "0f34",  // INT3 INT INTO IRET SYSENTER
      "d930", "dd30", "0fae00",  // FNSTENV FNSAVE FXSAVE
    ])
  func sensitiveUnprivileged(bytes: String) {
    #expect(decode(bytes).privilege == .sensitiveUnprivileged, "\(decode(bytes).text)")
  }

  @Test(
    arguments: [
      "f4", "0f0110", "0f0118", "0f00d0", "0f00d8", "0f01f0", "0f06", "0f20c0", "0f22d8",
      "0f21f8", "0f23f8", "0f0138", "0f08", "0f09", "0f30", "0f32", "0f33", "0f35", "0faa",
      "0f01d8", "0f01da", "0f01db", "0f01dc", "0f01dd", "0f01df", "0f3f0000",
    ])
  func privileged(bytes: String) {
    #expect(decode(bytes).privilege == .privileged, "\(decode(bytes).text)")
  }

  @Test(arguments: ["fa", "fb", "e460", "e660", "ed", "ef", "f36c", "6d", "6e", "666f"])
  func ioSensitive(bytes: String) {
    #expect(decode(bytes).privilege == .ioSensitive, "\(decode(bytes).text)")
  }

  @Test(
    arguments: [
      "90", "ff10", "ff20", "ff30", "e800000000", "c3", "0fa2", "0f31", "0f0b", "f1", "0f01d9",
      "9b", "0fae08", "63c0", "9f", "d9c0",
    ])
  func innocuous(bytes: String) {
    #expect(decode(bytes).privilege == .innocuous, "\(decode(bytes).text)")
    #expect(decode(bytes).status == .complete)
  }
}
