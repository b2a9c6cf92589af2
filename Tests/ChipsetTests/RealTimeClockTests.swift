import Testing

@testable import Chipset

@Suite struct RealTimeClockTests {
  private let second = Board.ticksPerSecond

  private func read(_ board: Board, _ register: UInt8, at tick: UInt64 = 0) -> UInt8 {
    board.out(0x70, register, at: tick)
    return board.input(0x71, at: tick)
  }

  private func write(_ board: Board, _ register: UInt8, _ value: UInt8, at tick: UInt64 = 0) {
    board.out(0x70, register, at: tick)
    board.out(0x71, value, at: tick)
  }

  /// Century, year, month, day, weekday, hours, minutes, seconds as they are in the registers.
  private func time(_ board: Board, at tick: UInt64 = 0) -> [UInt8] {
    [0x32, 9, 8, 7, 6, 4, 2, 0].map { read(board, $0, at: tick) }
  }

  @Test func startsAtTheFixedTime() {
    #expect(time(.sample()) == [0x20, 0x26, 0x01, 0x01, 5, 0, 0, 0])
    let board = Board.sample { $0.startTime = 951_782_399 }
    #expect(time(board) == [0x20, 0x00, 0x02, 0x28, 2, 0x23, 0x59, 0x59])
    #expect(time(board, at: second) == [0x20, 0x00, 0x02, 0x29, 3, 0, 0, 0])
  }

  @Test func countsWithTheMachine() {
    let board = Board.sample { $0.startTime = 946_684_799 }
    #expect(time(board, at: second - 1) == [0x19, 0x99, 0x12, 0x31, 6, 0x23, 0x59, 0x59])
    #expect(time(board, at: second) == [0x20, 0x00, 0x01, 0x01, 7, 0, 0, 0])
    #expect(time(board, at: 86_400 * second) == [0x20, 0x00, 0x01, 0x01, 7, 0x23, 0x59, 0x59])
  }

  @Test func calendarGoesBothWays() {
    for days in stride(from: -200_000, through: 200_000, by: 37) {
      #expect(CalendarDate(daysSince1970: days).daysSince1970 == days)
    }
    #expect(CalendarDate(daysSince1970: 20_454) == CalendarDate(year: 2026, month: 1, day: 1))
  }

  @Test func showsTwelveHoursAndBinary() {
    let board = Board.sample { $0.startTime += 13 * 3600 + 45 * 60 }
    write(board, 11, 0x80)
    // The mode does not convert: the guest writes the time anew.
    write(board, 4, 0x81)
    write(board, 11, 0x00)
    #expect(read(board, 4, at: 14 * 60 * second) == 0x81)
    #expect(read(board, 4, at: 15 * 60 * second) == 0x82)
    #expect(read(board, 4, at: (15 + 600) * 60 * second) == 0x12)
  }

  @Test func updateInProgressComesBeforeTheSecond() {
    let board = Board.sample()
    let early = second - second * 80 / 32768
    let late = second - second * 40 / 32768
    #expect(read(board, 10, at: early) == 0x26)
    #expect(read(board, 10, at: late) == 0xA6)
    #expect(read(board, 0, at: late) == 0)
    #expect(read(board, 10, at: second) == 0x26)
    #expect(read(board, 0, at: second) == 1)
  }

  @Test func setHoldsTheTime() {
    let board = Board.sample()
    write(board, 11, 0x82)
    #expect(read(board, 0, at: 10 * second) == 0)
    #expect(read(board, 10, at: 11 * second - 1) == 0x26)
    write(board, 0, 0x30, at: 10 * second + second / 4)
    write(board, 11, 0x02, at: 10 * second + second / 4)
    #expect(read(board, 0, at: 11 * second - 1) == 0x30)
    #expect(read(board, 0, at: 11 * second) == 0x31)
  }

  @Test func theFirstSecondAfterAResetOfTheDividerIsHalf() {
    let board = Board.sample()
    write(board, 10, 0x76, at: second / 4)
    #expect(read(board, 0, at: 5 * second) == 0)
    write(board, 10, 0x26, at: 5 * second)
    #expect(read(board, 0, at: 5 * second + second / 2 - 4000) == 0)
    #expect(read(board, 0, at: 5 * second + second / 2) == 1)
    #expect(read(board, 0, at: 6 * second + second / 2) == 2)
  }

  @Test func updatesInterruptEverySecond() {
    let board = Board.sample()
    board.initializeInterrupts()
    write(board, 11, 0x12)
    #expect(board.tickOfInterrupt() == second)
    #expect(board.acknowledgeInterrupt(at: second) == 0x28)
    board.out(0xA0, 0x20, at: second)
    board.out(0x20, 0x20, at: second)
    #expect(read(board, 12, at: second) == 0xD0)  // PF rises without being enabled.
    #expect(read(board, 12, at: second) == 0)
    #expect(board.tickOfInterrupt() == 2 * second)
  }

  @Test func periodicInterruptFollowsItsRate() {
    let board = Board.sample()
    board.initializeInterrupts()
    write(board, 11, 0x42)
    // 1024 Hz by default.
    #expect(board.tickOfInterrupt() == (second + 1023) / 1024)
    _ = board.acknowledgeInterrupt(at: 200_000)
    #expect(read(board, 12, at: 200_000) & 0xC0 == 0xC0)
    write(board, 10, 0x2F, at: 200_000)
    #expect(board.nextDeadline == second / 2)
  }

  @Test func alarmRingsAtItsTime() {
    let board = Board.sample()
    board.initializeInterrupts()
    write(board, 1, 0x05)
    write(board, 3, 0x01)
    write(board, 5, 0xFF)
    write(board, 11, 0x22)
    #expect(board.tickOfInterrupt() == 65 * second)
    #expect(read(board, 12, at: 65 * second) & 0xA0 == 0xA0)
  }

  @Test func flagsRiseWithoutInterrupts() {
    let board = Board.sample()
    #expect(board.nextDeadline == .max)
    #expect(read(board, 12, at: 3 * second) == 0x70 & ~0x20)
  }

  @Test(arguments: [
    (UInt64(64), UInt16(640), UInt16(0xFC00), UInt16(0x0300)),
    (1, 640, 0, 0),
    (8, 640, 7168, 0),
    (3584, 640, 0xFFFF, 0xDF00),
  ])
  func memoryTellsTheSizeOfRAM(mebibytes: UInt64, base: UInt16, extended: UInt16, high: UInt16) {
    let board = Board.sample(memory: mebibytes << 20)
    func word(_ place: UInt8) -> UInt16 {
      UInt16(read(board, place)) | UInt16(read(board, place + 1)) << 8
    }
    #expect(word(0x15) == base)
    #expect(word(0x17) == extended)
    #expect(word(0x30) == extended)
    #expect(word(0x34) == high)
    let sum = (UInt8(0x10)...0x2D).reduce(UInt16(0)) { $0 + UInt16(read(board, $1)) }
    #expect(word(0x2E).byteSwapped == sum)
  }

  @Test func memoryOutlivesAReset() {
    let board = Board.sample()
    write(board, 0x0F, 0x05)
    write(board, 0x7F, 0x99)
    write(board, 0x8E, 0x11)  // Bit 7 of the index masks NMI.
    board.reset()
    #expect(read(board, 0x0F) == 0x05)
    #expect(read(board, 0x7F) == 0x99)
    #expect(read(board, 0x0E) == 0x11)
    #expect(read(board, 0x0D) == 0x80)
  }
}
