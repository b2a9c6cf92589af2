import Foundation
import Testing

@testable import X86

/// Thousands of random set-ups of protection and of page tables, and random instructions in every
/// mode, beside what another model of the processor made of them: see protection.asm and paging.asm
/// in Tests/Generators and Fuzz/system.c.
@Suite struct ProtectionVectorTests {
  /// A file of Vectors: the ROM and the hashes of its lines.
  private struct Vectors {
    var rom: [UInt8] = []
    /// By test number; nil where the other model departs from the manual.
    var hashes: [UInt32?] = []

    init(_ name: String) throws {
      let file = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Vectors/\(name).txt")
      let text = try String(contentsOf: file, encoding: .utf8)
      for line in text.split(separator: "\n") where !line.hasPrefix("#") {
        let fields = line.split(separator: " ")
        if fields[0] == "rom" {
          let digits = Array(fields[1])
          for position in stride(from: 0, to: digits.count, by: 2) {
            rom.append(try #require(UInt8(String(digits[position...position + 1]), radix: 16)))
          }
        } else {
          for field in fields.dropFirst() { hashes.append(UInt32(field, radix: 16)) }
        }
      }
    }
  }

  @Test(arguments: [("protection", 4000), ("paging", 2000), ("system", 2000)], [7, 32])
  func randomSetups(_ set: (name: String, count: Int), blockLength: Int) throws {
    let vectors = try Vectors(set.name)
    try #require(vectors.hashes.count == set.count)
    var rom = TestROM(bytes: vectors.rom)
    if set.name == "system" { (rom.memorySize, rom.resetsAfterShutdown) = (16 << 20, true) }
    let lines = rom.run(blockLength: blockLength)
    try #require(lines.count == set.count + 1)
    var wrong: [Substring] = []
    for (line, hash) in zip(lines, vectors.hashes) {
      if let hash, Self.hash(line) != hash { wrong.append(line) }
    }
    #expect(wrong.isEmpty, "\(wrong.count) differ, the first: \(wrong.prefix(3))")
  }

  private static func hash(_ line: Substring) -> UInt32 {
    line.utf8.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
  }
}
