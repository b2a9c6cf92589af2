import Testing
import X86

@testable import Machine
@testable import Monitors

/// The hypervisor as words: those that no hypervisor can have saved are refused, and nothing else happens.
@Suite struct ParaStateTests {
  /// What is wrong with a state, and how to make it so.
  struct Damage: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let make: @Sendable (Paravirtualization) -> Void

    init(_ name: String, _ make: @escaping @Sendable (Paravirtualization) -> Void) {
      (testDescription, self.make) = (name, make)
    }
  }

  private static func frames(
    _ hypervisor: Paravirtualization, _ change: (inout [FrameTable.Frame], inout [UInt32]) -> Void
  ) {
    var (frames, free) = (hypervisor.frames.frames, hypervisor.frames.free)
    change(&frames, &free)
    hypervisor.frames.take(frames, free: free)
  }

  private static func grant(
    _ hypervisor: Paravirtualization, _ change: (inout GrantMapping) -> Void
  ) {
    let directory = hypervisor.domains[0].directory
    var grant = GrantMapping(
      user: 0, owner: 0, reference: 9, frame: directory, address: 0x2_0000,
      entry: UInt64(directory) << 12, isWritable: false)
    change(&grant)
    hypervisor.grants.append(grant)
  }

  static let damages: [Damage] = [
    Damage("a GDT beyond memory") { $0.domains[0].gdtPages = [0xFFFF_FFFF] },
    Damage("a GDT that is none") { $0.domains[0].gdtPages = [$0.domains[0].directory] },
    Damage("an LDT beyond memory") {
      ($0.domains[0].ldtPages, $0.domains[0].ldtCount) = ([0x7FFF_FFFF], 1)
    },
    Damage("an LDT without pages") { $0.domains[0].ldtCount = 8192 },
    Damage("a directory beyond memory") { $0.domains[0].directory = 0xFFFF_FFFF },
    Damage("a grant beyond its table") { grant($0) { $0.reference = 0x8000_0000 } },
    Damage("a grant of a frame beyond memory") { grant($0) { $0.frame = 0xFFFF_FFFF } },
    Damage("a grant mapped across frames") { grant($0) { $0.entry |= 0xFFE } },
    Damage("a grant mapped in the hole") { grant($0) { $0.address = 0xFC00_0000 } },
    Damage("a grant for nobody") { grant($0) { $0.user = 7 } },
    Damage("more grants than there can be") {
      $0.grants = [GrantMapping?](repeating: nil, count: 1025)
    },
    Damage("a device's frame as a table") {
      frames($0) { frames, _ in
        (frames[0xA0].kind, frames[0xA0].kindReferences) = (.table, 1)
      }
    },
    Damage("a frame of the hypervisor's that a domain has") {
      frames($0) { frames, _ in frames[0x100].owner = 0 }
    },
    Damage("a frame of nobody's that is in use") {
      frames($0) { frames, free in frames[Int(free[0])].references = 1 }
    },
    Damage("a frame of a domain that there is not") {
      frames($0) { frames, free in frames[Int(free[0])] = .init(owner: 5, references: 1) }
    },
    Damage("a frame that is free twice") { frames($0) { _, free in free[0] = free[1] } },
    Damage("a free frame beyond memory") { frames($0) { _, free in free[0] = 0xFFFF_FFFF } },
    Damage("a free frame that is forgotten") { frames($0) { _, free in free.removeLast() } },
    Damage("references that are not there") {
      frames($0) { frames, _ in frames[0x100].references = .max }
    },
    Damage("a slice of centuries") { $0.sliceEnd = 1 << 62 },
    Damage("a period of centuries") { $0.periodEnd = .max },
    Damage("a payment to come") { $0.chargedUntil = 1 << 62 },
    Damage("a timer set too late") {
      ($0.domains[0].timeout, $0.armedFor) = (0, .max)
    },
    Damage("a timer that is not heard") { $0.heardLines &= ~1 },
    Damage("a line heard for nobody") { $0.heardLines |= 1 << 9 },
    Damage("a line without a channel") {
      $0.domains[0].physicalInterrupts[9] = 1023
      $0.heardLines |= 1 << 9
    },
    Damage("a channel beyond the last") { $0.domains[0].virtualInterrupts[5] = 1024 },
    Damage("a period of nothing") { $0.domains[0].period = 1 },
    Damage("a trap for a ring that there is not") { $0.domains[0].traps[3].level = 4 },
    Damage("a return to virtual-8086 mode") {
      $0.domains[0].context.frame.eflags.insert(.virtual8086)
    },
    Damage("a return with interrupts off") {
      $0.domains[0].context.frame.eflags.remove(.interrupt)
    },
    Damage("a count that cannot be added to") { $0.counters.entries[3] = .max },
    Damage("credit for ever") { $0.domains[0].credit = .max },
    Damage("a domain that runs and is not there") { $0.running = 3 },
    Damage("an x87 of nobody's") { $0.fpuOwner = 3 },
  ]

  @Test(arguments: damages) func aStateThatCannotBeIsRefused(damage: Damage) throws {
    let (machine, hypervisor) = try Self.booted()
    let words = hypervisor.save(machine.cpu)
    damage.make(hypervisor)
    let damaged = hypervisor.save(machine.cpu)
    try #require(damaged != words && hypervisor.restore(words, &machine.cpu))
    #expect(!hypervisor.restore(damaged, &machine.cpu))
    #expect(hypervisor.save(machine.cpu) == words)
  }

  /// Page tables are bytes in the machine's memory, and can be damaged like all of it.
  @Test func tablesThatLeadBeyondMemoryAreRefused() throws {
    let (machine, hypervisor) = try Self.booted()
    let words = hypervisor.save(machine.cpu)
    let directory = UInt64(hypervisor.domains[0].directory) << 12
    // Domain 0 may map what is no memory, but not as a page table.
    for slot: UInt64 in [700, 1007, 1008, 1010, 1023] {
      let place = directory + slot * 4
      let before: UInt32 = machine.cpu.load(at: place)
      for entry: UInt32 in [0xFFFF_F063, 0x0400_0063, 0x000A_0063, 0x0030_0063] {
        machine.cpu.store(entry, at: place)
        #expect(!hypervisor.restore(words, &machine.cpu), "slot \(slot)")
      }
      machine.cpu.store(before, at: place)
    }
    #expect(hypervisor.restore(words, &machine.cpu))
  }

  /// Any word may be anything. Some of it makes a strange hypervisor, and that is a machine like others.
  @Test func damagedWordsDoNoHarm() throws {
    let (machine, hypervisor) = try Self.booted()
    let words = hypervisor.save(machine.cpu)
    let snapshot = machine.snapshot()
    var random = Xorshift64(seed: 1)
    var (refused, taken) = (0, 0)
    let values: [UInt64] = [
      .max, 1 << 63, UInt64(Int.max), 1 << 31, 0xFFFF_FFFF, 1 << 20, 77, 1, 0,
    ]
    for round in 0..<500 {
      var damaged = words
      let place = Int(random.next() % UInt64(words.count))
      damaged[place] = values[round % values.count]
      guard damaged != words else { continue }
      guard hypervisor.restore(damaged, &machine.cpu) else {
        refused += 1
        continue
      }
      taken += 1
      _ = machine.run(until: machine.ticks + 3_000)
      machine.restore(snapshot)
    }
    #expect(hypervisor.save(machine.cpu) == words)
    #expect(refused > 100 && taken > 50, "\(refused) refused, \(taken) taken")
  }

  /// What a domain asks for is done when a run ends, also by one that stops for it: it can be kept then.
  @Test func aHypervisorCanBeSavedWhereADomainYieldsOrBlocks() throws {
    let bench = try HypercallBench()
    let words = bench.hypervisor.save(bench.machine.cpu)
    #expect(bench.call(29, 0) == 0)
    #expect(bench.hypervisor.save(bench.machine.cpu) != words)
    // A mapping is changed and its page is to be flushed, and then the domain blocks: in one list.
    let (list, page) = (bench.scratch, bench.scratch + 4096)
    bench.store([14, 0, page, bench.entry(page).value, 0, 2, 0, 0], at: list)
    bench.store([29, 0, 1, 0, 0, 0, 0, 0], at: list + 32)
    bench.machine.cpu.store(UInt8(0), at: bench.hypervisor.domains[0].sharedInfo)
    bench.start(13, [list, 2])
    for _ in 0..<1000 where !bench.hypervisor.isIdle {
      _ = bench.machine.run(until: bench.machine.ticks + 1)
    }
    try #require(bench.hypervisor.isIdle)
    let idle = bench.hypervisor.save(bench.machine.cpu)
    #expect(bench.hypervisor.restore(idle, &bench.machine.cpu))
  }

  /// A domain that has given some of its memory back.
  private static func booted() throws -> (Machine, Paravirtualization) {
    let bench = try HypercallBench()
    let pages = (1...4).map { bench.scratch + $0 << 12 }
    let frames = pages.map(bench.frame)
    for page in pages { try #require(bench.call(14, page, 0, 0, 2) == 0) }
    bench.store([bench.scratch + 0x100, 4, 0, 0, 0x7FF0], at: bench.scratch)
    bench.store(frames, at: bench.scratch + 0x100)
    try #require(bench.call(12, 1, bench.scratch) == 4)
    return (bench.machine, bench.hypervisor)
  }
}
