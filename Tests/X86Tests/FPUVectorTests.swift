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

  @Test func vectorsAreThere() {
    #expect(Self.vectors.count > 1000)
  }

  @Test(arguments: names.filter { !FPUVector.transcendentals.contains($0) })
  func givesTheBitsAndFlagsOfTheProcessor(name: String) {
    for vector in Self.vectors where vector.name == name {
      #expect(vector.difference == nil, "\(vector)")
    }
  }

  @Test(arguments: names.filter(FPUVector.transcendentals.contains))
  func staysWithinOneUnitOfTheProcessor(name: String) {
    for vector in Self.vectors where vector.name == name {
      #expect(vector.difference == nil, "\(vector)")
    }
  }
}

extension FPUVector {
  /// These may differ by one unit in the last place, and C1 with it.
  static let transcendentals: Set = [
    "fsin", "fcos", "fsincos", "fptan", "fpatan", "f2xm1", "fyl2x", "fyl2xp1",
  ]

  /// What our arithmetic makes of the operands, if that is not what the processor made of them.
  var difference: String? {
    guard let ours = executed() else { return "unknown instruction \(name)" }
    let isNear = Self.transcendentals.contains(name)
    let agrees =
      isNear
      ? zip(ours.results, results).allSatisfy { $0.isNear($1) }
        && (ours.status ^ status) & ~0x200 == 0
      : ours.results == results && ours.status == status
    return agrees ? nil : "\(ours.results) \(String(ours.status, radix: 16))"
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
