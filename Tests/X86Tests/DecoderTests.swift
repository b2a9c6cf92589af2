import Testing

@testable import X86

/// The executing decoder and the disassembler were written apart: where they differ, one is wrong.
@Suite struct DecoderTests {
  /// What the interpreter's decoder makes of one instruction.
  private static func decode(_ bytes: [UInt8], is32Bit: Bool) -> Instruction {
    let output = UnsafeMutablePointer<Instruction>.allocate(capacity: 2)
    defer { output.deallocate() }
    var copy = bytes
    return copy.withUnsafeMutableBytes { buffer in
      var decoder = Decoder(
        bytes: buffer.baseAddress.unsafelyUnwrapped, available: buffer.count, is32Bit: is32Bit,
        features: Profile.i686.features)
      let count = decoder.decodeBlock(into: output, limit: 1)
      #expect(count == 1)
      return output[0]
    }
  }

  private static let refused: Set<Handler> = [.undefined, .undefinedLock, .tooLong]
  /// Their operands decide only at execution: registers that do not exist, x87 encodings, the host
  /// gate, and AMD's SVM, which no profile has yet.
  private static let decidedLater: Set<Handler> = [
    .fpu, .movFromCR, .movToCR, .movFromDR, .movToDR, .hostGate,
  ]

  /// Named by the disassembler, though executing them is #UD.
  private static let neverExecuted: Set<String> = [
    "ud0", "ud1", "ud2", "rsm", "stgi", "clgi", "skinit", "invlpga",
  ]

  @Test(arguments: [false, true]) func agreesWithTheDisassemblerOnRandomBytes(is32Bit: Bool) {
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    var compared = 0
    for _ in 0..<200_000 {
      var bytes: [UInt8] = []
      for _ in 0..<16 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        bytes.append(UInt8(truncatingIfNeeded: state >> 32))
      }
      // Half of the cases in the two-byte map, an eighth with a prefix before.
      if state & 1 == 0 { bytes.insert(0x0F, at: 0) }
      if state & 14 == 0 { bytes.insert(state & 16 == 0 ? 0x66 : 0x67, at: 0) }
      bytes.removeLast(bytes.count - 16)
      let text = Disassembly.decode(bytes, address: 0x1000, is32Bit: is32Bit)
      let instruction = Self.decode(bytes, is32Bit: is32Bit)
      if Self.decidedLater.contains(instruction.handler) || text.mnemonic.hasPrefix("vm")
        || Self.neverExecuted.contains(text.mnemonic)
      {
        continue
      }
      compared += 1
      if text.status == .complete {
        #expect(Int(instruction.length) == text.length, "\(text.text): \(bytes)")
        #expect(!Self.refused.contains(instruction.handler), "\(text.text): \(bytes)")
      } else {
        #expect(Self.refused.contains(instruction.handler), "\(instruction.handler): \(bytes)")
      }
    }
    #expect(compared > 150_000)
  }
}
