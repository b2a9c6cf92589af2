import Foundation
import Testing

@testable import X86

/// Thousands of random set-ups of protection and of page tables, beside what another model of the
/// processor made of them: see protection.asm and paging.asm in Tests/Generators.
@Suite struct ProtectionVectorTests {
  /// What the ROM prints to port E9h.
  private final class PrintingBus: Bus {
    var text: [UInt8] = []
    func readPort(_ port: UInt16, width: Int, at tick: UInt64) -> UInt32 { ~0 }
    func writePort(_ port: UInt16, width: Int, value: UInt32, at tick: UInt64) {
      if port == 0xE9 { text.append(UInt8(truncatingIfNeeded: value)) }
    }
    func readMemory(_ address: PhysicalAddress, width: Int, at tick: UInt64) -> UInt32 { ~0 }
    func writeMemory(_ address: PhysicalAddress, width: Int, value: UInt32, at tick: UInt64) {}
    func acknowledgeInterrupt(at tick: UInt64) -> UInt8 { 0 }
  }

  private static let size = 8 << 20

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

  @Test(arguments: [("protection", 4000), ("paging", 2000)], [7, 32])
  func randomSetups(_ set: (name: String, count: Int), blockLength: Int) throws {
    let vectors = try Vectors(set.name)
    try #require(vectors.hashes.count == set.count)
    let lines = run(vectors.rom, blockLength: blockLength)
    try #require(lines.count == set.count + 1)
    var wrong: [Substring] = []
    for (line, hash) in zip(lines, vectors.hashes) {
      if let hash, Self.hash(line) != hash { wrong.append(line) }
    }
    #expect(wrong.isEmpty, "\(wrong.count) differ, the first: \(wrong.prefix(3))")
  }

  private func run(_ rom: [UInt8], blockLength: Int) -> [Substring] {
    let ram = UnsafeMutableRawPointer.allocate(byteCount: Self.size, alignment: 4096)
    defer { ram.deallocate() }
    ram.initializeMemory(as: UInt8.self, repeating: 0, count: Self.size)
    (ram + 0xF_0000).copyMemory(from: rom, byteCount: rom.count)
    // jmp F000:0
    (ram + 0xF_FFF0).copyMemory(from: [0xEA, 0, 0, 0, 0xF0] as [UInt8], byteCount: 5)
    let bus = PrintingBus()
    var cpu = CPU(profile: .i686, memory: PhysicalMemory(), bus: bus)
    cpu.memory.map(ram, size: Self.size, at: 0)
    cpu.memory.map(ram + 0xF_0000, size: 1 << 16, at: 0xFFFF_0000, readOnly: true)
    cpu.maximumBlockLength = blockLength
    while cpu.ticks < 1_000_000_000 {
      let exit = cpu.run(until: 1_000_000_000)
      if exit == .halted || exit == .shutdown { break }
    }
    return String(decoding: bus.text, as: UTF8.self).split(separator: "\n")
  }

  private static func hash(_ line: Substring) -> UInt32 {
    line.utf8.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
  }
}
