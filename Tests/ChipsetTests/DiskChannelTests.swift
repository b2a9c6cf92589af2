import Testing

@testable import Chipset

/// Disk drives as a driver sees them: through ports, with polling and with interrupts.
@Suite struct DiskChannelTests {
  /// A disk in memory. Sector n is full of the byte n. Sector 13 cannot be read or written.
  private final class Sectors: DiskMedium {
    var sectors: [[UInt8]]
    var sectorCount: UInt64 { UInt64(sectors.count) }

    init(count: Int = 2048) {
      sectors = (0..<count).map { [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: 512) }
    }
    func read(_ sector: UInt64, into bytes: UnsafeMutableRawBufferPointer) -> Bool {
      bytes.copyBytes(from: sectors[Int(sector)])
      return sector != 13
    }
    func write(_ sector: UInt64, from bytes: UnsafeRawBufferPointer) -> Bool {
      sectors[Int(sector)] = Array(bytes)
      return sector != 13
    }
    func flush() -> Bool { true }
    func save(into writer: inout StateWriter) {
      for sector in sectors { writer.write(sector) }
    }
    func load(from reader: inout StateReader) throws(StateError) {
      for index in sectors.indices { sectors[index] = try reader.readArray(count: 512) }
    }
  }

  private static let tick: UInt64 = 1 << 20

  private func board(disks: Int = 1, count: Int = 2048) -> (Board, [Sectors]) {
    let board = Board.sample()
    let media = (0..<disks).map { _ in Sectors(count: count) }
    for (place, medium) in media.enumerated() { board.attach(disk: medium, at: place) }
    return (board, media)
  }

  /// Writes the registers and the command, and lets time pass until the drive is no longer busy.
  @discardableResult
  private func run(
    _ board: Board, _ command: UInt8, lba: UInt32 = 0, count: UInt8 = 1, select: UInt8 = 0xE0
  ) -> UInt8 {
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: lba >> ($0 * 8)) }
    board.out(0x1F6, select | bytes[3])
    board.out(0x1F2, count)
    for index in 0..<3 { board.out(0x1F3 + UInt16(index), bytes[index]) }
    board.out(0x1F7, command)
    return wait(board)
  }

  private func wait(_ board: Board) -> UInt8 {
    while board.input(0x3F6) & 0x80 != 0 {
      guard board.nextDeadline < .max else { return 0xFF }
      board.advance(to: board.nextDeadline)
    }
    return board.input(0x1F7)
  }

  private func words(_ board: Board, count: Int = 256) -> [UInt16] {
    (0..<count).map { _ in UInt16(board.readPort(0x1F0, width: 2, at: 0)) }
  }

  private func put(_ board: Board, _ word: UInt16, count: Int = 256) {
    for _ in 0..<count { board.writePort(0x1F0, width: 2, value: UInt32(word), at: 0) }
  }

  @Test func aChannelWithoutDrivesIsNotThere() {
    let board = Board.sample()
    #expect(board.input(0x1F7) == 0xFF && board.input(0x3F6) == 0xFF)
    #expect(board.unclaimedPorts.counts.map(\.port) == [0x1F7, 0x3F6])
  }

  @Test func anAbsentSlaveReadsZeroAndTakesNoCommand() {
    let (board, _) = board()
    #expect(run(board, 0xEC, select: 0xF0) == 0)
    #expect(board.input(0x3F6) == 0)
    #expect(run(board, 0xEC) == 0x58)
  }

  @Test func identifiesItself() {
    let (board, _) = board()
    #expect(run(board, 0xEC, select: 0xA0) == 0x58)
    let identity = words(board)
    #expect(identity[1] == 2 && identity[3] == 16 && identity[6] == 63)
    #expect(identity[60] == 2048 && identity[61] == 0 && identity[49] & 0x200 != 0)
    let model = identity[27..<47].flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    #expect(String(decoding: model, as: UTF8.self).hasPrefix("Ringside disk  "))
    #expect(board.input(0x1F7) == 0x50)
  }

  @Test func readsSectorsOneAtATime() {
    let (board, _) = board()
    #expect(run(board, 0x20, lba: 5, count: 3) == 0x58)
    for sector: UInt16 in 5...7 {
      #expect(words(board) == [UInt16](repeating: sector * 0x101, count: 256))
      #expect(wait(board) == (sector < 7 ? 0x58 : 0x50))
    }
    #expect(board.input(0x1F3) == 7 && board.input(0x1F2) == 0)
    #expect(board.readPort(0x1F0, width: 2, at: 0) == 0xFFFF)
  }

  @Test func readsByCylinderHeadAndSector() {
    let (board, _) = board()
    // Cylinder 1, head 2, sector 3 is sector (16 + 2) * 63 + 2 = 1136.
    #expect(run(board, 0x20, lba: 0x0200_0103, select: 0xA0) == 0x58)
    #expect(words(board, count: 256)[0] == UInt16(1136 & 0xFF) * 0x101)
    #expect(run(board, 0x20, lba: 0x0000_0000, select: 0xA0) == 0x51)
    #expect(board.input(0x1F1) == 0x10)
    // Another geometry: 4 heads, 17 sectors.
    #expect(run(board, 0x91, lba: 0x0300_0000, count: 17, select: 0xA0) == 0x50)
    #expect(run(board, 0x20, lba: 0x0200_0103, select: 0xA0) == 0x58)
    #expect(words(board)[0] == UInt16((4 + 2) * 17 + 2) * 0x101)
  }

  @Test func writesSectors() {
    let (board, media) = board()
    #expect(run(board, 0x30, lba: 9, count: 2) == 0x58)
    put(board, 0x1234)
    #expect(wait(board) == 0x58)
    for _ in 0..<128 { board.writePort(0x1F0, width: 4, value: 0x5678_5678, at: 0) }
    #expect(wait(board) == 0x50)
    #expect(media[0].sectors[9].prefix(2) == [0x34, 0x12])
    #expect(media[0].sectors[10].suffix(2) == [0x78, 0x56])
    #expect(run(board, 0xE7) == 0x50)
  }

  @Test func movesBlocksOnceTheirSizeIsSet() {
    let (board, media) = board()
    #expect(run(board, 0xC4) == 0x51 && board.input(0x1F1) == 0x04)
    #expect(run(board, 0xC6, count: 3) == 0x51)
    #expect(run(board, 0xC6, count: 4) == 0x50)
    #expect(run(board, 0xC4, lba: 20, count: 6) == 0x58)
    #expect(words(board, count: 1024)[1023] == 0x1717)
    #expect(wait(board) == 0x58)
    #expect(words(board, count: 512)[511] == 0x1919)
    #expect(wait(board) == 0x50)
    #expect(run(board, 0xC5, lba: 30, count: 4) == 0x58)
    put(board, 0xABCD, count: 1024)
    #expect(wait(board) == 0x50)
    #expect(media[0].sectors[33] == media[0].sectors[30] && media[0].sectors[30][1] == 0xAB)
  }

  @Test func refusesWhatIsNotOnTheDisk() {
    let (board, _) = board()
    #expect(run(board, 0x20, lba: 2048) == 0x51 && board.input(0x1F1) == 0x10)
    #expect(run(board, 0x30, lba: 0x0FFF_FFFF) == 0x51 && board.input(0x1F1) == 0x10)
    #expect(run(board, 0x40, lba: 2047, count: 2) == 0x51)
    #expect(run(board, 0x40, lba: 2047) == 0x50)
    #expect(run(board, 0x20, lba: 13) == 0x51 && board.input(0x1F1) == 0x40)
    #expect(run(board, 0x30, lba: 13) == 0x58)
    put(board, 0)
    #expect(wait(board) == 0x71)
    for command: UInt8 in [0x00, 0x08, 0x25, 0xA1, 0xC8, 0xFF] {
      #expect(run(board, command) == 0x51 && board.input(0x1F1) == 0x04)
    }
  }

  @Test func interruptsWhenABlockIsReady() {
    let (board, _) = board()
    board.initializeInterrupts()
    board.out(0x1F6, 0xE0)
    board.out(0x1F2, 2)
    for port: UInt16 in 0x1F3...0x1F5 { board.out(port, 0) }
    board.out(0x1F7, 0x20)
    #expect(board.input(0x3F6) == 0x80)
    for _ in 0..<2 {
      #expect(board.tickOfInterrupt() != nil)
      #expect(board.acknowledgeInterrupt(at: Self.tick) == 0x2E)
      board.out(0xA0, 0x20)
      board.out(0x20, 0x20)
      #expect(board.input(0x1F7) == 0x58 && !board.interruptLine)
      _ = words(board)
    }
    #expect(board.input(0x1F7) == 0x50)
    board.out(0x3F6, 0x02)
    run(board, 0xEC)
    #expect(!board.interruptLine)
  }

  @Test func resetLeavesTheSignature() {
    let (board, _) = board(disks: 2)
    run(board, 0x20, lba: 0x1234, select: 0xF0)
    board.out(0x3F6, 0x04)
    #expect(board.input(0x1F7) == 0x80)
    board.out(0x3F6, 0x00)
    #expect(wait(board) == 0x50)
    #expect((0x1F1...0x1F6).map { board.input($0) } == [1, 1, 1, 0, 0, 0xA0])
    #expect(run(board, 0x90) == 0x50 && board.input(0x1F1) == 1)
  }

  @Test func theSecondChannelHasItsOwnPortsAndInterrupt() {
    let (board, _) = board(disks: 3)
    board.initializeInterrupts()
    board.out(0x176, 0xA0)
    board.out(0x177, 0xEC)
    #expect(board.tickOfInterrupt() != nil)
    #expect(board.acknowledgeInterrupt(at: Self.tick) == 0x2F)
    #expect(board.input(0x376) == 0x58 && board.input(0x3F6) == 0x50)
  }

  @Test func goesOnFromASavedState() throws {
    let (board, _) = board()
    run(board, 0x20, lba: 7, count: 2)
    _ = words(board, count: 100)
    var writer = StateWriter()
    board.save(into: &writer)
    let (other, _) = self.board()
    var reader = StateReader(writer.bytes)
    try other.load(from: &reader)
    #expect(reader.isAtEnd)
    #expect(words(other, count: 156).last == 0x0707 && wait(other) == 0x58)
    let empty = Board.sample()
    var again = StateReader(writer.bytes)
    #expect(throws: StateError.malformed) { try empty.load(from: &again) }
  }

  /// Any program of port accesses leaves a board that works after a reset.
  @Test func survivesAccessesAtRandom() {
    let (board, _) = board(disks: 2, count: 300)
    var seed: UInt64 = 1
    func next(_ bound: UInt64) -> UInt64 {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (seed >> 33) % bound
    }
    let commands: [UInt8] = [0x20, 0x30, 0xC4, 0xC5, 0xC6, 0x91, 0xEC, 0x40, 0xEF, 0x90]
    var tick: UInt64 = 0
    for _ in 0..<200_000 {
      tick += next(100)
      let port = next(9) == 8 ? 0x3F6 : 0x1F0 + UInt16(next(8))
      let width = port == 0x1F0 ? 1 << Int(next(3)) : 1
      switch next(3) {
      case 0: _ = board.readPort(port, width: width, at: tick)
      case 1 where port == 0x1F7: board.out(port, commands[Int(next(10))], at: tick)
      default: board.writePort(port, width: width, value: UInt32(next(1 << 20)), at: tick)
      }
      if next(8) == 0 {
        for _ in 0..<next(400) { _ = board.readPort(0x1F0, width: 2, at: tick) }
        for _ in 0..<next(400) { board.writePort(0x1F0, width: 2, value: 0, at: tick) }
      }
    }
    board.reset()
    #expect(run(board, 0x20, lba: 299) == 0x58)
  }
}
