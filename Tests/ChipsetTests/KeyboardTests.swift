import Testing

@testable import Chipset

@Suite struct KeyboardTests {
  /// Reads everything the keyboard has to say, as an interrupt handler would.
  private func drain(_ board: Board, from start: UInt64 = 0) -> [UInt8] {
    var bytes: [UInt8] = []
    var tick = start
    board.advance(to: tick)
    while true {
      while board.input(0x64, at: tick) & 1 != 0 { bytes.append(board.input(0x60, at: tick)) }
      guard board.nextDeadline != .max else { return bytes }
      tick = board.nextDeadline
      board.advance(to: tick)
    }
  }

  private func configure(_ board: Board, _ value: UInt8) {
    board.out(0x64, 0x60)
    board.out(0x60, value)
  }

  @Test func translatesToSet1() {
    let board = Board.sample()
    board.keyboard.type("a\n")
    #expect(drain(board) == [0x1E, 0x9E, 0x1C, 0x9C])
  }

  @Test func sendsSet2WithoutTranslation() {
    let board = Board.sample()
    configure(board, 0x05)
    board.keyboard.type("a")
    #expect(drain(board) == [0x1C, 0xF0, 0x1C])
  }

  @Test func sendsTheSetThatWasChosen() {
    let board = Board.sample()
    configure(board, 0x05)
    board.out(0x60, 0xF0)
    board.out(0x60, 0x01)
    #expect(drain(board) == [0xFA, 0xFA])
    board.keyboard.type([.up])
    #expect(drain(board) == [0xE0, 0x48, 0xE0, 0xC8])
    board.out(0x60, 0xF0)
    board.out(0x60, 0x03)
    board.keyboard.type([.up])
    #expect(drain(board) == [0xFA, 0xFA, 0x63, 0xF0, 0x63])
    board.out(0x60, 0xF0)
    board.out(0x60, 0x00)
    #expect(drain(board) == [0xFA, 0xFA, 0x03])
  }

  @Test func holdsShiftAndControl() {
    let board = Board.sample()
    board.keyboard.type("A?\u{03}")
    #expect(
      drain(board) == [
        0x2A, 0x1E, 0x9E, 0xAA, 0x2A, 0x35, 0xB5, 0xAA, 0x1D, 0x2E, 0xAE, 0x9D,
      ])
  }

  @Test func pressesNamedKeys() {
    let board = Board.sample()
    board.keyboard.type([.f7, .delete])
    board.keyboard.type(String(Keyboard.Key.f1.character))
    #expect(drain(board) == [0x41, 0xC1, 0xE0, 0x53, 0xE0, 0xD3, 0x3B, 0xBB])
  }

  @Test func typesEveryPrintableCharacter() {
    let board = Board.sample()
    let text = String(decoding: UInt8(0x20)...0x7E, as: UTF8.self)
    let plain = "\0\u{1B}1234567890-=\u{8}\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./"
    let shifted = "\0\u{1B}!@#$%^&*()_+\u{8}\tQWERTYUIOP{}\n\0ASDFGHJKL:\"~\0|ZXCVBNM<>?"
    board.keyboard.type(text)
    var typed = ""
    var isShifted = false
    for code in drain(board) {
      switch code {
      case 0x2A: isShifted = true
      case 0xAA: isShifted = false
      case 0x39: typed.append(" ")
      case 0x80...: break
      default: typed.append(Array(isShifted ? shifted : plain)[Int(code)])
      }
    }
    #expect(typed == text)
  }

  @Test func everyKeyHasItsCharacter() {
    for key in Keyboard.Key.allCases { #expect(Keyboard.Key(key.character) == key) }
    #expect(Set(Keyboard.Key.allCases.map(\.character)).count == Keyboard.Key.allCases.count)
  }

  @Test func keysTakeTheirTime() {
    let board = Board.sample()
    board.initializeInterrupts()
    board.keyboard.type("x")
    #expect(board.nextDeadline == 0)
    board.advance(to: 5000)
    let byteTicks = Board.ticksPerSecond / 1000
    #expect(board.tickOfInterrupt() == 5000 + byteTicks)
    #expect(board.acknowledgeInterrupt(at: 5000 + byteTicks) == 0x21)
    // Nothing more until the byte was read.
    #expect(board.nextDeadline == .max)
    #expect(board.input(0x60, at: 1_000_000) == 0x2D)
    #expect(board.nextDeadline == 1_000_000 + byteTicks)
  }

  @Test func answersCommandsBeforeKeys() {
    let board = Board.sample()
    board.keyboard.type("a")
    board.out(0x60, 0xED)
    board.out(0x60, 0x02)
    #expect(drain(board) == [0xFA, 0xFA, 0x1E, 0x9E])
    #expect(board.keyboard.lights == 2)
  }

  @Test func identifiesAndResets() {
    let board = Board.sample()
    configure(board, 0x05)
    board.out(0x60, 0xF2)
    #expect(drain(board) == [0xFA, 0xAB, 0x83])
    board.out(0x60, 0xFF)
    #expect(drain(board) == [0xFA, 0xAA])
    board.out(0x60, 0xEE)
    #expect(drain(board) == [0xEE])
    board.out(0x60, 0xF3)
    board.out(0x60, 0x00)
    #expect(drain(board) == [0xFA, 0xFA])
    board.out(0x60, 0xFE)
    #expect(drain(board) == [0xFA])
    board.out(0x60, 0xEF)
    #expect(drain(board) == [0xFE])
    configure(board, 0x45)
    board.out(0x60, 0xF2)
    #expect(drain(board) == [0xFA, 0xAB, 0x41])
  }

  @Test func keysWaitWhileTheKeyboardIsOff() {
    let board = Board.sample()
    board.out(0x60, 0xF5)
    #expect(drain(board) == [0xFA])
    board.keyboard.type("a")
    #expect(drain(board).isEmpty)
    board.out(0x60, 0xF4)
    #expect(drain(board) == [0xFA, 0x1E, 0x9E])
    board.out(0x64, 0xAD)
    board.keyboard.type("b")
    #expect(drain(board).isEmpty)
    board.out(0x64, 0xAE)
    #expect(drain(board) == [0x30, 0xB0])
    #expect(board.keyboard.isIdle)
  }

  @Test func controllerTestsItself() {
    let board = Board.sample()
    #expect(board.input(0x64) == 0x14)
    board.out(0x64, 0xAA)
    #expect(board.input(0x64) == 0x1D)
    #expect(board.input(0x60) == 0x55)
    board.out(0x64, 0xAB)
    #expect(board.input(0x60) == 0x00)
    configure(board, 0x47)
    board.out(0x64, 0x20)
    #expect(board.input(0x60) == 0x47)
    #expect(board.input(0x64) & 0x21 == 0)
  }

  @Test func answersWaitForTheOutputBuffer() {
    let board = Board.sample()
    board.out(0x64, 0xAA)
    board.out(0x64, 0xAB)
    #expect(drain(board) == [0x55, 0x00])
  }

  /// The three questions that Linux asks to find a mouse port.
  @Test func hasNoMousePort() {
    let board = Board.sample()
    board.out(0x64, 0xD3)
    board.out(0x60, 0x5A)
    #expect(board.input(0x64) & 0x21 == 0x01)
    #expect(board.input(0x60) == 0x5A)
    board.out(0x64, 0xA9)
    #expect(board.input(0x60) == 0x01)
    board.out(0x64, 0xD4)
    board.out(0x60, 0xF2)
    #expect(board.input(0x64) & 0x41 == 0x41)
    #expect(board.input(0x60) == 0xFE)
  }

  @Test func outputPortSwitchesA20AndReset() {
    let board = Board.sample()
    #expect(board.isA20Open)
    board.out(0x64, 0xD1)
    board.out(0x60, 0xDD)
    #expect(!board.isA20Open)
    #expect(board.input(0x92) & 2 == 0)
    board.out(0x64, 0xD0)
    #expect(board.input(0x60) & 0x03 == 0x01)
    board.out(0x64, 0xD1)
    board.out(0x60, 0xDF)
    #expect(board.isA20Open)
    #expect(!board.takeRequests().reset)
    board.out(0x64, 0xFE)
    #expect(board.takeRequests().reset)
    #expect(!board.takeRequests().reset)
  }
}
