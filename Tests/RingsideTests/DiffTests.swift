import Testing

/// `ringside diff` from outside.
@Suite struct DiffTests {
  /// What Ringlet's lock does: are interrupts off? Under trap and emulate PUSHF shows the real IF.
  @Test func pushfThatReadTheRealIFIsNamed() throws {
    try ReplayTests.withFolder { folder in
      let source = """
        .intel_syntax noprefix
        #include "multiboot.inc"
        .globl _start
        _start:
          mov esp, 0x200000
          cli
          pushfd
          pop eax
        1: hlt
          jmp 1b
        """
      let file = folder + "/flags.S"
      _ = try Program(at: "/bin/sh", ["-c", "printf '%s\\n' \"$1\" > \"$2\"", "sh", source, file])
      let run = try Program(["diff", file, "--modes", "emulation,full:trap"])
      #expect(run.status == 65, "\(run.errors)")
      let lines = run.output.split(separator: "\n")
      #expect(lines.first?.contains("differ after 2 instructions, at tick 2") == true)
      #expect(lines.contains { $0.hasSuffix("ring 0: pushfd") }, "\(run.output)")
      #expect(lines.contains("  memory at 001FFFFC (IF)"), "\(run.output)")
      #expect(run.output.contains("it pushed the real EFLAGS, in which IF is always 1"))
      let same = try Program([
        "diff", file, "--modes", "emulation,full:trap", "--lab-cpu", "virtualizable",
      ])
      #expect(same.status == 0, "\(same.output)")
    }
  }

  /// Long before its lock, Ringlet's way into the kernel looks at SS, where ring 1 shows.
  @Test func ringletDivergesWhereItSeesItsRing() throws {
    let run = try Program(["diff", "ringlet", "--modes", "emulation,full:trap"])
    #expect(run.status == 65, "\(run.errors)")
    let lines = run.output.split(separator: "\n")
    #expect(lines.first?.hasPrefix("ringlet: emulation and full:trap differ after ") == true)
    #expect(lines.contains { $0.hasSuffix("ring 0: mov eax,ss") }, "\(run.output)")
    #expect(
      lines.suffix(3).map { $0.split(separator: " ").last }[0...1] == ["00000010", "00000011"])
    #expect(run.output.contains("the selector's RPL showed that the kernel is in ring 1"))
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
    #expect(found.last?.hasSuffix("mov eax,cs") == true, "\(found)")
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
