import Machine
import Monitors
import Predicates
import Testing
import X86

/// Ringlet's paravirtual half under a hypervisor that owns the machine.
@Suite struct ParavirtualizationTests {
  /// The same programs on the same kernel print the same, whoever owns the processor.
  @Test(arguments: ["486", "i686"]) func everyProgramPrintsWhatItPrintsNatively(
    profile: String
  ) throws {
    let machine = try Self.machine(profile: profile)
    machine.receive(.serial(Array((RingletTests.session.joined(separator: "\r") + "\r").utf8)))
    let (output, stop) = RingletTests.run(machine)
    #expect(stop == .exit(code: 7))
    #expect(output.hasPrefix("~ Ringlet, paravirtual\n"))
    #expect(
      RingletTests.settledLines(output)
        == RingletTests.settledLines(try RingletTests.text("ringlet/transcript.txt")))
    let counters = try Self.hypervisor(of: machine).counters
    // Domain 0 has looked once for each of the seven others that there could be.
    #expect(counters.refused == 7 && counters.crashes == 0)
    #expect(counters.bouncedSystemCalls == 0)
  }

  @Test func theKernelIsInRing1AndItsSegmentsEndBelowTheHypervisor() throws {
    let machine = try Self.machine()
    _ = machine.run(until: 1_000_000)
    for _ in 0..<1_000_000 where machine.cpu.cpl != 1 { _ = machine.run(until: machine.ticks + 1) }
    #expect(machine.cpu.segment(SegmentRegister.cs).selector == 0xE019)
    for segment in [SegmentRegister.cs, SegmentRegister.ss, SegmentRegister.ds] {
      #expect(machine.cpu.segment(segment).limit == 0xFC3F_FFFF)
    }
    #expect(machine.cpu.eflags.contains(.interrupt))
  }

  /// A program's INT 80h goes to its kernel by a gate of the processor's, and the kernel comes back by
  /// IRET: the hypervisor is entered for the timer, and for nothing else.
  @Test func aDirectSystemCallNeverEntersTheHypervisor() throws {
    let deltas = try Self.entriesPerSystemCall(.direct)
    #expect(deltas.filter { $0.entries == 0 }.count > 450)
    #expect(deltas.allSatisfy { $0.entries == 0 || $0.interrupts > 0 })
  }

  @Test func aBouncedSystemCallEntersTheHypervisorOnce() throws {
    let deltas = try Self.entriesPerSystemCall(.bounce)
    #expect(deltas.allSatisfy { $0.entries > 0 })
    #expect(deltas.filter { $0.entries == 1 }.count > 450)
  }

  @Test func slicesOfARunNeverShow() throws {
    let whole = try Self.machine()
    let sliced = try Self.machine(blockLength: 7)
    for machine in [whole, sliced] {
      machine.receive(.serial(Array("forks 3\rspin 2\r".utf8)))
    }
    RingletTests.runInSlices(whole, beside: sliced, until: 8_000_000)
    #expect(try Self.hypervisor(of: whole).counters == Self.hypervisor(of: sliced).counters)
  }

  /// Machine-to-physical is the opposite of physical-to-machine, and neither is the identity.
  @Test func pseudoPhysicalAndMachineFramesDiffer() throws {
    let machine = try Self.machine()
    _ = machine.run(until: 2_000_000)
    let start = machine.cpu.memory.host(at: 0x12_8000)
    let table = try #require(start)
    var pages = Set<UInt32>()
    for frame in 0..<(64 << 8) {
      let page = table.load(fromByteOffset: frame * 4, as: UInt32.self)
      guard page != .max else { continue }
      #expect(page != UInt32(frame) && pages.insert(page).inserted)
    }
    #expect(pages == Set(0..<UInt32(pages.count)) && pages.count > 15_000)
  }

  /// What the screen shows beside each other: where a page is in the machine, and which it is for its
  /// domain. Ringlet's own addresses are pseudo-physical ones.
  @Test func aMachineAddressLeadsBackToItsDomainsPage() throws {
    let machine = try Self.machine()
    _ = machine.run(until: 3_000_000)
    let hypervisor = try Self.hypervisor(of: machine)
    for linear: UInt32 in [0x10_0000, 0x10_5432, 0x2_0FFF] {
      let translated = machine.cpu.peekTranslate(linear)
      let address = try #require(translated)
      let page = hypervisor.pseudoPhysical(address, machine.cpu)
      #expect(page == UInt64(linear))
      #expect(address != UInt64(linear))
    }
    // The hypervisor's own memory, the text screen and what is no memory are no domain's pages.
    for address: UInt64 in [0x10_0000, 0xB_8000, 1 << 40] {
      let page = hypervisor.pseudoPhysical(address, machine.cpu)
      #expect(page == nil)
    }
  }

  /// CLI is one store, and nobody is entered for it: the mask is seen to change between two instructions.
  @Test func theEventMaskChangesWithoutTheHypervisor() throws {
    let machine = try Self.machine()
    _ = machine.run(until: 3_000_000)
    machine.receive(.serial(Array("getpid\r".utf8)))
    let hypervisor = try Self.hypervisor(of: machine)
    func isMasked() -> Bool { hypervisor.domainReports(machine.cpu)[0].isMasked }
    var (masked, admitted) = (0, 0)
    for _ in 0..<200_000 where masked < 20 || admitted < 20 {
      let (before, entries, ring) = (isMasked(), hypervisor.counters.total, machine.cpu.cpl)
      _ = machine.run(until: machine.ticks + 1)
      guard isMasked() != before, ring == 1, hypervisor.counters.total == entries else { continue }
      if before { admitted += 1 } else { masked += 1 }
    }
    #expect(masked >= 20 && admitted >= 20)
  }

  @Test func filesStayOnADriveThatIsDomain0s() throws {
    try RingletTests.expectFilesToStay { try Self.machine(disks: [$0]) }
  }

  @Test func theKeyboardIsAnEvent() throws {
    let machine = try Self.machine()
    _ = machine.run(until: machine.ticks + 30_000_000)
    machine.receive(.keys("echo Typed | cat\nexit\n"))
    let (output, stop) = RingletTests.run(machine)
    // Without a status Domain 0 shuts down, and the hypervisor halts the machine.
    #expect(stop == .haltedForGood)
    #expect(output.contains("\nTyped\n"))
  }

  // MARK: Damage

  /// The hypervisor's tables are what the processor uses: a gate that is not present is missed.
  @Test func withoutItsGateAHypercallIsAFault() throws {
    let machine = try Self.machine()
    _ = machine.run(until: 2_000_000)
    try Self.flip(0x10_0000 + 0x82 * 8 + 5, 0x80, in: machine)
    let (output, _) = RingletTests.run(machine)
    #expect(output.contains("vector 11 error 0412"))
  }

  @Test func withoutAGateForPageFaultsTheMachineDies() throws {
    let machine = try Self.machine()
    _ = machine.run(until: 2_000_000)
    try Self.flip(0x10_0000 + 14 * 8 + 5, 0x80, in: machine)
    machine.receive(.serial(Array("pages\r".utf8)))
    #expect(RingletTests.run(machine).stop == .tripleFault)
  }

  /// The descriptor of ring 1's code is one of the hypervisor's.
  @Test func withoutItsCodeSegmentTheGuestCannotBeReturnedTo() throws {
    let machine = try Self.machine()
    _ = machine.run(until: 2_000_000)
    try Self.flip(0x10_A000 + 3 * 8 + 5, 0x80, in: machine)
    guard case .unsupported(let reason)? = RingletTests.run(machine).stop else {
      return #expect(Bool(false), "the domain goes on")
    }
    #expect(reason.contains("Domain 0") && reason.contains("is no place to go to"))
  }

  @Test func aKernelWithoutNotesIsNoDomain() throws {
    var configuration = Machine.Configuration()
    configuration.mode = .para
    let image = try RingletTests.contents(RingletTests.bytes("built/hello.elf"))
    let error = #expect(throws: ImageError.self) {
      _ = try Machine(configuration, guest: Guest(image: image))
    }
    #expect(error?.problem == .noXenNotes)
  }

  /// Notes are only numbers in a file.
  @Test func notesThatLeadOutOfTheKernelAreRefused() throws {
    func problem(_ type: UInt8, _ value: UInt32) throws -> ImageError.Problem? {
      var bytes = try RingletTests.bytes("built/ringlet.elf")
      let head: [UInt8] = [4, 0, 0, 0, 4, 0, 0, 0, type, 0, 0, 0] + Array("Xen\0".utf8)
      let place = try #require(
        (0..<bytes.count - 20).first { bytes[$0..<$0 + head.count].elementsEqual(head) })
      for index in 0..<4 {
        bytes[place + head.count + index] = UInt8(truncatingIfNeeded: value >> UInt32(index * 8))
      }
      var configuration = Machine.Configuration()
      configuration.mode = .para
      do {
        _ = try Machine(configuration, guest: Guest(image: try RingletTests.contents(bytes)))
        return nil
      } catch {
        return (error as? ImageError)?.problem
      }
    }
    // HYPERCALL_PAGE
    for page: UInt32 in [0xFFFF_F000, 0x0400_0000, 0x0016_0000, 0x8000_0000] {
      let digits = String(page, radix: 16, uppercase: true)
      let name = String(repeating: "0", count: 8 - digits.count) + digits
      #expect(
        try problem(2, page)
          == .noDomain("its page for hypercalls, \(name), is not in its kernel"))
    }
    #expect(try problem(2, 0x10_5000) == nil)
    // PADDR_OFFSET
    for offset: UInt32 in [0x10_0001, 0x10_1000, 0x10_8001, 0xFFFF_FFFF] {
      #expect(try problem(4, offset) == .malformed("a segment lies below its PADDR_OFFSET"))
    }
  }
}

extension ParavirtualizationTests {
  static func machine(
    profile: String = "i686", systemCalls: SystemCallPath = .direct, blockLength: Int? = nil,
    disks: [DiskFile] = []
  ) throws -> Machine {
    var configuration = Machine.Configuration()
    configuration.mode = .para
    configuration.profile = try #require(Profile.all.first { $0.name == profile })
    configuration.systemCalls = systemCalls
    configuration.maximumBlockLength = blockLength
    var guest = Guest(image: try RingletTests.contents(RingletTests.bytes("built/ringlet.elf")))
    guest.disks = disks
    return try Machine(configuration, guest: guest)
  }

  static func hypervisor(of machine: Machine) throws -> Paravirtualization {
    try #require(machine.monitor as? Paravirtualization)
  }

  /// Changes bits of a byte of the machine's memory, as a debugger would.
  static func flip(_ address: UInt64, _ bits: UInt8, in machine: Machine) throws {
    let start = machine.cpu.memory.host(at: address)
    let place = try #require(start)
    machine.receive(.memory(address, [place.load(as: UInt8.self) ^ bits]))
  }

  /// What happened between each two of 500 system calls of `getpid`.
  static func entriesPerSystemCall(
    _ path: SystemCallPath
  ) throws -> [(entries: UInt64, interrupts: UInt64)] {
    let machine = try machine(systemCalls: path)
    machine.receive(.serial(Array("getpid\r".utf8)))
    let calls = try Predicate(parsing: path == .direct ? "int 0x80 and eax 20" : "injection")
    let hypervisor = try hypervisor(of: machine)
    machine.stop(when: CompiledPredicate(calls, default: .instruction))
    var deltas: [(UInt64, UInt64)] = []
    var before: (UInt64, UInt64)?
    while deltas.count < 500, case .breakpoint(let moment) = machine.run(until: 500_000_000) {
      guard path == .direct || moment.transition.vector == 0x80 else { continue }
      let counters = hypervisor.counters
      let now = (counters.total, counters.entries[0x20..<0x30].reduce(0, +))
      // The programs before it make other calls.
      guard path == .direct || machine.cpu[.eax] == 20 else { continue }
      if let before { deltas.append((now.0 - before.0, now.1 - before.1)) }
      before = now
    }
    #expect(deltas.count == 500)
    return deltas
  }
}
