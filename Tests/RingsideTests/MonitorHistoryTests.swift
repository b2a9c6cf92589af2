import Machine
import Monitors
import Testing
import X86

/// A guest under a monitor goes back in time, is kept in files and driven by a debugger like any
/// other: the monitor is a value too.
@Suite struct MonitorHistoryTests {
  /// Ringlet at work under trap and emulate, on the processor where that succeeds.
  private static func busyRinglet(until end: UInt64) throws -> History {
    let history = History(try RingletTests.machine(mode: .fullTrap, lab: .virtualizable))
    let lines = ["ls | wc", "spin 1", "forks 2", "pages", "divide", "smc"]
    for (count, line) in lines.enumerated() {
      _ = history.run(until: 3_000_000 + UInt64(count) * 300_001)
      history.receive(.serial(Array((line + "\r").utf8)))
    }
    _ = history.run(until: end)
    return history
  }

  /// What there is to compare: the guest, what was written down, what the monitor did, and where the
  /// lab processor is.
  private struct Everything: Equatable {
    var digest: UInt64
    var events: UInt64
    var newest: [Transition]
    var counters: FullCounters
    var labTicks: UInt64
    var realCPL: UInt8

    init(_ machine: Machine) throws {
      let monitor = try #require(machine.monitor as? FullVirtualization)
      digest = machine.digest
      events = machine.cpu.log.count
      let places = (machine.cpu.log.end - 60)..<machine.cpu.log.end
      newest = places.map { machine.cpu.log[place: $0] }
      (counters, labTicks, realCPL) = (monitor.counters, monitor.lab.ticks, monitor.realCPL)
    }
  }

  @Test func everyPlaceIsWhatItWasDownToTheMonitor() throws {
    let end: UInt64 = 5_500_000
    let history = try Self.busyRinglet(until: end)
    let forward = try RingletTests.machine(
      mode: .fullTrap, lab: .virtualizable, replaying: history.machine.journal)
    var generator = Xorshift64(seed: 1)
    let ticks = (0..<8).map { _ in generator.next() % (end - 1_000_000) + 1_000_000 } + [end - 1]
    var known: [UInt64: Everything] = [:]
    for tick in ticks.sorted() + [end] {
      _ = forward.run(until: tick)
      known[tick] = try Everything(forward)
    }
    #expect(try Everything(history.machine) == known[end])
    for tick in ticks {
      #expect(history.go(to: .tick(tick)) == .arrived)
      #expect(try Everything(history.machine) == known[tick], "tick \(tick)")
    }
  }

  /// Forward again along the same history, while the kernel starts: the same ledger, entry by entry.
  @Test func theLedgerIsTheSameTheSecondTime() throws {
    let history = History(try RingletTests.machine(mode: .fullTrap, lab: .virtualizable))
    _ = history.run(until: 600_000)
    let first = Self.kept(history.machine)
    #expect(history.go(to: .tick(123_456)) == .arrived)
    #expect(history.go(to: .latest) == .arrived)
    let second = Self.kept(history.machine)
    let common = min(first.count, second.count)
    #expect(common > 3_000)
    #expect(first.suffix(common) == second.suffix(common))
  }

  private static func kept(_ machine: Machine) -> [Transition] {
    (machine.cpu.log.start..<machine.cpu.log.end).map { machine.cpu.log[place: $0] }
  }

  @Test func stepsBackUndoStepsForward() throws {
    let history = try Self.busyRinglet(until: 4_000_000)
    let machine = history.machine
    while machine.cpu.isHalted { _ = history.step() }
    var digests = [machine.digest]
    while digests.count < 60 {
      let executed = machine.instructions
      #expect(history.step() == nil)
      if machine.instructions > executed && !machine.cpu.isHalted { digests.append(machine.digest) }
    }
    for digest in digests.dropLast().reversed() {
      #expect(history.go(to: .back) == .arrived)
      if machine.cpu.isHalted { history.go(to: .back) }
      #expect(machine.digest == digest)
    }
  }

  /// The latest trap of a kind before now, and what the guest had done then.
  @Test func trapsAreFoundBackwards() throws {
    let history = try Self.busyRinglet(until: 5_000_000)
    let isTrap: (Transition) -> Bool = {
      $0.kind == .fault && $0.vector == 13 && $0.fromCPL == 1 && $0.toCPL == 0
    }
    let forward = try RingletTests.machine(
      mode: .fullTrap, lab: .virtualizable, replaying: history.machine.journal)
    let sink = TrapSink(isTrap)
    forward.ledgerSink = sink
    _ = forward.run(until: history.machine.ticks)
    // Where each of them has been dealt with.
    let places = sink.places.reversed().map { $0 + 1 }.filter { $0 < history.machine.ticks }
    try #require(places.count > 1_000)
    for place in places.prefix(5) {
      #expect(history.go(to: .previous(isTrap)) == .arrived)
      #expect(history.machine.ticks == place)
    }
  }

  /// Where the guest was at each trap, from the first on.
  private final class TrapSink: LedgerSink {
    private let isTrap: (Transition) -> Bool
    private(set) var places: [UInt64] = []

    init(_ isTrap: @escaping (Transition) -> Bool) { self.isTrap = isTrap }

    func receive(_ event: Transition) {
      if isTrap(event) { places.append(event.guestTick) }
    }
  }

  /// What a debugger changes is the guest's from then on, and happens again.
  @Test func changesFromOutsideReachTheGuestAndAreRepeated() throws {
    func run(_ mode: Mode) throws -> [UInt64] {
      let lab: Profile? = mode == .emulation ? nil : .virtualizable
      let history = History(try RingletTests.machine(mode: mode, lab: lab))
      let machine = history.machine
      _ = history.run(until: 1_000_003)
      history.receive(.register(.general(.eax), 0x1234_5678))
      history.receive(.register(.eflags, machine.cpu.eflags.rawValue ^ 0x8D5))
      let translated = machine.cpu.peekTranslate(machine.cpu[.esp])
      let place = try #require(translated)
      history.receive(.memory(place - 64, [1, 2, 3, 4]))
      #expect(machine.cpu[.eax] == 0x1234_5678)
      var digests = [machine.digest]
      for _ in 0..<20 {
        _ = history.step()
        digests.append(machine.digest)
      }
      let (here, latest) = (machine.ticks, machine.digest)
      history.go(to: .tick(999_999))
      history.go(to: .tick(here))
      #expect(machine.digest == latest)
      return digests
    }
    #expect(try run(.fullTrap) == run(.emulation))
  }

  /// Watching leaves no trace, and finds the same places as in emulation.
  @Test func aDebuggersPointsAreMetAtTheSamePlaces() throws {
    let scout = try RingletTests.machine()
    _ = scout.run(until: 3_000_000)
    let kept = (scout.cpu.log.start..<scout.cpu.log.end).map { scout.cpu.log[place: $0] }
    let interrupt = try #require(kept.last { $0.kind == .interrupt })
    func places(_ mode: Mode) throws -> [UInt64] {
      let lab: Profile? = mode == .emulation ? nil : .virtualizable
      let machine = try RingletTests.machine(mode: mode, lab: lab)
      _ = machine.run(until: 800_000)
      var watch = Watch()
      watch.instructions = [interrupt.toEIP]
      watch.areas = [.init(start: interrupt.toESP, size: 4, access: .write)]
      machine.setWatch(watch)
      var places: [UInt64] = []
      machine.passWatch()
      while places.count < 12, case .watched = machine.run(until: 9_000_000) {
        places.append(machine.ticks)
        machine.passWatch()
        _ = machine.step()
        _ = machine.takeWatchHit()
      }
      machine.setWatch(Watch())
      _ = machine.run(until: 9_000_000)
      return places + [machine.digest]
    }
    let found = try places(.fullTrap)
    #expect(found.count > 8)
    #expect(try found == places(.emulation))
  }
}
