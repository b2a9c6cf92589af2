import Foundation
import Testing

@testable import X86

/// The executing decoder and the disassembler were written apart: where they differ, one is wrong.
@Suite struct DecoderTests {
  private static let prefixes: [[UInt8]] = [
    [], [0x66], [0x67], [0x66, 0x67], [0x2E], [0xF0], [0xF2], [0xF3],
  ]

  @Test(arguments: [false, true]) func agreesWithTheDisassemblerOverTheOpcodeMap(is32Bit: Bool) {
    let bench = DecoderBench()
    var random = Xorshift(state: 0x9E37_79B9_7F4A_7C15)
    var compared = 0
    for opcode in 0..<512 {
      for prefix in Self.prefixes {
        // Every ModR/M byte after the bare opcode, and every mod and reg after a prefix.
        for modrm in stride(from: 0, to: 256, by: prefix.isEmpty ? 1 : 8) {
          var bytes = prefix + (opcode < 256 ? [UInt8(opcode)] : [0x0F, UInt8(opcode & 255)])
          bytes.append(UInt8(modrm) | (prefix.isEmpty ? 0 : UInt8(random.next() & 7)))
          while bytes.count < 16 { bytes.append(UInt8(truncatingIfNeeded: random.next() >> 32)) }
          let difference = bench.difference(bytes, is32Bit: is32Bit)
          if let difference { Issue.record("\(difference): \(bytes)") }
          compared += 1
        }
      }
    }
    #expect(compared == 512 * (256 + 7 * 32))
  }

  @Test func neverTrapsOnRandomBytesWhateverTheirNumber() {
    DecoderBench().tryRandomBytes(seed: 1, count: 200_000) { bytes, is32Bit, difference in
      if let difference { Issue.record("\(difference): \(bytes), \(is32Bit ? 32 : 16) bits") }
    }
  }
}

/// Decodes bytes that end where readable memory ends: a decoder that read on would crash.
final class DecoderBench {
  private static let page = 4096
  private static let refused: Set<Handler> = [.undefined, .undefinedLock, .tooLong]
  /// Their operands decide only at execution: registers that do not exist, x87 encodings, and the
  /// host gate.
  private static let decidedLater: Set<Handler> = [
    .fpu, .movFromCR, .movToCR, .movFromDR, .movToDR, .hostGate,
  ]
  /// Named by the disassembler, though executing them is #UD: AMD's SVM has a profile of its own.
  private static let neverExecuted: Set<String> = [
    "ud0", "ud1", "ud2", "rsm", "stgi", "clgi", "skinit", "invlpga",
  ]

  private let pages: UnsafeMutableRawPointer
  private let output = UnsafeMutablePointer<Instruction>.allocate(capacity: 65)

  init() {
    pages = mmap(
      nil, 2 * Self.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    precondition(mprotect(pages + Self.page, Self.page, PROT_NONE) == 0)
  }

  deinit {
    munmap(pages, 2 * Self.page)
    output.deallocate()
  }

  /// What is wrong with how the two read the first instruction; nil if nothing is.
  func difference(_ bytes: [UInt8], is32Bit: Bool) -> String? {
    guard let instruction = decode(bytes, is32Bit: is32Bit) else {
      return bytes.count < 15 ? truncation(bytes, is32Bit: is32Bit) : "15 bytes are not enough"
    }
    let length = Int(instruction.length)
    guard (1...15).contains(length) && length <= bytes.count else { return "length \(length)" }
    if Self.decidedLater.contains(instruction.handler) { return nil }
    let text = Disassembly.decode(bytes, address: 0x1000, is32Bit: is32Bit)
    if Self.neverExecuted.contains(text.mnemonic) || text.mnemonic.hasPrefix("vm") { return nil }
    let isRefused = Self.refused.contains(instruction.handler)
    guard text.status == .complete else {
      return isRefused ? nil : "\(instruction.handler), but \(text.text)"
    }
    if isRefused { return "\(instruction.handler), but \(text.text)" }
    if length != text.length { return "\(length) bytes, but \(text.length): \(text.text)" }
    if instruction.isMemory != text.operands.contains("[") { return "\(text.text): memory" }
    return nil
  }

  /// What does not end for one decoder must not end for the other.
  private func truncation(_ bytes: [UInt8], is32Bit: Bool) -> String? {
    let text = Disassembly.decode(bytes, address: 0x1000, is32Bit: is32Bit)
    return text.status == .complete ? "more bytes wanted, but \(text.text)" : nil
  }

  /// What the decoder makes of the first instruction; nil if the bytes end before it does.
  func decode(_ bytes: [UInt8], is32Bit: Bool, profile: Profile = .i686, limit: Int = 1)
    -> Instruction?
  {
    let start = pages + (Self.page - bytes.count)
    start.copyMemory(from: bytes, byteCount: bytes.count)
    var decoder = Decoder(
      bytes: start, available: bytes.count, is32Bit: is32Bit, features: profile.features)
    return decoder.decodeBlock(into: output, limit: limit) == 0 ? nil : output[0]
  }

  /// Decodes random bytes, as single instructions and as blocks, on every profile.
  func tryRandomBytes(
    seed: UInt64, count: Int, report: ([UInt8], _ is32Bit: Bool, String?) -> Void
  ) {
    let prefixes: [UInt8] = [
      0x0F, 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3,
    ]
    var random = Xorshift(state: seed &* 0x9E37_79B9_7F4A_7C15 | 1)
    for round in 0..<count {
      let choice = random.next() >> 16
      var bytes = [UInt8](repeating: 0, count: choice & 7 == 0 ? Int(choice >> 8 & 15) : 16)
      for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: random.next() >> 32) }
      // Three quarters begin with prefixes or 0F, some with many.
      for index in bytes.indices.prefix(choice & 0x70 == 0 ? 15 : round & 3) {
        bytes[index] = prefixes[Int(random.next() >> 32) % prefixes.count]
      }
      let is32Bit = choice & 8 == 0
      for profile in Profile.all {
        _ = decode(bytes, is32Bit: is32Bit, profile: profile, limit: 64)
      }
      report(bytes, is32Bit, difference(bytes, is32Bit: is32Bit))
    }
  }
}
