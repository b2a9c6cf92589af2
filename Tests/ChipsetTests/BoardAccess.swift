@testable import Chipset

/// Ticks for one clock of the interval timer, so that its times are round numbers here.
let ticksPerClock: UInt64 = 100

extension Board {
  /// A board of 64 MiB on which a timer clock is 100 ticks.
  static func sample(
    memory: UInt64 = 64 << 20, _ change: (inout Configuration) -> Void = { _ in }
  ) -> Board {
    var configuration = Configuration(
      ramSize: memory, ticksPerSecond: IntervalTimer.frequency * ticksPerClock)
    change(&configuration)
    return Board(configuration: configuration)
  }

  static let ticksPerSecond = IntervalTimer.frequency * ticksPerClock

  func out(_ port: UInt16, _ values: UInt8..., at tick: UInt64 = 0) {
    for value in values { writePort(port, width: 1, value: UInt32(value), at: tick) }
  }

  func input(_ port: UInt16, at tick: UInt64 = 0) -> UInt8 {
    UInt8(readPort(port, width: 1, at: tick))
  }

  /// Both controllers at vectors 20h and 28h, nothing masked, as operating systems do it.
  func initializeInterrupts(icw4: UInt8 = 0x01) {
    out(0x20, 0x11)
    out(0x21, 0x20, 0x04, icw4)
    out(0xA0, 0x11)
    out(0xA1, 0x28, 0x02, icw4)
  }

  /// Lets deadlines pass until INTR is up. Nil when nothing more happens before `limit`.
  func tickOfInterrupt(before limit: UInt64 = 1 << 40) -> UInt64? {
    var tick: UInt64 = 0
    while !interruptLine {
      tick = nextDeadline
      guard tick < limit else { return nil }
      advance(to: tick)
    }
    return tick
  }

  /// The ticks at which IRQ 0 goes up, each answered at once.
  func timerTicks(_ count: Int) -> [UInt64] {
    (0..<count).compactMap { _ in
      guard let tick = tickOfInterrupt() else { return nil }
      _ = acknowledgeInterrupt(at: tick)
      out(0x20, 0x20, at: tick)
      return tick
    }
  }
}
