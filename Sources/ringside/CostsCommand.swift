import ArgumentParser
import Machine
import Monitors

/// `ringside costs`: what privileged operations cost in each mode.
struct CostsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "costs",
    abstract: "What each privileged operation costs in each mode.",
    discussion: """
      Runs the system programs of the guest ‘bench’ in every mode; in ‘para’ it does each by what a \
      kernel in ring 1 has for it. Counts are exact, for one operation: the difference between two \
      runs of different length, divided. Nanoseconds are measured on this computer: CPU time, the \
      median of --rounds, and half of the range. A ? says that the guest came to another result \
      than in emulation, so that the figures are not those of the same work. With --session it is \
      Ringlet, and a whole session at its shell.
      """)

  @Flag(help: "All of a session of Ringlet instead of single operations.")
  var session = false

  @Option(help: ArgumentHelp("Only these operations, as in syscall,cr3.", valueName: "names"))
  var only: String?
  @Option(
    help: ArgumentHelp("The processor under full:trap.", valueName: "profile"))
  var labCpu: String?
  @Option(help: ArgumentHelp("How often to measure the time.", valueName: "n"))
  var rounds = 3
  @Option(help: ArgumentHelp("Operations between the two lengths that are timed.", valueName: "n"))
  var operations = 20_000

  func run() throws {
    guard (1...1000).contains(rounds) else { throw UserError("--rounds \(rounds): 1 to 1000") }
    guard (1...100_000_000).contains(operations) else {
      throw UserError("--operations \(operations): 1 to 100000000")
    }
    if session { return try runSession() }
    let names = try chosen()
    OutputSink.standardOutput.write(CostTable.head)
    for name in names {
      let reference = try Measurement(name, .emulation, self)
      for row in CostRow.all {
        let measured = row == .emulation ? reference : try Measurement(name, row, self)
        let isSame = measured.sums == reference.sums
        OutputSink.standardOutput.write(CostTable.line(name, row, measured, isSame: isSame))
      }
    }
    OutputSink.standardOutput.write(CostTable.legend)
  }

  private func runSession() throws {
    guard only == nil else {
      throw UserError("--only is about operations, and a session is all of them")
    }
    OutputSink.standardOutput.write(SessionTable.head)
    let reference = try RingletSession(.emulation, self)
    for row in CostRow.all {
      let measured = row == .emulation ? reference : try RingletSession(row, self)
      let isSame = measured.lines == reference.lines && measured.isComplete
      OutputSink.standardOutput.write(SessionTable.line(row, measured, isSame: isSame))
    }
    OutputSink.standardOutput.write(SessionTable.legend)
  }

  private func chosen() throws(UserError) -> [String] {
    guard let only else { return Measurement.programs }
    let names = only.split(separator: ",").map(String.init)
    for name in names where !Measurement.programs.contains(name) {
      throw UserError(
        "--only \(name): there is no such operation; use some of "
          + Measurement.programs.joined(separator: ", "))
    }
    return names
  }
}

/// A mode, and how it keeps its shadow page tables where it has them.
struct CostRow: Equatable {
  let mode: Mode
  let paging: PagingPolicy

  static let emulation = CostRow(mode: .emulation, paging: .flush)
  static let all: [CostRow] =
    Mode.allCases.map { CostRow(mode: $0, paging: .flush) }
    + [CostRow(mode: .fullTrap, paging: .trace)]

  var name: String { paging == .flush ? mode.rawValue : "\(mode.rawValue) \(paging.rawValue)" }
}
