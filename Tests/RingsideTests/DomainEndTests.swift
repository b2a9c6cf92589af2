import Testing
import X86

@testable import Machine
@testable import Monitors

/// What becomes of a domain's memory when it has ended, and how it starts again.
@Suite struct DomainEndTests {
  @Test func aDomainCanEndAndStartAgainAnyNumberOfTimes() throws {
    let machine = try DomainTests.machine(others: 2)
    _ = DomainTests.run(machine)
    let hypervisor = try ParavirtualizationTests.hypervisor(of: machine)
    let free = hypervisor.frames.free.count
    _ = DomainTests.run(machine, typing: "\u{01}echo kept > note\r")
    for _ in 0..<3 {
      let end = DomainTests.run(machine, typing: "exit\r")
      #expect(end.contains("[domain 1 has ended]\n[domain 0]\n"))
      #expect(hypervisor.domains[1].isGone)
      #expect(hypervisor.frames.free.count == free + 2048)
      #expect(hypervisor.audit(&machine.cpu) == [])
      let words = hypervisor.save(machine.cpu)
      #expect(hypervisor.restore(words, &machine.cpu))
      let start = DomainTests.run(machine, typing: "\u{12}")
      #expect(start.contains("[domain 1 starts again]\n[1] ~ Ringlet, paravirtual\n"))
      #expect(start.contains("[1] shell ready, try help\n"))
      #expect(hypervisor.frames.free.count == free && hypervisor.audit(&machine.cpu) == [])
      // Its disk is as it left it; its neighbour has noticed nothing.
      let text = DomainTests.run(machine, typing: "\u{01}cat note\rgetpid\r")
      #expect(text.contains("\nkept\n") && text.contains("1000 system calls\n"))
    }
    let other = DomainTests.run(machine, typing: "\u{01}getpid\r")
    #expect(other.contains("[domain 2]\n") && other.contains("1000 system calls\n"))
    #expect(hypervisor.counters.crashes == 0)
  }

  /// Domain 0 has mapped the rings of domain 1: these two frames are the dead one's until it unmaps them.
  @Test func whatOthersHaveMappedStaysUntilTheyUnmapIt() throws {
    let bench = try HypercallBench(others: 1)
    let hypervisor = bench.hypervisor
    let secret: UInt32 = 0x5EED_C0DE
    func frames(of domain: UInt16) -> [UInt32] {
      hypervisor.frames.frames.indices.map { UInt32($0) }
        .filter { hypervisor.frames[$0].owner == domain }
    }
    for frame in frames(of: 1).suffix(8) {
      bench.machine.cpu.store(secret, at: UInt64(frame) << 12 | 0x7F0)
    }
    let free = hypervisor.frames.free.count
    try hypervisor.end(bench.index(of: 1), as: .shutDown(reason: 0), &bench.machine.cpu)
    #expect(bench.call(17, 0) == 3 << 16)
    let mapped = hypervisor.grants.indices.filter { hypervisor.grants[$0]?.owner == 1 }
    let held = Set(mapped.compactMap { hypervisor.grants[$0]?.frame })
    #expect(held.count == 2 && Set(frames(of: 1)) == held)
    #expect(hypervisor.frames.free.count == free + 2048 - 2)
    #expect(bench.audit() == [])
    let words = hypervisor.save(bench.machine.cpu)
    #expect(hypervisor.restore(words, &bench.machine.cpu))
    let report = hypervisor.domainReports(bench.machine.cpu)[1]
    #expect(report.directory == nil && report.pages == 2 && report.channels.isEmpty)
    #expect(report.grants.count == 2 && report.grants.allSatisfy { !$0.mappings.isEmpty })
    // It is nobody any more, and cannot be started yet.
    let place = bench.scratch
    bench.store([1, 3], at: place)
    #expect(bench.call(29, 4, place) == .error(3))
    bench.store([1], at: place)
    #expect(bench.call(12, 3, place) == .error(3))
    bench.store([1, 1], at: place)
    #expect(bench.call(29, 4, place) == .error(16))
    for handle in mapped {
      let address = try #require(hypervisor.grants[handle]?.address)
      bench.store([address, 0, 0, 0, UInt32(handle), 0], at: place)
      #expect(bench.call(20, 1, place, 1) == 0 && bench.word(place + 20) & 0xFFFF == 0)
      #expect(bench.audit() == [])
    }
    #expect(hypervisor.domainReports(bench.machine.cpu)[1].grants.isEmpty)
    #expect(frames(of: 1).isEmpty && hypervisor.frames.free.count == free + 2048)
    bench.store([1, 1], at: place)
    bench.start(29, [4, place])
    for _ in 0..<100 where hypervisor.domains[1].isGone {
      _ = bench.machine.run(until: bench.machine.ticks + 1)
    }
    let fresh = frames(of: 1)
    #expect(fresh.count == 2048 && hypervisor.domains[1].isAlive)
    #expect(bench.audit() == [])
    // Of what was there nothing is left.
    #expect(
      !fresh.contains {
        bench.machine.cpu.load(UInt32.self, at: UInt64($0) << 12 | 0x7F0) == secret
      })
  }

  /// What a dead domain had mapped of others' pages is theirs alone again.
  @Test func whatTheDeadHadMappedIsGivenUp() throws {
    let bench = try HypercallBench(others: 1)
    let hypervisor = bench.hypervisor
    let frame = bench.frame(bench.scratch + 4096)
    let references = hypervisor.frames[frame].references
    // Domain 0 grants a page, and domain 1 maps it.
    let entry = hypervisor.grant(20, of: 0)
    bench.machine.cpu.store(UInt32(1) | 1 << 16, at: entry)
    bench.machine.cpu.store(frame, at: entry + 4)
    hypervisor.enter(1, &bench.machine.cpu)
    let request = bench.scratch + 4096
    bench.store([0x2_0000, 0, 2, 20, 0, 0, 0, 0], at: request)
    let answer = try hypervisor.grantTableOperation(0, request, 1, &bench.machine.cpu)
    #expect(answer == 0 && bench.word(request + 16) >> 16 == 0)
    #expect(hypervisor.frames[frame].references == references + 1)
    #expect(bench.flags(at: entry) & 24 == 24 && bench.audit() == [])
    hypervisor.end(1, as: .crashed("a test"), &bench.machine.cpu)
    hypervisor.takeBackMemory(&bench.machine.cpu)
    #expect(hypervisor.frames[frame].references == references && bench.flags(at: entry) == 1)
    #expect(bench.audit() == [])
    #expect(bench.machine.cpu.cr3 == UInt32(HypervisorLayout.idleDirectory))
  }

  /// A list of calls ends with the one that ends the domain.
  @Test func nothingIsDoneInTheNameOfTheDead() throws {
    let bench = try HypercallBench()
    let list = bench.scratch
    bench.store([29, 0, 2, bench.scratch + 0x800, 0, 0, 0, 0], at: list)
    bench.store([32, 0, 7, bench.scratch + 0x900, 0, 0, 0, 0], at: list + 32)
    bench.store([0], at: bench.scratch + 0x800)
    bench.store([0, 0], at: bench.scratch + 0x900)
    #expect(bench.call(13, list, 2) == nil)
    let domain = bench.hypervisor.domains[0]
    #expect(domain.state == .shutDown(reason: 0))
    #expect(domain.channels.dropFirst().allSatisfy { $0 == .free })
  }
}

extension HypercallBench {
  /// A domain's place in the hypervisor's list.
  fileprivate func index(of domain: UInt16) throws -> Int {
    try #require(hypervisor.domains.firstIndex { $0.id == domain })
  }
}
