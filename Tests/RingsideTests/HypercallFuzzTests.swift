import Testing
import X86

@testable import Machine
@testable import Monitors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Hypercalls with hostile arguments: whatever a kernel asks for, the hypervisor's books stay right, what
/// belongs to others stays as it is, and every call is answered and in the ledger.
@Suite struct HypercallFuzzTests {
  private static let calls = setting("RINGSIDE_FUZZ_CALLS") ?? 20_000
  private static let seed = setting("RINGSIDE_FUZZ_SEED") ?? 1

  private static func setting(_ name: String) -> UInt64? {
    getenv(name).flatMap { UInt64(String(cString: $0)) }
  }

  @Test func hostileArgumentsBreakNothing() throws {
    var random = Xorshift64(seed: Self.seed)
    var made: UInt64 = 0
    var answers: [UInt32: Int] = [:]
    var ended = 0
    while made < Self.calls {
      var fuzz = try HypercallFuzz()
      while made < Self.calls {
        made += 1
        guard let (number, answer) = try fuzz.call(&random) else {
          // A kernel that unmaps what it stands on ends itself, and only itself.
          ended += 1
          break
        }
        if Int32(bitPattern: answer) < 0 { answers[0 &- answer, default: 0] += 1 }
        #expect(Int32(bitPattern: answer) >= 0 || answer > 0 &- 100, "call \(number)")
        if made % 500 == 0 { try fuzz.check() }
      }
      try fuzz.check()
    }
    // The arguments were neither all bad nor all good.
    #expect(answers.count >= 6, "\(answers)")
    #expect(UInt64(answers.values.reduce(0, +)) < made * 95 / 100)
    #expect(UInt64(ended) < made / 20, "\(ended)")
  }
}

/// One booted guest and another that waits, and what must not change in them.
private struct HypercallFuzz {
  private let bench: HypercallBench
  private let tables: UInt64
  private let other: Bystander
  private var calls: UInt64 = 0
  private let before: UInt64
  /// Frames that are worth naming: the guest's own, tables of its, the hypervisor's, the other
  /// domain's, none. Numbers of domains are among the small ones.
  private let interesting: [UInt32]

  init() throws {
    let bench = try HypercallBench(others: 1)
    self.bench = bench
    tables = Self.hash(of: bench)
    let keeping = Bystander.frames(nobodyMayUseIn: bench)
    other = Bystander(1, of: bench, frames: keeping)
    before = bench.machine.cpu.log.total(of: .hypercall)
    let own = (0..<8).map { bench.frame(bench.scratch + UInt32($0) << 12) }
    let directory = bench.machine.cpu.cr3 >> 12
    let table = UInt32(bench.entry(bench.scratch).place >> 12)
    interesting =
      own + own + [directory, table, 0, 0xB8, 0xFF, 0x100, 0x10D, 0x118, 0x119, 0x120, 0x121]
      + [0x3FFF, 0x4000, 0xF_FFFF, UInt32(bench.machine.ram.size >> 12) - 1]
      + Bystander.interesting(of: keeping, in: bench)
  }

  /// What only the hypervisor may write to: IDT, stubs, its page tables. The TSS, the gate of INT 80h and
  /// busy bits change by what guests ask for.
  private static func hash(of bench: HypercallBench) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for range in [
      0x10_0000..<0x10_0400, 0x10_0408..<0x10_0800, 0x10_4000..<0x10_6000,
      0x10_C000..<0x10_E000,
    ] {
      for place in range {
        hash =
          (hash ^ UInt64(bench.machine.cpu.load(UInt8.self, at: UInt64(place)))) &* 0x100_0000_01B3
      }
    }
    return hash
  }

  /// Makes a call; nil if the kernel has taken away from itself what it needs for that. Not iret: from
  /// there no answer comes back.
  mutating func call(_ random: inout Xorshift64) throws -> (number: UInt32, answer: UInt32)? {
    let numbers = HypercallNumber.allCases.map(\.rawValue).filter { $0 != 23 } + [6, 21, 30, 63]
    let number = numbers[random.below(numbers.count)]
    guard fill(&random) else { return nil }
    var arguments = (0..<5).map { _ in argument(&random) }
    shape(number, &arguments, &random)
    calls += 1
    guard
      let answer = bench.call(
        number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4])
    else { return nil }
    // Whatever was asked for, events are masked again, so that the next call is ours too.
    bench.machine.cpu.store(UInt8(1), at: bench.hypervisor.domains[0].processorInfo + 1)
    return (number, answer)
  }

  /// Structures for all that takes any, from words that mean something. False if the kernel cannot write
  /// there any more.
  private func fill(_ random: inout Xorshift64) -> Bool {
    bench.store((0..<32).map { _ in argument(&random) }, at: bench.scratch + 0x100)
  }

  private func argument(_ random: inout Xorshift64) -> UInt32 {
    let frame = interesting[random.below(interesting.count)]
    switch random.below(12) {
    case 0, 1: return UInt32(random.below(40))
    case 2: return 0x7FF0
    case 3, 4: return bench.scratch + 0x100 + UInt32(random.below(32)) * 4
    case 5: return frame
    case 6: return frame << 12 | UInt32(random.below(16)) | 1
    case 7: return frame << 12 | UInt32(random.below(1024)) * 4
    case 8:
      return [0xFBFF_FFFC, 0xFC00_0000, 0xFC40_0000, 0xFFFF_FFFF, 0x8000_0000][random.below(5)]
    case 9: return UInt32(truncatingIfNeeded: bench.entry(bench.scratch).place)
    default: return UInt32(truncatingIfNeeded: random.next())
    }
  }

  /// Arguments that get further than the first check, and none that ends the test instead.
  private func shape(_ number: UInt32, _ arguments: inout [UInt32], _ random: inout Xorshift64) {
    let pointer = bench.scratch + 0x100 + UInt32(random.below(8)) * 4
    let count = UInt32(random.below(4))
    switch number {
    // The kernel's own end, and waiting for ever, are no bad arguments.
    case 29: if [1, 2, 3, 4].contains(arguments[0]) { arguments[0] = 0 }
    case 1, 26: (arguments[0], arguments[1], arguments[3]) = (pointer, count, 0x7FF0)
    case 13:
      (arguments[0], arguments[1]) = (bench.scratch + 0x400, UInt32(random.below(4)))
      for index in 0..<arguments[1] { storeEntry(arguments[0] + index * 32, &random) }
    case 12, 32, 33, 17: (arguments[0], arguments[1]) = (UInt32(random.below(14)), pointer)
    case 20:
      (arguments[0], arguments[1]) = (UInt32(random.below(7)), pointer)
      arguments[2] = 1 + UInt32(random.below(2))
    case 14:
      if random.below(4) > 0 {
        (arguments[0], arguments[2]) = (bench.scratch + 0x1000 * (1 + count), 0)
      }
    case 18: arguments[1] &= 63
    case 24:
      // Not to go down, and no NMI, which this kernel dies of.
      let command = UInt32(random.below(15))
      arguments[0] = [2, 11].contains(command) ? 10 : command
      if random.below(4) > 0 { (arguments[1], arguments[2]) = (0, pointer) }
    case 0: arguments[0] = random.below(3) == 0 ? 0 : pointer
    default: break
    }
  }

  /// A call in a list of calls: any but iret, and lists of lists.
  private func storeEntry(_ place: UInt32, _ random: inout Xorshift64) {
    let numbers = HypercallNumber.allCases.map(\.rawValue).filter { $0 != 23 && $0 != 13 }
    let number = numbers[random.below(numbers.count)]
    var arguments = (0..<5).map { _ in argument(&random) }
    shape(number, &arguments, &random)
    bench.store([number, 0] + arguments + [0], at: place)
  }

  func check() throws {
    // What can be saved can be restored, whatever calls have led there.
    let words = bench.hypervisor.save(bench.machine.cpu)
    #expect(bench.hypervisor.restore(words, &bench.machine.cpu))
    let complaints = bench.audit()
    #expect(complaints.isEmpty, "\(complaints.prefix(3))")
    #expect(Self.hash(of: bench) == tables)
    let other = Bystander(1, of: bench, frames: other.frames)
    #expect(other.memory == self.other.memory && other.grants == self.other.grants)
    #expect(other.books == self.other.books && other.owned == self.other.owned)
    #expect(bench.machine.cpu.log.total(of: .hypercall) - before >= calls)
    let ends = [SegmentRegister.cs, SegmentRegister.ss].map { bench.machine.cpu.segment($0).limit }
    #expect(ends.allSatisfy { $0 <= 0xFC3F_FFFF } || bench.machine.cpu.cpl == 0)
  }
}
