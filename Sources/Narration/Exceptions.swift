public import X86

/// The exceptions by their vectors (Intel SDM vol. 3, table 6-1).
struct Exception {
  let mnemonic: String
  let name: String

  init(_ vector: UInt8) {
    (mnemonic, name) = Self.table[vector] ?? ("#\(vector)", "Exception \(vector)")
  }

  private static let table: [UInt8: (String, String)] = [
    0: ("#DE", "Divide error"), 1: ("#DB", "Debug exception"), 2: ("NMI", "NMI"),
    3: ("#BP", "Breakpoint"), 4: ("#OF", "Overflow"), 5: ("#BR", "Bound range exceeded"),
    6: ("#UD", "Invalid opcode"), 7: ("#NM", "Device not available"), 8: ("#DF", "Double fault"),
    10: ("#TS", "Invalid TSS"), 11: ("#NP", "Segment not present"), 12: ("#SS", "Stack fault"),
    13: ("#GP", "General protection"), 14: ("#PF", "Page fault"), 16: ("#MF", "x87 error"),
    17: ("#AC", "Alignment check"),
  ]
}

extension Transition {
  /// The exception with its error code: `#GP(0)`.
  var exceptionText: String {
    Exception(vector).mnemonic + (hasErrorCode ? "(\(Numbers.short(code)))" : "")
  }

  private var disassembly: Disassembly? {
    guard byteCount > 0 else { return nil }
    let fetched = (0..<byteCount).map { UInt8(truncatingIfNeeded: bytes >> UInt64($0 * 8)) }
    let decoded = Disassembly.decode(fetched, address: eip, is32Bit: is32Bit)
    return decoded.status == .complete ? decoded : nil
  }

  /// The instruction at CS:EIP, when enough of its bytes are known.
  public var instruction: String? { disassembly?.text }

  /// Offset of the instruction behind the one at CS:EIP.
  var nextInstruction: UInt32? { disassembly.map { eip &+ UInt32($0.length) } }

  /// I/O privilege level before.
  var iopl: UInt32 { flags >> 12 & 3 }
}
