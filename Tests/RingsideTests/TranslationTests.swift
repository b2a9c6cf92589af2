import Chipset
import Machine
import Monitors
import Testing
import X86

/// Unmodified kernels in ring 1 of an ordinary processor, by translation.
@Suite struct TranslationTests {
  @Test func ringletsSessionEndsInTheSameStateAtTheSameTick() throws {
    // `rings` shows what ring 3 sees of the real tables.
    let bare = try RingletTests.session(.emulation) { $0 == "rings" }
    let translated = try RingletTests.session(.fullTranslate) { $0 == "rings" }
    #expect(bare.output == translated.output)
    #expect(bare.stop == .exit(code: 7) && translated.stop == bare.stop)
    #expect(translated.machine.ticks == bare.machine.ticks)
    #expect(translated.machine.digest == bare.machine.digest)
    let counters = try Self.monitor(of: translated.machine).counters
    let elsewhere = counters.emulated + counters.interpreted
    #expect(counters.direct + counters.translated > 19 * elsewhere)
    #expect(counters.direct > 0 && counters.chained > 0 && counters.lookupCallouts > 0)
  }

  /// Each with what it prints last; 600Dh is how `seams` says that it has come to its end.
  @Test(
    arguments: [
      ("hello", "Hello from ring 0\n"), ("crash", "Falling\n"), ("seams", "\n99 0000600d\n"),
      ("demo", "shell ready, type help\r\n$ "),
    ], PagingPolicy.allCases)
  func guestsEndInTheSameState(guest: (name: String, last: String), paging: PagingPolicy) throws {
    let end: UInt64 = 30_000_000
    let bare = try RingletTests.machine(mode: .emulation, guest: guest.name)
    let translated = try RingletTests.machine(
      mode: .fullTranslate, guest: guest.name, paging: paging)
    #expect(bare.run(until: end) == translated.run(until: end))
    let output = bare.board.takeSerialOutput()
    #expect(output == translated.board.takeSerialOutput())
    let text = String(decoding: output, as: UTF8.self)
    #expect(text.hasSuffix(guest.last))
    #expect(bare.ticks == translated.ticks)
    #expect(bare.digest == translated.digest)
  }

  /// What is not translated runs in ring 3 and sees LDTR and TR as they really are. Nothing else.
  @Test func thePrivilegeReportHasTheHolesOfRing3Only() throws {
    let machine = try RingletTests.machine(mode: .fullTranslate, guest: "ring1")
    let (output, stop) = RingletTests.run(machine)
    #expect(stop == .haltedForGood)
    let expected = RingletTests.lines(try RingletTests.text("ring1/expected.txt"))
    let lines = RingletTests.lines(output)
    #expect(lines.count == expected.count)
    let different = zip(lines, expected).filter { $0 != $1 && !$0.hasPrefix("sum") }
    #expect(
      different.map { String($0.0) } == [
        "sldt        =0000 =0000 =0000 =ffe8", "str         =0050 =0050 =0050 =ffe0",
      ])
  }

  @Test func slicesOfARunNeverShow() throws {
    let whole = try RingletTests.machine(mode: .fullTranslate, guest: "seams")
    let sliced = try RingletTests.machine(mode: .fullTranslate, guest: "seams")
    let end: UInt64 = 760_000
    _ = whole.run(until: end)
    var tick: UInt64 = 0
    while tick < end {
      tick = min(end, tick + 37)
      #expect(sliced.run(until: tick) == .reached)
      #expect(sliced.ticks == tick)
    }
    #expect(whole.digest == sliced.digest)
    let (one, other) = (try Self.monitor(of: whole), try Self.monitor(of: sliced))
    #expect(one.counters == other.counters)
    #expect(one.lab.ticks == other.lab.ticks)
  }

  /// Instruction by instruction, both processors agree on everything that software can see.
  @Test func everyInstructionEndsInTheSameState() throws {
    let bare = try RingletTests.machine(mode: .emulation, guest: "seams")
    let translated = try RingletTests.machine(mode: .fullTranslate, guest: "seams")
    for tick: UInt64 in 1...6_000 {
      _ = bare.run(until: tick)
      _ = translated.run(until: tick)
      let equal = Self.processorState(bare) == Self.processorState(translated)
      #expect(equal, "tick \(tick): EIP \(bare.cpu.eip) and \(translated.cpu.eip)")
      guard equal else { return }
    }
  }

  @Test func aFullCacheIsEmptiedAndNothingElseHappens() throws {
    let bare = try RingletTests.machine(mode: .emulation)
    let translated = try RingletTests.machine(mode: .fullTranslate)
    let monitor = try Self.monitor(of: translated)
    monitor.limitTranslations(to: 0x2800)
    let end: UInt64 = 3_000_000
    _ = bare.run(until: end)
    _ = translated.run(until: end)
    #expect(bare.digest == translated.digest)
    #expect(monitor.counters.cacheFlushes > 3)
  }

  @Test func translationsAreShownBesideTheirOriginals() throws {
    let machine = try RingletTests.machine(mode: .fullTranslate, guest: "seams")
    _ = machine.run(until: 100_000)
    let monitor = try Self.monitor(of: machine)
    var forms: Set<String> = []
    for block in try #require(monitor.translatedBlocks) {
      let rows = try #require(monitor.translation(of: block))
      forms.formUnion(rows.map(\.form.rawValue))
      for row in rows where row.form == .identical && row.guestBytes.count < 2 {
        #expect(row.guestBytes == row.translatedBytes)
      }
      for row in rows where !row.guestBytes.isEmpty {
        for (offset, byte) in row.guestBytes.enumerated() {
          let place = PhysicalAddress(row.guest) + UInt64(offset)
          #expect(machine.cpu.memory.host(at: place)?.load(as: UInt8.self) == byte)
        }
      }
    }
    #expect(forms == ["IDENT", "INLINE", "CALLOUT", "CHAIN"])
  }

  /// The lab processor really executes what lies in the cache.
  @Test func aDamagedTranslationMakesTheGuestFail() throws {
    let machine = try RingletTests.machine(mode: .fullTranslate, guest: "seams")
    let monitor = try Self.monitor(of: machine)
    _ = machine.run(until: 1_000)
    // mov dx, 3FDh becomes mov dx, 3FCh: the guest waits at the wrong register for ever.
    let rows = try #require(monitor.translatedBlocks).flatMap { monitor.translation(of: $0) ?? [] }
    let loads = rows.filter { $0.translatedBytes == [0x66, 0xBA, 0xFD, 0x03] }
    #expect(!loads.isEmpty)
    for load in loads { monitor[translated: load.translated + 2] = 0xFC }
    let bare = try RingletTests.machine(mode: .emulation, guest: "seams")
    let end: UInt64 = 40_000
    #expect(machine.run(until: end) == bare.run(until: end))
    #expect(machine.digest != bare.digest)
  }

  private static func processorState(_ machine: Machine) -> UInt64 {
    var hash = StateHash()
    machine.cpu.combine(into: &hash)
    return hash.value
  }

  private static func monitor(of machine: Machine) throws -> FullVirtualization {
    try #require(machine.monitor as? FullVirtualization)
  }
}
