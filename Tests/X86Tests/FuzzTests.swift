import Foundation
import Testing

@testable import X86

private let caseFolder = ProcessInfo.processInfo.environment["RINGSIDE_FUZZ"].map {
  URL(filePath: $0)
}

/// The side of the fuzzer that is ours: `Fuzz/run` puts files of random cases, with what others made
/// of them, into the folder that RINGSIDE_FUZZ names, and runs these tests on them.
@Suite(.enabled(if: caseFolder != nil, "RINGSIDE_FUZZ names no folder of cases"))
struct FuzzTests {
  /// The lines of a file in the folder; empty if there is no such file.
  private static func lines(of name: String) -> [Substring] {
    guard let caseFolder, let text = try? Data(contentsOf: caseFolder.appending(path: name)) else {
      return []
    }
    return String(decoding: text, as: UTF8.self).split(separator: "\n")
  }

  @Test func userCodeDoesWhatTheHostDoes() {
    var ldt: [Int: UInt64] = [:]
    var report = Report("user code")
    let lines = Self.lines(of: "user-code.txt")
    for line in lines where line.hasPrefix("ldt ") {
      let words = line.split(separator: " ")
      if let index = Int(words[1]) { ldt[index] = UInt64(words[2], radix: 16) }
    }
    let program = UserProgram(ldt: ldt)
    for line in lines {
      guard let vector = IntegerVector(line) else { continue }
      let difference = program.difference(from: vector)
      if difference != nil,
        let known = HostDeviation.all.first(where: { $0.explains(vector, program.fault?.vector) })
      {
        report.excuse(known.name)
        continue
      }
      report.add(difference, at: line) {
        vector.opcode.prefix(vector.opcode.first == 0x0F ? 2 : 1)
          .map { String($0, radix: 16) }.joined(separator: " ")
      }
    }
    report.finish()
  }

  @Test func x87ArithmeticGivesTheHostsBits() throws {
    var report = Report("x87 arithmetic")
    var functions: [String] = []
    for line in Self.lines(of: "fpu-vectors.txt") {
      guard let vector = FPUVector(line) else { continue }
      report.add(vector.difference, at: line) { vector.name }
      if FPUVector.transcendentals.contains(vector.name), let ours = vector.executed() {
        let operands = line.split(separator: " ").prefix(4)
        functions.append((operands + ours.results.map { "\($0)" }).joined(separator: " "))
      }
    }
    if let caseFolder, !functions.isEmpty {
      try Data(functions.joined(separator: "\n").utf8)
        .write(to: caseFolder.appending(path: "fpu-ours.txt"))
    }
    report.finish()
  }

  @Test func x87InstructionsDoWhatTheHostDoes() {
    var report = Report("x87 instructions")
    var machine = FPUMachine()
    var values: [Character: Extended] = [:]
    for line in Self.lines(of: "fpu-instructions.txt") {
      if line.hasPrefix("value ") {
        let (letter, value) = FPUInstructionVector.value(line)
        values[letter] = value
      } else if let vector = FPUInstructionVector(line, values: values) {
        report.add(vector.difference(on: &machine), at: line) { vector.name }
      }
    }
    report.finish()
  }

  @Test func systemCodeDoesWhatBochsDoes() throws {
    var report = Report("system code")
    let theirs = Self.lines(of: "system.txt")
    guard let caseFolder, !theirs.isEmpty else { return }
    let rom = try Data(contentsOf: caseFolder.appending(path: "system.rom"))
    var machine = TestROM(bytes: Array(rom), memorySize: 16 << 20, resetsAfterShutdown: true)
    // A case takes about 100,000; one that never ends must not take the others with it.
    machine.maximumTicks = UInt64(theirs.count) * 1_000_000
    let ours = machine.run(blockLength: 32)
    try Data(ours.joined(separator: "\n").utf8)
      .write(to: caseFolder.appending(path: "system-ours.txt"))
    try #require(ours.count == theirs.count + 1, "one line for each case, and one at the end")
    for (line, want) in zip(ours, theirs) {
      if line != want, let known = SystemDeviation.explanation(line, want) {
        report.excuse(known.name)
        continue
      }
      report.add(line == want ? nil : "\(line)", at: want) {
        "\(want.split(separator: " ").dropFirst(2).first ?? "")"
      }
    }
    report.finish()
  }

  @Test func disassemblyReadsAsAnIndependentOne() {
    var report = Report("disassembly")
    for line in Self.lines(of: "disassembly.txt") where !line.hasPrefix("#") {
      guard let vector = try? DisassemblyVector(line) else { continue }
      report.add(vector.difference, at: line) { "\(vector.text.prefix { $0 != " " })" }
    }
    report.finish()
  }

  /// As many random inputs as decoder.txt says, in lines of a seed and a count.
  @Test func decodersAgreeOnRandomBytes() {
    var report = Report("decoder")
    let bench = DecoderBench()
    for line in Self.lines(of: "decoder.txt") {
      let words = line.split(separator: " ").compactMap { UInt64($0) }
      guard words.count == 2 else { continue }
      bench.tryRandomBytes(seed: words[0], count: Int(words[1])) { bytes, is32Bit, difference in
        report.add(difference, at: "\(is32Bit ? 32 : 16) \(bytes)") { "decoder" }
      }
    }
    report.finish()
  }
}

/// Counts cases and collects differences by what they have in common.
private struct Report {
  let name: String
  private var cases = 0
  private var differences: [String: [String]] = [:]
  private var counts: [String: Int] = [:]
  private var excuses: [String: Int] = [:]

  init(_ name: String) { self.name = name }

  mutating func add(
    _ difference: String?, at line: @autoclosure () -> some StringProtocol, key: () -> String
  ) {
    cases += 1
    guard let difference else { return }
    let key = key()
    counts[key, default: 0] += 1
    if counts[key, default: 0] <= 3 {
      differences[key, default: []].append("\(difference)\n      \(line())")
    }
  }

  /// A difference that is known, and no error.
  mutating func excuse(_ name: String) {
    cases += 1
    excuses[name, default: 0] += 1
  }

  func finish() {
    if cases == 0 { return }
    let differing = counts.values.reduce(0, +)
    print("fuzz: \(name): \(cases) cases, \(differing) differ")
    for (name, count) in excuses.sorted(by: { $0.key < $1.key }) {
      print("fuzz: \(self.name): \(count) known: \(name)")
    }
    for (key, count) in counts.sorted(by: { $0.value > $1.value }) {
      Issue.record(
        "\(name), \(key): \(count) differ\n    \(differences[key, default: []].joined(separator: "\n    "))"
      )
    }
  }
}
