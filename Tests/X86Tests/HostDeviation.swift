@testable import X86

/// Where the processor that judges user code departs from the manual, or where the manual lets
/// processors differ. The fuzzer counts these cases under their names and does not call them wrong.
struct HostDeviation: Sendable {
  let name: String
  let reason: String
  /// Whether it explains the difference; `ours` is the vector of the fault that we raised.
  let explains: @Sendable (_ vector: IntegerVector, _ ours: Int?) -> Bool

  static let all: [HostDeviation] = [
    HostDeviation(
      name: "order in CALL",
      reason: """
        the manual compares the target with the limit of CS before it looks at the stack (SDM 2A, \
        CALL); AMD's processors push first
        """,
      explains: { vector, ours in
        guard
          [0xE8, 0x9A].contains(vector.opcode.first) || vector.isGroup5(2) || vector.isGroup5(3)
        else { return false }
        return (ours == 13 || ours == 17) && (vector.fault == 12 || vector.fault == 17)
      }),
    HostDeviation(
      name: "order in RETF",
      reason: """
        the manual checks the return selector before it skips parameters (SDM 2B, RET); AMD's \
        processors look at the stack behind them first
        """,
      explains: { vector, ours in
        [0xCA, 0xCB].contains(vector.opcode.first) && ours != nil
          && (vector.fault == 12 || vector.fault == 17)
      }),
    HostDeviation(
      name: "PUSH of a segment register",
      reason: """
        with a 32-bit operand it may write 16 bits or 32 (SDM 2B, PUSH); ours writes 16, as \
        Intel's do, and the limit and the alignment are those of what is written
        """,
      explains: { vector, ours in
        vector.isPushSegment && (ours == nil || ours == 17)
          && (vector.fault == 12 || vector.fault == 17)
      }),
    HostDeviation(
      name: "REP INS and OUTS with a count of 0",
      reason: """
        the manual looks at the count before each iteration, and the iteration checks the port \
        (SDM 2B, REP); AMD's processors check it even if there is none
        """,
      explains: { vector, ours in
        guard let opcode = vector.opcode.first, (0x6C...0x6F).contains(opcode) else { return false }
        return vector.isRepeatedString && ours == nil && vector.fault == 13
      }),
    HostDeviation(
      name: "operand across 4 GB",
      reason: """
        whether it faults in a segment of 4 GB depends on the implementation (SDM 3A, 5.3)
        """,
      explains: { vector, _ in
        guard vector.fault == 12 || vector.fault == 13 else { return false }
        return (vector.opcode.first == 0xC9 ? vector.before.registers[5] : vector.operandOffset)
          > 0xFFFF_FFF0
      }),
  ]
}

extension IntegerVector {
  fileprivate func isGroup5(_ operation: UInt8) -> Bool {
    let bytes = Array(opcode.prefix(2))
    return bytes.count == 2 && bytes[0] == 0xFF && bytes[1] >> 3 & 7 == operation
  }

  /// The offset of the memory operand; 0 if there is none.
  fileprivate var operandOffset: UInt32 {
    let is32Bit = before.selectors[1] >> 3 != 7
    guard let instruction = DecoderBench().decode(code, is32Bit: is32Bit), instruction.isMemory
    else { return 0 }
    func register(_ place: UInt8) -> UInt32 { place == 64 ? 0 : before.registers[Int(place) / 8] }
    return
      (register(instruction.base) &+ register(instruction.index) << UInt32(instruction.scale)
      &+ instruction.displacement) & instruction.mask
  }

  fileprivate var isPushSegment: Bool {
    let bytes = Array(opcode.prefix(2))
    if bytes.starts(with: [0x0F]) { return bytes.count == 2 && [0xA0, 0xA8].contains(bytes[1]) }
    return [0x06, 0x0E, 0x16, 0x1E].contains(bytes.first)
  }
}
