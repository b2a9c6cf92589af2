import Chipset
import Testing
import X86

@testable import Machine
@testable import Monitors

/// Several domains: Domain 0 with the devices, the others with what it serves them.
@Suite struct DomainTests {
  @Test func threeKernelsRunTheirShellsAndReachTheirDisksThroughDomain0() throws {
    let machine = try Self.machine(others: 2)
    let boot = Self.run(machine)
    for domain in 1...2 {
      #expect(boot.contains("\n[\(domain)] disk in a drive, 128 KiB\n"))
      #expect(boot.contains("\n[\(domain)] shell ready, try help\n"))
    }
    for domain in 1...2 {
      let text = Self.run(
        machine, typing: "\u{01}echo \(domain) > note\rdiskcopy\rcat note\rgetpid\r")
      #expect(text.contains("[domain \(domain)]\n"))
      #expect(text.contains("superblock is the same\n"))
      #expect(text.contains("\n\(domain)\n") && text.contains("1000 system calls\n"))
    }
    // Each has written to a disk of its own, and Domain 0 to none.
    let zero = Self.run(machine, typing: "\u{01}cat note\r")
    #expect(zero.contains("note: no such file\n"))
    let hypervisor = try ParavirtualizationTests.hypervisor(of: machine)
    #expect(hypervisor.audit(&machine.cpu) == [])
    #expect(hypervisor.counters.bouncedSystemCalls == 0)
  }

  @Test func aDriveCanBeADomains() throws {
    let drive = try TemporaryFile(RingletTests.bytes("built/ringlet.disk"))
    let own = try TemporaryFile(RingletTests.bytes("built/ringlet.disk"))
    for (typed, expected) in [("echo kept > note\r", "$ "), ("cat note\r", "\nkept\n")] {
      let disks = try [own, drive].map { file in
        try file.use { try DiskFile(path: $0, writable: true) }
      }
      let machine = try Self.machine(others: 1, disks: disks)
      _ = Self.run(machine)
      #expect(Self.run(machine, typing: "\u{01}" + typed).contains(expected))
    }
    #expect(try drive.bytes() != own.bytes())
  }

  /// A domain that loops with events masked loses the processor when its turn is over.
  @Test func anEndlessLoopWithEventsMaskedStopsNobodyElse() throws {
    let machine = try Self.machine(others: 2)
    _ = Self.run(machine)
    let hypervisor = try ParavirtualizationTests.hypervisor(of: machine)
    // Its way into every event: events are masked there. JMP to itself.
    let place = try Self.machineAddress(
      hypervisor.domains[1].eventCallback.address, in: 1, of: machine)
    machine.receive(.memory(place, [0xEB, 0xFE]))
    let text = Self.run(machine, typing: "echo still here\r\u{01}\u{01}getpid\r")
    #expect(text.contains("still here\n") && text.contains("1000 system calls\n"))
    #expect(hypervisor.domains[1].state == .runnable)
    #expect(hypervisor.domains[1].times[0] > 100_000_000)
    #expect(hypervisor.audit(&machine.cpu) == [])
  }

  /// Its handler for faults is no code: the fault there has no handler either. On its own it would be a
  /// triple fault.
  @Test func aDomainThatFaultsForGoodEndsAlone() throws {
    let machine = try Self.machine(others: 2)
    _ = Self.run(machine)
    let hypervisor = try ParavirtualizationTests.hypervisor(of: machine)
    hypervisor.domains[1].traps[6] = TrapEntry()
    let place = try Self.machineAddress(
      hypervisor.domains[1].eventCallback.address, in: 1, of: machine)
    // UD2
    machine.receive(.memory(place, [0x0F, 0x0B]))
    let end = Self.run(machine, typing: "echo still here\r")
    #expect(end.contains("[domain 1 has ended]\n") && end.contains("still here\n"))
    let text = Self.run(machine, typing: "\u{01}getpid\r")
    #expect(text.contains("[domain 2]\n") && text.contains("1000 system calls\n"))
    guard case .crashed(let reason) = hypervisor.domains[1].state else {
      return #expect(Bool(false), "domain 1 goes on")
    }
    #expect(reason.contains("no handler for vector 6"))
    #expect(hypervisor.audit(&machine.cpu) == [])
    // What it had is free, and it can start again.
    #expect(hypervisor.domains[1].isGone && !hypervisor.frames.frames.contains { $0.owner == 1 })
    let again = Self.run(machine, typing: "\u{12}")
    #expect(again.contains("[domain 1 starts again]\n") && again.contains("[1] shell ready"))
    #expect(hypervisor.audit(&machine.cpu) == [])
    // The others end as they like.
    machine.receive(.serial(Array("exit 3\r".utf8)))
    _ = Self.run(machine)
    machine.receive(.serial(Array("exit 7\r".utf8)))
    #expect(RingletTests.run(machine).stop == .exit(code: 7))
  }

  /// Processor time goes by weight while all want it.
  @Test func weightsShareTheProcessor() throws {
    let machine = try Self.machine(others: 2, weights: [256, 256, 768])
    _ = Self.run(machine)
    _ = Self.run(machine, typing: "\u{01}spin 100000\r\u{01}spin 100000\r")
    let hypervisor = try ParavirtualizationTests.hypervisor(of: machine)
    let before = hypervisor.domains.map { $0.times[0] }
    _ = machine.run(until: machine.ticks + 300_000_000)
    let ran = zip(hypervisor.domains, before).map { $0.times[0] - $1 }
    let ratio = Double(ran[2]) / Double(ran[1])
    #expect(ratio > 2.4 && ratio < 3.6, "\(ran)")
  }

  /// What the hypervisor knows is a value: words, that make it the same again and nothing else.
  @Test func theHypervisorCanBeSavedAndRestored() throws {
    let machine = try Self.machine(others: 2)
    _ = Self.run(machine)
    let hypervisor = try ParavirtualizationTests.hypervisor(of: machine)
    let words = hypervisor.save(machine.cpu)
    let snapshot = machine.snapshot()
    let (frames, counters) = (hypervisor.frames.frames, hypervisor.counters)
    #expect(words.count < 20_000)
    _ = Self.run(machine, typing: "forks\r\u{01}getpid\r")
    #expect(hypervisor.save(machine.cpu) != words)
    // Its books are those of the page tables in memory: without them they are refused.
    #expect(!hypervisor.restore(words, &machine.cpu))
    machine.restore(snapshot)
    #expect(hypervisor.frames.frames == frames && hypervisor.counters == counters)
    #expect(hypervisor.save(machine.cpu) == words)
    for damaged in [Array(words.dropLast()), words + [0], [], words.map { $0 | 1 << 63 }] {
      #expect(!hypervisor.restore(damaged, &machine.cpu))
    }
    #expect(hypervisor.save(machine.cpu) == words)
  }

  /// A page of another domain's cannot be mapped without a grant, whatever rights a domain has.
  @Test func noDomainMapsAnothersPage() throws {
    let machine = try Self.machine(others: 1)
    _ = Self.run(machine)
    let hypervisor = try ParavirtualizationTests.hypervisor(of: machine)
    let foreign = try UInt32(Self.machineAddress(0x1_0000, in: 1, of: machine) >> 12)
    hypervisor.enter(0, &machine.cpu)
    #expect(throws: HypercallError.invalid(.frameOfAnotherDomain)) {
      let entry = try hypervisor.tableEntry(for: 0x1_0000, &machine.cpu)
      try hypervisor.update(entry, to: foreign << 12 | 3, &machine.cpu)
    }
    #expect(hypervisor.audit(&machine.cpu) == [])
  }
}

extension DomainTests {
  static func machine(
    others: Int, weights: [UInt32] = [], disks: [DiskFile] = []
  ) throws -> Machine {
    var configuration = Machine.Configuration()
    configuration.mode = .para
    configuration.otherDomains = others
    configuration.domainWeights = weights
    var guest = Guest(image: try RingletTests.contents(RingletTests.bytes("built/ringlet.elf")))
    guest.disks = disks
    return try Machine(configuration, guest: guest)
  }

  /// Runs for half a second of the machine's time, and returns what it printed meanwhile.
  static func run(_ machine: Machine, typing text: String = "") -> String {
    if !text.isEmpty { machine.receive(.serial(Array(text.utf8))) }
    _ = machine.run(until: machine.ticks + machine.configuration.ticksPerSecond / 2)
    return String(decoding: machine.board.takeSerialOutput(), as: UTF8.self)
      .replacing("\r\n", with: "\n")
  }

  /// The machine address behind a linear one of a domain that does not run.
  static func machineAddress(
    _ linear: UInt32, in domain: Int, of machine: Machine
  ) throws -> UInt64 {
    let hypervisor = try ParavirtualizationTests.hypervisor(of: machine)
    let directory = UInt64(hypervisor.domains[domain].directory) << 12
    let slot: UInt32 = machine.cpu.load(at: directory | UInt64(linear >> 20 & 0xFFC))
    let entry: UInt32 = machine.cpu.load(
      at: UInt64(slot & 0xFFFF_F000) | UInt64(linear >> 10 & 0xFFC))
    try #require(slot & 1 != 0 && entry & 1 != 0)
    return UInt64(entry & 0xFFFF_F000) | UInt64(linear & 0xFFF)
  }
}
