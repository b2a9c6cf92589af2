import Chipset
import Testing
import X86

@testable import Machine
@testable import Monitors

/// Long lists go on by another entry into the hypervisor, so that nothing waits for their end.
@Suite struct HypercallContinuationTests {
  private static let kernel: UInt32 = 0x10_0000

  @Test func aLongListTakesSeveralEntries() throws {
    let bench = try HypercallBench()
    _ = bench.machine.board.takeSerialOutput()
    let before = bench.hypervisor.counters.hypercalls[18]
    #expect(bench.call(18, 0, 10_000, Self.kernel) == 0)
    #expect(bench.hypervisor.counters.hypercalls[18] == before + 3)
    #expect(bench.machine.cpu[.ecx] == 10_000 - 2 * 4096)
    #expect(bench.machine.cpu[.edx] == Self.kernel + 2 * 4096)
    #expect(bench.machine.board.takeSerialOutput().count >= 10_000)
  }

  @Test func aLongListInAListOfCallsGoesOnInItsEntry() throws {
    let bench = try HypercallBench()
    _ = bench.machine.board.takeSerialOutput()
    bench.store([18, 1, 0, 10_000, Self.kernel, 0, 0, 0], at: bench.scratch)
    bench.store([17, 1, 0, 0, 0, 0, 0, 0], at: bench.scratch + 32)
    #expect(bench.call(13, bench.scratch, 2) == 0)
    #expect(bench.word(bench.scratch + 4) == 0)
    #expect(bench.word(bench.scratch + 12) < 4096, "the entry says what was left for the last time")
    #expect(bench.word(bench.scratch + 36) > 0, "the next call has been made")
    #expect(bench.machine.board.takeSerialOutput().count >= 10_000)
    #expect(bench.audit() == [])
  }

  /// How many were done is counted over all entries.
  @Test func whatWasDoneIsAddedUp() throws {
    let bench = try HypercallBench()
    let (list, done) = (bench.scratch, bench.scratch + 4096)
    // Flushes of the whole TLB, and then what is no command.
    bench.store((0..<300).flatMap { _ in [6, 0, 0] as [UInt32] } + [99, 0, 0], at: list)
    #expect(bench.call(26, list, 301, done, 0x7FF0) == .error(38))
    #expect(bench.word(done) == 300)
    // The same as behind 4,096 others.
    bench.store([4096], at: done)
    #expect(bench.call(26, list, 301 | 1 << 31, done, 0x7FF0) == .error(38))
    #expect(bench.word(done) == 4396)
  }

  /// Two structures in a row, each with a status of its own.
  @Test func copiesByGrantAreListsOf24Bytes() throws {
    let bench = try HypercallBench()
    let own = UInt32(0x7FF0)
    let frame = bench.frame(bench.scratch + 4096)
    let list = bench.scratch
    for place in [list, list + 24] {
      // Across the end of a page, which no copy may go.
      bench.store([frame, own | 4000 << 16, frame, own, 200, 0x77], at: place)
    }
    #expect(bench.call(20, 5, list, 2) == 0)
    #expect(bench.word(list + 20) & 0xFFFF == 0xFFF6 && bench.word(list + 44) & 0xFFFF == 0xFFF6)
  }

  @Test func aMappingWithAWrongFlagIsNotMade() throws {
    let bench = try HypercallBench()
    let page = bench.scratch + 4096
    let before = bench.entry(page).value
    #expect(bench.call(14, page, 0, 0, 3) == .error(22))
    #expect(bench.entry(page).value == before)
  }
}
