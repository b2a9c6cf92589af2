import Machine
import Monitors
import Testing
import X86

/// `edges`, a guest that does what kernels do at the edges of protected mode: a page at the very top,
/// descriptors and tables there, dirty bits, ring 3 in all its faults, code that changes, interrupts.
@Suite struct EdgesTests {
  /// What a guest printed, and the machine behind it.
  private static func run(
    _ mode: Mode, lab: Profile? = nil, paging: PagingPolicy = .flush
  ) throws -> (lines: [Substring], machine: Machine) {
    let machine = try RingletTests.machine(mode: mode, lab: lab, guest: "edges", paging: paging)
    let (output, stop) = RingletTests.run(machine)
    #expect(stop == .haltedForGood)
    return (RingletTests.lines(output), machine)
  }

  @Test(arguments: PagingPolicy.allCases)
  func whereSensitiveInstructionsTrapOrAreTranslatedNothingDiffersFromEmulation(
    paging: PagingPolicy
  ) throws {
    let bare = try Self.run(.emulation)
    #expect(bare.lines.count > 75 && bare.lines.contains("done"))
    let virtual = try Self.run(.fullTrap, lab: .virtualizable, paging: paging)
    #expect(virtual.lines == bare.lines)
    #expect(virtual.machine.digest == bare.machine.digest)
    #expect(virtual.machine.ticks == bare.machine.ticks)
    let translated = try Self.run(.fullTranslate, paging: paging)
    #expect(translated.lines == bare.lines)
    #expect(translated.machine.digest == bare.machine.digest)
  }

  /// On a real processor exactly the silent instructions are wrong.
  @Test func onARealProcessorOnlyTheKnownHolesShow() throws {
    let bare = try Self.run(.emulation).lines
    let virtual = try Self.run(.fullTrap).lines
    let wrong = zip(bare, virtual).filter { $0 != $1 }.map { line, _ in
      line.split(separator: ":").dropLast().joined(separator: ":")
    }
    #expect(bare.count == virtual.count)
    #expect(
      wrong == [
        "ring 3: a call gate", "flags", "flags with IOPL 3", "cs", "ss", "sgdt", "sidt", "sldt",
        "str", "smsw", "lar", "lsl",
      ])
  }

  /// GS has the largest limit and reaches what lies below its base: no trap for 5,000 accesses.
  @Test func threadLocalStorageBelowASegmentsBaseIsReachedDirectly() throws {
    let machine = try RingletTests.machine(mode: .fullTrap, lab: .virtualizable, guest: "edges")
    let monitor = try #require(machine.monitor as? FullVirtualization)
    // In ring 3, with GS loaded.
    while machine.cpu.cpl != 3 || machine.cpu.segment(SegmentRegister.gs).selector != 0x33 {
      _ = machine.run(until: machine.ticks + 100)
      try #require(machine.ticks < 5_000_000)
    }
    let before = monitor.counters
    _ = machine.run(until: machine.ticks + 10_000)
    #expect(machine.cpu.cpl == 3)
    #expect(monitor.realCPL == 3)
    #expect(monitor.lab.segment(SegmentRegister.gs).limit == 0xFFFF_FFFF)
    #expect(monitor.lab.segment(SegmentRegister.cs).limit == 0xFFFF_FFFF)
    #expect(monitor.counters.emulated == before.emulated)
    #expect(monitor.counters.direct == before.direct + 10_000)
    #expect(monitor.counters.tableChanges > 10)
  }

  /// What the guest does to its own top of memory never reaches the monitor's.
  @Test(arguments: [Mode.fullTrap, .fullTranslate])
  func theHoleIsTheMonitorsWhateverTheGuestDoes(mode: Mode) throws {
    let machine = try RingletTests.machine(
      mode: mode, lab: mode == .fullTrap ? .virtualizable : nil, guest: "edges")
    let monitor = try #require(machine.monitor as? FullVirtualization)
    func fixedParts() -> [UInt8] {
      // Gates, TSS, stubs: written once.
      (0..<0x4000).map { monitor[memory: $0] }
    }
    let before = fixedParts()
    var looks = 0
    while case .reached = machine.run(until: machine.ticks + 20_000) {
      #expect(monitor.audit(machine.cpu).wrong.isEmpty)
      if monitor.realCPL == 1 {
        looks += 1
        // Translated code is in the hole, and finds the monitor's data for it through GS.
        let own = mode == .fullTrap ? [] : [SegmentRegister.cs, SegmentRegister.gs]
        for index in 0..<6 where !own.contains(index) {
          let segment = monitor.lab.segment(index)
          let isBelow =
            !segment.isUsable
            || segment.base < 0xFFC0_0000
              && segment.limit <= 0xFFBF_FFFF - segment.base
          #expect(isBelow)
        }
      }
    }
    #expect(looks > 10)
    #expect(fixedParts() == before)
  }
}
