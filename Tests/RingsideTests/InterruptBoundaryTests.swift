import Machine
import Monitors
import Testing
import X86

/// An interrupt at any boundary between two instructions does the same under a monitor as without one.
@Suite struct InterruptBoundaryTests {
  /// A way to run Ringlet that has to be exact.
  struct Way: CustomTestStringConvertible, Sendable {
    var mode: Mode
    var lab: Profile?
    var paging = PagingPolicy.flush
    var testDescription: String { "\(mode.rawValue) \(paging.rawValue)" }
  }

  static let ways = [
    Way(mode: .fullTrap, lab: .virtualizable),
    Way(mode: .fullTrap, lab: .virtualizable, paging: .trace),
    Way(mode: .fullTranslate), Way(mode: .fullTranslate, paging: .trace),
  ]

  /// What the guest could tell of interrupts: where which came, and all of its state some time later.
  private struct Outcome: Equatable {
    var interrupts: [Interrupt]
    var digest: UInt64
  }

  private struct Interrupt: Equatable {
    var tick: UInt64
    var eip: UInt32
    var vector: UInt8
  }

  /// IRQ 4, where Ringlet has the interrupt controllers.
  private static let serialVector: UInt8 = 0x24

  /// The hot paths: system calls that switch between two processes, and a fork with its page faults.
  @Test(arguments: ways, ["ctxsw", "forks 1"])
  func anInterruptAtEveryBoundaryOfAHotPathIsTheSame(way: Way, command: String) throws {
    let bare = try Self.machine(.init(mode: .emulation), at: command)
    let virtual = try Self.machine(way, at: command)
    #expect(bare.digest == virtual.digest)
    let (one, other) = (bare.snapshot(), virtual.snapshot())
    var generator = Xorshift64(seed: 1)
    // Each of 200 boundaries in a row, through system calls and changes of process, and 40 anywhere in
    // what follows.
    let offsets = Array(UInt64(1)...200) + (0..<40).map { _ in generator.next() % 9_000 }
    var served = 0
    for offset in offsets {
      let expected = Self.outcome(bare, one, offset)
      #expect(Self.outcome(virtual, other, offset) == expected, "offset \(offset)")
      if expected.interrupts.contains(where: { $0.vector == Self.serialVector }) { served += 1 }
    }
    // The others have to wait for longer than that.
    #expect(served >= 200, "\(served)")
  }

  /// Ringlet with little memory, at work on a command.
  private static func machine(_ way: Way, at command: String) throws -> Machine {
    var configuration = Machine.Configuration()
    configuration.mode = way.mode
    configuration.labProfile = way.lab
    configuration.paging = way.paging
    configuration.memory = 4
    let image = try RingletTests.contents(RingletTests.bytes("built/ringlet.elf"))
    let machine = try Machine(configuration, guest: Guest(image: image))
    _ = machine.run(until: 1_500_000)
    machine.receive(.serial(Array("\(command)\r".utf8)))
    _ = machine.run(until: 1_620_000)
    return machine
  }

  private static func outcome(
    _ machine: Machine, _ snapshot: Machine.Snapshot, _ offset: UInt64
  ) -> Outcome {
    machine.restore(snapshot)
    let start = machine.ticks
    _ = machine.run(until: start + offset)
    let first = machine.cpu.log.end
    machine.receive(.serial([UInt8(ascii: "x")]))
    _ = machine.run(until: start + offset + 12_000)
    let events = (max(first, machine.cpu.log.start)..<machine.cpu.log.end).map {
      machine.cpu.log[place: $0]
    }
    let interrupts = events.filter {
      $0.kind == .interrupt && $0.isVirtual == (machine.monitor != nil)
    }
    return Outcome(
      interrupts: interrupts.map { Interrupt(tick: $0.guestTick, eip: $0.eip, vector: $0.vector) },
      digest: machine.digest)
  }
}
