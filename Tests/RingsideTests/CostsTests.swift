import Testing

/// `ringside costs` from outside: what can be counted is exact, whatever the computer.
@Suite struct CostsTests {
  @Test func countsAreExactAndWhatAModeDoesNotCountIsLeftOpen() throws {
    let run = try Program([
      "costs", "--only", "syscall,context", "--rounds", "1", "--operations", "100", "--lab-cpu",
      "virtualizable",
    ])
    #expect(run.status == 0, "\(run.errors)")
    func row(_ operation: String, _ mode: String) -> [Substring] {
      let name = operation.padding(9) + mode.padding(16)
      let line = run.output.split(separator: "\n").first { $0.hasPrefix(name) } ?? ""
      return line.dropFirst(name.count).split(separator: " ").prefix(8).map { $0 }
    }
    #expect(row("syscall", "emulation") == ["5", "-", "-", "-", "-", "0", "-", "-"])
    #expect(row("syscall", "full:trap") == ["5", "2", "-", "8", "0", "0", "0", "0"])
    #expect(row("context", "full:trap") == ["173", "27", "-", "108", "25", "2", "2", "0"])
    #expect(row("context", "full:trap trace") == ["173", "2", "-", "8", "0", "2", "2", "0"])
    // A system call is no hypercall; two changes of address space are two, five instructions each.
    #expect(row("syscall", "para") == ["5", "0", "0", "0", "-", "0", "-", "0"])
    #expect(row("context", "para").dropFirst() == ["2", "2", "10", "-", "2", "-", "0"])
  }

  /// What an operation costs under the hypervisor is what a kernel in ring 1 has for it.
  @Test func aParavirtualKernelAsksOnlyForWhatItMayNotDo() throws {
    let names = ["port", "cr3", "cr0", "fault", "divide", "invlpg", "serial", "flags", "segments"]
    let run = try Program([
      "costs", "--only", names.joined(separator: ","), "--rounds", "1", "--operations", "100",
    ])
    #expect(run.status == 0, "\(run.errors)")
    let lines = run.output.split(separator: "\n")
    func entriesAndCalls(_ name: String) -> [String] {
      let line = lines.first { $0.hasPrefix(name.padding(9) + "para".padding(16)) } ?? ""
      return line.split(separator: " ").dropFirst(3).prefix(2).map(String.init)
    }
    #expect(
      names.map(entriesAndCalls) == [
        // The fault itself is passed on once. An interrupt is told, and its end is a hypercall.
        ["0", "0"], ["1", "1"], ["1", "1"], ["3", "2"], ["1", "0"], ["1", "1"], ["2", "1"],
        ["0", "0"], ["0", "0"],
      ])
    #expect(!lines.contains { $0.contains(" para ?") })
  }

  @Test func aSessionIsTheSameWorkInFullHardwareAndPara() throws {
    let run = try Program(["costs", "--session", "--lab-cpu", "virtualizable"])
    #expect(run.status == 0, "\(run.errors)")
    var figures: [Substring: [Int?]] = [:]
    for line in run.output.split(separator: "\n").dropFirst() {
      let words = line.split(separator: " ")
      if words.count == 9, !line.contains(" trace ") {
        figures[words[0]] = words.dropFirst().map { Int($0) }
      }
    }
    #expect(!run.output.contains(" ? "))
    let (full, hardware, para) = (figures["full:trap"], figures["hardware:nested"], figures["para"])
    // Guest instructions: the same kernel's on each, and not many more for one that asks.
    #expect(full?[0] == figures["emulation"]?[0] && hardware?[0] == full?[0])
    let entries = try [full, hardware, para].map { try #require($0?[1]) }
    #expect(entries[2] < entries[0] && entries.allSatisfy { $0 > 1000 }, "\(entries)")
    #expect(full?[2] == nil && (para?[2] ?? 0) > 500 && (para?[4] ?? 0) > 500)
  }

  @Test(arguments: [
    ["costs", "--only", "nonsense"], ["costs", "--only", "port", "--session"],
    ["costs", "--rounds", "0"], ["costs", "--operations", "0"],
  ]) func mistakesAreOneSentenceAndStatus64(arguments: [String]) throws {
    let run = try Program(arguments)
    #expect(run.status == 64)
    #expect(run.errors.hasPrefix("ringside: ") && run.errors.split(separator: "\n").count == 1)
  }
}

extension String {
  /// With spaces behind it, `width` characters.
  fileprivate func padding(_ width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
