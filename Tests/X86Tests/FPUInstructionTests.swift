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
        let (letter, value) = FPUInstructionVector.value(line)
        values[letter] = value
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
    var machine = FPUMachine()
    for vector in Self.vectors where vector.name == name {
      let difference = vector.difference(on: &machine)
      #expect(difference == nil, "\(vector.text)")
    }
  }
}

extension FPUInstructionVector {
  /// What our processor makes of the instruction, if that is not what the real one made of it.
  func difference(on machine: inout FPUMachine) -> String? {
    machine.state = before
    machine.setBytes([UInt8](repeating: 0x5A, count: 512))
    machine.setBytes(operand)
    let fault = machine.execute(instruction)
    guard let expected = after else {
      return fault?.vector == Vector.invalidOpcode ? nil : "vector \(fault?.vector ?? 0)"
    }
    var state = machine.state
    state.fault = fault?.vector
    if isTranscendental { state.forgive(expected) }
    if isFlagComparison { state.status |= expected.status & FPU.Status.c1 }
    if state != expected { return state.description }
    var bytes = machine.bytes(stored.count)
    for index in pointerBytes where index < bytes.count { bytes[index] = 0 }
    if bytes != stored { return "stored \(bytes)" }
    if let ax, machine.cpu[.eax] != UInt32(ax) { return "AX \(machine.cpu[.eax])" }
    return nil
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
