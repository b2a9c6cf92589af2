import Testing

@testable import Chipset

@Suite struct SerialPortTests {
  /// 115200 baud, 8N1, FIFOs on, interrupts connected.
  private func board(_ change: (inout Board.Configuration) -> Void = { _ in }) -> Board {
    let board = Board.sample(change)
    board.initializeInterrupts()
    board.out(0x3FB, 0x83)
    board.out(0x3F8, 0x01)
    board.out(0x3F9, 0x00)
    board.out(0x3FB, 0x03)
    board.out(0x3FA, 0xC7)
    board.out(0x3FC, 0x0B)
    return board
  }
  private let character = Board.ticksPerSecond * 10 / 115_200

  @Test func registersKeepTheirBits() {
    let board = Board.sample()
    board.out(0x3FF, 0x5A)
    #expect(board.input(0x3FF) == 0x5A)
    board.out(0x3F9, 0xFF)
    #expect(board.input(0x3F9) == 0x0F)
    board.out(0x3FC, 0xFF)
    #expect(board.input(0x3FC) == 0x1F)
    board.out(0x3FB, 0x80)
    board.out(0x3F8, 0x34)
    board.out(0x3F9, 0x12)
    #expect(board.input(0x3F8) == 0x34)
    #expect(board.input(0x3F9) == 0x12)
  }

  @Test func isA16550AByItsFIFOBits() {
    let board = Board.sample()
    #expect(board.input(0x3FA) == 0x01)
    board.out(0x3FA, 0x01)
    #expect(board.input(0x3FA) == 0xC1)
    board.out(0x3FA, 0x21)  // Not a 16750.
    #expect(board.input(0x3FA) == 0xC1)
  }

  @Test func loopbackConnectsOutputsToInputs() {
    let board = board()
    board.out(0x3FC, 0x1A)
    #expect(board.input(0x3FE) & 0xF0 == 0x90)
    board.out(0x3FC, 0x15)
    #expect(board.input(0x3FE) & 0xF0 == 0x60)
    board.out(0x3F8, 0xA5)
    #expect(board.input(0x3FD) == 0x61)
    #expect(board.input(0x3F8) == 0xA5)
    #expect(board.takeSerialOutput().isEmpty)
    board.out(0x3FC, 0x0B)
    #expect(board.input(0x3FE) & 0xF0 == 0xB0)
  }

  @Test func modemChangesAreReportedOnce() {
    let board = board()
    board.out(0x3FC, 0x10)
    #expect(board.input(0x3FE) == 0x0B)
    #expect(board.input(0x3FE) == 0x00)
    board.out(0x3FC, 0x14)
    #expect(board.input(0x3FE) == 0x40)
    board.out(0x3FC, 0x10)
    #expect(board.input(0x3FE) == 0x04)  // RI's trailing edge.
  }

  @Test func sendsAtOnce() {
    let board = board()
    for byte in "hello".utf8 {
      #expect(board.input(0x3FD) & 0x60 == 0x60)
      board.out(0x3F8, byte)
    }
    #expect(board.takeSerialOutput() == Array("hello".utf8))
    #expect(board.takeSerialOutput().isEmpty)
    #expect(board.nextDeadline == .max)
  }

  @Test func sendsAtBaudPaceWhenAsked() {
    let board = board { $0.isSerialPaced = true }
    for byte in "abc".utf8 { board.out(0x3F8, byte) }
    #expect(board.input(0x3FD) & 0x60 == 0)
    #expect(board.nextDeadline == character)
    board.advance(to: 2 * character)
    #expect(board.takeSerialOutput() == Array("ab".utf8))
    #expect(board.input(0x3FD, at: 2 * character) & 0x60 == 0x20)
    board.advance(to: 3 * character)
    #expect(board.takeSerialOutput() == Array("c".utf8))
    #expect(board.input(0x3FD, at: 3 * character) & 0x60 == 0x60)
  }

  @Test func emptyTransmitterInterruptsUntilIdentified() {
    let board = board()
    #expect(!board.interruptLine)
    board.out(0x3F9, 0x02)
    #expect(board.acknowledgeInterrupt(at: 0) == 0x24)
    #expect(board.input(0x3FA) == 0xC2)
    #expect(board.input(0x3FA) == 0xC1)
    // Enabling it again raises it again.
    board.out(0x3F9, 0x00)
    board.out(0x3F9, 0x02)
    #expect(board.input(0x3FA) == 0xC2)
    board.out(0x3F8, 0x41)
    #expect(board.input(0x3FA) == 0xC2)
  }

  @Test func out2ConnectsTheInterrupt() {
    let board = board()
    board.out(0x3FC, 0x03)
    board.out(0x3F9, 0x02)
    #expect(!board.interruptLine)
    board.out(0x3FC, 0x0B)
    #expect(board.interruptLine)
  }

  @Test func receivesAtBaudPace() {
    let board = board()
    board.out(0x3FA, 0x07)  // Trigger level 1.
    board.out(0x3F9, 0x01)
    board.receiveSerial(Array("hi".utf8), at: 1000)
    #expect(!board.serialQueueIsEmpty)
    #expect(board.tickOfInterrupt() == 1000 + character)
    #expect(board.input(0x3FA, at: 1000 + character) == 0xC4)
    #expect(board.input(0x3F8, at: 1000 + character) == UInt8(ascii: "h"))
    #expect(board.input(0x3FD, at: 1000 + character) == 0x60)
    #expect(board.nextDeadline == 1000 + 2 * character)
    board.advance(to: board.nextDeadline)
    #expect(board.serialQueueIsEmpty)
    #expect(board.input(0x3F8, at: 1000 + 2 * character) == UInt8(ascii: "i"))
  }

  @Test func waitingBytesTimeOutAfterFourCharacters() {
    let board = board()
    board.out(0x3F9, 0x01)
    board.receiveSerial(Array("abc".utf8), at: 0)
    #expect(board.tickOfInterrupt() == (3 + 4) * character)
    #expect(board.input(0x3FA, at: 7 * character) == 0xCC)
    #expect(board.input(0x3F8, at: 7 * character) == UInt8(ascii: "a"))
    #expect(board.input(0x3FA, at: 7 * character) == 0xC1)
  }

  @Test func triggerLevelHoldsTheInterruptBack() {
    let board = board()
    board.out(0x3FA, 0x47)  // 4 bytes.
    board.out(0x3F9, 0x01)
    board.receiveSerial(Array("abcdef".utf8), at: 0)
    #expect(board.tickOfInterrupt() == 4 * character)
    #expect(board.input(0x3FA, at: 4 * character) == 0xC4)
  }

  @Test func aFullReceiverMakesTheOtherEndWait() {
    let board = board()
    board.receiveSerial((0..<20).map { UInt8($0) }, at: 0)
    var tick = 1000 * character
    board.advance(to: tick)
    #expect(!board.serialQueueIsEmpty)
    var bytes: [UInt8] = []
    while bytes.count < 20 {
      if board.input(0x3FD, at: tick) & 1 != 0 { bytes.append(board.input(0x3F8, at: tick)) }
      tick += character
    }
    #expect(bytes == (0..<20).map { UInt8($0) })
    #expect(board.input(0x3FD, at: tick) & 0x02 == 0)
  }

  @Test func whatIsOnTheLineOutlivesAReset() {
    let board = board()
    board.receiveSerial(Array("abc".utf8), at: 0)
    board.advance(to: character)
    board.reset()
    #expect(board.input(0x3FD) & 1 == 0)
    board.out(0x3FB, 0x03, at: 2 * character)
    board.advance(to: 100 * character)
    #expect(board.input(0x3F8, at: 100 * character) == UInt8(ascii: "b"))
  }

  @Test func overrunIsAnErrorOfTheLine() {
    let board = board()
    board.out(0x3F9, 0x04)
    board.out(0x3FC, 0x1B)
    for byte in UInt8(0)..<17 { board.out(0x3F8, byte) }
    #expect(board.input(0x3FA) == 0xC6)
    #expect(board.input(0x3FD) & 0x03 == 0x03)
    #expect(board.input(0x3FD) & 0x02 == 0)
    #expect(board.input(0x3FA) == 0xC1)
  }

  @Test func interruptsAreIdentifiedByPriority() {
    let board = board()
    board.out(0x3FA, 0x01)
    board.out(0x3FC, 0x18)
    for byte in UInt8(0)..<17 { board.out(0x3F8, byte) }
    board.out(0x3F9, 0x0F)
    var seen: [UInt8] = []
    seen.append(board.input(0x3FA))
    _ = board.input(0x3FD)
    seen.append(board.input(0x3FA))
    board.out(0x3FA, 0x03)
    seen.append(board.input(0x3FA))
    seen.append(board.input(0x3FA))
    _ = board.input(0x3FE)
    seen.append(board.input(0x3FA))
    #expect(seen == [0xC6, 0xC4, 0xC2, 0xC0, 0xC1])
  }

  @Test func theSecondLineHasItsOwnPortsAndInterrupt() {
    let board = Board.sample()
    board.initializeInterrupts()
    board.out(0x2FB, 0x03)
    board.out(0x2FC, 0x0B)
    board.out(0x2F9, 0x01)
    board.out(0x2F8, UInt8(ascii: "2"))
    #expect(board.takeSerialOutput(of: .com2) == [UInt8(ascii: "2")])
    #expect(board.takeSerialOutput().isEmpty)
    board.receiveSerial([0x41], on: .com2, at: 0)
    #expect(board.tickOfInterrupt() != nil && board.acknowledgeInterrupt(at: 1 << 30) == 0x23)
    #expect(board.input(0x2F8) == 0x41 && board.input(0x3F8) == 0)
  }
}
