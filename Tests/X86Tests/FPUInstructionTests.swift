import Foundation
import Testing

@testable import X86

/// Single x87 instructions beside what a real processor made of the same state.
struct FPUInstructionTests {
  static let vectors: [FPUInstructionVector] = {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Vectors/fpu-instructions.txt")
    let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    var values: [Character: Extended] = [:]
    var vectors: [FPUInstructionVector] = []
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: " ")
      if fields[0] == "value" {
        let parts = fields[2].split(separator: ":")
        values[Character(String(fields[1]))] = Extended(
          signExponent: UInt16(parts[0], radix: 16) ?? 0,
          significand: UInt64(parts[1], radix: 16) ?? 0)
      } else if let vector = FPUInstructionVector(line, values: values) {
        vectors.append(vector)
      }
    }
    return vectors
  }()

  @Test func vectorsAreThere() {
    #expect(Self.vectors.count > 5000)
  }

  @Test(arguments: Set(vectors.map(\.name)).sorted())
  func doesWhatTheProcessorDoes(name: String) {
    for vector in Self.vectors where vector.name == name {
      var machine = FPUMachine()
      machine.state = vector.before
      machine.setBytes(vector.operand)
      var fault = machine.execute(vector.instruction)
      guard let expected = vector.after else {
        #expect(fault?.vector == Vector.invalidOpcode, "\(vector.text)")
        continue
      }
      var state = machine.state
      state.fault = fault?.vector
      fault = nil
      if vector.isTranscendental { state.forgive(expected) }
      if vector.isFlagComparison { state.status |= expected.status & FPU.Status.c1 }
      #expect(state == expected, "\(vector.text)")
      var stored = machine.bytes(vector.stored.count)
      for index in vector.pointerBytes where index < stored.count { stored[index] = 0 }
      #expect(stored == vector.stored, "\(vector.text)")
      if let ax = vector.ax { #expect(machine.cpu[.eax] == UInt32(ax), "\(vector.text)") }
    }
  }
}

extension FPUInstructionVector.State {
  /// Takes over registers that differ by one unit in the last place, and C1.
  fileprivate mutating func forgive(_ expected: Self) {
    for index in 0..<8 where registers[index].isNear(expected.registers[index]) {
      registers[index] = expected.registers[index]
    }
    status = status & ~FPU.Status.c1 | expected.status & FPU.Status.c1
  }
}

extension FPUInstructionVector {
  /// Bytes of a stored image that the vectors leave out: pointers, and MXCSR.
  fileprivate var pointerBytes: Range<Int> {
    switch stored.count {
    case 14, 94: return 6..<14
    case 28, 108: return 12..<28
    case 160: return 6..<32
    default: return 0..<0
    }
  }
}

extension Extended {
  /// Equal, or neighbours in the register format.
  fileprivate func isNear(_ other: Extended) -> Bool {
    guard isNegative == other.isNegative else { return false }
    let (low, high) = signExponent < other.signExponent ? (self, other) : (other, self)
    if low.signExponent == high.signExponent {
      return max(low.significand, high.significand) - min(low.significand, high.significand) <= 1
    }
    return high.signExponent - low.signExponent == 1 && high.significand == 1 << 63
      && low.significand == .max
  }
}
