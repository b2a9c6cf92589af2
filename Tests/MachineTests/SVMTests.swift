import Chipset
import Foundation
import Testing
import X86

@testable import Machine

/// Every way out of a guest, one image of cases beside what AMD's manual says: see
/// Tests/Generators/svm.asm, which also runs on other models.
@Suite struct SVMTests {
  /// Vectors/svm.txt: the image, and a line for each case.
  private struct Vectors {
    var rom: [UInt8] = []
    var lines: [Substring] = []

    init() throws {
      let file = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../X86Tests/Vectors/svm.txt")
      let text = try String(contentsOf: file, encoding: .utf8)
      for line in text.split(separator: "\n") where !line.hasPrefix("#") {
        guard line.hasPrefix("rom ") else {
          lines.append(line[...])
          continue
        }
        let digits = Array(line.dropFirst(4))
        for position in stride(from: 0, to: digits.count, by: 2) {
          rom.append(try #require(UInt8(String(digits[position...position + 1]), radix: 16)))
        }
      }
      // At the reset vector: jmp F000:0
      rom += [UInt8](repeating: 0x90, count: 0x1_0000 - rom.count)
      rom.replaceSubrange(0xFFF0..<0xFFF5, with: [0xEA, 0, 0, 0, 0xF0])
    }
  }

  private func machine(_ rom: [UInt8], blockLength: Int = 32) throws -> Machine {
    var configuration = Machine.Configuration()
    configuration.profile = .amdSVM
    configuration.memory = 16
    configuration.maximumBlockLength = blockLength
    var guest = Guest(image: nil)
    guest.bios = try ImageFiles.contents(rom)
    return try Machine(configuration, guest: guest)
  }

  @Test(arguments: [1, 7, 32]) func guestsLeaveAsTheManualSays(blockLength: Int) throws {
    let vectors = try Vectors()
    let machine = try machine(vectors.rom, blockLength: blockLength)
    #expect(machine.run(until: 100_000_000) == .stopped(.exit(code: 0)))
    let printed = String(decoding: machine.board.takeDebugOutput(), as: UTF8.self)
      .split(separator: "\n")
    try #require(printed.count == vectors.lines.count + 1)
    for (line, expected) in zip(printed, vectors.lines) {
      #expect(line == expected)
    }
  }

  @Test func lengthOfBlocksAndSnapshotsNeverShow() throws {
    let vectors = try Vectors()
    // In the midst of the nested paging cases, in a guest and out of it.
    let moments = stride(from: UInt64(14_000_000), to: 14_002_000, by: 97)
    let machines = [try machine(vectors.rom), try machine(vectors.rom, blockLength: 1)]
    for moment in moments {
      for machine in machines { _ = machine.run(until: moment) }
      #expect(machines[0].digest == machines[1].digest)
      machines[1].restore(machines[0].snapshot())
      #expect(machines[0].digest == machines[1].digest)
    }
    for machine in machines { _ = machine.run(until: 15_000_000) }
    #expect(machines[0].digest == machines[1].digest)
  }
}
