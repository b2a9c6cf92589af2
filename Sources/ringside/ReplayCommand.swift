import ArgumentParser
import Chipset
import Machine
import Narration

/// `ringside replay`: a recorded run, once more.
struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Repeat a recorded run.",
    discussion: """
      FILE was written by ‘ringside run … --record FILE’ or by the screen. The same machine is \
      built, and what came in from outside comes in again at the same ticks.

      Exit status: 0 when the run came to the same end, or to --until-instruction; 64 for a wrong \
      option or an unusable file; 65 when it came out differently; 74 when the ledger could not be \
      written to its end.
      """)

  @Argument(help: "The recording.")
  var file: String
  @Option(help: ArgumentHelp("End when this many instructions have been executed.", valueName: "n"))
  var untilInstruction: UInt64?
  @Option(help: ArgumentHelp("Where COM1 goes: stdio, none or a file.", valueName: "where"))
  var serial = "stdio"
  @Option(help: "Report on standard error at the end: json or text.")
  var stats: StatisticsFormat?
  @Option(
    help: ArgumentHelp("Write the text screen at the end; - is standard output.", valueName: "file")
  )
  var screenDump: String?
  @Option(help: ArgumentHelp("Write a snapshot at the end.", valueName: "file"))
  var saveSnapshot: String?
  @Option(help: ArgumentHelp("Write the ledger, a JSON object a line.", valueName: "file"))
  var ledger: String?
  @Option(help: .hidden)
  var blockLength: Int?

  func run() throws {
    let recording: Recording
    do throws(FileError) {
      recording = try Recording(path: file)
    } catch {
      throw UserError(error.description)
    }
    let built = try MachineOptions.build(
      recording.machine, neededBy: file, blockLength: blockLength)
    let machine = built.machine
    machine.replay(recording.journal)
    let screen = try screenDump.map { try OutputSink(path: $0) }
    let events = try ledger.map { path throws(UserError) in
      try LedgerFile(path: path, format: .jsonl, events: nil)
    }
    machine.ledgerSink = events
    let stop = repeatRun(machine, until: recording.end.ticks, try SerialPlace(serial).sink)
    events?.flush()
    if case .failed(let reason) = events?.end {
      report(reason)
      throw ExitStatus.output.code
    }
    screen?.write(ScreenText.lines(of: machine.board.textScreen()).joined(separator: "\n") + "\n")
    if let stats {
      let statistics = Statistics(machine, stop: stop)
      OutputSink.standardError.write(stats == .json ? statistics.json : statistics.text)
    }
    if let saveSnapshot { try built.saveSnapshot(saveSnapshot) }
    let isCut = untilInstruction.map { machine.instructions >= $0 } ?? false
    if !isCut { try compare(machine, stop, recording.end) }
  }

  private func repeatRun(_ machine: Machine, until end: UInt64, _ sink: OutputSink?) -> Stop {
    let slice = machine.configuration.ticksPerSecond / 100
    while machine.ticks < end {
      let left = untilInstruction.map { $0 - min($0, machine.instructions) } ?? .max
      if left == 0 { return .instructionLimit }
      let progress = machine.run(until: min(end, machine.ticks + min(slice, left)))
      _ = machine.board.takeDebugOutput()
      sink?.write(machine.board.takeSerialOutput())
      switch progress {
      case .reached, .reset, .breakpoint, .watched: continue
      case .idle: return .haltedForGood
      case .stopped(let stop): return stop
      }
    }
    return .recordingEnd
  }

  /// Ends with status 65 if the run is not the recorded one.
  private func compare(_ machine: Machine, _ stop: Stop, _ recorded: Recording.End) throws {
    let now = Recording.End(of: machine, stop: recorded.stop)
    guard now != recorded else { return }
    report(
      "\(file): the run came out differently: after \(now.instructions) instructions of "
        + "\(recorded.instructions), \(stop.name) instead of \(recorded.stop); the recording is "
        + "from another version of Ringside")
    throw ExitStatus.different.code
  }
}
