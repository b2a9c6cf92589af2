import Testing

@testable import Chipset

/// What the speaker is told to play, at the tick at which it was told.
@Suite struct SpeakerTests {
  @Test func tonesBeginChangeAndEnd() {
    let board = Board.sample()
    board.out(0x43, 0xB6, at: 10)
    board.out(0x42, 0xA9, 0x04, at: 20)
    #expect(board.takeSounds().isEmpty)
    board.out(0x61, 0x03, at: 30)
    board.out(0x42, 0x52, 0x02, at: 40)
    board.out(0x61, 0x01, at: 50)
    let sounds = board.takeSounds()
    #expect(sounds.map(\.tick) == [30, 40, 50])
    #expect(sounds.map(\.divisor) == [0x4A9, 0x252, nil])
    #expect(sounds.map(\.frequency) == [1000, 2009, 0])
    #expect(board.takeSounds().isEmpty)
  }

  @Test func aClosedGateIsSilence() {
    let board = Board.sample()
    board.out(0x43, 0xB6)
    board.out(0x42, 0x00, 0x10)
    board.out(0x61, 0x02)
    #expect(board.takeSounds().isEmpty)
    board.out(0x61, 0x03, at: 5)
    board.reset()
    #expect(board.takeSounds() == [Board.Sound(tick: 5, divisor: 0x1000)])
    board.out(0x61, 0x03, at: 6)
    #expect(board.takeSounds().isEmpty)
  }

  @Test func port61ShowsGateRefreshAndOutput() {
    let board = Board.sample()
    board.out(0x61, 0x0F)
    #expect(board.input(0x61) & 0xCF == 0x0F)
    let toggles = (0..<40).map { board.input(0x61, at: UInt64($0) * 9 * ticksPerClock) & 0x10 }
    #expect(toggles.enumerated().allSatisfy { $1 == ($0 / 2 & 1 != 0 ? 0x10 : 0) })
    // Counter 2 in mode 0 raises its output when it is through.
    board.out(0x61, 0x01)
    board.out(0x43, 0xB0)
    board.out(0x42, 100, 0)
    #expect(board.input(0x61, at: 99 * ticksPerClock) & 0x20 == 0)
    #expect(board.input(0x61, at: 102 * ticksPerClock) & 0x20 == 0x20)
  }
}
