import Foundation
import Testing
import X86

/// Our arithmetic beside what a real processor's x87 gave for the same operands and control word.
struct FPUVectorTests {
  static let vectors: [FPUVector] = {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Vectors/fpu-arithmetic.txt")
    let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap(FPUVector.init)
  }()
  static let names = Set(vectors.map(\.name)).sorted()
  /// These may differ by one unit in the last place, and C1 with it.
  static let transcendentals: Set = [
    "fsin", "fcos", "fsincos", "fptan", "fpatan", "f2xm1", "fyl2x", "fyl2xp1",
  ]

  @Test func vectorsAreThere() {
    #expect(Self.vectors.count > 1000)
  }

  @Test(arguments: names.filter { !transcendentals.contains($0) })
  func givesTheBitsAndFlagsOfTheProcessor(name: String) throws {
    for vector in Self.vectors where vector.name == name {
      let ours = try #require(vector.executed(), "unknown instruction \(name)")
      #expect(ours.results == vector.results, "\(vector)")
      #expect(ours.status == vector.status, "\(vector)")
    }
  }

  @Test(arguments: names.filter(transcendentals.contains))
  func staysWithinOneUnitOfTheProcessor(name: String) throws {
    for vector in Self.vectors where vector.name == name {
      let ours = try #require(vector.executed(), "unknown instruction \(name)")
      for (left, right) in zip(ours.results, vector.results) {
        #expect(left.isNear(right), "\(vector)")
      }
      #expect(ours.status & ~0x200 == vector.status & ~0x200, "\(vector)")
    }
  }
}

extension FPUVector.Operand {
  /// Equal, or neighbours in the register format.
  fileprivate func isNear(_ other: Self) -> Bool {
    guard case .register(let a) = self, case .register(let b) = other else {
      return self == other
    }
    let (low, high) = a.signExponent < b.signExponent ? (a, b) : (b, a)
    if low.signExponent == high.signExponent {
      return max(a.significand, b.significand) - min(a.significand, b.significand) <= 1
    }
    return high.signExponent - low.signExponent == 1 && high.significand == 1 << 63
      && low.significand == .max
  }
}
