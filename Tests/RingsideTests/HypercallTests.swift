import Chipset
import Testing
import X86

@testable import Machine
@testable import Monitors

/// Hypercalls one by one: what the ABI says, and what it says to bad arguments.
@Suite struct HypercallTests {
  private static let (permission, noDomain, fault, invalid, unknown) = (
    UInt32.error(1), UInt32.error(3), UInt32.error(14), UInt32.error(22), UInt32.error(38)
  )

  @Test func whoTheHypervisorIs() throws {
    let bench = try HypercallBench()
    #expect(bench.call(17, 0) == 3 << 16)
    #expect(bench.call(17, 3, bench.scratch) == 0)
    #expect(bench.word(bench.scratch) == 0x2D6E_6578)
    #expect(bench.call(17, 5, bench.scratch) == 0 && bench.word(bench.scratch) == 0xFC00_0000)
    #expect(bench.call(17, 99) == Self.unknown)
    #expect(bench.call(17, 5, 0xFC00_0000) == Self.fault)
    #expect(bench.call(63) == Self.unknown)
  }

  @Test func aMappingChangesByUpdate() throws {
    let bench = try HypercallBench()
    let (from, to) = (bench.scratch, bench.scratch + 4096)
    bench.store([0x1234], at: to)
    #expect(bench.call(14, from, bench.frame(to) << 12 | 3, 0, 2) == 0)
    #expect(bench.word(from) == 0x1234)
    #expect(bench.audit() == [])
  }

  /// A page table that could be written to would make every check worthless.
  @Test func aWritableMappingOfAPageTableIsRefused() throws {
    let bench = try HypercallBench()
    let table = UInt32(bench.entry(bench.scratch).place >> 12)
    let before = bench.entry(bench.scratch).value
    #expect(bench.call(14, bench.scratch, table << 12 | 3, 0, 2) == Self.invalid)
    #expect(bench.entry(bench.scratch).value == before)
    // To look at it is allowed.
    #expect(bench.call(14, bench.scratch, table << 12 | 1, 0, 2) == 0)
    #expect(bench.hypervisor.counters.refusedKinds == 1)
    #expect(bench.audit() == [])
    // It is in the ledger, with its answer.
    let places = bench.machine.cpu.log.start..<bench.machine.cpu.log.end
    let calls = places.map { bench.machine.cpu.log[place: $0] }.filter { $0.kind == .hypercall }
    let refused = try #require(calls.last { $0.detail >> 32 == UInt64(Self.invalid) })
    #expect(refused.code == 14 && refused.cause == .frameInOtherUse)
    #expect(refused.info == UInt64(table << 12 | 3) << 32 | UInt64(bench.scratch))
  }

  @Test func framesOfOthersAreRefused() throws {
    let bench = try HypercallBench()
    for frame: UInt32 in [0x100, 0x119, 0x3_FFF0] {
      let answer = bench.call(14, bench.scratch, frame << 12 | 3, 0, 2)
      // Beyond the RAM there could be a device, and those are Domain 0's.
      #expect(answer == (frame > 0x4000 ? 0 : Self.invalid))
    }
    #expect(bench.audit() == [])
  }

  @Test func tablesArePinnedOnce() throws {
    let bench = try HypercallBench()
    let page = bench.scratch
    let frame = bench.frame(page)
    func extended(_ command: UInt32) -> UInt32? {
      bench.store([command, frame, 0], at: bench.scratch + 4096)
      return bench.call(26, bench.scratch + 4096, 1, 0, 0x7FF0)
    }
    // While it is mapped writable it is no table.
    #expect(extended(0) == Self.invalid)
    #expect(bench.call(14, page, frame << 12 | 1, 0, 2) == 0)
    #expect(extended(0) == 0)
    #expect(extended(0) == Self.invalid)
    #expect(bench.call(14, page, frame << 12 | 3, 0, 2) == Self.invalid)
    #expect(bench.audit() == [])
    #expect(extended(4) == 0)
    #expect(extended(4) == Self.invalid)
    #expect(bench.call(14, page, frame << 12 | 3, 0, 2) == 0)
    #expect(bench.audit() == [])
  }

  @Test func aListStopsAtTheFirstRefusalAndSaysHowFarItCame() throws {
    let bench = try HypercallBench()
    let (list, done) = (bench.scratch, bench.scratch + 0x800)
    let entry = bench.entry(bench.scratch + 4096)
    let good: [UInt32] = [UInt32(entry.place), 0, entry.value, 0]
    bench.store(good + good + [UInt32(entry.place), 0, 0x10_0003, 0] + good, at: list)
    #expect(bench.call(1, list, 4, done, 0x7FF0) == Self.invalid)
    #expect(bench.word(done) == 2)
    #expect(bench.call(1, list, 1, done, 5) == Self.noDomain)
    #expect(bench.call(1, 0xFBFF_FFFC, 1, 0, 0x7FF0) == Self.fault)
  }

  @Test func descriptorsLoseRing0AndWhatReachesTheHypervisor() throws {
    let bench = try HypercallBench()
    let page = bench.scratch
    let flat: UInt64 = 0x00CF_9A00_0000_FFFF
    bench.machine.cpu.store(flat, at: bench.machineAddress(page + 8))
    let frame = bench.frame(page)
    bench.store([frame], at: bench.scratch + 4096)
    #expect(bench.call(2, bench.scratch + 4096, 16) == Self.invalid)
    #expect(bench.call(14, page, frame << 12 | 1, 0, 2) == 0)
    #expect(bench.call(2, bench.scratch + 4096, 16) == 0)
    let descriptor = try #require(bench.descriptor(8))
    #expect(descriptor.dpl == 1 && descriptor.limit == 0xFC3F_FFFF)
    // One by one as well, but no gate into the hypervisor.
    let place = bench.machineAddress(page + 16)
    #expect(bench.call(10, UInt32(place), 0, 0xFFFF, 0x00CF_9200) == 0)
    #expect(bench.descriptor(16)?.dpl == 1)
    #expect(bench.call(10, UInt32(place), 0, 0xE008_0000, 0x0000_EC00) == Self.invalid)
    #expect(bench.call(2, 0, 0) == 0)
    #expect(bench.audit() == [])
  }

  @Test func channelsConnectADomainWithItself() throws {
    let bench = try HypercallBench()
    let place = bench.scratch
    bench.store([0x7FF0_7FF0], at: place)
    #expect(bench.call(32, 6, place) == 0)
    let port = bench.word(place + 4)
    bench.store([0x7FF0, port], at: place)
    #expect(bench.call(32, 0, place) == 0)
    let other = bench.word(place + 8)
    #expect(port != 0 && other != 0 && other != port)
    bench.store([port], at: place)
    #expect(bench.call(32, 4, place) == 0)
    let pending: UInt32 = bench.machine.cpu.load(at: 0x11_8000 + 2048)
    #expect(pending >> other & 1 == 1)
    bench.store([0x7FF0, port], at: place)
    #expect(bench.call(32, 5, place) == 0)
    #expect(bench.word(place + 8) == 2 && bench.word(place + 20) == other)
    bench.store([port], at: place)
    #expect(bench.call(32, 3, place) == 0 && bench.call(32, 3, place) == Self.invalid)
    bench.store([0], at: place)
    #expect(bench.call(32, 3, place) == Self.invalid && bench.call(32, 77, place) == Self.unknown)
    // The timer has been bound already.
    bench.store([0, 0], at: place)
    #expect(bench.call(32, 1, place) == .error(17))
  }

  @Test func callsInAListAreEachAnswered() throws {
    let bench = try HypercallBench()
    let list = bench.scratch
    bench.store([17, 0, 0, 0, 0, 0, 0, 0], at: list)
    bench.store([63, 0, 0, 0, 0, 0, 0, 0], at: list + 32)
    bench.store([13, 0, list, 1, 0, 0, 0, 0], at: list + 64)
    let before = bench.hypervisor.counters.total
    #expect(bench.call(13, list, 3) == 0)
    #expect(bench.word(list + 4) == 3 << 16 && bench.word(list + 36) == Self.unknown)
    #expect(bench.word(list + 68) == Self.invalid)
    #expect(bench.hypervisor.counters.total - before <= 2)
    #expect(bench.hypervisor.counters.multicalls == 3)
  }

  @Test func pagesCanBeGivenBackAndTaken() throws {
    let bench = try HypercallBench()
    let place = bench.scratch
    let page = bench.scratch + 4096
    let frame = bench.frame(page)
    bench.store([place + 64, 1, 0, 0, 0x7FF0], at: place)
    bench.store([frame], at: place + 64)
    // Still mapped: not given back.
    #expect(bench.call(12, 1, place) == 0)
    #expect(bench.call(14, page, 0, 0, 2) == 0)
    bench.store([0x7FF0], at: place + 128)
    let before = bench.call(12, 3, place + 128)
    #expect(bench.call(12, 1, place) == 1)
    #expect(bench.call(12, 3, place + 128) == before.map { $0 - 1 })
    #expect(bench.audit() == [])
    bench.store([page >> 12], at: place + 64)
    #expect(bench.call(12, 6, place) == 1)
    let fresh = bench.word(place + 64)
    #expect(bench.call(14, page, fresh << 12 | 3, 0, 2) == 0 && bench.word(page) == 0)
    let known: UInt32 = bench.machine.cpu.load(at: 0x12_8000 + UInt64(fresh) * 4)
    #expect(known == page >> 12)
    // There is no more than there was.
    #expect(bench.call(12, 6, place) == 0)
    #expect(bench.audit() == [])
  }

  @Test func aGrantLetsOnlyWhomItNamesMapAPage() throws {
    let bench = try HypercallBench()
    let (place, page) = (bench.scratch, bench.scratch + 4096)
    let table: UInt64 = 0x12_0000
    bench.store([0x5EED], at: page)
    bench.machine.cpu.store(UInt32(1), at: table + 9 * 8)
    bench.machine.cpu.store(bench.frame(page), at: table + 9 * 8 + 4)
    // To domain 0, which is itself.
    let window: UInt32 = 0x2_0000
    bench.store([window, 0, 2, 9, 0], at: place)
    #expect(bench.call(20, 0, place, 1) == 0)
    #expect(bench.word(place + 16) >> 16 == 0 && bench.word(window) == 0x5EED)
    #expect(bench.flags(at: table + 72) == 1 | 8 | 16)
    let handle = bench.word(place + 20)
    #expect(bench.audit() == [])
    bench.store([window, 0, 0, 0, handle, 0], at: place)
    #expect(bench.call(20, 1, place, 1) == 0 && bench.word(place + 20) & 0xFFFF == 0)
    #expect(bench.flags(at: table + 72) == 1)
    #expect(bench.call(20, 1, place, 1) == 0 && bench.word(place + 20) & 0xFFFF == 0xFFFC)
    // For another domain it is none.
    bench.machine.cpu.store(UInt32(1) | 5 << 16, at: table + 72)
    bench.store([window, 0, 2, 9, 0], at: place)
    #expect(bench.call(20, 0, place, 1) == 0 && bench.word(place + 16) >> 16 == 0xFFFF)
    #expect(bench.audit() == [])
  }

  @Test func theProcessorOfADomainIsNumber0() throws {
    let bench = try HypercallBench()
    #expect(bench.call(24, 3, 0) == 1 && bench.call(24, 3, 1) == .error(2))
    #expect(bench.call(24, 3, 32) == Self.invalid && bench.call(24, 0, 0) == .error(17))
    #expect(bench.call(24, 4, 0, bench.scratch) == 0)
    #expect(bench.call(24, 4, 0, 0xFFFF_FFF0) == Self.fault)
    bench.store([1000, 0, 1], at: bench.scratch)
    #expect(bench.call(24, 8, 0, bench.scratch) == .error(62))
    #expect(bench.call(24, 6, 0, bench.scratch) == Self.invalid)
  }

  /// Its part of the shared page goes where the domain wants it, once, and that frame stays a page for data.
  @Test func aProcessorsPartOfTheSharedPageCanMove() throws {
    let bench = try HypercallBench()
    let (place, page) = (bench.scratch, bench.scratch + 4096)
    let table = UInt32(bench.entry(page).place >> 12)
    for (frame, high, offset) in [
      (bench.frame(page), 0, 4033), (bench.frame(page), 1, 0), (table, 0, 0), (0x100, 0, 0),
      (0xFFFF_FFFF, 0, 0),
    ] as [(UInt32, UInt32, UInt32)] {
      bench.store([frame, high, offset, 0], at: place)
      #expect(bench.call(24, 10, 0, place) == Self.invalid)
    }
    bench.store([bench.frame(page), 0, 100, 0], at: place)
    #expect(bench.call(24, 10, 0, place) == 0)
    // Events are masked as before, and everything is to be looked at.
    #expect(bench.word(page + 100) & 0xFFFF == 0x0101 && bench.word(page + 104) == .max)
    #expect(bench.call(24, 10, 0, place) == Self.invalid)
    #expect(bench.audit() == [])
    let words = bench.hypervisor.save(bench.machine.cpu)
    #expect(bench.hypervisor.restore(words, &bench.machine.cpu))
    // As a page table it would be the hypervisor that writes to it.
    let frame = bench.frame(page)
    #expect(bench.call(14, page, 0, 0, 2) == 0)
    bench.store([0, frame, 0], at: place)
    #expect(bench.call(26, place, 1, 0, 0x7FF0) == Self.invalid)
    // Time is told there now, and no more in the shared page.
    let info = UInt64(frame) << 12 | 100
    let shared = bench.hypervisor.domains[0].sharedInfo
    let before: [UInt32] = [info, shared].map { bench.machine.cpu.load(at: $0 + 32) }
    bench.hypervisor.storeTime(&bench.machine.cpu)
    let after: [UInt32] = [info, shared].map { bench.machine.cpu.load(at: $0 + 32) }
    #expect(after == [before[0] + 2, before[1]])
    #expect(bench.audit() == [])
  }

  @Test func runstateAndTimeAreWrittenWhereTheDomainReadsThem() throws {
    let bench = try HypercallBench()
    let (place, page) = (bench.scratch, bench.scratch + 4096)
    bench.store([0xFBFF_FFE0, 0], at: place)
    #expect(bench.call(24, 5, 0, place) == Self.fault)
    #expect(bench.call(24, 5, 0, 0xFBFF_F000) == Self.fault)
    bench.store([page, 0], at: place)
    #expect(bench.call(24, 5, 0, place) == 0)
    // It runs; and the four times are all the time there was.
    let domain = bench.hypervisor.domains[0]
    #expect(bench.word(page) == 0)
    let times = (0..<4).map {
      UInt64(bench.word(page + 12 + $0 * 8)) | UInt64(bench.word(page + 16 + $0 * 8)) << 32
    }
    #expect(times == domain.times && times[0] > 0 && times.reduce(0, +) == domain.stateSince)
    bench.store([page + 64, 0], at: place)
    #expect(bench.call(24, 13, 0, place) == 0)
    func time(_ linear: UInt32) -> [UInt32] { (0..<8).map { bench.word(linear + $0 * 4) } }
    let shared = (0..<8).map {
      bench.machine.cpu.load(UInt32.self, at: domain.sharedInfo + 32 + UInt64($0 * 4))
    }
    #expect(time(page + 64) == shared && shared[0] & 1 == 0 && shared[4] > 0)
    // Where it is not mapped any more, nothing is written, and nothing happens.
    #expect(bench.call(14, page, 0, 0, 2) == 0)
    bench.hypervisor.storeTime(&bench.machine.cpu)
    bench.hypervisor.storeRunstate(&bench.machine.cpu)
    #expect(bench.audit() == [])
  }

  @Test func anNMIIsToldOnceUntilItsHandlerReturnsByIret() throws {
    let bench = try HypercallBench()
    let handler = bench.scratch + 4096 + 2048
    try bench.execute([0xEB, 0xFE])
    bench.hypervisor.domains[0].traps[2].address = handler
    func isTold(by number: UInt32, _ arguments: [UInt32]) -> Bool {
      bench.start(number, arguments)
      for _ in 0..<50 where bench.machine.cpu.eip != handler {
        _ = bench.machine.run(until: bench.machine.ticks + 1)
      }
      return bench.machine.cpu.eip == handler && bench.hypervisor.domains[0].isInNMI
    }
    #expect(isTold(by: 24, [11, 0]))
    // The next one waits.
    #expect(bench.call(24, 11, 0) == 0 && bench.hypervisor.domains[0].isNMIPending)
    bench.store([0, bench.scratch, 0xE019, 2], at: bench.scratch + 0x800)
    bench.machine.cpu[.esp] = bench.scratch + 0x800
    #expect(isTold(by: 23, []) && !bench.hypervisor.domains[0].isNMIPending)
  }

  @Test func theLastProcessorThatGoesDownTakesItsDomainAlong() throws {
    let bench = try HypercallBench()
    #expect(bench.call(24, 12, 0) == Self.invalid)
    #expect(bench.call(24, 2, 0) == nil)
    #expect(bench.hypervisor.domains[0].state == .shutDown(reason: 0))
  }

  @Test func everyVirtualInterruptCanBeBoundOnce() throws {
    let bench = try HypercallBench()
    let place = bench.scratch
    for interrupt in UInt32(0)..<24 where ![0, 3].contains(interrupt) {
      bench.store([interrupt, 1], at: place)
      // Those of the whole machine are told to processor 0; of the others there is no processor 1.
      let isOfProcessor = [1, 7, 13].contains(interrupt)
      #expect(bench.call(32, 1, place) == (isOfProcessor ? .error(2) : Self.invalid))
      bench.store([interrupt, 0], at: place)
      #expect(bench.call(32, 1, place) == 0 && bench.call(32, 1, place) == .error(17))
    }
    bench.store([24, 0], at: place)
    #expect(bench.call(32, 1, place) == Self.invalid)
  }

  /// The wall clock and system time together are what the calendar says.
  @Test func theWallClockIsThatOfTheCalendar() throws {
    let machine = try DomainTests.machine(others: 1)
    for domain in try ParavirtualizationTests.hypervisor(of: machine).domains {
      let version: UInt32 = machine.cpu.load(at: domain.sharedInfo + 2304)
      let seconds: UInt32 = machine.cpu.load(at: domain.sharedInfo + 2308)
      // Where the machine's calendar begins: 1 January 2026.
      #expect(version == 2 && seconds == 20_454 * 86_400)
    }
  }

  @Test func domain0MayAskForPortsAndGetsNoRealIOPL() throws {
    let bench = try HypercallBench()
    bench.store([4], at: bench.scratch)
    #expect(bench.call(33, 6, bench.scratch) == Self.invalid)
    bench.store([3], at: bench.scratch)
    #expect(bench.call(33, 6, bench.scratch) == 0)
    #expect(bench.machine.cpu.eflags.isDisjoint(with: .ioPrivilegeLevel))
    bench.store([16], at: bench.scratch)
    #expect(bench.call(33, 5, bench.scratch) == Self.invalid)
    #expect(bench.call(33, 99, bench.scratch) == Self.unknown)
  }

  @Test func theConsoleIsTheSerialLine() throws {
    let bench = try HypercallBench()
    _ = bench.machine.board.takeSerialOutput()
    bench.store([0x0A69_6858], at: bench.scratch)
    #expect(bench.call(18, 0, 4, bench.scratch) == 0)
    #expect(String(decoding: bench.machine.board.takeSerialOutput(), as: UTF8.self) == "Xhi\r\n")
    #expect(bench.call(18, 0, 1, 0xFC00_0000) == Self.fault && bench.call(18, 9) == Self.unknown)
  }

  /// Input of the console is Domain 0's: either it has the line itself, or it is told and reads.
  @Test func consoleInputIsToldByAVirtualInterruptAndRead() throws {
    let bench = try HypercallBench()
    let place = bench.scratch
    func bound(_ command: UInt32, _ source: UInt32) -> UInt32? {
      bench.store([source, 0, 0], at: place)
      return bench.call(32, command, place)
    }
    func isPending(_ port: UInt32) -> Bool {
      let shared = bench.hypervisor.domains[0].sharedInfo
      return bench.machine.cpu.load(UInt32.self, at: shared + 2048) >> port & 1 != 0
    }
    func read(_ count: UInt32) -> [UInt8]? {
      bench.store([0, 0], at: place)
      guard let done = bench.call(18, 1, count, place), done <= 8 else { return nil }
      return (0..<done).map {
        UInt8(truncatingIfNeeded: bench.word(place + $0 / 4 * 4) >> ($0 % 4 * 8))
      }
    }
    // As long as Ringlet has the line, nothing comes of it.
    #expect(bound(1, 2) == 0)
    let port = bench.word(place + 8)
    bench.machine.receive(.serial(Array("x".utf8)))
    for _ in 0..<10_000 where bench.machine.cpu.readPort(0x3FD) & 1 == 0 { _ = bench.call(17, 0) }
    #expect(read(8) == [] && !isPending(port))
    let line = bench.hypervisor.domains[0].physicalInterrupts[4]
    bench.store([line], at: place)
    #expect(bench.call(32, 3, place) == 0 && bound(2, 4) == .error(16))
    _ = bench.machine.cpu.readPort(0x3F8)
    bench.machine.receive(.serial(Array("hey".utf8)))
    for _ in 0..<500 where bench.hypervisor.consoleInput.count < 3 {
      for _ in 0..<100 { _ = bench.call(17, 0) }
    }
    #expect(isPending(port))
    #expect(bench.audit() == [])
    let words = bench.hypervisor.save(bench.machine.cpu)
    #expect(bench.hypervisor.restore(words, &bench.machine.cpu))
    // Into nowhere it is not read, and not lost.
    #expect(bench.call(18, 1, 2, 0xFBFF_F000) == Self.fault)
    let first = try #require(read(2))
    #expect(first + (read(8) ?? []) == Array("hey".utf8) && read(8) == [])
    // Without the channel the line is free again.
    bench.store([port], at: place)
    #expect(bench.call(32, 3, place) == 0 && bound(2, 4) == 0)
  }

  /// A hundred changes one by one, as a list, and as calls in a list.
  @Test func whatIsAskedForInAListEntersTheHypervisorOnce() throws {
    let bench = try HypercallBench()
    let (list, page) = (bench.scratch, bench.scratch + 4096)
    let entry = bench.entry(page)
    func entries(_ body: () -> Bool) -> UInt64 {
      let before = bench.hypervisor.counters
      #expect(body())
      let after = bench.hypervisor.counters
      let interrupts = (0x20..<0x30).reduce(0) { $0 + after.entries[$1] - before.entries[$1] }
      return after.total - before.total - interrupts
    }
    #expect(
      entries { (0..<100).allSatisfy { _ in bench.call(14, page, entry.value, 0, 2) == 0 } } == 100)
    for index in 0..<UInt32(100) {
      bench.store([UInt32(entry.place), 0, entry.value, 0], at: list + index * 16)
    }
    #expect(entries { bench.call(1, list, 100, 0, 0x7FF0) == 0 } == 1)
    for index in 0..<UInt32(100) {
      bench.store([14, 0, page, entry.value, 0, 2, 0, 0], at: list + index * 32)
    }
    #expect(entries { bench.call(13, list, 100) == 0 } == 1)
    #expect(bench.hypervisor.counters.updates >= 100)
    #expect(bench.hypervisor.counters.multicalls == 100)
  }

  /// Documentation/Para.md says which calls and commands there are, and that all others are ENOSYS.
  @Test func theTableInTheManualIsTrue() throws {
    var listed: [UInt32: Set<UInt32>] = [:]
    let text = try RingletTests.text("../Documentation/Para.md")
    for line in text.split(separator: "\n") {
      let columns = line.split(separator: "|", omittingEmptySubsequences: false)
        .map { $0.trimmingPrefix { $0 == " " } }
      guard columns.count == 5, let number = UInt32(columns[1].prefix { $0 != " " }) else {
        continue
      }
      listed[number] = Set(
        columns[3].split(separator: ",").compactMap {
          UInt32($0.trimmingPrefix { $0 == " " }.prefix { $0 != " " })
        })
    }
    #expect(Set(listed.keys) == Set(HypercallNumber.allCases.map(\.rawValue)))
    let bench = try HypercallBench()
    for number in UInt32(0)..<64 where listed[number] == nil {
      #expect(bench.call(number) == Self.unknown, "hypercall \(number)")
    }
    let nowhere: UInt32 = 0xFBFF_F000
    for (number, commands) in listed where !commands.isEmpty {
      for command in UInt32(0)..<34 {
        // To wait for ever is no answer; nor is going down, or an NMI, which this kernel dies of.
        if number == 29 && command == 1 || number == 24 && [2, 11].contains(command) { continue }
        let answer: UInt32?
        switch number {
        case 1 where command > 3: continue
        case 1:
          bench.store([command, 0, 0, 0], at: bench.scratch)
          answer = bench.call(1, bench.scratch, 1, 0, 0x7FF0)
        case 26:
          bench.store([command, 0xFF_FFFF, 0], at: bench.scratch)
          answer = bench.call(26, bench.scratch, 1, 0, 0x7FF0)
        case 18: answer = bench.call(18, command, 1, nowhere)
        case 20: answer = bench.call(20, command, nowhere, 1)
        case 24: answer = bench.call(24, command, 0, nowhere)
        default: answer = bench.call(number, command, nowhere)
        }
        let isKnown = commands.contains(command)
        #expect((answer == Self.unknown) != isKnown, "hypercall \(number), command \(command)")
      }
    }
  }
}
