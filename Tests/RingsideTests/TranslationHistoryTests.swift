import Machine
import Monitors
import Testing

/// A translated guest goes back in time: it is what it was, though its translations are made anew.
@Suite struct TranslationHistoryTests {
  @Test func everyPlaceIsWhatItWas() throws {
    let end: UInt64 = 4_500_000
    let history = History(try RingletTests.machine(mode: .fullTranslate))
    for (count, line) in ["ls | wc", "forks 2", "smc"].enumerated() {
      _ = history.run(until: 2_000_000 + UInt64(count) * 500_001)
      history.receive(.serial(Array((line + "\r").utf8)))
    }
    _ = history.run(until: end)
    let forward = try RingletTests.machine(
      mode: .fullTranslate, replaying: history.machine.journal)
    // Before the prompt, at work on each line, and at the end.
    let ticks: [UInt64] = [400_003, 2_100_007, 2_600_001, 3_200_011, end]
    var known: [UInt64: UInt64] = [:]
    for tick in ticks {
      _ = forward.run(until: tick)
      known[tick] = forward.digest
    }
    for tick in [ticks[3], ticks[0], ticks[2], ticks[1], ticks[4]] {
      #expect(history.go(to: .tick(tick)) == .arrived)
      #expect(history.machine.digest == known[tick], "tick \(tick)")
    }
  }
}
