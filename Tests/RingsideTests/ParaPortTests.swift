import Testing
import X86

@testable import Chipset
@testable import Machine
@testable import Monitors

/// Ports and interrupt lines under the hypervisor.
@Suite struct ParaPortTests {
  @Test(
    arguments: [
      ([0xE4, 0x80], true), ([0xEE], true), ([0x66, 0xED], true), ([0x6C], true), ([0x6E], true),
      ([0xF3, 0x6E], true), ([0x2E, 0x6E], true), ([0x65, 0x66, 0x6F], true), ([0xF4], false),
      ([0x0F, 0x20, 0xC0], false), ([0x2E, 0x0F, 0x01, 0x10], false),
      ([0x65, 0xA0, 0, 0, 0, 0xFF], false),
    ] as [([UInt8], Bool)])
  func onlyAPortAccessOpensThePorts(code: [UInt8], opens: Bool) throws {
    let bench = try HypercallBench()
    bench.hypervisor.closePorts(&bench.machine.cpu)
    let before = bench.hypervisor.counters.portOpenings
    bench.machine.cpu[.esi] = bench.scratch
    bench.machine.cpu[.edi] = bench.scratch + 4096
    bench.machine.cpu[.ecx] = 1
    bench.machine.cpu[.edx] = 0x80
    try bench.execute(code)
    for _ in 0..<20 where bench.hypervisor.counters.portOpenings == before {
      _ = bench.machine.run(until: bench.machine.ticks + 1)
    }
    #expect(bench.hypervisor.counters.portOpenings == before + (opens ? 1 : 0))
  }

  /// Whoever pulls the reset line from a domain has opened the ports for it: the hypervisor that starts
  /// then knows nothing of that.
  @Test(arguments: [(UInt32(0x64), UInt8(0xFE)), (0x92, 1), (0xCF9, 6)])
  func aMachineThatDomain0ResetsBootsAgain(port: UInt32, value: UInt8) throws {
    let bench = try HypercallBench()
    _ = bench.machine.board.takeSerialOutput()
    let pins = bench.hypervisor.counters.pins
    bench.machine.cpu[.edx] = port
    bench.machine.cpu[.eax] = UInt32(value)
    try bench.execute([0xEE, 0xEB, 0xFE])
    #expect(bench.machine.run(until: bench.machine.ticks + 10_000) == .reset)
    #expect(DomainTests.run(bench.machine).contains("shell ready"))
    #expect(DomainTests.run(bench.machine, typing: "echo again\r").contains("\nagain\n"))
    let hypervisor = try ParavirtualizationTests.hypervisor(of: bench.machine)
    #expect(hypervisor.domains[0].isAlive && hypervisor.counters.crashes == 0)
    #expect(hypervisor.counters.pins > pins, "what was counted before is not lost")
    #expect(hypervisor.audit(&bench.machine.cpu) == [])
  }

  /// The slave reports a line that has dropped as its last one. The master has served its line 2 then,
  /// and nobody's device has interrupted.
  @Test(arguments: [false, true]) func aSpuriousInterruptOfTheSlaveIsEndedAtTheMaster(
    hasOwner: Bool
  ) throws {
    let bench = try HypercallBench()
    try Self.serve(14, bench)
    // Of the slave nothing is in service any more, as behind a spurious interrupt.
    bench.machine.cpu.writePort(0xA0, byte: 0x20)
    #expect(Self.inService(bench) == (1 << 2, 0))
    if hasOwner { bench.hypervisor.domains[0].physicalInterrupts[15] = 9 }
    let events = bench.hypervisor.counters.events
    bench.hypervisor.interrupt(15, &bench.machine.cpu)
    #expect(Self.inService(bench) == (0, 0))
    #expect(bench.hypervisor.counters.events == events)
  }

  @Test func aSpuriousInterruptOfTheMasterEndsNobodyElses() throws {
    let bench = try HypercallBench()
    try Self.serve(3, bench)
    bench.hypervisor.domains[0].physicalInterrupts[7] = 9
    let events = bench.hypervisor.counters.events
    bench.hypervisor.interrupt(7, &bench.machine.cpu)
    #expect(Self.inService(bench) == (1 << 3, 0) && bench.hypervisor.counters.events == events)
  }

  @Test(arguments: [7, 15]) func theLastLineOfAControllerCanInterruptInEarnest(line: Int) throws {
    let bench = try HypercallBench()
    try Self.serve(line, bench)
    bench.hypervisor.domains[0].physicalInterrupts[line] = 9
    let events = bench.hypervisor.counters.events
    bench.hypervisor.interrupt(UInt32(line), &bench.machine.cpu)
    #expect(Self.inService(bench) == (0, 0) && bench.hypervisor.counters.events == events + 1)
  }

  /// A line goes up, and the processor takes its interrupt.
  private static func serve(_ line: Int, _ bench: HypercallBench) throws {
    let controllers = bench.machine.board.interruptControllers
    controllers.setLines(0, changed: .max & ~(1 << 2))
    bench.hypervisor.hear(UInt32(line), true, &bench.machine.cpu)
    controllers.setLines(1 << UInt16(line), changed: 1 << UInt16(line))
    try #require(controllers.acknowledge() == 0x20 + UInt8(line))
  }

  private static func inService(_ bench: HypercallBench) -> (UInt8, UInt8) {
    bench.machine.cpu.writePort(0x20, byte: 0x0B)
    bench.machine.cpu.writePort(0xA0, byte: 0x0B)
    return (bench.machine.cpu.readPort(0x20), bench.machine.cpu.readPort(0xA0))
  }
}
