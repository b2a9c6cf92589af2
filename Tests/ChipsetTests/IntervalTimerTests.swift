import Testing

@testable import Chipset

/// The timing figures of the 8254's data sheet. A clock is 100 ticks; what is written in clock 0
/// is loaded in clock 1.
@Suite struct IntervalTimerTests {
  /// Output and count of a counter in each of the clocks 1...
  private func trace(_ counter: Counter, from first: Int64 = 1, clocks: Int) -> (String, [UInt16]) {
    var counter = counter
    var out = ""
    var counts: [UInt16] = []
    for clock in first..<first + Int64(clocks) {
      counter.settle(to: clock)
      out += counter.output(at: clock) ? "H" : "L"
      let low = counter.read(at: clock)
      counts.append(UInt16(low) | UInt16(counter.read(at: clock)) << 8)
    }
    return (out, counts)
  }

  private func counter(
    mode: UInt8, count: UInt16, gate: Bool = true, isDecimal: Bool = false
  ) -> Counter {
    var counter = Counter(gate: gate)
    counter.control(0x30 | mode << 1 | (isDecimal ? 1 : 0), at: 0)
    counter.write(UInt8(count & 0xFF), at: 0)
    counter.write(UInt8(count >> 8), at: 0)
    return counter
  }

  @Test func mode0RaisesOutAfterNPlus1Clocks() {
    let (out, counts) = trace(counter(mode: 0, count: 4), clocks: 7)
    #expect(out == "LLLLHHH")
    #expect(counts == [4, 3, 2, 1, 0, 0xFFFF, 0xFFFE])
  }

  @Test func mode0StopsWithItsGate() {
    var counter = counter(mode: 0, count: 4)
    counter.setGate(false, at: 2)
    #expect(trace(counter, from: 2, clocks: 3) == ("LLL", [3, 3, 3]))
    counter.setGate(true, at: 10)
    #expect(trace(counter, from: 10, clocks: 5) == ("LLLHH", [3, 2, 1, 0, 0xFFFF]))
  }

  @Test func mode0StopsAtTheFirstByteOfANewCount() {
    var counter = counter(mode: 0, count: 2)
    #expect(counter.output(at: 3))
    counter.write(3, at: 5)
    #expect(!counter.output(at: 5))
    #expect(!counter.output(at: 100))
    counter.write(0, at: 100)
    #expect(trace(counter, from: 101, clocks: 4).0 == "LLLH")
  }

  @Test func mode1IsARetriggerableOneShot() {
    var counter = counter(mode: 1, count: 3, gate: false)
    #expect(trace(counter, clocks: 3).0 == "HHH")
    counter.setGate(true, at: 4)
    #expect(trace(counter, from: 4, clocks: 6).0 == "HLLLHH")
    counter.setGate(false, at: 5)
    counter.setGate(true, at: 6)
    #expect(trace(counter, from: 6, clocks: 6).0 == "LLLLHH")
  }

  @Test func mode2DividesByN() {
    let (out, counts) = trace(counter(mode: 2, count: 3), clocks: 8)
    #expect(out == "HHLHHLHH")
    #expect(counts == [3, 2, 1, 3, 2, 1, 3, 2])
  }

  @Test func mode2TakesANewCountAtTheEndOfThePeriod() {
    var counter = counter(mode: 2, count: 4)
    counter.write(2, at: 2)
    counter.write(0, at: 2)
    #expect(trace(counter, from: 2, clocks: 8).0 == "HHLHLHLH")
  }

  @Test func mode2StartsAnewWithItsGate() {
    var counter = counter(mode: 2, count: 4)
    counter.setGate(false, at: 4)
    #expect(counter.output(at: 4))
    #expect(counter.output(at: 50))
    counter.setGate(true, at: 50)
    #expect(trace(counter, from: 51, clocks: 5) == ("HHHLH", [4, 3, 2, 1, 4]))
  }

  @Test(arguments: [(UInt16(4), "HHLLHHLL", [4, 2, 4, 2]), (5, "HHHLLHHH", [4, 2, 0, 4])])
  func mode3IsASquareWave(count: UInt16, wave: String, first: [UInt16]) {
    let (out, counts) = trace(counter(mode: 3, count: count), clocks: 8)
    #expect(out == wave)
    #expect(Array(counts.prefix(4)) == first)
  }

  @Test func mode3TakesANewCountAtTheEndOfTheHalf() {
    var counter = counter(mode: 3, count: 8)
    counter.write(4, at: 2)
    counter.write(0, at: 2)
    #expect(trace(counter, clocks: 12).0 == "HHHHLLHHLLHH")
  }

  @Test func mode4StrobesOnce() {
    let (out, counts) = trace(counter(mode: 4, count: 3), clocks: 7)
    #expect(out == "HHHLHHH")
    #expect(counts == [3, 2, 1, 0, 0xFFFF, 0xFFFE, 0xFFFD])
  }

  @Test func mode5StrobesAfterItsTrigger() {
    var counter = counter(mode: 5, count: 2, gate: false)
    #expect(trace(counter, clocks: 5).0 == "HHHHH")
    counter.setGate(true, at: 10)
    #expect(trace(counter, from: 10, clocks: 5).0 == "HHHLH")
  }

  @Test func decimalCountsAreDecimal() {
    let (_, counts) = trace(counter(mode: 0, count: 0x1000, isDecimal: true), clocks: 3)
    #expect(counts == [0x1000, 0x0999, 0x0998])
    let (_, wrapped) = trace(counter(mode: 2, count: 0, isDecimal: true), clocks: 2)
    #expect(wrapped == [0, 0x9999])
  }

  @Test func aCountOfZeroIsTheLongest() {
    let counter = counter(mode: 0, count: 0)
    #expect(!counter.output(at: 65536))
    #expect(counter.output(at: 65537))
  }

  @Test func aNewCountCanBeReadAtOnce() {
    let board = Board.sample()
    board.out(0x43, 0xB0)
    board.out(0x42, 0xFF, 0xFF)
    board.out(0x61, 0x01)
    #expect(board.input(0x42, at: 1) == 0xFF)
    #expect(board.input(0x42, at: 2) == 0xFF)
  }

  @Test func latchKeepsTheCountUntilRead() {
    let board = Board.sample()
    board.out(0x43, 0x34)
    board.out(0x40, 0x10, 0x27)
    board.out(0x43, 0x00, at: 101 * ticksPerClock)
    board.out(0x43, 0x00, at: 200 * ticksPerClock)
    let latched = UInt16(board.input(0x40, at: 5000 * ticksPerClock))
    #expect(latched | UInt16(board.input(0x40, at: 5001 * ticksPerClock)) << 8 == 10_000 - 100)
    #expect(board.input(0x40, at: 1 * ticksPerClock) == 0x10)
  }

  @Test func readBackLatchesStatusAndCount() {
    let board = Board.sample()
    board.out(0x43, 0x34)
    board.out(0x43, 0xE2)
    #expect(board.input(0x40) == 0xF4)  // OUT high, null count, both bytes, mode 2.
    board.out(0x40, 0x00, 0x10)
    board.out(0x43, 0xC2, at: 11 * ticksPerClock)
    #expect(board.input(0x40, at: 12 * ticksPerClock) == 0xB4)
    #expect(board.input(0x40, at: 12 * ticksPerClock) == 0xF6)
    #expect(board.input(0x40, at: 12 * ticksPerClock) == 0x0F)
    #expect(board.input(0x43) == 0xFF)
  }

  @Test func rateGeneratorInterruptsEveryNClocks() {
    let board = Board.sample()
    board.initializeInterrupts()
    board.out(0x43, 0x34)
    board.out(0x40, 0xA9, 0x04)  // 1193
    // OUT falls in the last clock of a period and rises with the next.
    #expect(board.timerTicks(3) == [119_400, 238_700, 358_000])
  }

  @Test func squareWaveInterruptsEveryNClocks() {
    let board = Board.sample()
    board.initializeInterrupts()
    board.out(0x43, 0x36)
    board.out(0x40, 0x00, 0x00)
    let ticks = board.timerTicks(4)
    #expect(zip(ticks, ticks.dropFirst()).map { $1 - $0 } == [6_553_600, 6_553_600, 6_553_600])
  }

  @Test func oneShotsInterruptOnce() {
    for (mode, clocks): (UInt8, UInt64) in [(0x30, 1001), (0x38, 1002)] {
      let board = Board.sample()
      board.out(0x43, mode)
      board.initializeInterrupts()
      board.out(0x40, 0xE8, 0x03)
      #expect(board.timerTicks(1) == [clocks * 100])
      #expect(board.nextDeadline == .max)
    }
  }

  @Test func edgesStayExactForDays() {
    let oscillator = Oscillator(frequency: 1_193_182, ticksPerSecond: 100_000_000)
    let days: Int64 = 30 * 86_400
    #expect(oscillator.cycle(at: UInt64(days) * 100_000_000) == days * 1_193_182)
    #expect(oscillator.tick(of: days * 1_193_182) == UInt64(days) * 100_000_000)
    for cycle: Int64 in [1, 2, 3, 1_193_181, 987_654_321_012] {
      let tick = oscillator.tick(of: cycle)
      #expect(oscillator.cycle(at: tick) == cycle)
      #expect(oscillator.cycle(at: tick - 1) == cycle - 1)
    }
  }

  /// How operating systems measure the processor: counter 2 in mode 0, gated and seen at 61h.
  @Test func speakerCounterMeasuresTime() {
    let board = Board.sample()
    board.out(0x61, 0x01)
    board.out(0x43, 0xB0)
    board.out(0x42, 0x9B, 0x2E)  // 11931: 10 ms.
    #expect(board.input(0x61) & 0x21 == 0x01)
    #expect(board.input(0x61, at: 11_931 * 100 + 99) & 0x20 == 0)
    #expect(board.input(0x61, at: 11_932 * 100) & 0x20 == 0x20)
    #expect(board.nextDeadline == .max)
  }

  @Test func gateOfTheSpeakerCounterHoldsItsCount() {
    let board = Board.sample()
    board.out(0x43, 0xB0)
    board.out(0x42, 0xFF, 0xFF)
    #expect(board.input(0x61, at: 100_000_000) & 0x20 == 0)
    board.out(0x61, 0x01, at: 100_000_000)
    let msb = { (tick: UInt64) -> UInt8 in
      _ = board.input(0x42, at: tick)
      return board.input(0x42, at: tick)
    }
    #expect(msb(100_000_000) == 0xFF)
    #expect(msb(100_000_000 + 256 * 100) == 0xFE)
  }
}
