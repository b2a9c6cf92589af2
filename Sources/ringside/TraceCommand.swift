import ArgumentParser
import Narration

/// `ringside trace`: a run that writes its ledger down as it goes.
struct TraceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace",
    abstract: "Run a guest and write its ledger: a line for each event.",
    discussion: """
      Takes the options of ‘ringside run’ and ends with its statuses; with --max, 0 when there \
      were as many events. --events chooses events, as in --events 'fault or ring 3>0'; device \
      accesses are among them only when named. COM1 goes nowhere unless --serial says otherwise. \
      Documentation/Predicates.md and Documentation/Ledger.md say more.
      """)

  @OptionGroup
  var guest: RunCommand
  @Option(help: ArgumentHelp("text, jsonl or csv.", valueName: "format"))
  var format = TraceFormat.text
  @Option(help: ArgumentHelp("Where to; - is standard output.", valueName: "file"))
  var output = "-"
  @Option(help: ArgumentHelp("End after N events.", valueName: "n"))
  var max: UInt64?

  func run() throws {
    if guest.ledger != nil {
      throw UserError("--ledger: ‘trace’ writes to --output; leave one of them out")
    }
    if max == 0 { throw UserError("--max 0: that is no event at all") }
    let file = try LedgerFile(
      path: output, format: format.ledger, events: try guest.eventFilter(), most: max ?? .max)
    try guest.perform(writing: file, defaultSerial: "none")
  }
}

/// The formats as the option names them.
enum TraceFormat: String, ExpressibleByArgument, CaseIterable {
  case text, jsonl, csv

  var ledger: LedgerFormat {
    switch self {
    case .text: .text
    case .jsonl: .jsonl
    case .csv: .csv
    }
  }
}
