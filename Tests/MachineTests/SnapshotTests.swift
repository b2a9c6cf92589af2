import Testing
import X86

@testable import Machine

/// A snapshot is the whole machine: what follows it follows again.
@Suite struct SnapshotTests {
  /// What was put in at which tick before and after the snapshot.
  private static let typed: [(UInt64, Journal.Input)] = [
    (1_500_000, .serial(Array("ps\n".utf8))), (1_999_990, .keys("rings\n")),
    (1_999_995, .serial(Array("fault\nps\nrings\nps\n".utf8))),
  ]

  private func run(_ machine: Machine, to end: UInt64) {
    for (tick, input) in Self.typed where tick > machine.ticks && tick < end {
      _ = machine.run(until: tick)
      if machine.ticks == tick { machine.receive(input) }
    }
    _ = machine.run(until: end)
  }

  @Test(arguments: ["demo", "ringlet", "hello", "ring1"], [1, 32])
  func theFutureOfASnapshotRepeats(name: String, blockLength: Int) throws {
    var configuration = Machine.Configuration()
    configuration.maximumBlockLength = blockLength
    let machine = try Machine(configuration, guest: Guest(image: try ImageFiles.built(name)))
    run(machine, to: 2_000_003)
    let snapshot = machine.snapshot()
    let before = machine.digest
    #expect(snapshot.ticks == machine.ticks)
    for end in [2_000_100, 2_345_678, 9_000_000] as [UInt64] {
      machine.restore(snapshot)
      #expect(machine.digest == before)
      run(machine, to: end)
      let (digest, events) = (machine.digest, machine.cpu.log.count)
      machine.restore(snapshot)
      run(machine, to: end)
      #expect(machine.digest == digest && machine.cpu.log.count == events)
      let fresh = try Machine(configuration, guest: Guest(image: try ImageFiles.built(name)))
      run(fresh, to: end)
      #expect(fresh.digest == digest, "a run never interrupted ends the same")
      #expect(fresh.cpu.log.count == events)
      #expect(fresh.cpu.log.last == machine.cpu.log.last)
    }
  }

  @Test func aSnapshotGoesIntoAnotherMachine() throws {
    let guest = try ImageFiles.built("demo")
    let machine = try Machine(Machine.Configuration(), guest: Guest(image: guest))
    run(machine, to: 2_000_003)
    let snapshot = machine.snapshot()
    let other = try Machine(Machine.Configuration(), guest: Guest(image: guest))
    other.restore(snapshot)
    #expect(other.digest == machine.digest)
    run(machine, to: 4_000_000)
    run(other, to: 4_000_000)
    #expect(other.digest == machine.digest)
  }

  @Test func codeThatWasChangedSinceIsDecodedAnew() throws {
    // inc eax; mov byte [100000h],48h (dec eax); jmp 100000h
    let code: [UInt8] = [0x40, 0xC6, 0x05, 0, 0, 0x10, 0, 0x48, 0xEB, 0xF6]
    let machine = try Machine(ImageFiles.kernel(code: code))
    machine.cpu[.eax] = 0
    let snapshot = machine.snapshot()
    for _ in 0..<2 {
      #expect(machine.run(until: 1) == .reached)
      #expect(machine.cpu[.eax] == 1)
      #expect(machine.run(until: 4) == .reached)
      #expect(machine.cpu[.eax] == 0)
      machine.restore(snapshot)
    }
  }
}
