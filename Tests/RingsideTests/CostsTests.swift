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
    #expect(row("syscall", "emulation") == ["5", "-", "-", "-", "0", "-", "-", "-"])
    #expect(row("syscall", "full:trap") == ["5", "2", "8", "0", "0", "0", "4", "0"])
    #expect(row("context", "full:trap") == ["173", "25", "100", "23", "2", "2", "50", "0"])
    #expect(row("context", "full:trap trace") == ["173", "2", "8", "0", "2", "2", "4", "0"])
  }

  @Test(arguments: [
    ["costs", "--only", "nonsense"], ["costs", "--rounds", "0"], ["costs", "--operations", "0"],
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
