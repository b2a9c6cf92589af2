import Machine
import Monitors
import Predicates
import Testing
import X86

/// Unmodified kernels in ring 1, by trap and emulate alone.
@Suite struct FullVirtualizationTests {
  /// The control experiment: where every sensitive instruction traps, a guest under the monitor does
  /// what it does on its own, to the last bit of its state and at the same tick.
  @Test func onAVirtualizableProcessorNothingDiffersFromEmulation() throws {
    let bare = try RingletTests.session(.emulation)
    let virtual = try RingletTests.session(.fullTrap, lab: .virtualizable)
    #expect(bare.output == virtual.output)
    #expect(bare.stop == .exit(code: 7) && virtual.stop == bare.stop)
    #expect(virtual.machine.ticks == bare.machine.ticks)
    #expect(virtual.machine.digest == bare.machine.digest)
    let counters = try Self.monitor(of: virtual.machine).counters
    #expect(counters.direct > 19 * (counters.emulated + counters.interpreted))
    #expect(counters.hiddenFaults > 0 && counters.trueFaults > 0 && counters.kicks > 0)
  }

  /// PUSHF shows the real IF, which is always on: the x86 could not be virtualized like this.
  @Test func onARealProcessorTheLockCheckPanics() throws {
    let machine = try RingletTests.machine(mode: .fullTrap)
    machine.receive(.serial(Array("getpid\r".utf8)))
    let (output, stop) = RingletTests.run(machine)
    #expect(stop == .exit(code: 1))
    #expect(output.contains("panic: lock taken with interrupts on"))
  }

  @Test func smallGuestsDoTheSameAsInEmulation() throws {
    for (name, stop) in [("hello", Stop.haltedForGood), ("crash", .tripleFault)] {
      let bare = try RingletTests.machine(guest: name)
      let virtual = try RingletTests.machine(mode: .fullTrap, guest: name)
      let (expected, end) = RingletTests.run(bare)
      let result = RingletTests.run(virtual)
      #expect(end == stop && result.stop == stop)
      #expect(result.output == expected)
      #expect(virtual.ticks == bare.ticks)
      #expect(virtual.digest == bare.digest)
    }
  }

  /// The privilege report, whose kernel visits all four rings.
  @Test func onAVirtualizableProcessorThePrivilegeReportIsThatOfTheBareOne() throws {
    let machine = try RingletTests.machine(mode: .fullTrap, lab: .virtualizable, guest: "ring1")
    let (output, stop) = RingletTests.run(machine)
    #expect(stop == .haltedForGood)
    #expect(
      RingletTests.lines(output) == RingletTests.lines(try RingletTests.text("ring1/expected.txt")))
  }

  /// Without translation it shows exactly the holes that the architecture has.
  @Test func thePrivilegeReportHasTheKnownHolesAndNoOthers() throws {
    let machine = try RingletTests.machine(mode: .fullTrap, guest: "ring1")
    let (output, stop) = RingletTests.run(machine)
    #expect(stop == .haltedForGood)
    let lines = RingletTests.lines(output).dropLast(2).map(String.init)
    #expect(lines == PrivilegeTable.linesUnderRingCompression)
  }

  /// Each sensitive instruction of the kernel is met once, though the virtual processor executes it;
  /// and nobody stops in the monitor's hole.
  @Test func breakpointsAreMetOnceAndOutsideTheHole() throws {
    let machine = try RingletTests.machine(mode: .fullTrap, lab: .virtualizable)
    machine.stop(
      when: try Self.compile("(sensitive and vcpl 0) or exec 0xFFC00000..0xFFFFFFFF"))
    var places: [UInt64] = []
    while places.count < 20, case .breakpoint = machine.run(until: 1_000_000) {
      places.append(machine.instructions)
      #expect(machine.cpu.eip < 0xFFC0_0000)
    }
    #expect(places.count == 20)
    #expect(zip(places, places.dropFirst()).allSatisfy { $0 < $1 })
  }

  /// Events name the ring of the processor that they happened to.
  @Test func whatTheGuestIsGivenIsToldInItsOwnRings() throws {
    let machine = try RingletTests.machine(mode: .fullTrap, lab: .virtualizable)
    machine.receive(.serial(Array("exit 7\r".utf8)))
    _ = RingletTests.run(machine)
    let kept = (machine.cpu.log.start..<machine.cpu.log.end).map { machine.cpu.log[place: $0] }
    let call = try #require(kept.last { $0.kind == .softwareInterrupt })
    #expect(call.isVirtual && call.levelBefore == 3 && call.levelAfter == 0)
    #expect(call.fromCPL == 0 && call.toCPL == 0)
    let trap = try #require(kept.last { $0.sequence == call.parent })
    #expect(trap.kind == .fault && trap.vector == 13 && trap.fromCPL == 3 && trap.toCPL == 0)
  }

  private static func compile(_ text: String) throws -> CompiledPredicate {
    CompiledPredicate(try Predicate(parsing: text), default: .instruction)
  }

  @Test func slicesOfARunNeverShow() throws {
    let whole = try RingletTests.machine(mode: .fullTrap, lab: .virtualizable)
    let sliced = try RingletTests.machine(mode: .fullTrap, lab: .virtualizable)
    RingletTests.runInSlices(whole, beside: sliced, until: 3_000_000)
    let (one, other) = (try Self.monitor(of: whole), try Self.monitor(of: sliced))
    #expect(one.counters == other.counters)
    #expect(one.lab.ticks == other.lab.ticks)
    #expect(one.lab.cpl == other.lab.cpl)
  }

  @Test func theGuestIsInRing1AndBelievesInRing0() throws {
    let machine = try RingletTests.machine(mode: .fullTrap)
    _ = machine.run(until: 10_000)
    let monitor = try Self.monitor(of: machine)
    #expect(monitor.lab.cpl == 1 && machine.cpu.cpl == 0)
    #expect(monitor.lab.segment(SegmentRegister.cs).selector & 3 == 1)
    #expect(monitor.lab.segment(SegmentRegister.ds).limit == 0xFFBF_FFFF)
    #expect(monitor.lab.eflags.contains(.interrupt))
    #expect(monitor.lab.eip == machine.cpu.eip)
    #expect(monitor.lab.cr3 != machine.cpu.cr3)
  }

  /// A gate of the monitor's IDT is not present any more: #GP finds no handler.
  @Test func withoutAGateForGeneralProtectionTheMachineDies() throws {
    let machine = try RingletTests.machine(mode: .fullTrap, lab: .virtualizable)
    _ = machine.run(until: 1_000_000)
    try Self.monitor(of: machine)[memory: 13 * 8 + 5] &= 0x7F
    let (_, stop) = RingletTests.run(machine)
    #expect(stop == .tripleFault)
  }

  private static func monitor(of machine: Machine) throws -> FullVirtualization {
    try #require(machine.monitor as? FullVirtualization)
  }
}
