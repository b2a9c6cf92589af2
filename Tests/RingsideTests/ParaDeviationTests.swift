import Foundation
import Testing
import X86

@testable import Machine
@testable import Monitors

/// Documentation/Para.md says where the hypervisor differs from Xen, a paragraph for each difference. None
/// may come or go without a proof here, or the name of the test that has it.
@Suite struct ParaDeviationTests {
  enum Proof: Sendable {
    case here(@Sendable (HypercallBench) throws -> Void)
    /// A file of tests, and one of them.
    case elsewhere(String, String)
  }

  /// How each paragraph begins.
  private static let proofs: [(start: String, proof: Proof)] = [
    ("Two-level page tables", .here(theGuestIsToldOfTwoLevels)),
    ("Lists go on by another entry", .elsewhere("HypercallContinuation", "aLongListTakesSeveral")),
    (
      "`mmu_update` and `mmuext_op` for another domain", .here(otherDomainsTablesAreNobodysBusiness)
    ),
    (
      "Privileged instructions of the kernel are not emulated", .here(privilegedInstructionsAreTold)
    ),
    ("There is no virtual-8086 mode", .elsewhere("ParaState", "aStateThatCannotBeIsRefused")),
    ("Pages of 4 MiB", .here(largePagesAreRefused)),
    ("A frame to return to that IRET would not take", .here(aWrongFrameEndsTheDomain)),
    ("A domain has one virtual processor", .elsewhere("DomainEnd", "aDomainCanEndAndStartAgain")),
    ("There is no XenStore", .elsewhere("DomainReport", "domainsAreReportedWithWhatConnects")),
    ("Grants are of version 1", .elsewhere("Hypercall", "aGrantLetsOnlyWhomItNames")),
    ("The console of `console_io`", .elsewhere("Hypercall", "consoleInputIsToldByAVirtual")),
    ("Every VIRQ can be bound", .elsewhere("Hypercall", "everyVirtualInterruptCanBeBound")),
    ("The wall clock", .elsewhere("Hypercall", "theWallClockIsThatOfTheCalendar")),
  ]

  @Test func eachDifferenceOnThePageIsProved() throws {
    let page = try RingletTests.text("../Documentation/Para.md")
    let paragraphs = page.split(separator: "\n").drop { $0 != "## Where this differs from Xen" }
      .filter { $0.hasPrefix("- ") }.map { $0.dropFirst(2) }
    #expect(paragraphs.count == Self.proofs.count)
    for (paragraph, (start, proof)) in zip(paragraphs, Self.proofs) {
      #expect(paragraph.hasPrefix(start))
      switch proof {
      case .here(let check): try check(HypercallBench(others: 1))
      case .elsewhere(let suite, let name):
        let file = URL(filePath: #filePath).deletingLastPathComponent()
          .appending(path: "\(suite)Tests.swift")
        let source = try String(contentsOf: file, encoding: .utf8)
        #expect(source.contains("func \(name)"), "\(start)")
      }
    }
  }

  /// XENVER_capabilities: a list of names, in which the one with PAE would end in p.
  private static func theGuestIsToldOfTwoLevels(_ bench: HypercallBench) throws {
    #expect(bench.call(17, 3, bench.scratch) == 0)
    var text = ""
    for place in stride(from: bench.scratch, to: bench.scratch + 64, by: 4) {
      let word = bench.word(place)
      for shift in stride(from: UInt32(0), to: 32, by: 8) {
        let byte = UInt8(truncatingIfNeeded: word >> shift)
        if byte == 0 { return #expect(text.contains("x86_32") && !text.contains("x86_32p")) }
        text.append(Character(UnicodeScalar(byte)))
      }
    }
    Issue.record("a text without an end")
  }

  private static func otherDomainsTablesAreNobodysBusiness(_ bench: HypercallBench) throws {
    bench.store([0, 0, 0, 0], at: bench.scratch)
    for number: UInt32 in [1, 26] {
      #expect(bench.call(number, bench.scratch, 1, 0, 1) == .error(1))
      #expect(bench.call(number, bench.scratch, 1, 0, 0x7FF1) == .error(3))
    }
    bench.store([14, 0x77], at: bench.scratch)
    #expect(bench.call(33, 12, bench.scratch) == 0)
    #expect(bench.call(33, 5, bench.scratch) == 0 && bench.word(bench.scratch + 4) == 0)
  }

  /// MOV EAX, CR0 brings the kernel into its own handler for #GP.
  private static func privilegedInstructionsAreTold(_ bench: HypercallBench) throws {
    try bench.execute([0x0F, 0x20, 0xC0])
    let handler = bench.hypervisor.domains[0].traps[13].address
    for _ in 0..<20 where bench.machine.cpu.eip != handler {
      _ = bench.machine.run(until: bench.machine.ticks + 1)
    }
    #expect(bench.machine.cpu.eip == handler && bench.machine.cpu.cpl == 1)
  }

  private static func largePagesAreRefused(_ bench: HypercallBench) throws {
    let place = bench.machine.cpu.cr3 & 0xFFFF_F000 | 700 * 4
    bench.store(
      [place, 0, bench.frame(bench.scratch) << 12 & 0xFFC0_0000 | 0xE3, 0], at: bench.scratch)
    #expect(bench.call(1, bench.scratch, 1, 0, 0x7FF0) == .error(22))
    #expect(bench.machine.cpu.load(UInt32.self, at: UInt64(place)) & 1 == 0)
  }

  private static func aWrongFrameEndsTheDomain(_ bench: HypercallBench) throws {
    // EAX, EIP, CS, EFLAGS
    bench.store([0, 0x10_0000, 0, 0x202], at: bench.scratch)
    bench.machine.cpu[.esp] = bench.scratch
    #expect(bench.call(23) == nil)
    #expect(!bench.hypervisor.domains[0].isAlive)
  }
}
