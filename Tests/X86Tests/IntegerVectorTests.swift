import Foundation
import Testing

@testable import X86

/// Every integer instruction a user program has, beside what a real processor did with it: in flat
/// segments, and with segments and stacks of all kinds.
struct IntegerVectorTests {
  typealias Group = (name: Substring, vectors: [IntegerVector])

  /// The vectors by the first word of their group, such as "add8" or "rep", and what is not one.
  static let (families, ldt, unreadable): ([String: [Group]], [Int: UInt64], [Substring]) = {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Vectors/integer.txt")
    let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    var families: [String: [Group]] = [:]
    var ldt: [Int: UInt64] = [:]
    var unreadable: [Substring] = []
    var family = ""
    for line in text.split(separator: "\n") {
      if line.hasPrefix("= ") {
        let group = line.dropFirst(2)
        family = String(group.prefix { $0 != " " })
        families[family, default: []].append((group, []))
      } else if line.hasPrefix("ldt ") {
        let words = line.split(separator: " ")
        if let index = Int(words[1]) { ldt[index] = UInt64(words[2], radix: 16) }
      } else if let vector = IntegerVector(line) {
        let last = (families[family]?.count ?? 1) - 1
        families[family]?[last].vectors.append(vector)
      } else {
        unreadable.append(line)
      }
    }
    return (families, ldt, unreadable)
  }()

  @Test func vectorsAreThere() {
    #expect(Self.unreadable.isEmpty)
    #expect(Self.families.values.joined().reduce(0) { $0 + $1.vectors.count } > 10_000)
  }

  @Test(arguments: families.keys.sorted())
  func doesWhatTheProcessorDid(family: String) {
    let program = UserProgram(ldt: Self.ldt)
    for (name, vectors) in Self.families[family] ?? [] {
      let differences = vectors.compactMap { vector in
        program.difference(from: vector).map { "\($0)\n    in \(vector.line)" }
      }
      if !differences.isEmpty {
        Issue.record(
          """
          \(name): \(differences.count) of \(vectors.count) differ
            \(differences.prefix(3).joined(separator: "\n  "))
          """)
      }
    }
  }
}

extension UserProgram {
  /// Where a case may read and write.
  private static let regions = [0x8000, 0x4_0000, 0x5_0000, 0x6_0000]
  private static let regionSize = 0x1000
  /// The flags that are compared: all but TF and RF, which the stepping touches.
  private static let comparedFlags: UInt32 = 0x003E_FEFF

  /// Executes one instruction, and says in what the result differs; nil if in nothing.
  func difference(from vector: IntegerVector) -> String? {
    load(vector)
    let repeats = vector.isRepeatedString
    var steps = 0
    repeat {
      _ = cpu.step()
      steps += 1
    } while repeats && steps < 20 && cpu.cpl == 3 && cpu.eip == vector.before.eip

    let want = vector.after
    var eip = cpu.eip
    var flags = cpu.eflags.rawValue
    var registers = (0..<8).map { cpu.register($0) }
    var selectors = (0..<6).map { cpu.segment($0).selector }
    let fault = fault
    if fault?.vector != vector.fault {
      return "fault \(fault.map { "\($0.vector)" } ?? "none"),"
        + " want \(vector.fault.map { "\($0)" } ?? "none")"
    }
    if let fault {
      (eip, flags, registers[4]) = (fault.eip, fault.flags, fault.esp)
      (selectors[1], selectors[2]) = (fault.cs, fault.ss)
      if let code = vector.errorCode, code != fault.errorCode {
        return "error code \(hex(fault.errorCode)), want \(hex(code))"
      }
    }
    var words: [String] = []
    if eip != want.eip { words.append("eip \(hex(eip)), want \(hex(want.eip))") }
    for (index, value) in registers.enumerated() where value != want.registers[index] {
      let name = Register.allCases[index]
      words.append("\(name) \(hex(value)), want \(hex(want.registers[index]))")
    }
    for (index, value) in selectors.enumerated() where value != want.selectors[index] {
      words.append("segment \(index) \(hex(value)), want \(hex(want.selectors[index]))")
    }
    let mask = Self.comparedFlags & ~vector.undefinedFlags
    if (flags ^ want.flags) & mask != 0 {
      words.append(
        "flags \(hex(flags & mask)), want \(hex(want.flags & mask))")
    }
    if let difference = memoryDifference(from: vector) { words.append(difference) }
    return words.isEmpty ? nil : words.joined(separator: "; ")
  }

  private func load(_ vector: IntegerVector) {
    for region in Self.regions { memset(ram + region, 0, Self.regionSize) }
    let code = Int(IntegerVector.codeAddress)
    memset(ram + code, 0x90, 2 * Self.regionSize)
    place(vector.code, at: Int(vector.before.start))
    for (address, bytes) in vector.before.memory { place(bytes, at: address) }
    enter(
      at: vector.before.eip, registers: vector.before.registers,
      selectors: vector.before.selectors, flags: vector.before.flags)
    cpu.memoryChanged(at: UInt64(code), size: 2 * Self.regionSize)
  }

  private func place(_ bytes: [UInt8], at address: Int) {
    for (index, byte) in bytes.enumerated() { store(byte, at: address + index) }
  }

  private func memoryDifference(from vector: IntegerVector) -> String? {
    for region in Self.regions {
      var want = [UInt8](repeating: 0, count: Self.regionSize)
      for (address, bytes) in vector.before.memory + vector.after.memory
      where address & ~0xFFF == region {
        want.replaceSubrange((address - region)..<(address - region + bytes.count), with: bytes)
      }
      if memcmp(want, ram + region, Self.regionSize) == 0 { continue }
      for (offset, byte) in want.enumerated() {
        let byteNow = ram.load(fromByteOffset: region + offset, as: UInt8.self)
        if byteNow != byte { return "[\(hex(region + offset))] \(hex(byteNow)), want \(hex(byte))" }
      }
    }
    return nil
  }

  private func hex(_ value: some BinaryInteger) -> String { String(value, radix: 16) }
}
