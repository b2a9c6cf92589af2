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

  @Test func registersAreReadBack() {
    let board = Board.sample()
    for (index, count): (UInt16, UInt8) in [(0x3C4, 5), (0x3CE, 9), (0x3D4, 25)] {
      setController(board, 0x11, 0x0E)
      for register in 0..<count {
        board.out(index, register)
        board.out(index + 1, 0x40 + register)
      }
      for register in 0..<count {
        board.out(index, register)
        #expect(board.input(index) == register)
        // Register 11h of the CRTC has protected nothing: its bit 7 is clear.
        #expect(board.input(index + 1) == 0x40 + register)
      }
      board.out(index, count)
      #expect(board.input(index + 1) == 0xFF)
    }
    board.out(0x3C2, 0xE3)
    #expect(board.input(0x3CC) == 0xE3)
    board.out(0x3DA, 0x02)
    #expect(board.input(0x3CA) == 0x02)
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
