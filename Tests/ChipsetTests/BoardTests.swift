import Testing

@testable import Chipset

@Suite struct BoardTests {
  @Test func absentDevicesFloat() {
    let board = Board.sample()
    #expect(board.readPort(0xCF8, width: 4, at: 0) == 0xFFFF_FFFF)
    #expect(board.readPort(0x1F0, width: 2, at: 0) == 0xFFFF)
    #expect(board.input(0x3E9) == 0xFF)
    board.out(0x3E9, 0x00)
    let counts = board.unclaimedPorts.counts
    #expect(counts.map(\.port) == [0x1F0, 0x3E9, 0xCF8])
    #expect(counts[1] == UnclaimedPorts.Count(port: 0x3E9, reads: 1, writes: 1))
    #expect(board.readMemory(0xFEC0_0000, width: 4, at: 0) == 0xFFFF_FFFF)
    #expect(board.readMemory(0xFEC0_0000, width: 2, at: 0) == 0xFFFF)
    #expect(board.readMemory(0xFEC0_0000, width: 1, at: 0) == 0xFF)
  }

  @Test func debugPortsCollectText() {
    let board = Board.sample()
    #expect(board.input(0xE9) == 0xE9)
    #expect(board.input(0x402) == 0xE9)
    for byte in "ab".utf8 { board.out(0xE9, byte) }
    board.out(0x402, UInt8(ascii: "c"))
    #expect(board.takeDebugOutput() == Array("abc".utf8))
    #expect(board.takeDebugOutput().isEmpty)
  }

  @Test func postCodesAreKept() {
    let board = Board.sample()
    #expect(board.lastPOST == nil)
    board.out(0x80, 1, 2, 2, 3)
    #expect(board.lastPOST == 3)
    #expect(board.postCodes == [1, 2, 3])
    let other = Board.sample { $0.postPort = 0x190 }
    other.out(0x80, 7)
    other.out(0x190, 8)
    #expect(other.postCodes == [8])
    #expect(other.input(0x80) == 7)
    #expect(other.unclaimedPorts.counts.isEmpty)
  }

  @Test func exitPortTellsTheMachine() {
    let board = Board.sample()
    board.out(0xF4, 5, 6)
    #expect(board.takeRequests() == Board.Requests(exitCode: 5, reset: false))
    #expect(board.takeRequests() == Board.Requests())
  }

  @Test func resetLines() {
    let board = Board.sample()
    board.out(0xCF9, 0x02)
    #expect(!board.takeRequests().reset)
    board.out(0xCF9, 0x06)
    #expect(board.takeRequests().reset)
    board.out(0x92, 0x03)
    #expect(board.takeRequests().reset)
    board.out(0x92, 0x01)
    #expect(!board.takeRequests().reset)
    #expect(!board.isA20Open)
    board.reset()
    #expect(board.isA20Open)
  }

  @Test func aPCIAddressIsNoReset() {
    let board = Board.sample()
    board.writePort(0xCF8, width: 4, value: 0x8000_0600, at: 0)
    #expect(!board.takeRequests().reset)
  }

  @Test func coprocessorErrorsAreInterrupt13() {
    let board = Board.sample()
    board.initializeInterrupts()
    board.coprocessorError = true
    #expect(board.acknowledgeInterrupt(at: 0) == 0x2D)
    board.coprocessorError = false
    board.out(0xF0, 0)
    board.out(0xA0, 0x20)
    board.out(0x20, 0x20)
    #expect(!board.interruptLine)
    board.coprocessorError = true
    #expect(board.acknowledgeInterrupt(at: 0) == 0x2D)
  }

  @Test func refreshTogglesEvery15Microseconds() {
    let board = Board.sample()
    #expect(board.input(0x61, at: 17 * 100) & 0x10 == 0)
    #expect(board.input(0x61, at: 18 * 100) & 0x10 == 0x10)
    #expect(board.input(0x61, at: 36 * 100) & 0x10 == 0)
    board.out(0x61, 0xFF, at: 0)
    #expect(board.input(0x61, at: 0) & 0xCF == 0x0F)
  }

  @Test func whatIsDueHappensInOrder() {
    let board = Board.sample()
    board.initializeInterrupts()
    // A character of 7 bits takes 870 clocks, the timer 1001, the clock's second is the last.
    board.out(0x43, 0x30)
    board.out(0x40, 0xE8, 0x03)
    board.out(0x3FC, 0x08)
    board.out(0x3F9, 0x01)
    board.receiveSerial([0x41], at: 0)
    board.out(0x70, 0x0B)
    board.out(0x71, 0x12)
    var dues: [UInt64] = []
    while board.nextDeadline != .max {
      dues.append(board.nextDeadline)
      board.advance(to: board.nextDeadline)
    }
    #expect(dues == [87_002, 100_100, Board.ticksPerSecond])
    // All at once gives the same.
    #expect(board.acknowledgeInterrupt(at: Board.ticksPerSecond) == 0x20)
    board.out(0x20, 0x20, at: Board.ticksPerSecond)
    #expect(board.acknowledgeInterrupt(at: Board.ticksPerSecond) == 0x28)
  }

  /// Everything that can be in a state, then a way to tell two boards apart.
  private func exercise(_ board: Board, from start: UInt64) -> [UInt32] {
    var seen: [UInt32] = []
    var tick = start
    for step in 0..<200 {
      tick = min(board.nextDeadline, tick + 77_777)
      board.advance(to: tick)
      for port: UInt16 in [0x20, 0x21, 0xA0, 0x40, 0x42, 0x60, 0x61, 0x64, 0x71, 0x3F8, 0x3FA] {
        seen.append(board.readPort(port, width: 1, at: tick))
      }
      if board.interruptLine { seen.append(UInt32(board.acknowledgeInterrupt(at: tick))) }
      board.out(0x70, UInt8(step % 16), at: tick)
    }
    return seen
  }

  private func busyBoard() -> Board {
    let board = Board.sample { $0.isSerialPaced = true }
    board.initializeInterrupts()
    board.out(0x43, 0x36, 0xB6)
    board.out(0x40, 0x34, 0x12)
    board.out(0x42, 0x99, 0x01)
    board.out(0x61, 0x03)
    board.out(0x3FA, 0x01)
    board.out(0x3FC, 0x0B)
    board.out(0x3F9, 0x0F)
    for byte in UInt8(0)..<10 { board.out(0x3F8, byte) }
    board.receiveSerial(Array(0..<100), at: 50)
    board.out(0x70, 0x0B)
    board.out(0x71, 0x72)
    board.keyboard.type("Hello, \u{F700} world")
    board.out(0x80, 0x44)
    board.advance(to: 3_000_000)
    return board
  }

  @Test func aSavedBoardGoesOnTheSame() throws {
    let board = busyBoard()
    var writer = StateWriter()
    board.save(into: &writer)
    let copy = Board.sample { $0.isSerialPaced = true }
    var reader = StateReader(writer.bytes)
    try copy.load(from: &reader)
    #expect(reader.isAtEnd)
    var again = StateWriter()
    copy.save(into: &again)
    #expect(again.bytes == writer.bytes)
    #expect(copy.nextDeadline == board.nextDeadline)
    _ = board.takeSerialOutput()
    #expect(exercise(copy, from: 3_000_000) == exercise(board, from: 3_000_000))
    #expect(copy.takeSerialOutput() == board.takeSerialOutput())
  }

  @Test func runsAreEqual() {
    #expect(exercise(busyBoard(), from: 3_000_000) == exercise(busyBoard(), from: 3_000_000))
  }

  /// How often time is let through must not show.
  @Test func stepsOfTimeDoNotMatter() {
    let coarse = busyBoard()
    let fine = busyBoard()
    coarse.advance(to: 40_000_000)
    for tick in stride(from: UInt64(3_000_000), through: 40_000_000, by: 997) {
      fine.advance(to: tick)
    }
    fine.advance(to: 40_000_000)
    var writers = (StateWriter(), StateWriter())
    coarse.save(into: &writers.0)
    fine.save(into: &writers.1)
    #expect(writers.0.bytes == writers.1.bytes)
  }

  @Test func brokenStatesAreRefused() {
    let board = busyBoard()
    var writer = StateWriter()
    board.save(into: &writer)
    for length in stride(from: 0, to: writer.bytes.count, by: 7) {
      var reader = StateReader(Array(writer.bytes.prefix(length)))
      #expect(throws: StateError.self) { try Board.sample().load(from: &reader) }
    }
  }
}
