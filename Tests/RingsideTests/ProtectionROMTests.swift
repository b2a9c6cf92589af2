import Foundation
import Testing

/// The ROM of the protection vectors: four thousand descriptors, gates, tasks and stacks, in all rings, in
/// 16-bit code and in virtual-8086 mode. Whatever runs it, it comes to the same state.
@Suite struct ProtectionROMTests {
  @Test(
    arguments: [
      ["full"], ["full", "--paging", "trace"], ["full:trap", "--lab-cpu", "virtualizable"],
      ["hardware"], ["hardware:shadow"],
    ])
  func allOfProtectionIsTheSame(mode: [String]) throws {
    let (bare, run) = (try Self.run(["emulation"]), try Self.run(mode))
    #expect(ReplayTests.digest(run) != nil && ReplayTests.digest(run) == ReplayTests.digest(bare))
  }

  private static func run(_ mode: [String]) throws -> Program {
    try TemporaryFile(rom()).use {
      try Program(
        ["run", "--bios", $0, "--memory", "8", "--stats", "text", "--max-instructions", "60000000"]
          + ["--mode"] + mode)
    }
  }

  private static func rom() throws -> [UInt8] {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../X86Tests/Vectors/protection.txt")
    var bytes: [UInt8] = []
    for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
      guard line.hasPrefix("rom ") else { continue }
      var rest = line.dropFirst(4)
      while !rest.isEmpty {
        bytes.append(try #require(UInt8(rest.prefix(2), radix: 16)))
        rest = rest.dropFirst(2)
      }
    }
    // It begins at F000:0, and so does the processor.
    bytes += [UInt8](repeating: 0, count: 0xFFF0 - bytes.count)
    bytes += [0xEA, 0, 0, 0, 0xF0] + [UInt8](repeating: 0, count: 11)
    return bytes
  }
}
