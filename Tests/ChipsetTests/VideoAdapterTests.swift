import Testing

@testable import Chipset

@Suite struct VideoAdapterTests {
  private func put(_ text: String, _ attribute: UInt8, at position: Int, on board: Board) {
    for (offset, byte) in text.utf8.enumerated() {
      let place = board.videoMemory + 0x1_8000 + (position + offset) * 2
      place.storeBytes(of: byte, as: UInt8.self)
      place.storeBytes(of: attribute, toByteOffset: 1, as: UInt8.self)
    }
  }

  private func setController(_ board: Board, _ register: UInt8, _ value: UInt8) {
    board.writePort(0x3D4, width: 2, value: UInt32(value) << 8 | UInt32(register), at: 0)
  }

  @Test func startsIn80By25() {
    let board = Board.sample()
    put("Hello", 0x1F, at: 80, on: board)
    let screen = board.textScreen()
    #expect((screen.columns, screen.rows, screen.cells.count) == (80, 25, 2000))
    #expect(screen.cells[80] == TextScreen.Cell(character: UInt8(ascii: "H"), attribute: 0x1F))
    #expect(screen.lines[1] == "Hello")
    #expect(screen.lines[0] == "")
    #expect(screen.cursor == 0)
  }

  @Test func startAddressScrolls() {
    let board = Board.sample()
    put("second", 0x07, at: 80, on: board)
    setController(board, 0x0D, 80)
    setController(board, 0x0F, 83)
    #expect(board.textScreen().lines[0] == "second")
    #expect(board.textScreen().cursor == 3)
    // The window wraps.
    put("wrapped", 0x07, at: 0, on: board)
    setController(board, 0x0C, 0x40)
    setController(board, 0x0D, 0x00)
    #expect(board.textScreen().lines[0] == "wrapped")
  }

  @Test func cursorCanBeHidden() {
    let board = Board.sample()
    setController(board, 0x0A, 0x2D)
    #expect(board.textScreen().cursor == nil)
    setController(board, 0x0A, 0x0D)
    #expect(board.textScreen().cursor == 0)
    setController(board, 0x0E, 0x10)
    #expect(board.textScreen().cursor == nil)
  }

  @Test func smallerCharactersMakeMoreRows() {
    let board = Board.sample()
    setController(board, 0x09, 0x47)
    #expect(board.textScreen().rows == 50)
    board.writePort(0x3CE, width: 2, value: 0x0506, at: 0)
    #expect(board.textScreen().columns == 0)
  }

  private func setAttribute(_ board: Board, _ register: UInt8, _ value: UInt8) {
    _ = board.input(0x3DA)
    board.out(0x3C0, register, value, 0x20)
  }

  @Test func registersHaveTheBitsOfAVGA() {
    let board = Board.sample()
    let sequencer: [UInt8] = [0x03, 0x3D, 0x0F, 0x3F, 0x0E]
    let graphics: [UInt8] = [0x0F, 0x0F, 0x0F, 0x1F, 0x03, 0x7B, 0x0F, 0x0F, 0xFF]
    var controller = [UInt8](repeating: 0xFF, count: 25)
    for (register, mask): (Int, UInt8) in [
      (0x08, 0x7F), (0x0A, 0x3F), (0x0B, 0x7F), (0x11, 0x7F), (0x14, 0x7F), (0x17, 0xEF),
    ] { controller[register] = mask }
    for (index, masks): (UInt16, [UInt8]) in [
      (0x3C4, sequencer), (0x3CE, graphics), (0x3D4, controller),
    ] {
      // Bit 7 of register 11h protects others.
      setController(board, 0x11, 0x7F)
      for register in masks.indices where index != 0x3D4 || register != 0x11 {
        board.out(index, UInt8(register), at: 0)
        board.out(index + 1, 0xFF)
      }
      for (register, mask) in masks.enumerated() {
        board.out(index, UInt8(register))
        #expect(board.input(index) == UInt8(register) && board.input(index + 1) == mask)
      }
      board.out(index, UInt8(masks.count))
      #expect(board.input(index + 1) == 0xFF)
    }
    board.out(0x3C2, 0xE3)
    #expect(board.input(0x3CC) == 0xE3)
    board.out(0x3DA, 0x02)
    #expect(board.input(0x3CA) == 0x02)
  }

  @Test func fortyColumnsAreHalfTheDots() {
    let board = Board.sample()
    setController(board, 0x11, 0x0E)
    for (register, value): (UInt8, UInt8) in [(0x01, 0x27), (0x13, 0x14)] {
      setController(board, register, value)
    }
    put("row", 0x07, at: 40, on: board)
    let screen = board.textScreen()
    #expect((screen.columns, screen.rows) == (40, 25) && screen.lines[1] == "row")
    // 200 lines, each shown twice, make the same picture of eight lines a character.
    setController(board, 0x09, 0xC7)
    #expect(board.textScreen().rows == 25)
  }

  @Test func theCursorIsABlockOrALine() {
    let board = Board.sample()
    #expect(board.textScreen().cursor == 0 && !board.textScreen().isBlockCursor)
    setController(board, 0x0A, 0x00)
    #expect(board.textScreen().isBlockCursor)
    setController(board, 0x0A, 0x08)
    #expect(!board.textScreen().isBlockCursor)
    // Outside the cell, or upside down, there is none.
    setController(board, 0x0B, 0x1F)
    setController(board, 0x0A, 0x10)
    #expect(board.textScreen().cursor == nil)
    setController(board, 0x0A, 0x0E)
    setController(board, 0x0B, 0x0D)
    #expect(board.textScreen().cursor == nil)
  }

  @Test func bitSevenBlinksOrIsBright() {
    let board = Board.sample()
    #expect(board.textScreen().isBlinking)
    setAttribute(board, 0x10, 0x04)
    #expect(!board.textScreen().isBlinking && board.textScreen().content == .text)
  }

  @Test func theSplitScreenBeginsAtZero() {
    let board = Board.sample()
    put("first", 0x07, at: 0, on: board)
    put("scrolled", 0x07, at: 0x1000, on: board)
    setController(board, 0x0C, 0x10)
    setController(board, 0x11, 0x0E)
    // Line compare 319, the last line of row 19.
    setController(board, 0x18, 0x3F)
    setController(board, 0x09, 0x0F)
    let lines = board.textScreen().lines
    #expect(lines[0] == "scrolled" && lines[20] == "first")
    setController(board, 0x0E, 0x00)
    setController(board, 0x0F, 81)
    #expect(board.textScreen().cursor == 21 * 80 + 1)
  }

  @Test func whatIsNoTextIsCalledByItsName() {
    let board = Board.sample()
    for (index, on, off): (UInt16, UInt32, UInt32) in [
      (0x3C4, 0x2001, 0x0001), (0x3C4, 0x0100, 0x0300), (0x3D4, 0x2317, 0xA317),
    ] {
      board.writePort(index, width: 2, value: on, at: 0)
      #expect(board.textScreen().content == .off && board.textScreen().rows == 0)
      board.writePort(index, width: 2, value: off, at: 0)
      #expect(board.textScreen().content == .text)
    }
    _ = board.input(0x3DA)
    board.out(0x3C0, 0x00)
    #expect(board.textScreen().content == .off)
    board.out(0x3C0, 0x00, 0x20)
    board.writePort(0x3CE, width: 2, value: 0x0506, at: 0)
    #expect(board.textScreen().content == .graphics)
  }

  @Test func timingIsWriteProtected() {
    let board = Board.sample()
    setController(board, 0x01, 0x27)
    setController(board, 0x07, 0x0F)
    board.out(0x3D4, 0x01)
    #expect(board.input(0x3D5) == 0x4F)
    board.out(0x3D4, 0x07)
    #expect(board.input(0x3D5) == 0x0F)
    setController(board, 0x11, 0x0E)
    setController(board, 0x01, 0x27)
    #expect(board.textScreen().columns == 40)
  }

  @Test func attributePortAlternates() {
    let board = Board.sample()
    _ = board.input(0x3DA)
    board.out(0x3C0, 0x10, 0x2C, 0x12)
    #expect(board.input(0x3C1) == 0x0F)
    _ = board.input(0x3DA)
    board.out(0x3C0, 0x30)
    #expect(board.input(0x3C0) == 0x30)
    #expect(board.input(0x3C1) == 0x2C)
  }

  @Test func paletteCountsUp() {
    let board = Board.sample()
    board.out(0x3C7, 7)
    #expect((0..<4).map { _ in board.input(0x3C9) } == [0x2A, 0x2A, 0x2A, 0x00])
    #expect(board.input(0x3C7) == 3)
    board.out(0x3C8, 255)
    board.out(0x3C9, 1, 2, 0xFF, 9)
    #expect(board.input(0x3C7) == 0)
    board.out(0x3C7, 255)
    #expect((0..<4).map { _ in board.input(0x3C9) } == [1, 2, 0x3F, 9])
  }

  @Test func monochromePortsReplaceColourPorts() {
    let board = Board.sample()
    #expect(board.input(0x3B4) == 0xFF)
    board.out(0x3C2, 0x66)
    board.out(0x3B4, 0x0A)
    #expect(board.input(0x3B5) == 0x0D)
    #expect(board.input(0x3D4) == 0xFF)
    #expect(board.unclaimedPorts.counts.map(\.port) == [0x3B4, 0x3D4])
  }

  @Test func retraceComes70TimesASecond() {
    let board = Board.sample()
    let step = Board.ticksPerSecond / 100_000
    var retraces = 0
    var blanks = 0
    var before: UInt8 = 0
    for sample in 0..<UInt64(100_000) {
      let status = board.input(0x3DA, at: sample * step)
      if status & ~before & 8 != 0 { retraces += 1 }
      if status & 1 != 0 { blanks += 1 }
      before = status
    }
    #expect(retraces == 70)
    // 720 of 900 dots in 400 of 449 lines are shown.
    #expect((28_000...29_500).contains(blanks))
  }
}
