import ArgumentParser
import Labs
import Machine

extension LabCommand {
  /// `ringside lab diff`: where two runs of a lab part.
  struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Find the first instruction that one of a lab's runs gets wrong.",
      discussion: """
        Compares all that the guest could find out, instruction by instruction: see ‘ringside diff’. \
        The exit status is 0 if both runs do the same, 65 if not.
        """)
    @OptionGroup var lab: LabOptions
    @Option(help: ArgumentHelp("Two runs: the one to go by, and another.", valueName: "one,other"))
    var runs: String

    func run() throws {
      let names = runs.split(separator: ",").map(String.init)
      guard names.count == 2 else {
        throw UserError("--runs \(runs): name two, as in --runs bare,trap")
      }
      let lab = try lab.lab()
      let found: Divergence?
      do throws(LabProblem) {
        let values = lab.values(seed: self.lab.drawnSeed)
        let runs = LabRuns(lab, values: values, build: LabMachines().machine)
        found = try runs.divergence(of: names[1], from: names[0])
      } catch {
        throw UserError(error.description)
      }
      guard let found else {
        return OutputSink.standardOutput.write("\(names[0]) and \(names[1]) do the same\n")
      }
      let report = DivergenceReport(
        found, guest: lab.slug, modes: (names[0], names[1]),
        hasMonitor: lab.runs.contains { $0.name == names[1] && $0.mode != .emulation })
      for line in report.lines { OutputSink.standardOutput.write(line + "\n") }
      throw ExitStatus.different.code
    }
  }
}
