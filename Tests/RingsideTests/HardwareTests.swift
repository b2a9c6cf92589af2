import Chipset
import Monitors
import Predicates
import Testing
import X86

@testable import Machine

/// Unmodified kernels as guests of AMD-V, really in ring 0.
@Suite struct HardwareTests {
  private static let modes: [Mode] = [.hardwareNested, .hardwareShadow]

  @Test(arguments: modes) func nothingDiffersFromEmulation(mode: Mode) throws {
    let bare = try RingletTests.session(.emulation)
    let guest = try RingletTests.session(mode)
    #expect(bare.output == guest.output)
    #expect(bare.stop == .exit(code: 7) && guest.stop == bare.stop)
    #expect(guest.machine.ticks == bare.machine.ticks)
    #expect(guest.machine.digest == bare.machine.digest)
    let counters = try Self.monitor(of: guest.machine).counters
    #expect(counters.direct > 1000 * counters.emulated && counters.interpreted == 0)
    #expect((counters.hiddenFaults > 0) == (mode == .hardwareShadow))
    #expect(counters.exits(.hlt) > 0 && counters.exits(.interrupt) > 0)
    #expect(counters.deviceExits == counters.exits(.io))
    let log = guest.machine.cpu.log.total(of: .vmExit)
    #expect(log == counters.allExits && log == guest.machine.cpu.log.total(of: .vmEntry))
  }

  @Test(arguments: ["hello", "crash", "ring1"], modes) func smallGuestsEndInTheSameState(
    name: String, mode: Mode
  ) throws {
    let bare = try RingletTests.machine(guest: name)
    let guest = try RingletTests.machine(mode: mode, guest: name)
    let (expected, stop) = RingletTests.run(bare)
    let result = RingletTests.run(guest)
    #expect(result.output == expected && result.stop == stop && stop != nil)
    #expect(guest.ticks == bare.ticks)
    #expect(guest.digest == bare.digest)
  }

  /// Real mode, paging off, A20, drives: a BIOS and what it boots.
  @Test(arguments: modes) func aBIOSBootsAFloppy(mode: Mode) throws {
    let machines = try [.emulation, mode].map { mode in
      var configuration = Machine.Configuration()
      configuration.mode = mode
      let library = try #require(GuestLibrary(program: CommandLine.arguments[0]))
      var guest = Guest(image: nil)
      guest.bios = try FileContents(path: library.firmware.bios)
      guest.videoBIOS = try FileContents(path: library.firmware.videoBIOS)
      guest.floppy = try DiskFile(path: library.folder + "/ringlet.img", writable: false)
      return try Machine(configuration, guest: guest)
    }
    for machine in machines {
      machine.receive(.serial(Array("getpid\rexit 3\r".utf8)))
      #expect(RingletTests.run(machine).stop == .exit(code: 3))
    }
    #expect(machines[0].ticks == machines[1].ticks)
    #expect(machines[0].digest == machines[1].digest)
  }

  @Test(arguments: modes) func slicesOfARunNeverShow(mode: Mode) throws {
    let whole = try RingletTests.machine(mode: mode)
    let sliced = try RingletTests.machine(mode: mode)
    RingletTests.runInSlices(whole, beside: sliced, until: 3_000_000)
    let (one, other) = (try Self.monitor(of: whole), try Self.monitor(of: sliced))
    #expect(one.counters == other.counters)
    #expect(one.lab.ticks == other.lab.ticks)
  }

  @Test(arguments: [1, 7], modes) func lengthOfBlocksNeverShows(length: Int, mode: Mode) throws {
    let machines = try [length, 32].map { length in
      var configuration = Machine.Configuration()
      configuration.mode = mode
      configuration.maximumBlockLength = length
      return try Machine(
        configuration,
        guest: Guest(image: RingletTests.contents(RingletTests.bytes("built/ringlet.elf"))))
    }
    for machine in machines {
      machine.receive(.serial(Array("forks\rpages\r".utf8)))
      _ = machine.run(until: 6_000_000)
    }
    #expect(machines[0].digest == machines[1].digest)
    let counters = try machines.map { try Self.monitor(of: $0).counters }
    #expect(counters[0] == counters[1])
  }

  /// Keys at random moments interrupt whatever the guest is doing.
  @Test(arguments: [1, 2, 3] as [UInt64], modes) func interruptsAtRandomMomentsDoTheSame(
    seed: UInt64, mode: Mode
  ) throws {
    let machines = try [.emulation, mode].map { mode in
      let machine = try RingletTests.machine(mode: mode)
      machine.receive(.serial(Array("ctxsw\rforks\rspin 20\rpages\r".utf8)))
      return machine
    }
    var random = seed &* 0x9E37_79B9_7F4A_7C15
    var tick: UInt64 = 0
    for _ in 0..<60 {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      tick += random >> 44
      for machine in machines {
        while machine.ticks < tick, machine.run(until: tick) != .reached {}
        machine.receive(.keys("x"))
      }
      #expect(machines[0].digest == machines[1].digest, "at tick \(tick)")
    }
    #expect(machines[1].cpu.log.total(of: .injection) > 60)
  }

  // MARK: What is shown

  @Test func theGuestIsReallyInRing0AndInGuestMode() throws {
    let machine = try RingletTests.machine(mode: .hardwareNested)
    _ = machine.run(until: 400_000)
    let monitor = try Self.monitor(of: machine)
    #expect(monitor.lab.isInGuest && monitor.realCPL == machine.cpu.cpl)
    #expect(monitor.lab.cr3 == machine.cpu.cr3 && monitor.lab.eip == machine.cpu.eip)
    #expect(monitor.block[.nestedPagingEnable] == 1)
  }

  @Test func breakpointsAreMetOnce() throws {
    let machine = try RingletTests.machine(mode: .hardwareNested)
    machine.stop(when: try Self.compile("sensitive and vcpl 0"))
    let bare = try RingletTests.machine(mode: .emulation)
    bare.stop(when: try Self.compile("sensitive and vcpl 0"))
    for _ in 0..<50 {
      guard case .breakpoint = machine.run(until: 2_000_000) else { break }
      guard case .breakpoint = bare.run(until: 2_000_000) else { break }
      #expect(machine.ticks == bare.ticks && machine.cpu.eip == bare.cpu.eip)
    }
    #expect(machine.ticks == bare.ticks)
  }

  /// An exit, what was done about it, and the way back name each other.
  @Test func anExitIsFollowedByWhatWasDoneAboutIt() throws {
    let machine = try RingletTests.machine(mode: .hardwareNested)
    machine.cpu.log.keepsAccesses = true
    machine.receive(.serial(Array("exit 7\r".utf8)))
    _ = RingletTests.run(machine)
    let log = machine.cpu.log.start..<machine.cpu.log.end
    let kept = log.map { machine.cpu.log[place: $0] }
    let exit = try #require(
      kept.last { $0.kind == .vmExit && $0.code == 0x7B && $0.sequence + 4 < machine.cpu.log.count }
    )
    #expect(exit.marks.contains(.guestMode) && exit.toCPL == 0)
    #expect(exit.fromVirtualRing == exit.toVirtualRing)
    let consequences = kept.filter { $0.parent == exit.sequence }
    #expect(consequences.map(\.kind).prefix(2) == [.worldSwitch, .portWrite])
    #expect(consequences.prefix(2).allSatisfy { $0.actor == .hostProcess })
    #expect(consequences.last?.kind == .vmEntry)
  }

  // MARK: What guards what

  /// mov eax, [30000000h]; mov [2000h], eax; hlt
  @Test(arguments: modes) func outsideItsMemoryTheGuestMeetsAnExit(mode: Mode) throws {
    let machine = try Self.machine(
      mode: mode, [0xA1, 0, 0, 0, 0x30, 0xA3, 0, 0x20, 0, 0, 0xF4])
    #expect(RingletTests.run(machine).stop == .haltedForGood)
    #expect(try Self.monitor(of: machine).counters.deviceExits == 1)
    #expect(Self.word(machine, 0x2000) == 0xFFFF_FFFF)
    let code: UInt32 = mode == .hardwareNested ? 0x400 : 0x4E
    #expect(Self.exits(machine).contains { $0.code == code && $0.detail == 0x3000_0000 })
  }

  /// No entry of the nested tables leads to the monitor's 4 MiB.
  @Test func nestedTablesNeverLeadToTheMonitor() throws {
    let machine = try Self.machine([0xF4])
    defer { withExtendedLifetime(machine) {} }
    let monitor = try Self.monitor(of: machine)
    func word(_ place: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(monitor[memory: place + $1]) << UInt32($1 * 8) }
    }
    var pages = 0
    for index in 0..<1024 {
      let entry = word(0xC000 + index * 4)
      guard entry & 1 != 0 else { continue }
      if entry & 0x80 != 0 {
        pages += 1024
        #expect(entry >= 0x40_0000 && entry < 0x440_0000)
        continue
      }
      for place in 0..<1024 {
        let page = word(Int(entry & 0xFFFF_F000) + place * 4)
        if page & 1 != 0 { pages += 1 }
        #expect(page & 1 == 0 || page >= 0x40_0000 && page < 0x440_0000)
      }
    }
    #expect(pages == (64 << 20 - 0x4_0000) >> 12)
  }

  /// The same of the shadow page tables, with all that Ringlet has mapped.
  @Test func shadowTablesNeverLeadToTheMonitor() throws {
    let machine = try RingletTests.machine(mode: .hardwareShadow)
    _ = machine.run(until: 3_000_000)
    let monitor = try Self.monitor(of: machine)
    func word(_ place: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(monitor[memory: place + $1]) << UInt32($1 * 8) }
    }
    var pages = 0
    for index in 0..<1024 {
      let table = word(0x6_0000 + index * 4)
      guard table & 1 != 0 else { continue }
      for place in 0..<1024 {
        let page = word(Int(table & 0xFFFF_F000) + place * 4)
        guard page & 1 != 0 else { continue }
        pages += 1
        #expect(page >= 0x40_0000 && page < 0x440_0000)
      }
    }
    #expect(pages > 10)
  }

  /// mov eax, 30h; mov cr4, eax; mov eax, cr4; mov [2000h], eax; hlt: with large pages only, what the
  /// guest reads is what it has written; with PAE the shadow has no tables.
  @Test(arguments: [(0x10, Stop.haltedForGood), (0x20, nil)] as [(UInt8, Stop?)])
  func aShadowShowsTheGuestItsOwnCR4(value: UInt8, stop: Stop?) throws {
    let machine = try Self.machine(
      mode: .hardwareShadow,
      [0xB8, value, 0, 0, 0, 0x0F, 0x22, 0xE0, 0x0F, 0x20, 0xE0, 0xA3, 0, 0x20, 0, 0, 0xF4])
    let end = RingletTests.run(machine).stop
    guard let stop else {
      #expect(end.map { "\($0)".contains("CR4.PAE") } == true)
      return
    }
    #expect(end == stop && Self.word(machine, 0x2000) == UInt32(value))
    #expect(try Self.monitor(of: machine).block[.cr4] == 0)
  }

  /// Without their intercept the guest's own page tables are the machine's, and lead anywhere.
  @Test func withoutItsBitCR3Escapes() throws {
    let machine = try RingletTests.machine(mode: .hardwareShadow)
    let monitor = try Self.monitor(of: machine)
    monitor.block[intercept: .writeCR(3)] = false
    // Up to the first load of CR3.
    let bare = try RingletTests.machine()
    while bare.cpu.cr3 == 0 { _ = bare.run(until: bare.ticks + 1) }
    #expect(machine.run(until: bare.ticks) == .reached)
    #expect(monitor.lab.isInGuest && monitor.lab.cr3 == bare.cpu.cr3)
    machine.receive(.serial(Array("exit 3\r".utf8)))
    #expect(RingletTests.run(machine).stop != .exit(code: 3))
    #expect(monitor.counters.exits(.writeCR(3)) == 0)
  }

  /// xor eax, eax; cpuid; mov [2000h], ebx; hlt
  private static let askingCPUID: [UInt8] = [
    0x31, 0xC0, 0x0F, 0xA2, 0x89, 0x1D, 0, 0x20, 0, 0, 0xF4,
  ]

  @Test(arguments: [true, false]) func withoutItsBitCPUIDEscapes(isGuarded: Bool) throws {
    let machine = try Self.machine(Self.askingCPUID)
    try Self.monitor(of: machine).block[intercept: .cpuid] = isGuarded
    #expect(RingletTests.run(machine).stop == .haltedForGood)
    // Genu, of the guest's i686; Auth, of the lab processor.
    #expect(Self.word(machine, 0x2000) == (isGuarded ? 0x756E_6547 : 0x6874_7541))
    let exits = Self.exits(machine).map(\.code)
    #expect(exits == (isGuarded ? [0x72, 0x78] : [0x78]))
  }

  /// A halted guest is then a halted lab processor, until a real interrupt comes.
  @Test func withoutItsBitHLTStaysInTheGuest() throws {
    let bare = try RingletTests.machine(mode: .emulation)
    let machine = try RingletTests.machine(mode: .hardwareNested)
    let monitor = try Self.monitor(of: machine)
    monitor.block[intercept: .hlt] = false
    for machine in [bare, machine] {
      machine.receive(.serial(Array("timer 2\rexit 3\r".utf8)))
      #expect(RingletTests.run(machine).stop == .exit(code: 3))
    }
    #expect(monitor.counters.exits(.hlt) == 0)
    #expect(machine.digest == bare.digest)
  }

  /// mov al, 5; out F4h, al; hlt: bit 4 of byte 1Eh of the I/O permission map.
  @Test(arguments: [true, false]) func withoutItsBitAPortEscapes(isGuarded: Bool) throws {
    let machine = try Self.machine([0xB0, 5, 0xE6, 0xF4, 0xF4])
    let monitor = try Self.monitor(of: machine)
    if !isGuarded { monitor[memory: 0x6000 + 0xF4 / 8] &= ~(1 << 4) }
    #expect(RingletTests.run(machine).stop == (isGuarded ? .exit(code: 5) : .haltedForGood))
    #expect(monitor.counters.exits(.io) == (isGuarded ? 1 : 0))
  }

  // MARK: One byte

  /// NW without CD in CR0, an ASID that is the host's, VMRUN not intercepted, nested page tables beyond 36
  /// bits of address.
  @Test(
    arguments: [
      (VMCBField.cr0, 0xA000_0011), (.guestASID, 0), (.interceptInstructions, 0),
      (.nestedCR3, 1 << 36),
    ] as [(VMCBField, UInt64)])
  func whatVMRUNRefusesEndsTheGuest(field: VMCBField, value: UInt64) throws {
    let machine = try RingletTests.machine(mode: .hardwareNested)
    _ = machine.run(until: 1_000_000)
    machine.receive(.controlBlock(field, value))
    let (_, stop) = RingletTests.run(machine)
    #expect(stop == .unsupported("a guest state that VMRUN refuses (VMEXIT_INVALID)"))
  }

  /// The host loop's VMRUN, VMSAVE or STGI becomes an undefined opcode, and nobody handles that.
  @Test(arguments: [0xD8, 0xDB, 0xDC] as [UInt8]) func aDamagedHostLoopEndsTheMachine(
    opcode: UInt8
  ) throws {
    let machine = try RingletTests.machine(mode: .hardwareNested)
    _ = machine.run(until: 1_000_000)
    let monitor = try Self.monitor(of: machine)
    let place = try #require(
      (0x1000..<0x1100).last {
        [0x0F, 0x01, opcode] == [
          monitor[memory: $0], monitor[memory: $0 + 1], monitor[memory: $0 + 2],
        ]
      })
    monitor[memory: place + 1] = 0xFF
    #expect(RingletTests.run(machine).stop == .tripleFault)
  }

  /// The page of the kernel's entry is another one: what it finds there is no code.
  @Test func aWrongNestedEntryGivesTheGuestOtherMemory() throws {
    let machine = try RingletTests.machine(mode: .hardwareNested)
    let monitor = try Self.monitor(of: machine)
    let table = Int(monitor[memory: 0xC001]) << 8 | Int(monitor[memory: 0xC002]) << 16
    let entry = table & 0xF_F000 + Int(machine.cpu.eip >> 12) * 4
    monitor[memory: entry + 2] ^= 0x80
    let place = machine.cpu.eip
    let own = machine.cpu.peekByte(place)
    #expect(own != nil && own != 0)
    // 00 00 is ADD [EAX], AL, and EAX is what Multiboot leaves there: that is no memory of the guest's.
    _ = machine.run(until: machine.ticks + 1)
    let exit = Self.exits(machine).first
    #expect(exit?.code == 0x400 && exit?.detail == 0x2BAD_B002)
    _ = machine.run(until: machine.ticks + 100_000)
    #expect(machine.board.takeSerialOutput().isEmpty)
  }

  @Test func aMissingNestedEntryIsNamed() throws {
    let machine = try RingletTests.machine(mode: .hardwareNested)
    try Self.monitor(of: machine)[memory: 0xC000] &= 0xFE
    let stop = RingletTests.run(machine).stop
    #expect(stop.map { "\($0)".contains("nested page tables do not give to the guest") } == true)
  }

  // MARK: Beside the guest hypervisor

  /// tinysvm and the monitor, each with Ringlet as its guest: the guest leaves both for the same
  /// reasons at the same instructions. Only where interrupts come is another matter.
  @Test func tinysvmMeetsTheSameExits() throws {
    let words = [
      "getpid", "ctxsw", "pages", "divide", "rings", "smc", "ls | wc", "exit 7",
    ]
    let inside = try TinysvmTests.machine()
    let outside = try Self.machine(memory: 16, RingletTests.bytes("built/ringlet.elf"))
    let traces = [inside, outside].map { machine in
      let sink = ExitSink()
      machine.ledgerSink = sink
      machine.receive(.serial(Array((words.joined(separator: "\r") + "\r").utf8)))
      _ = RingletTests.run(machine)
      return sink.exits
    }
    let common = zip(traces[0], traces[1]).prefix { $0 == $1 }.count
    #expect(common > 500 && common == traces[0].count && common == traces[1].count)
  }

  /// A guest that leaves for all reasons there are in itself. The last is an address outside its memory,
  /// after which tinysvm ends it and the monitor reads what is on an empty bus.
  @Test func tinysvmMeetsEveryKindOfExitThatTheMonitorMeets() throws {
    let image = try RingletTests.bytes("built/exits.elf")
    let inside = try TinysvmTests.machine(module: image)
    let outside = try Self.machine(memory: 16, image)
    let traces = [inside, outside].map { machine in
      let sink = ExitSink()
      machine.ledgerSink = sink
      _ = RingletTests.run(machine)
      return sink.exits
    }
    #expect(traces[0] == traces[1])
    #expect(
      Set(traces[0].map(\.code)) == [
        0x72, 0x7A, 0x7B, 0x7C, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x400,
      ])
    #expect(Set(traces[0].map(\.ring)) == [0, 3])
    #expect(traces[0].last?.address == 0x100_0000)
  }

  /// What both intercept and what no interrupt has a hand in: tinysvm wants to see the serial line and
  /// the port that ends the guest, and what is read from the line depends on when bytes come.
  private final class ExitSink: LedgerSink {
    struct Exit: Equatable {
      var code: UInt32
      var information: UInt64
      var address: UInt64
      var eip: UInt32
      var ring: UInt8
    }
    var exits: [Exit] = []

    func receive(_ event: Transition) {
      guard event.kind == .vmExit, ![0x60, 0x64, 0x78].contains(event.code) else { return }
      let port = event.info >> 16
      let isInput = event.info & 1 != 0
      if event.code == 0x7B, isInput || !(0x3F8...0x3FF).contains(port) && port != 0xF4 { return }
      exits.append(
        Exit(
          code: event.code, information: event.info, address: event.detail, eip: event.eip,
          ring: event.fromCPL))
    }
  }

  // MARK: -

  private static func compile(_ text: String) throws -> CompiledPredicate {
    CompiledPredicate(try Predicate(parsing: text), default: .instruction)
  }

  private static func monitor(of machine: Machine) throws -> SVMMonitor {
    try #require(machine.monitor as? SVMMonitor)
  }

  private static func machine(
    mode: Mode = .hardwareNested, memory: Int = 64, _ image: [UInt8]
  ) throws -> Machine {
    var configuration = Machine.Configuration()
    configuration.mode = mode
    configuration.memory = memory
    return try Machine(configuration, guest: Guest(image: RingletTests.contents(image)))
  }

  private static func word(_ machine: Machine, _ address: UInt64) -> UInt32? {
    machine.cpu.memory.host(at: address)?.load(as: UInt32.self)
  }

  private static func exits(_ machine: Machine) -> [Transition] {
    let log = machine.cpu.log.start..<machine.cpu.log.end
    return log.map { machine.cpu.log[place: $0] }.filter { $0.kind == .vmExit }
  }
}
