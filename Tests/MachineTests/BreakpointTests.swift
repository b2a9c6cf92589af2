import Predicates
import Testing
import X86

@testable import Machine

/// Runs stop where a predicate says, exactly, and nothing else changes.
@Suite struct BreakpointTests {
  private static func machine(
    _ name: String, blockLength: Int = 32, stop text: String? = nil
  ) throws -> Machine {
    var configuration = Machine.Configuration()
    configuration.maximumBlockLength = blockLength
    let machine = try Machine(configuration, guest: Guest(image: try ImageFiles.built(name)))
    if let text { machine.stop(when: try compile(text)) }
    return machine
  }

  private static func compile(_ text: String) throws -> CompiledPredicate {
    CompiledPredicate(try Predicate(parsing: text), default: .instruction)
  }

  /// All stops until `end`.
  private func stops(_ machine: Machine, until end: UInt64, most: Int = .max) -> [Moment] {
    var moments: [Moment] = []
    while moments.count < most, case .breakpoint(let moment) = machine.run(until: end) {
      moments.append(moment)
    }
    return moments
  }

  // inc eax; mov byte [200000h],48h; push eax; pop ebx; jmp 100000h
  private static let loop: [UInt8] =
    [0x40, 0xC6, 0x05, 0, 0, 0x20, 0, 0x48, 0x50, 0x5B, 0xEB, 0xF4]

  @Test(arguments: [1, 3, 32]) func aRunStopsBeforeAnInstruction(blockLength: Int) throws {
    let machine = try Machine(ImageFiles.kernel(code: Self.loop))
    machine.cpu.maximumBlockLength = blockLength
    // Blocks exist before anybody waits for something in their middle.
    _ = machine.run(until: 100)
    machine.stop(when: try Self.compile("exec 0x100008"))
    for round in 0..<3 {
      guard case .breakpoint(let moment) = machine.run(until: 10_000) else {
        Issue.record("did not stop")
        return
      }
      #expect(moment.linear == 0x10_0008 && machine.cpu.eip == 0x10_0008)
      #expect(machine.ticks == UInt64(102 + round * 5) && moment.tick == machine.ticks)
    }
    machine.stop(when: nil)
    #expect(machine.run(until: 10_000) == .reached)
  }

  @Test func aLoopOfOneInstructionStopsEveryTime() throws {
    let machine = try Machine(ImageFiles.kernel(code: [0xEB, 0xFE]))
    machine.stop(when: try Self.compile("exec 0x100000"))
    #expect(stops(machine, until: 4).map(\.tick) == [0, 1, 2, 3])
  }

  @Test func aRunStopsAfterAnAccess() throws {
    let machine = try Machine(ImageFiles.kernel(code: Self.loop))
    _ = machine.run(until: 100)
    machine.stop(when: try Self.compile("write 0x200000..0x200003"))
    let moments = stops(machine, until: 111)
    #expect(moments.map(\.tick) == [102, 107] && moments.allSatisfy { $0.eip == 0x10_0001 })
    machine.stop(when: try Self.compile("read 0x200000..0x200003"))
    #expect(stops(machine, until: 150).isEmpty)
    let stack = machine.cpu[.esp] - 4
    machine.stop(when: try Self.compile("read \(stack)"))
    #expect(stops(machine, until: 200, most: 1).first?.isWrite == false)
    #expect(machine.cpu.eip == 0x10_000A, "POP is done")
  }

  @Test func bulkStringInstructionsAreWatchedByteByByte() throws {
    // mov edi,200000h; mov ecx,100h; rep stosb; jmp $
    let code: [UInt8] = [0xBF, 0, 0, 0x20, 0, 0xB9, 0, 1, 0, 0, 0xF3, 0xAA, 0xEB, 0xFE]
    let machine = try Machine(ImageFiles.kernel(code: code))
    machine.stop(when: try Self.compile("write 0x200080"))
    let moments = stops(machine, until: 1000)
    #expect(moments.map(\.linear) == [0x20_0080] && moments.first?.tick == 2 + 0x81)
  }

  /// What is stopped and goes on is the same run, in every guest and for every kind of predicate.
  @Test(
    arguments: ["demo", "ringlet", "ring1"],
    [
      "#GP or #PF or int", "ring 3>0 and not interrupt", "exec 0x100000..0x100fff and cpl 0",
      "access 0x110000..0x13ffff",
    ])
  func stoppingChangesNothing(name: String, text: String) throws {
    let end: UInt64 = 3_000_000
    let plain = try Self.machine(name)
    #expect(plain.run(until: end) == .reached || name == "ring1")
    let stopped = try Self.machine(name, stop: text)
    let moments = stops(stopped, until: end, most: 3000)
    stopped.stop(when: nil)
    _ = stopped.run(until: end)
    #expect(!moments.isEmpty || name == "ring1" || text.hasPrefix("access"))
    #expect(stopped.digest == plain.digest)
    #expect(stopped.cpu.log.count == plain.cpu.log.count)
    #expect(stopped.cpu.log.last == plain.cpu.log.last)
  }

  @Test(arguments: ["#GP or #PF or int 80h", "cr3 or iret", "interrupt", "out 3f8h"])
  func everyEventStopsTheRunAfterIt(text: String) throws {
    let end: UInt64 = 2_000_000
    let machine = try Self.machine("demo", stop: text)
    let moments = stops(machine, until: end, most: 5000)
    let predicate = try Self.compile(text)
    let sink = Collector()
    let other = try Self.machine("demo")
    other.keepsAccesses = true
    other.ledgerSink = sink
    _ = other.run(until: end)
    let expected = sink.transitions.filter { predicate.matches(Moment($0)) }
    #expect(moments.map(\.transition) == Array(expected.prefix(5000)) && !expected.isEmpty)
  }

  @Test func stateIsAskedAtEachInstruction() throws {
    let machine = try Self.machine("demo", stop: "tick >= 12345")
    #expect(stops(machine, until: 100_000, most: 2).map(\.tick) == [12_345, 12_346])
    machine.stop(when: try Self.compile("instruction 20000"))
    #expect(stops(machine, until: 1_000_000, most: 1).map(\.instructions) == [20_000])
    machine.stop(when: try Self.compile("cpl 3"))
    let first = stops(machine, until: 50_000_000, most: 1)
    #expect(first.first?.cpl == 3)
    #expect(machine.cpu.log.last?.kind == .interruptReturn)
    machine.stop(when: try Self.compile("sensitive silent and cpl 3"))
    let silent = stops(machine, until: 50_000_000, most: 1)
    #expect(silent.first?.sensitivity == .sensitiveUnprivileged && machine.cpu.cpl == 3)
  }

  // MARK: Ledgers that are read as they grow

  private final class Collector: LedgerSink {
    var transitions: [Transition] = []
    func receive(_ transition: Transition) { transitions.append(transition) }
  }

  @Test func aSinkLosesNothingThoughTheLogIsSmall() throws {
    var configuration = Machine.Configuration()
    configuration.logCapacity = 1024
    let machine = try Machine(configuration, guest: Guest(image: try ImageFiles.built("demo")))
    let sink = Collector()
    machine.keepsAccesses = true
    machine.ledgerSink = sink
    let first = machine.cpu.log.count
    #expect(machine.run(until: 400_000_000) == .reached)
    #expect(machine.cpu.log.count - first > 2048)
    #expect(sink.transitions.map(\.sequence) == Array(first + 1...machine.cpu.log.count))
    for kind in TransitionKind.allCases {
      let seen = sink.transitions.count { $0.kind == kind }
      #expect(UInt64(seen) == machine.cpu.log.total(of: kind))
    }
    let plain = try Machine(configuration, guest: Guest(image: try ImageFiles.built("demo")))
    _ = plain.run(until: 400_000_000)
    #expect(plain.digest == machine.digest)
    #expect(
      sink.transitions.allSatisfy { event in event.parent.map { $0 < event.sequence } ?? true })
  }
}
