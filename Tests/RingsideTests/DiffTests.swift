import Testing

/// `ringside diff` from outside.
@Suite struct DiffTests {
  /// Ringlet's lock asks PUSHF whether interrupts are off, and under trap and emulate sees the real IF.
  @Test func ringletDivergesAtItsPUSHF() throws {
    let run = try Program(["diff", "ringlet", "--modes", "emulation,full:trap"])
    #expect(run.status == 65, "\(run.errors)")
    let lines = run.output.split(separator: "\n")
    #expect(lines.first?.hasPrefix("ringlet: emulation and full:trap differ after ") == true)
    #expect(lines.contains { $0.hasSuffix("ring 0: pushfd") }, "\(run.output)")
    #expect(lines.contains { $0.contains("memory at") && $0.contains("(IF)") }, "\(run.output)")
    #expect(run.output.contains("it pushed the real EFLAGS, in which IF is always 1"))
  }

  @Test func onAVirtualizableProcessorThereIsNoDifference() throws {
    let run = try Program([
      "diff", "ringlet", "--modes", "emulation,full:trap", "--lab-cpu", "virtualizable", "--send",
      "\\$ $=forks 2\\r", "--send", "\\$ $=exit 3\\r", "--paging", "trace",
    ])
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    #expect(run.output.hasPrefix("ringlet: no difference in "))
    #expect(run.output.contains("both ended alike (exit)"))
  }

  /// Inputs reach both at the same tick: the same instruction differs, at whatever stretch it is sought.
  @Test func theInstructionIsTheSameAtEveryStretch() throws {
    func place(_ every: String) throws -> [Substring] {
      let run = try Program([
        "diff", "edges", "--modes", "emulation,full:trap", "--every", every,
      ])
      #expect(run.status == 65, "\(run.errors)")
      return run.output.split(separator: "\n").prefix(2).map { $0 }
    }
    let found = try place("5000")
    #expect(found.last?.contains("pushfd") == true, "\(found)")
    #expect(try place("1000") == found)
  }

  @Test(arguments: [
    ["diff", "ringlet", "--modes", "emulation"], ["diff", "--modes", "emulation,full:trap"],
    ["diff", "ringlet", "--modes", "emulation,nonsense"],
    ["diff", "ringlet", "--modes", "emulation,full:trap", "--every", "0"],
    ["diff", "ringlet", "--modes", "emulation,full:trap", "--mode", "full:trap"],
    ["run", "ringlet", "--paging", "trace"],
    ["run", "ringlet", "--mode", "full:trap", "--paging", "sometimes"],
  ]) func mistakesAreOneSentenceAndStatus64(arguments: [String]) throws {
    let run = try Program(arguments)
    #expect(run.status == 64)
    #expect(run.errors.hasPrefix("ringside: ") && run.errors.split(separator: "\n").count == 1)
  }
}
