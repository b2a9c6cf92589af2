import Testing

@testable import Chipset

/// CD-ROM drives as a driver sees them: packets through the data port, answers in portions.
@Suite struct OpticalDriveTests {
  /// A disc in memory of 100 blocks and a sector. Sector n is full of the byte n; 80 is unreadable.
  private final class Disc: DiskMedium {
    let sectorCount: UInt64 = 401
    func read(_ sector: UInt64, into bytes: UnsafeMutableRawBufferPointer) -> Bool {
      bytes.initializeMemory(as: UInt8.self, repeating: UInt8(truncatingIfNeeded: sector))
      return sector != 80
    }
    func write(_ sector: UInt64, from bytes: UnsafeRawBufferPointer) -> Bool { false }
    func flush() -> Bool { true }
    func save(into writer: inout StateWriter) {}
    func load(from reader: inout StateReader) throws(StateError) {}
  }

  /// A disk before it, which the CD-ROM drive must not be taken for.
  private final class Disk: DiskMedium {
    let sectorCount: UInt64 = 1
    func read(_ sector: UInt64, into bytes: UnsafeMutableRawBufferPointer) -> Bool {
      bytes.initializeMemory(as: UInt8.self, repeating: 0xDD)
      return true
    }
    func write(_ sector: UInt64, from bytes: UnsafeRawBufferPointer) -> Bool { false }
    func flush() -> Bool { true }
    func save(into writer: inout StateWriter) {}
    func load(from reader: inout StateReader) throws(StateError) {}
  }

  /// A board with a disc in the second channel's master, whose first attention was taken note of.
  private func board(attention: Bool = false) -> Board {
    let board = Board.sample()
    board.attach(disc: Disc(), at: 2)
    board.out(0x176, 0xA0)
    if !attention { #expect(packet(board, [0x00]) == nil) }
    return board
  }

  private func wait(_ board: Board) -> UInt8 {
    while board.input(0x376) & 0x80 != 0 {
      guard board.nextDeadline < .max else { return 0xFF }
      board.advance(to: board.nextDeadline)
    }
    return board.input(0x177)
  }

  private func signature(_ board: Board) -> [UInt8] { (0x172...0x175).map { board.input($0) } }

  /// Sends a packet and takes all that comes. Nil if the drive refuses it; the sizes of portions
  /// are appended to `sizes`.
  private func packet(
    _ board: Board, _ bytes: [UInt8], limit: UInt16 = 0xFFFF, sizes: inout [Int]
  ) -> [UInt8]? {
    board.out(0x171, 0)
    board.out(0x174, UInt8(limit & 0xFF))
    board.out(0x175, UInt8(limit >> 8))
    board.out(0x177, 0xA0)
    #expect(wait(board) == 0x58 && board.input(0x172) == 1)
    let packet = bytes + [UInt8](repeating: 0, count: 12 - bytes.count)
    for index in 0..<6 {
      let word = UInt32(packet[index * 2]) | UInt32(packet[index * 2 + 1]) << 8
      board.writePort(0x170, width: 2, value: word, at: 0)
    }
    var answer: [UInt8] = []
    while wait(board) == 0x58 {
      #expect(board.input(0x172) == 2)
      let size = Int(board.input(0x174)) | Int(board.input(0x175)) << 8
      sizes.append(size)
      var portion: [UInt8] = []
      while portion.count < size {
        let word = board.readPort(0x170, width: 2, at: 0)
        portion += [UInt8(word & 0xFF), UInt8(word >> 8)]
      }
      answer += portion.prefix(size)
    }
    #expect(board.input(0x172) == 3)
    return wait(board) == 0x50 ? answer : nil
  }

  private func packet(_ board: Board, _ bytes: [UInt8], limit: UInt16 = 0xFFFF) -> [UInt8]? {
    var sizes: [Int] = []
    return packet(board, bytes, limit: limit, sizes: &sizes)
  }

  /// The sense key, code and qualifier of the last error.
  private func sense(_ board: Board) -> [UInt8]? {
    packet(board, [0x03, 0, 0, 0, 18]).map { [$0[2], $0[12], $0[13]] }
  }

  @Test func showsItsSignatureBesideADisk() {
    let board = Board.sample()
    board.attach(disk: Disk(), at: 2)
    board.attach(disc: Disc(), at: 3)
    board.out(0x376, 0x04)
    board.out(0x376, 0x00)
    board.advance(to: board.nextDeadline)
    #expect(signature(board) == [1, 1, 0, 0] && board.input(0x177) == 0x50)
    board.out(0x176, 0xB0)
    #expect(signature(board) == [1, 1, 0x14, 0xEB] && board.input(0x177) == 0)
  }

  @Test func refusesWhatIsMeantForDisksWithItsSignature() {
    let board = board()
    for command: UInt8 in [0xEC, 0x20] {
      board.out(0x174, 0, at: 0)
      board.out(0x177, command)
      #expect(wait(board) == 0x51 && board.input(0x171) == 0x04)
      #expect(signature(board) == [1, 1, 0x14, 0xEB])
    }
    board.out(0x177, 0x30)
    #expect(wait(board) == 0x51)
  }

  @Test func identifiesItself() {
    let board = board()
    board.out(0x177, 0xA1)
    #expect(wait(board) == 0x58)
    let words = (0..<256).map { _ in UInt16(board.readPort(0x170, width: 2, at: 0)) }
    #expect(words[0] == 0x85C0)
    let model = words[27..<47].flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    #expect(String(decoding: model, as: UTF8.self).hasPrefix("Ringside CD-ROM  "))
    #expect(packet(board, [0x12, 0, 0, 0, 5]) == [0x05, 0x80, 0, 0x21, 31])
  }

  @Test func saysOnceThatItWasReset() {
    let board = board(attention: true)
    #expect(packet(board, [0x12, 0, 0, 0, 1]) == [5])
    #expect(packet(board, [0x00]) == nil)
    #expect(board.input(0x171) == 0x64)
    #expect(sense(board) == [6, 0x29, 0] && sense(board) == [0, 0, 0])
    #expect(packet(board, [0x00]) == [])
    board.out(0x177, 0x08)
    #expect(board.input(0x177) == 0 && signature(board) == [1, 1, 0x14, 0xEB])
    #expect(sense(board) == [6, 0x29, 0])
    #expect(packet(board, [0x00]) == [])
  }

  @Test func readsBlocks() {
    let board = board()
    #expect(packet(board, [0x25]) == [0, 0, 0, 100, 0, 0, 8, 0])
    var sizes: [Int] = []
    let bytes = packet(board, [0x28, 0, 0, 0, 0, 5, 0, 0, 3], limit: 4100, sizes: &sizes)
    #expect(bytes?.count == 6144 && sizes == [4096, 2048])
    #expect(bytes.map { [$0[0], $0[511], $0[512], $0[6143]] } == [20, 20, 21, 31])
    // Portions smaller than a block, and an odd limit.
    sizes = []
    let parts = packet(board, [0xA8, 0, 0, 0, 0, 1, 0, 0, 0, 1], limit: 1001, sizes: &sizes)
    #expect(parts?.count == 2048 && sizes == [1000, 1000, 48])
    #expect(parts.map { [$0[511], $0[512], $0[1000], $0[2047]] } == [4, 5, 5, 7])
    #expect(packet(board, [0xBE, 0, 0, 0, 0, 2, 0, 0, 1, 0x10])?.first == 8)
    #expect(packet(board, [0xB9, 0, 0, 0, 2, 3, 0, 2, 4, 0x10])?.first == 12)
    #expect(packet(board, [0x28]) == [])
  }

  @Test func theImageEndsInZeros() {
    let bytes = packet(board(), [0x28, 0, 0, 0, 0, 100, 0, 0, 1])
    #expect(bytes.map { [$0[0], $0[511], $0[512], $0[2047]] } == [0x90, 0x90, 0, 0])
  }

  @Test func saysWhatIsWrong() {
    let board = board()
    for (packet, sense) in [
      ([0x28, 0, 0, 0, 0, 100, 0, 0, 2], [5, 0x21, 0]), ([0xA8, 0, 0xFF], [5, 0x21, 0]),
      ([0x28, 0, 0, 0, 0, 20, 0, 0, 1], [3, 0x11, 0]), ([0x55], [5, 0x20, 0]),
      ([0xBE, 0, 0, 0, 0, 0, 0, 0, 1, 0xF8], [5, 0x24, 0]),
      ([0x43, 0, 0, 0, 0, 0, 2], [5, 0x24, 0]), ([0x5A, 0, 0xFF], [5, 0x39, 0]),
      ([0x5A, 0, 0x1F], [5, 0x24, 0]),
    ] as [([UInt8], [UInt8])] {
      #expect(self.packet(board, packet) == nil)
      #expect(board.input(0x171) == sense[0] << 4 | 4)
      #expect(self.sense(board) == sense)
    }
    // No DMA.
    board.out(0x171, 1)
    board.out(0x177, 0xA0)
    #expect(wait(board) == 0x51 && board.input(0x171) == 4)
  }

  @Test func theTrayOpensUnlessItIsLocked() {
    let board = board()
    #expect(packet(board, [0x1E, 0, 0, 0, 1]) == [])
    #expect(packet(board, [0x1B, 0, 0, 0, 2]) == nil && sense(board) == [5, 0x53, 2])
    #expect(packet(board, [0x1E]) == [] && packet(board, [0x1B, 0, 0, 0, 2]) == [])
    #expect(packet(board, [0x00]) == nil && sense(board) == [2, 0x3A, 2])
    #expect(packet(board, [0x28, 0, 0, 0, 0, 0, 0, 0, 1]) == nil)
    #expect(packet(board, [0xBD, 0, 0, 0, 0, 0, 0, 0, 0, 8])?[1] == 0x10)
    #expect(packet(board, [0x1B, 0, 0, 0, 3]) == [])
    #expect(packet(board, [0x00]) == nil && sense(board) == [6, 0x28, 0])
    #expect(packet(board, [0x00]) == [])
  }

  @Test func listsItsTrackAndPages() {
    let board = board()
    let track: [UInt8] = [0, 0x14, 1, 0]
    let limit: [UInt8] = [0xFF]
    #expect(
      packet(board, [0x43, 0, 0, 0, 0, 0, 0, 0] + limit)
        == [0, 18, 1, 1] + track + [0, 0, 0, 0, 0, 0x16, 0xAA, 0, 0, 0, 0, 101])
    // In minutes, seconds and frames: block 101 is frame 251.
    #expect(
      packet(board, [0x43, 2, 0, 0, 0, 0, 0xAA, 0] + limit)
        == [0, 10, 1, 1, 0, 0x16, 0xAA, 0, 0, 0, 3, 26])
    #expect(packet(board, [0x43, 0, 1, 0, 0, 0, 0, 0, 4]) == [0, 10, 1, 1])
    #expect(packet(board, [0x44, 0, 0, 0, 0, 9, 0, 0, 8]) == [1, 0, 0, 0, 0, 0, 0, 9])
    let pages = packet(board, [0x5A, 0, 0x3F, 0, 0, 0, 0, 0] + limit)
    #expect(pages.map { [$0[1], $0[8], $0[16], $0[24]] } == [42, 0x01, 0x0D, 0x2A])
    let mask = packet(board, [0x5A, 0, 0x6A, 0, 0, 0, 0, 0] + limit)
    #expect(mask.map { Array($0[8...]) } == [0x2A, 18] + [UInt8](repeating: 0, count: 18))
  }

  @Test func interruptsForDataAndForTheEnd() {
    let board = board()
    board.initializeInterrupts()
    _ = wait(board)
    board.out(0x177, 0xA0)
    #expect(wait(board) == 0x58 && !board.interruptLine)
    for word in [0x25, 0, 0, 0, 0, 0] as [UInt32] {
      board.writePort(0x170, width: 2, value: word, at: 0)
    }
    for words in [4, 0] {
      #expect(board.tickOfInterrupt() != nil && board.acknowledgeInterrupt(at: 1 << 20) == 0x2F)
      board.out(0xA0, 0x20)
      board.out(0x20, 0x20)
      #expect(board.input(0x177) == (words > 0 ? 0x58 : 0x50))
      for _ in 0..<words { _ = board.readPort(0x170, width: 2, at: 0) }
    }
  }

  @Test func goesOnFromASavedState() throws {
    let board = board()
    board.out(0x174, 0x00)
    board.out(0x175, 0x08)
    board.out(0x177, 0xA0)
    _ = wait(board)
    for word in [0x28, 0, 0, 0, 0x0002, 0] as [UInt32] {
      board.writePort(0x170, width: 2, value: word, at: 0)
    }
    _ = wait(board)
    for _ in 0..<1000 { _ = board.readPort(0x170, width: 2, at: 0) }
    var writer = StateWriter()
    board.save(into: &writer)
    let other = self.board()
    var reader = StateReader(writer.bytes)
    try other.load(from: &reader)
    #expect(reader.isAtEnd)
    for board in [board, other] {
      for _ in 0..<24 { #expect(board.readPort(0x170, width: 2, at: 0) == 0x0303) }
      #expect(wait(board) == 0x58 && board.readPort(0x170, width: 2, at: 0) == 0x0404)
    }
    let empty = Board.sample()
    var again = StateReader(writer.bytes)
    #expect(throws: StateError.malformed) { try empty.load(from: &again) }
  }
}
