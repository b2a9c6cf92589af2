import Testing
import X86

@testable import Machine

/// Back in time and forward again: the machine is what it was, always.
@Suite struct HistoryTests {
  private static func history(_ name: String, budget: Int = History.defaultBudget) throws
    -> History
  {
    var configuration = Machine.Configuration()
    configuration.memory = 16
    let guest = Guest(image: try ImageFiles.built(name))
    return History(try Machine(configuration, guest: guest), budget: budget)
  }

  /// Ringlet at work: a program that computes, timer interrupts, and text that comes and goes over
  /// the serial line.
  private static func busyRinglet(budget: Int = History.defaultBudget, until end: UInt64) throws
    -> History
  {
    let history = try history("ringlet", budget: budget)
    let lines = "ls | wc\rspin 3\rcat readme | wc\rforks\rpages\rcat disk > big\rdivide\r"
    for (count, line) in lines.split(separator: "\r").enumerated() {
      _ = history.run(until: 4_000_000 + UInt64(count) * 700_001)
      history.receive(.serial(Array((line + "\r").utf8)))
      history.receive(.keys("echo \(count)\n"))
    }
    _ = history.run(until: end)
    return history
  }

  /// Digests at given ticks of one run that never goes back, with the inputs of a history.
  private static func digests(of history: History, at ticks: [UInt64]) throws -> [UInt64: UInt64] {
    var inputs = Journal()
    inputs.entries = history.machine.journal.entries + history.machine.replay
    let machine = try Machine(
      history.machine.configuration, guest: history.machine.guest, replaying: inputs)
    var digests: [UInt64: UInt64] = [:]
    for tick in ticks.sorted() {
      _ = machine.run(until: tick)
      digests[tick] = machine.digest
    }
    return digests
  }

  @Test(arguments: [64 << 20, 3 << 20, 0])
  func everyPlaceIsWhatItWas(budget: Int) throws {
    let end: UInt64 = 12_000_000
    let history = try Self.busyRinglet(budget: budget, until: end)
    #expect(history.size <= max(budget, 2 << 20))
    var generator = SplitMix(seed: 7)
    let ticks = (0..<12).map { _ in generator.next() % end } + [end, end - 1, 0, 1]
    let known = try Self.digests(of: history, at: ticks)
    for tick in ticks.shuffled(using: &generator) {
      #expect(history.go(to: .tick(tick)) == .arrived)
      #expect(history.machine.ticks == tick)
      #expect(history.machine.digest == known[tick], "tick \(tick)")
    }
    #expect(history.go(to: .latest) == .arrived)
    #expect(history.machine.digest == known[end])
    #expect(history.go(to: .start) == .arrived)
    #expect(history.machine.digest == known[0])
  }

  /// The same places on foot. What passes in a HLT is no instruction, and no step back.
  @Test func stepsBackUndoStepsForward() throws {
    let history = try Self.busyRinglet(until: 8_000_000)
    let machine = history.machine
    while machine.cpu.isHalted { _ = history.step() }
    var digests = [machine.digest]
    while digests.count < 200 {
      let executed = machine.instructions
      #expect(history.step() == nil)
      if machine.instructions > executed && machine.cpu.isHalted == false {
        digests.append(machine.digest)
      }
    }
    for digest in digests.dropLast().reversed() {
      #expect(history.go(to: .back) == .arrived)
      if machine.cpu.isHalted { history.go(to: .back) }
      #expect(machine.digest == digest)
    }
  }

  @Test func aHaltIsOneStepBack() throws {
    let history = try Self.history("ringlet")
    _ = history.run(until: 60_000_000)
    let machine = history.machine
    #expect(machine.cpu.isHalted == true)
    let executed = history.machine.instructions
    history.go(to: .back)
    #expect(machine.cpu.isHalted == true && machine.instructions == executed)
    let halt = history.machine.ticks
    history.go(to: .back)
    #expect(machine.cpu.isHalted == false && machine.instructions == executed - 1)
    #expect(history.step() == nil)
    #expect(machine.ticks >= halt && machine.cpu.isHalted == true)
  }

  @Test func eventsAreFoundBackwards() throws {
    let history = try Self.busyRinglet(until: 9_000_000)
    let isFault: (Transition) -> Bool = { $0.kind == .fault && $0.fromCPL == 3 }
    // All of them, from one run forward.
    let forward = try Machine(
      history.machine.configuration, guest: history.machine.guest,
      replaying: history.machine.journal)
    var places: [UInt64] = []
    var seen: UInt64 = 0
    while forward.ticks < 9_000_000 {
      _ = forward.run(until: min(9_000_000, forward.ticks + 500))
      for place in seen..<forward.cpu.log.end {
        let event = forward.cpu.log[place: place]
        if isFault(event) { places.append(event.tick + 1) }
      }
      seen = forward.cpu.log.end
    }
    try #require(places.count > 3)
    for place in Array(Set(places)).sorted(by: >).prefix(12) where place < 9_000_000 {
      #expect(history.go(to: .previous(isFault)) == .arrived)
      #expect(history.machine.ticks == place)
    }
    let (here, digest) = (history.machine.ticks, history.machine.digest)
    #expect(history.go(to: .previous { $0.kind == .taskSwitch && $0.vector == 99 }) == .nowhere)
    #expect(history.machine.ticks == here && history.machine.digest == digest)
  }

  /// Hours of HLT are passed over: a second of the host's time would not do for looking at each tick.
  @Test func aSearchThroughIdleTimeIsQuick() throws {
    let history = try Self.history("ringlet")
    _ = history.run(until: 20_000_000_000)
    let change = { (event: Transition) in event.fromCPL != event.toCPL }
    let start = ContinuousClock.now
    #expect(history.go(to: .previous(change)) == .arrived)
    #expect(ContinuousClock.now - start < .seconds(20))
    #expect(history.machine.ticks < 20_000_000)
  }

  @Test func aNewInputBeginsAnotherHistory() throws {
    let history = try Self.history("ringlet")
    _ = history.run(until: 6_000_000)
    history.receive(.serial(Array("ps\r".utf8)))
    _ = history.run(until: 9_000_000)
    let old = history.machine.digest
    history.go(to: .tick(6_500_000))
    #expect(history.isInThePast)
    _ = history.run(until: 9_000_000)
    #expect(history.machine.digest == old, "the same history")
    history.go(to: .tick(5_900_000))
    history.receive(.serial(Array("help\r".utf8)))
    #expect(!history.isInThePast)
    _ = history.run(until: 9_000_000)
    let new = history.machine.digest
    #expect(new != old)
    #expect(history.machine.journal.entries.count == 1)
    let fresh = try Self.history("ringlet")
    _ = fresh.run(until: 5_900_000)
    fresh.receive(.serial(Array("help\r".utf8)))
    _ = fresh.run(until: 9_000_000)
    #expect(fresh.machine.digest == new, "another history is one like any other")
    history.go(to: .tick(5_000_000))
    history.go(to: .latest)
    #expect(history.machine.digest == new)
  }

  @Test func checkpointsStayWithinTheBudget() throws {
    let budget = 2 << 20
    let history = try Self.busyRinglet(budget: budget, until: 5_000_000)
    for end in stride(from: UInt64(20_000_000), through: 120_000_000, by: 20_000_000) {
      history.receive(.serial(Array("pages\rspin 20\r".utf8)))
      _ = history.run(until: end)
      #expect(history.size <= budget)
    }
    #expect(history.checkpoints.list.count > 3)
    let now = history.machine.ticks
    let digest = history.machine.digest
    history.go(to: .tick(now - 1_000))
    history.go(to: .tick(now))
    #expect(history.machine.digest == digest)
  }

  /// What a checkpoint costs: a page is copied at most once between two of them, and only if it is
  /// written to; the rest is small.
  @Test(arguments: [Mode.emulation, .fullTrap]) func checkpointsDoNoMoreWorkThanTheyNeed(
    mode: Mode
  ) throws {
    var configuration = Machine.Configuration()
    configuration.mode = mode
    if mode != .emulation { configuration.labProfile = .virtualizable }
    configuration.memory = 16
    let guest = Guest(image: try ImageFiles.built("ringlet"))
    let history = History(try Machine(configuration, guest: guest))
    _ = history.run(until: 2_000_000)
    history.receive(.serial(Array("spin 20\rpages\rforks\r".utf8)))
    _ = history.run(until: 40_000_000)
    let work = history.checkpoints.work
    #expect(work.checkpoints >= 3)
    #expect(UInt64(work.checkpoints) <= 2 + history.machine.instructions / History.interval)
    #expect(work.bytes / work.checkpoints < 256 << 10)
    // The same run, asked where it writes.
    let plain = try Machine(configuration, guest: guest, replaying: history.machine.journal)
    _ = plain.keepOldPages()
    var written = 0
    for checkpoint in history.checkpoints.list.dropFirst() {
      _ = plain.run(until: checkpoint.moment.ticks)
      for change in plain.takeChanges() {
        written += 1
        change.old?.deallocate()
      }
    }
    #expect(work.pages <= written && work.pages > 0)
  }

  @Test func aResetCanBeUndone() throws {
    // inc dword [200000h]; mov al,0FEh; out 64h,al: the keyboard controller pulls the reset line.
    let code: [UInt8] = [0xFF, 0x05, 0x00, 0x00, 0x20, 0x00, 0xB0, 0xFE, 0xE6, 0x64, 0xEB, 0xFE]
    let history = History(try Machine(ImageFiles.kernel(code: code)))
    var digests: [UInt64: UInt64] = [:]
    for tick in UInt64(0)..<40 {
      digests[tick] = history.machine.digest
      while history.machine.ticks == tick { _ = history.run(until: tick + 1) }
    }
    #expect(history.machine.cpu.log.total(of: .reset) > 2)
    for tick in (UInt64(0)..<40).reversed() {
      history.go(to: .tick(tick))
      #expect(history.machine.digest == digests[tick])
    }
  }

  @Test func whatAGuestWroteToItsDiskIsTakenBack() throws {
    try ImageFiles.withFile([UInt8](repeating: 7, count: 8192)) { path in
      // mov dx,1F6h; mov al,0E0h; out dx,al; mov dx,1F2h; mov al,1; out dx,al; mov dx,1F7h;
      // mov al,30h; out dx,al; w: in al,dx; test al,8; jz w; mov dx,1F0h; mov ecx,100h;
      // l: mov eax,ecx; out dx,ax; loop l; jmp $
      let code: [UInt8] = [
        0x66, 0xBA, 0xF6, 0x01, 0xB0, 0xE0, 0xEE, 0x66, 0xBA, 0xF2, 0x01, 0xB0, 0x01, 0xEE,
        0x66, 0xBA, 0xF7, 0x01, 0xB0, 0x30, 0xEE, 0xEC, 0xA8, 0x08, 0x74, 0xFB,
        0x66, 0xBA, 0xF0, 0x01, 0xB9, 0x00, 0x01, 0x00, 0x00, 0x89, 0xC8, 0x66, 0xEF, 0xE2, 0xFA,
        0xEB, 0xFE,
      ]
      let disk = try DiskFile(path: path, writable: false)
      let machine = try Machine(ImageFiles.kernel(code: code)) { $0.disks = [disk] }
      let history = History(machine)
      let before = machine.digest
      _ = history.run(until: 2_000_000)
      #expect(machine.disks[0].changed.count == 1)
      let after = machine.digest
      history.go(to: .start)
      #expect(machine.digest == before && machine.disks[0].changed.isEmpty)
      history.go(to: .latest)
      #expect(machine.digest == after && machine.disks[0].changed.count == 1)
    }
  }

  @Test func aWayCanBeLeftHalfway() throws {
    let history = try Self.busyRinglet(until: 12_000_000)
    history.setOut(for: .tick(11_000_000))
    _ = history.proceed(instructions: 10_000)
    let place = history.machine.ticks
    #expect(place < 11_000_000)
    let known = try Self.digests(of: history, at: [place])
    #expect(history.machine.digest == known[place])
  }
}

/// A small generator of random numbers, the same in every run.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }
}
