import Panes
import Testing
import X86

@testable import Machine
@testable import Monitors
@testable import ringside

/// What the screen shows of monitors' own state is what they hold.
@Suite struct DomainReportTests {
  @Test func domainsAreReportedWithWhatConnectsThem() throws {
    let machine = try DomainTests.machine(others: 2, weights: [256, 512, 256])
    _ = DomainTests.run(machine)
    let hypervisor = try ParavirtualizationTests.hypervisor(of: machine)
    let reports = hypervisor.domainReports(machine.cpu)
    #expect(reports.map(\.id) == [0, 1, 2] && reports.map(\.weight) == [256, 512, 256])
    #expect(reports[0].isPrivileged && reports[1].pages == 2048 && reports[1].directories > 0)
    #expect(reports.count { $0.activity == .running } == (hypervisor.isIdle ? 0 : 1))
    // Both ends of a channel name each other.
    for report in reports {
      for channel in report.channels {
        guard case .interdomain(let other, let port) = channel.end else { continue }
        let end = reports[Int(other)].channels.first { $0.port == port }?.end
        #expect(end == .interdomain(domain: report.id, port: channel.port))
      }
    }
    #expect(reports[1].channels.contains { $0.end == .virtual(0) })
    #expect(reports[0].channels.contains { $0.end == .physical(line: 4) })
    // The console's page is granted by entry 0, and Domain 0 has mapped it writable.
    let console = try #require(reports[1].grants.first { $0.reference == 0 })
    let mapping = try #require(console.mappings.first)
    #expect(console.user == 0 && mapping.domain == 0 && mapping.isWritable)
    let machineAddress = try DomainTests.machineAddress(mapping.linear, in: 0, of: machine)
    #expect(machineAddress >> 12 == UInt64(console.frame.machine))
    // Two tables say the same of it: this one, and the list that the domain has of its frames.
    let page = try #require(console.frame.pseudoPhysical)
    #expect(hypervisor.frames[console.frame.machine].owner == 1 && page < reports[1].pages)
  }

  @Test func waitingAndMaskedEventsAreReportedAsTheBitsSay() throws {
    let machine = try DomainTests.machine(others: 1)
    _ = DomainTests.run(machine)
    let hypervisor = try ParavirtualizationTests.hypervisor(of: machine)
    let before = hypervisor.domainReports(machine.cpu)[1]
    let port = try #require(before.channels.first).port
    #expect(!before.isPending && before.channels.first?.isPending == false)
    let shared = hypervisor.domains[1].sharedInfo
    machine.cpu.store(UInt32(1) << port, at: shared + SharedInfo.pending)
    machine.cpu.store(UInt32(1) << port, at: shared + SharedInfo.mask)
    let info = hypervisor.domains[1].processorInfo
    machine.cpu.store(UInt8(1), at: info + ProcessorInfo.upcallPending)
    let report = hypervisor.domainReports(machine.cpu)[1]
    #expect(report.isPending && report.channels.first?.isPending == true)
    #expect(report.channels.first?.isMasked == true)
  }

  /// Out of ring 3 or the idle loop's HLT into the kernel's code.
  private static func lastRingChangeBeforeThePrompt(_ mailbox: ScreenMailbox) throws -> MachineView
  {
    _ = try mailbox.view()
    mailbox.send(.run)
    _ = try mailbox.view { $0.serial.lines.last == "$ " }
    mailbox.send(.pause)
    let paused = try mailbox.view { $0.runState == .paused }
    mailbox.send(.travel(.back(.ringChange)))
    return try mailbox.view { $0.runState == .paused && $0.clock.ticks < paused.clock.ticks }
  }

  /// The screen finds the block around EIP in translated code, and where the processor really is in it.
  @Test func theScreenShowsTheTranslationAroundEIP() throws {
    try withScreen(
      make: { choice throws(UserError) in
        var options = MachineOptions.usual
        options.mode = Mode.fullTranslate.rawValue
        return try options.build(choice, image: "ringlet")
      }
    ) { mailbox in
      var view = try Self.lastRingChangeBeforeThePrompt(mailbox)
      for _ in 0..<200 where view.translation.isEmpty || view.rings.isInMonitor {
        let now = view.clock.ticks
        mailbox.send(.step(.instruction))
        view = try mailbox.view { $0.clock.ticks > now && $0.runState == .paused }
      }
      let eip = view.registers.eip
      let row = try #require(view.translation.first { $0.guest == eip && !$0.guestBytes.isEmpty })
      let listed = try #require(view.code.first { $0.isCurrent })
      #expect(row.guestBytes == listed.bytes && view.rings.real == 1 && view.rings.believed == 0)
      let lab = try #require(view.lab)
      #expect(
        (row.translated..<row.translated + UInt32(row.translatedBytes.count)).contains(lab.eip))
    }
  }

  /// Under a hypervisor page tables hold machine addresses; the screen has the domain's own beside them.
  @Test func theScreenShowsBothKindsOfMemory() throws {
    try withScreen(
      make: { choice throws(UserError) in
        var options = MachineOptions.usual
        options.mode = Mode.para.rawValue
        return try options.build(choice, image: "ringlet")
      }
    ) { mailbox in
      let view = try Self.lastRingChangeBeforeThePrompt(mailbox)
      #expect(view.domains.map(\.id) == [0])
      let walk = try #require(view.walks.first)
      if let physical = walk.physical, let own = walk.pseudoPhysical {
        #expect(physical != own && physical & 0xFFF == own & 0xFFF)
      } else {
        #expect(view.rings.isInMonitor, "only the hypervisor's own pages are no domain's")
      }
    }
  }
}
