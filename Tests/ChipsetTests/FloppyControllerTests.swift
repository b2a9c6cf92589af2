import Testing

@testable import Chipset

/// The floppy drive as a driver sees it: commands through the FIFO, data by DMA channel 2.
@Suite struct FloppyControllerTests {
  private final class Disk: DiskMedium {
    var sectors = (0..<2880).map { [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: 512) }
    var sectorCount: UInt64 { UInt64(sectors.count) }

    func read(_ sector: UInt64, into bytes: UnsafeMutableRawBufferPointer) -> Bool {
      bytes.copyBytes(from: sectors[Int(sector)])
      return true
    }
    func write(_ sector: UInt64, from bytes: UnsafeRawBufferPointer) -> Bool {
      sectors[Int(sector)] = Array(bytes)
      return true
    }
    func flush() -> Bool { true }
    func save(into writer: inout StateWriter) {}
    func load(from reader: inout StateReader) throws(StateError) {}
  }

  private final class Memory: DirectMemory {
    var bytes = [UInt8](repeating: 0, count: 0x2_0000)
    func read(_ address: UInt32) -> UInt8 { bytes[Int(address)] }
    func write(_ address: UInt32, _ byte: UInt8) { bytes[Int(address)] = byte }
  }

  private static let tick: UInt64 = 1 << 24

  /// A board with a disk in the drive, the controller out of reset and its interrupts explained.
  private func board() -> (Board, Disk, Memory) {
    let (board, disk, memory) = (Board.sample(), Disk(), Memory())
    board.attach(floppy: disk)
    board.directMemory = memory
    board.initializeInterrupts()
    board.out(0x3F2, 0x1C)
    finish(board)
    for drive: UInt8 in 0..<4 {
      command(board, 0x08)
      #expect(result(board, 2) == [0xC0 | drive, 0])
    }
    command(board, 0x03, 0xDF, 0x02)
    return (board, disk, memory)
  }

  private func command(_ board: Board, _ bytes: UInt8...) {
    for byte in bytes {
      #expect(board.input(0x3F4) & 0xC0 == 0x80)
      board.out(0x3F5, byte)
    }
  }

  /// Waits for the interrupt and acknowledges it.
  private func finish(_ board: Board) {
    #expect(board.tickOfInterrupt(before: Self.tick * 64) != nil)
    #expect(board.acknowledgeInterrupt(at: 0) == 0x26)
    board.out(0x20, 0x20)
  }

  private func result(_ board: Board, _ count: Int) -> [UInt8] {
    let bytes = (0..<count).map { _ in
      #expect(board.input(0x3F4) & 0xD0 == 0xD0)
      return board.input(0x3F5)
    }
    #expect(board.input(0x3F4) == 0x80)
    return bytes
  }

  private func setDMA(_ board: Board, mode: UInt8, address: UInt32, count: Int) {
    board.out(0x0A, 0x06)
    board.out(0x0C, 0)
    board.out(0x0B, mode)
    for shift in [0, 8] { board.out(0x04, UInt8(truncatingIfNeeded: address >> UInt32(shift))) }
    for shift in [0, 8] { board.out(0x05, UInt8(truncatingIfNeeded: (count - 1) >> shift)) }
    board.out(0x81, UInt8(truncatingIfNeeded: address >> 16))
    board.out(0x0A, 0x02)
  }

  private func seek(_ board: Board, to cylinder: UInt8) {
    command(board, 0x0F, 0, cylinder)
    finish(board)
    command(board, 0x08)
    #expect(result(board, 2) == [0x20, cylinder])
  }

  @Test func aDriveThatIsNotThereHasNoPorts() {
    #expect(Board.sample().input(0x3F4) == 0xFF)
  }

  @Test func readsAcrossHeads() {
    let (board, _, memory) = board()
    seek(board, to: 3)
    setDMA(board, mode: 0x46, address: 0x1_2345, count: 1024)
    command(board, 0xE6, 0, 3, 0, 18, 2, 18, 0x1B, 0xFF)
    finish(board)
    #expect(result(board, 7) == [0x04, 0, 0, 3, 1, 2, 2])
    // Cylinder 3, head 0, sector 18 is sector 125; the next one is on the other head.
    #expect(memory.bytes[0x1_2344..<0x1_2347] == [0, 125, 125])
    #expect(memory.bytes[0x1_2544..<0x1_2546] == [125, 126])
    #expect(memory.bytes[0x1_2744..<0x1_2746] == [126, 0])
    #expect(board.input(0x08) & 0x04 != 0)
  }

  @Test func writesASector() {
    let (board, disk, memory) = board()
    for index in 0..<512 { memory.bytes[0x400 + index] = 0x5A }
    setDMA(board, mode: 0x4A, address: 0x400, count: 512)
    command(board, 0x45, 0, 0, 0, 5, 2, 18, 0x1B, 0xFF)
    finish(board)
    #expect(result(board, 7) == [0, 0, 0, 0, 0, 6, 2])
    #expect(disk.sectors[4] == [UInt8](repeating: 0x5A, count: 512))
  }

  @Test func saysWhatIsWrong() {
    let (board, _, _) = board()
    // No such sector; another cylinder than the head's; the DMA is off; the wrong data rate.
    setDMA(board, mode: 0x46, address: 0, count: 512)
    command(board, 0x46, 0, 0, 0, 19, 2, 18, 0x1B, 0xFF)
    finish(board)
    #expect(result(board, 7).prefix(2) == [0x40, 0x04])
    command(board, 0x46, 0, 1, 0, 1, 2, 18, 0x1B, 0xFF)
    finish(board)
    #expect(result(board, 7).prefix(2) == [0x40, 0x04])
    board.out(0x0A, 0x06)
    command(board, 0x46, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF)
    finish(board)
    #expect(result(board, 7).prefix(2) == [0x40, 0x10])
    board.out(0x3F7, 2)
    command(board, 0x4A, 0)
    finish(board)
    #expect(result(board, 7).prefix(2) == [0x40, 0x01])
    command(board, 0x1F)
    #expect(result(board, 1) == [0x80])
    command(board, 0x07, 1)
    finish(board)
    command(board, 0x08)
    #expect(result(board, 2)[0] == 0x71)
  }

  @Test func formatsATrack() {
    let (board, disk, memory) = board()
    seek(board, to: 2)
    for sector in 0..<18 {
      memory.bytes.replaceSubrange(sector * 4..<sector * 4 + 4, with: [2, 1, UInt8(sector + 1), 2])
    }
    setDMA(board, mode: 0x4A, address: 0, count: 72)
    command(board, 0x4D, 0x04, 2, 18, 0x54, 0xF6)
    finish(board)
    #expect(result(board, 7).prefix(3) == [0x04, 0, 0])
    // Cylinder 2, head 1 has sectors 90 to 107.
    #expect(disk.sectors[89][0] == 89 && disk.sectors[108][0] == 108)
    #expect(disk.sectors[90...107].allSatisfy { $0 == [UInt8](repeating: 0xF6, count: 512) })
    // A layout that an image cannot hold.
    command(board, 0x4D, 0x04, 2, 9, 0x54, 0x00)
    finish(board)
    #expect(result(board, 7).prefix(2) == [0x44, 0x02])
    #expect(disk.sectors[90][0] == 0xF6)
  }

  @Test func verifiesAndScans() {
    let (board, _, memory) = board()
    command(board, 0x56, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF)
    finish(board)
    #expect(result(board, 7).prefix(2) == [0, 0])
    // With a count: two sectors.
    command(board, 0x56, 0x80, 0, 0, 1, 2, 18, 0x1B, 2)
    finish(board)
    #expect(result(board, 7) == [0, 0, 0, 0, 0, 3, 2])
    // A DMA channel that verifies counts without writing.
    memory.bytes[0] = 0xEE
    setDMA(board, mode: 0x42, address: 0, count: 512)
    command(board, 0x46, 0, 0, 0, 2, 2, 18, 0x1B, 0xFF)
    finish(board)
    #expect(result(board, 7)[0] == 0 && memory.bytes[0] == 0xEE && board.input(0x08) & 4 != 0)
    // Sector 3 of cylinder 0 is full of 2.
    for index in 0..<1536 { memory.bytes[index] = 2 }
    setDMA(board, mode: 0x4A, address: 0, count: 1536)
    command(board, 0x51, 0, 0, 0, 1, 2, 18, 0x1B, 1)
    finish(board)
    #expect(result(board, 7) == [0, 0, 0x08, 0, 0, 3, 2])
  }

  @Test func seeksByDistance() {
    let (board, _, _) = board()
    for (code, distance, cylinder): (UInt8, UInt8, UInt8) in [
      (0xCF, 10, 10), (0x8F, 4, 6), (0x8F, 200, 0), (0xCF, 200, 83),
    ] {
      command(board, code, 0, distance)
      finish(board)
      command(board, 0x08)
      #expect(result(board, 2) == [0x20, cylinder])
    }
  }

  @Test func needsTheMotorAndTheSelectedDrive() {
    let (board, _, _) = board()
    for output: UInt8 in [0x0C, 0x1D] {
      board.out(0x3F2, output)
      command(board, 0x4A, 0)
      finish(board)
      #expect(result(board, 7).prefix(2) == [0x40, 0x01])
    }
    board.out(0x3F2, 0x1C)
    command(board, 0x4A, 0)
    finish(board)
    #expect(result(board, 7) == [0, 0, 0, 0, 0, 1, 2])
    command(board, 0x18)  // PART ID, which came with the 82078.
    #expect(result(board, 1) == [0x80])
  }

  @Test func channelFourLetsTheOthersThrough() {
    let (board, _, _) = board()
    setDMA(board, mode: 0x46, address: 0, count: 512)
    board.out(0xD4, 0x04)
    command(board, 0x46, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF)
    finish(board)
    #expect(result(board, 7).prefix(2) == [0x40, 0x10])
    board.out(0xD4, 0x00)
    command(board, 0x46, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF)
    finish(board)
    #expect(result(board, 7)[0] == 0)
  }

  @Test(
    arguments: [
      (320, 40, 1, 8, 1), (360, 40, 1, 9, 1), (640, 40, 2, 8, 1), (720, 40, 2, 9, 1),
      (1440, 80, 2, 9, 4), (2400, 80, 2, 15, 2), (2880, 80, 2, 18, 4), (3360, 80, 2, 21, 4),
      (3444, 82, 2, 21, 4), (5760, 80, 2, 36, 5), (1, 80, 2, 18, 4), (2532, 80, 2, 18, 4),
      (2900, 80, 2, 36, 5),
    ] as [(UInt64, Int, Int, Int, UInt8)])
  func theSizeSaysWhatADiskIs(
    size: UInt64, cylinders: Int, heads: Int, sectors: Int, drive: UInt8
  ) {
    let geometry = FloppyGeometry(sectorCount: size)
    #expect((geometry.cylinders, geometry.heads, geometry.sectors) == (cylinders, heads, sectors))
    #expect(geometry.driveType == drive)
  }

  /// Any program of port accesses leaves a board that works after a reset, and a state that loads.
  @Test func survivesAccessesAtRandom() throws {
    let (board, _, _) = board()
    var seed: UInt64 = 7
    func next(_ bound: UInt64) -> UInt64 {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (seed >> 33) % bound
    }
    let ports: [UInt16] = [0x3F5, 0x3F5, 0x3F5, 0x3F5, 0x3F4, 0x3F7, 0x3F2, 0x0A, 0x0B, 0x04, 0x05]
    var tick: UInt64 = 0
    for round in 0..<200_000 {
      tick += next(200_000)
      let port = ports[Int(next(11))]
      if next(3) == 0 {
        _ = board.input(port, at: tick)
      } else {
        board.out(port, UInt8(next(next(2) == 0 ? 32 : 256)), at: tick)
      }
      if next(16) == 0 { board.out(0x3F2, 0x1C, at: tick) }
      guard round % 1000 == 0 else { continue }
      var writer = StateWriter()
      board.save(into: &writer)
      var reader = StateReader(writer.bytes)
      try board.load(from: &reader)
      #expect(reader.isAtEnd)
    }
    board.reset()
    board.out(0x3F2, 0x1C, at: tick)
    board.advance(to: tick + Board.ticksPerSecond)
    #expect(board.input(0x3F4, at: tick + Board.ticksPerSecond) == 0x80)
  }
}
