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

  /// The keyboard's bytes in one of its sets, without translation.
  private func sent(set: UInt8, lights: UInt8 = 0, _ text: String) -> [UInt8] {
    let board = Board.sample()
    configure(board, 0x05)
    for byte in [0xF0, set, 0xED, lights] { board.out(0x60, byte) }
    #expect(drain(board) == [0xFA, 0xFA, 0xFA, 0xFA])
    board.keyboard.type(text)
    return drain(board)
  }

  private func text(_ keys: Keyboard.Key...) -> String {
    keys.reduce(into: "") { $0.unicodeScalars.append($1.character) }
  }

  @Test func pauseAndPrintScreenSendTheirSequences() {
    let (pause, print) = (text(.pause), text(.printScreen))
    #expect(sent(set: 2, pause) == [0xE1, 0x14, 0x77, 0xE1, 0xF0, 0x14, 0xF0, 0x77])
    #expect(sent(set: 1, pause) == [0xE1, 0x1D, 0x45, 0xE1, 0x9D, 0xC5])
    #expect(sent(set: 3, pause) == [0x62, 0xF0, 0x62])
    #expect(sent(set: 2, text(.break)) == [0x14, 0xE0, 0x7E, 0xE0, 0xF0, 0x7E, 0xF0, 0x14])
    #expect(
      sent(set: 2, print) == [
        0xE0, 0x12, 0xE0, 0x7C, 0xE0, 0xF0, 0x7C, 0xE0, 0xF0, 0x12,
      ])
    #expect(sent(set: 1, print) == [0xE0, 0x2A, 0xE0, 0x37, 0xE0, 0xB7, 0xE0, 0xAA])
    #expect(sent(set: 3, print) == [0x57, 0xF0, 0x57])
    #expect(sent(set: 1, text(.systemRequest)) == [0x38, 0x54, 0xD4, 0xB8])
    let board = Board.sample()
    board.keyboard.type([.pause])
    #expect(drain(board) == [0xE1, 0x1D, 0x45, 0xE1, 0x9D, 0xC5])
  }

  @Test func navigationKeysPretendShift() {
    #expect(sent(set: 1, text(.home)) == [0xE0, 0x47, 0xE0, 0xC7])
    #expect(
      sent(set: 1, lights: 2, text(.home)) == [0xE0, 0x2A, 0xE0, 0x47, 0xE0, 0xC7, 0xE0, 0xAA])
    let shifted = String(Keyboard.holdMark) + text(.rightShift, .home)
    #expect(sent(set: 1, shifted) == [0x36, 0xE0, 0xB6, 0xE0, 0x47, 0xE0, 0xC7, 0xE0, 0x36])
    #expect(sent(set: 1, lights: 2, shifted) == [0x36, 0xE0, 0x47, 0xE0, 0xC7])
    let divided = String(Keyboard.holdMark) + text(.leftShift, .keypadDivide)
    #expect(sent(set: 1, divided) == [0x2A, 0xE0, 0xAA, 0xE0, 0x35, 0xE0, 0xB5, 0xE0, 0x2A])
  }

  /// Every key has its own code in every set, and what goes down comes up.
  @Test(arguments: [1, 2, 3] as [UInt8])
  func everyKeyIsItself(set: UInt8) {
    var seen: Set<[UInt8]> = []
    let together: [Keyboard.Key] = [.break, .systemRequest, .controlAltDelete]
    let keys = Keyboard.Key.allCases.filter { !together.contains($0) }
    for key in keys { seen.insert(sent(set: set, text(key))) }
    #expect(seen.count == keys.count)
  }

  @Test func aHeldKeyRepeats() {
    let board = Board.sample()
    board.keyboard.type(String(Keyboard.holdMark) + "a")
    let second = Board.ticksPerSecond
    var seen: [(byte: UInt8, tick: UInt64)] = []
    func run(to end: UInt64) {
      while board.nextDeadline <= end {
        let tick = max(board.nextDeadline, seen.last?.tick ?? 0)
        board.advance(to: tick)
        if board.input(0x64, at: tick) & 1 != 0 { seen.append((board.input(0x60, at: tick), tick)) }
      }
    }
    // Half a second, then every 11 × 2 two-hundred-and-fortieths of one.
    run(to: second)
    #expect(seen.allSatisfy { $0.byte == 0x1E })
    #expect(seen.count == 7 && seen[1].tick - seen[0].tick == second / 2)
    #expect((second * 22 / 240...second * 22 / 240 + 1).contains(seen[2].tick - seen[1].tick))
    board.keyboard.type(String(Keyboard.releaseMark) + "a")
    run(to: 3 * second)
    #expect(seen.count == 8 && seen.last?.byte == 0x9E)
    // The slowest rate.
    board.out(0x60, 0xF3, at: 3 * second)
    board.out(0x60, 0x7F, at: 3 * second)
    board.keyboard.type(String(Keyboard.holdMark) + "bc")
    seen = []
    run(to: 6 * second)
    #expect(seen.map(\.byte) == [0xFA, 0xFA, 0x30, 0x2E, 0xAE])
  }

  @Test func keysOfSet3ObeyTheirBehaviour() {
    let board = Board.sample()
    configure(board, 0x05)
    for byte: UInt8 in [0xF0, 0x03, 0xF9, 0xFC, 0x1C, 0xF4] { board.out(0x60, byte) }
    #expect(drain(board) == [UInt8](repeating: 0xFA, count: 6))
    board.keyboard.type("ab")
    // Make codes only, but for A.
    #expect(drain(board) == [0x1C, 0xF0, 0x1C, 0x32])
    board.out(0x60, 0xF6)
    board.out(0x60, 0xF0)
    board.out(0x60, 0x03)
    board.keyboard.type("b")
    #expect(drain(board) == [0xFA, 0xFA, 0xFA, 0x32, 0xF0, 0x32])
  }

  @Test func aHeldKeySurvivesASavedState() throws {
    let board = Board.sample()
    board.keyboard.type(String(Keyboard.holdMark) + "a")
    board.advance(to: 1)
    let tick = board.nextDeadline
    #expect(board.input(0x60, at: tick) == 0x1E)
    var writer = StateWriter()
    board.save(into: &writer)
    let other = Board.sample()
    var reader = StateReader(writer.bytes)
    try other.load(from: &reader)
    #expect(reader.isAtEnd && other.nextDeadline == board.nextDeadline && board.nextDeadline < .max)
  }
}
