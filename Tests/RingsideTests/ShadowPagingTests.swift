import Machine
import Monitors
import Testing
import X86

/// Two ways to keep shadow page tables in step with the guest's, and what proves that they are.
@Suite struct ShadowPagingTests {
  private static let commands = "forks 3\rls | wc\rpages\rctxsw\rdivide\rsmc\rexit 7\r"

  private static func ringlet(
    _ mode: Mode, paging: PagingPolicy = .flush, pages: Int? = nil
  ) throws -> Machine {
    let machine = try RingletTests.machine(
      mode: mode, lab: mode == .fullTrap ? .virtualizable : nil, paging: paging, pages: pages)
    machine.receive(.serial(Array(commands.utf8)))
    return machine
  }

  private static func monitor(of machine: Machine) throws -> FullVirtualization {
    try #require(machine.monitor as? FullVirtualization)
  }

  private static let modes: [Mode] = [.fullTrap, .fullTranslate]

  @Test(arguments: modes)
  func tracedTablesStayWhenTheGuestLoadsCR3AndNothingElseDiffers(mode: Mode) throws {
    let bare = try Self.ringlet(.emulation)
    let flushed = try Self.ringlet(mode)
    let traced = try Self.ringlet(mode, paging: .trace)
    for machine in [bare, flushed, traced] {
      let (_, stop) = RingletTests.run(machine)
      #expect(stop == .exit(code: 7))
      #expect(machine.ticks == bare.ticks)
      #expect(machine.digest == bare.digest)
    }
    let (flush, trace) = (
      try Self.monitor(of: flushed).counters, try Self.monitor(of: traced).counters
    )
    #expect(flush.cr3Loads == trace.cr3Loads && trace.cr3Loads > 10)
    #expect(flush.cachedRoots == 0 && trace.cachedRoots > 10)
    #expect(flush.pageTableFaults == 0 && trace.pageTableFaults > 0)
    #expect(flush.shadowFlushes > trace.shadowFlushes)
    #expect(trace.trueFaults == flush.trueFaults)
  }

  @Test(arguments: modes, PagingPolicy.allCases)
  func everyEntryFollowsFromTheGuestsTablesAtAnyMoment(mode: Mode, policy: PagingPolicy) throws {
    let machine = try Self.ringlet(mode, paging: policy)
    let monitor = try Self.monitor(of: machine)
    var generator = Xorshift64(seed: 1)
    var most = 0
    while case .reached = machine.run(until: machine.ticks + generator.next() % 60_000 + 1) {
      let audit = monitor.audit(machine.cpu)
      #expect(audit.wrong.isEmpty, "tick \(machine.ticks)")
      if policy == .trace { #expect(audit.stale == 0, "tick \(machine.ticks)") }
      most = max(most, audit.entries)
    }
    #expect(most > 100)
  }

  /// A pool of the least size: pages come and go all the time, and the guest does the same.
  @Test(arguments: modes, PagingPolicy.allCases)
  func aSmallPoolThrashesAndSuffices(mode: Mode, policy: PagingPolicy) throws {
    let bare = try Self.ringlet(.emulation)
    let machine = try Self.ringlet(mode, paging: policy, pages: 16)
    let monitor = try Self.monitor(of: machine)
    _ = RingletTests.run(bare)
    while case .reached = machine.run(until: machine.ticks + 100_000) {
      #expect(monitor.audit(machine.cpu).pages <= 16)
    }
    #expect(machine.digest == bare.digest && machine.ticks == bare.ticks)
    if policy == .trace { #expect(monitor.evictions > 0) }
  }

  /// One byte of the entry that the guest's stack is reached by: another page is there, as it would be
  /// on hardware. The audit says which entry it was.
  @Test func withOneByteOfAnEntryBrokenTheGuestFails() throws {
    let bare = try Self.ringlet(.emulation)
    let whole = RingletTests.run(bare)
    let machine = try Self.ringlet(.fullTrap, paging: .trace)
    let monitor = try Self.monitor(of: machine)
    _ = machine.run(until: 400_000)
    var place: Int?
    while place == nil {
      _ = machine.run(until: machine.ticks + 100)
      place = monitor.shadowEntry(of: machine.cpu[.esp])
    }
    let entry = try #require(place)
    monitor[memory: entry + 2] ^= 0x10
    #expect(monitor.audit(machine.cpu).wrong == [UInt32(entry)])
    let (output, stop) = RingletTests.run(machine)
    #expect(output != whole.output || stop != whole.stop)
  }

  /// Saved in the middle and loaded, also with a pool that is full.
  @Test func aTracedShadowIsAValueToo() throws {
    let machine = try Self.ringlet(.fullTrap, paging: .trace, pages: 24)
    _ = machine.run(until: 1_500_000)
    let snapshot = machine.snapshot()
    _ = machine.run(until: 2_500_000)
    let (digest, counters) = (machine.digest, try Self.monitor(of: machine).counters)
    machine.restore(snapshot)
    #expect(try Self.monitor(of: machine).audit(machine.cpu).wrong.isEmpty)
    _ = machine.run(until: 2_500_000)
    #expect(machine.digest == digest)
    #expect(try Self.monitor(of: machine).counters == counters)
  }
}
