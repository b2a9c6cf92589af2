import Machine
import Monitors
import Testing
import X86

/// Unmodified kernels in ring 1, by trap and emulate alone.
@Suite struct FullVirtualizationTests {
  /// The control experiment: where every sensitive instruction traps, a guest under the monitor does
  /// what it does on its own, to the last bit of its state and at the same tick.
  @Test func onAVirtualizableProcessorNothingDiffersFromEmulation() throws {
    let bare = try Self.session(.emulation)
    let virtual = try Self.session(.fullTrap, lab: .virtualizable)
    #expect(bare.output == virtual.output)
    #expect(bare.stop == .exit(code: 7) && virtual.stop == bare.stop)
    #expect(virtual.machine.ticks == bare.machine.ticks)
    #expect(virtual.machine.digest == bare.machine.digest)
    let counters = try #require(virtual.machine.monitor).counters
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

  @Test func slicesOfARunNeverShow() throws {
    let whole = try RingletTests.machine(mode: .fullTrap, lab: .virtualizable)
    let sliced = try RingletTests.machine(mode: .fullTrap, lab: .virtualizable)
    let end: UInt64 = 3_000_000
    _ = whole.run(until: end)
    var tick: UInt64 = 0
    while tick < end {
      tick = min(end, tick + 997)
      _ = sliced.run(until: tick)
    }
    #expect(whole.digest == sliced.digest)
    let (one, other) = (try #require(whole.monitor), try #require(sliced.monitor))
    #expect(one.counters == other.counters)
    #expect(one.lab.ticks == other.lab.ticks)
    #expect(one.realCPL == other.realCPL)
  }

  @Test func theGuestIsInRing1AndBelievesInRing0() throws {
    let machine = try RingletTests.machine(mode: .fullTrap)
    _ = machine.run(until: 10_000)
    let monitor = try #require(machine.monitor)
    #expect(monitor.realCPL == 1 && machine.cpu.cpl == 0)
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
    try #require(machine.monitor)[memory: 13 * 8 + 5] &= 0x7F
    let (_, stop) = RingletTests.run(machine)
    #expect(stop == .tripleFault)
  }

  private static func session(
    _ mode: Mode, lab: Profile? = nil
  ) throws -> (machine: Machine, output: String, stop: Stop?) {
    let machine = try RingletTests.machine(mode: mode, lab: lab)
    let keys = RingletTests.session.joined(separator: "\r") + "\r"
    machine.receive(.serial(Array(keys.utf8)))
    let (output, stop) = RingletTests.run(machine)
    return (machine, output, stop)
  }
}
