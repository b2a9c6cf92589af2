import Machine
import Monitors
import Testing
import X86

/// A guest of AMD-V goes back in time and is kept in files like any other: its VMCB, the lab
/// processor with its TLB and the shadow page tables are values too.
@Suite struct HardwareHistoryTests {
  private static let modes: [Mode] = [.hardwareNested, .hardwareShadow]

  /// What there is to compare: the guest, the ledger, what the monitor did, where the lab processor is.
  private struct Everything: Equatable {
    var digest: UInt64
    var events: UInt64
    var counters: HardwareCounters
    var labTicks: UInt64
    var isInGuest: Bool
    var lastExit: ControlBlockImage

    init(_ machine: Machine) throws {
      let monitor = try #require(machine.monitor as? SVMMonitor)
      (digest, events) = (machine.digest, machine.cpu.log.count)
      (counters, labTicks) = (monitor.counters, monitor.lab.ticks)
      (isInGuest, lastExit) = (monitor.lab.isInGuest, monitor.lastExit.exit)
    }
  }

  @Test(arguments: modes) func everyPlaceIsWhatItWas(mode: Mode) throws {
    let end: UInt64 = 5_000_000
    let history = History(try RingletTests.machine(mode: mode))
    for (count, line) in ["ls | wc", "spin 1", "forks 2", "pages", "smc"].enumerated() {
      _ = history.run(until: 3_000_000 + UInt64(count) * 300_001)
      history.receive(.serial(Array((line + "\r").utf8)))
    }
    history.receive(.controlBlock(.interceptInstructions, 0x23F))
    _ = history.run(until: end)
    let forward = try RingletTests.machine(mode: mode, replaying: history.machine.journal)
    let ticks: [UInt64] = [350_007, 1_234_567, 3_000_001, 3_300_700, 4_567_890, end - 1]
    var known: [UInt64: Everything] = [:]
    for tick in ticks + [end] {
      _ = forward.run(until: tick)
      known[tick] = try Everything(forward)
    }
    #expect(try Everything(history.machine) == known[end])
    for tick in ticks.reversed() + [3_000_001, end] {
      #expect(history.go(to: .tick(tick)) == .arrived)
      #expect(try Everything(history.machine) == known[tick], "tick \(tick)")
    }
  }

  @Test(arguments: ["hardware:nested", "hardware:shadow"]) func aSnapshotGoesOnLikeTheRun(
    mode: String
  ) throws {
    let file = try TemporaryFile([])
    let start = ["run", "ringlet", "--mode", mode, "--stats", "text", "--max-instructions"]
    let whole = try Program(start + ["1500000"])
    try file.use { path in
      _ = try Program(start + ["600000", "--save-snapshot", path])
      let rest = try Program([
        "run", "--snapshot", path, "--stats", "text", "--max-instructions", "1500000",
      ])
      #expect(ReplayTests.digest(rest) != nil)
      #expect(ReplayTests.digest(rest) == ReplayTests.digest(whole))
    }
  }

  // MARK: The VMCB by name

  @Test func theVMCBIsWrittenByName() throws {
    let run = try Program(["run", "hello", "--mode", "hardware", "--serial", "none", "--vmcb", "-"])
    #expect(run.status == 0)
    let lines = run.output.split(separator: "\n").map(String.init)
    #expect(
      lines.contains(
        "00C INTERCEPT_MISC1      9D0C0003  INTR NMI CPUID RSM HLT INVLPGA IOIO MSR SHUTDOWN"))
    #expect(lines.contains { $0.hasPrefix("#VMEXIT HLT; with VT-x: HLT, reason 12 at tick 231") })
    #expect(lines.contains { $0.hasPrefix("070 EXITCODE ") && $0.contains(" -> ") })
    #expect(lines.contains { $0.hasPrefix("578 RIP ") && $0.contains(" -> ") })
  }

  @Test func anInterceptIsClearedByName() throws {
    let arguments = ["run", "hello", "--mode", "hardware", "--stats", "text"]
    let guarded = try Program(arguments)
    let free = try Program(arguments + ["--vmcb-set", "HLT=0"])
    #expect(guarded.errors.contains("exit_hlt 1") && !free.errors.contains("exit_hlt"))
    #expect(free.status == 0 && free.output == guarded.output)
    #expect(ReplayTests.digest(free) != nil)
    #expect(ReplayTests.digest(free) == ReplayTests.digest(guarded))
  }

  @Test(arguments: [["--mode", "hardware", "--vmcb-set", "NOTHING=1"], ["--vmcb", "-"]])
  func whatHasNoVMCBOrNoSuchFieldIsRefused(options: [String]) throws {
    let run = try Program(["run", "hello"] + options)
    #expect(run.status == 64 && run.errors.contains("--vmcb"))
  }
}
