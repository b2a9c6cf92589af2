import ArgumentParser
import Chipset
import Machine
import Narration
import Predicates

/// `ringside run`: a guest without a screen, its serial line on standard input and output.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a guest without a screen.",
    discussion: """
      IMAGE is a file (Multiboot ELF, Linux bzImage, boot sector, flat binary or ROM), a source \
      file (.S or .c) to make one of, or a built-in guest: see ‘ringside images’.

      Exit status: what the guest wrote to port F4h (63 if that is above 63); 0 when it halted \
      for good, --until matched or --break stopped it; 64 for a wrong option or an unusable file; \
      69 when it needs something that Ringside lacks; 70 after a triple fault; 74 when a file \
      could not be written to the end; 75 when a limit was reached.
      """)

  @Argument(help: "The guest: a file, or a built-in name. Not needed with a drive.")
  var image: String?
  @OptionGroup
  var machine: MachineOptions

  @Option(help: ArgumentHelp("Where COM1 goes: stdio, none or a file.", valueName: "where"))
  var serial: String?
  @Option(help: ArgumentHelp("Where COM2 goes: stdio, none or a file.", valueName: "where"))
  var serial2 = "none"
  @Option(help: ArgumentHelp("Where ports E9 and 402 go: stdio or a file.", valueName: "where"))
  var debugPort: String?
  @Option(help: ArgumentHelp("The port of POST codes; 80h by default.", valueName: "n"))
  var postPort: String?
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "When REGEX appears on COM1 or the text screen, send TEXT over COM1.",
      discussion: """
        TEXT knows \\n \\r \\t \\e \\\\ and \\xHH. Each rule is used once; what a rule has \
        matched is not looked at again. Swift's regular expressions.
        """, valueName: "regex=text"))
  var send: [String] = []
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "The same, but type TEXT on the keyboard.",
      discussion: """
        Keys have names: \\{up} \\{f2} \\{pageDown} \\{keypad5} \\{pause}. \\{+leftShift} holds a \
        key, \\{-leftShift} lets it go.
        """, valueName: "regex=text"))
  var keys: [String] = []
  @Option(help: ArgumentHelp("End with status 0 when this appears.", valueName: "regex"))
  var until: String?
  @Option(
    name: .customLong("break"),
    help: ArgumentHelp(
      "End with status 0 where this is true, and say where.",
      discussion: "As in --break 'fault #GP and cpl 1': see Documentation/Predicates.md.",
      valueName: "predicate"))
  var breakpoint: String?
  @Option(help: ArgumentHelp("Write the ledger, a JSON object a line.", valueName: "file"))
  var ledger: String?
  @Option(help: ArgumentHelp("Which events to write; all if not given.", valueName: "predicate"))
  var events: String?
  @Option(
    help: ArgumentHelp(
      "With AMD-V: write the VMCB, then what of it each exit has changed; - is standard output.",
      valueName: "file"))
  var vmcb: String?
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "With AMD-V: change the VMCB at the start, as in HLT=0 or CR0=80000011; may be given again.",
      valueName: "name=value"))
  var vmcbSet: [String] = []
  @Option(help: ArgumentHelp("End with status 75 after N instructions.", valueName: "n"))
  var maxInstructions: UInt64?
  @Option(help: ArgumentHelp("End with status 75 after this time.", valueName: "seconds"))
  var timeout: Double?
  @Option(help: ArgumentHelp("Report on standard error at the end: json or text."))
  var stats: StatisticsFormat?
  @Option(
    help: ArgumentHelp("Write the text screen at the end; - is standard output.", valueName: "file")
  )
  var screenDump: String?
  @Option(help: ArgumentHelp("Write down the run for ‘ringside replay’.", valueName: "file"))
  var record: String?
  @Option(help: ArgumentHelp("Write a snapshot at the end, for --snapshot.", valueName: "file"))
  var saveSnapshot: String?

  func run() throws {
    let filter = try eventFilter()
    if events != nil && ledger == nil {
      throw UserError("--events: nothing is written; add --ledger FILE, or use ‘ringside trace’")
    }
    let file = try ledger.map { path throws(UserError) in
      try LedgerFile(path: path, format: .jsonl, events: filter)
    }
    try perform(writing: file)
  }

  /// What --events says.
  func eventFilter() throws(UserError) -> CompiledPredicate? {
    try events.map { text throws(UserError) in try CompiledPredicate(events: text) }
  }

  /// Runs the guest, its ledger going to `file`.
  func perform(writing file: LedgerFile?, defaultSerial: String = "stdio") throws {
    let serial = self.serial ?? defaultSerial
    let condition = try breakpoint.map { text throws(UserError) in
      CompiledPredicate(try Predicate(option: "--break", text), default: .instruction)
    }
    if let timeout, !(timeout > 0) {
      throw UserError("--timeout \(timeout): a time limit is longer than 0 seconds")
    }
    if serial2 == "stdio" && serial == "stdio" {
      throw UserError("--serial2 stdio: COM1 has standard input and output; add --serial none")
    }
    guard image != nil || machine.startsWithBIOS || machine.snapshot != nil else {
      throw UserError("run what? Name an image file, a built-in guest (ringlet), or give --disk")
    }
    let watcher = try Watcher(sends: send, keys: keys, until: until)
    let built = try machine.build(image: image, postPort: try port())
    if record != nil { try built.requireUnwrittenDisks(for: "--record") }
    if saveSnapshot != nil { try built.requireUnwrittenDisks(for: "--save-snapshot") }
    try ControlBlockFile.change(built.machine, vmcbSet)
    let blockFile = try vmcb.map { path throws(UserError) in
      try ControlBlockFile(path: path, built.machine)
    }
    defer { withExtendedLifetime(blockFile) {} }
    built.machine.stop(when: condition)
    built.machine.keepsAccesses = file?.wantsAccesses ?? false
    built.machine.ledgerSink = file
    let run = HeadlessRun(
      built.machine, watcher: watcher, serial: [try SerialPlace(serial), try SerialPlace(serial2)],
      debug: try debugSink(), limits: Limits(instructions: maxInstructions, seconds: timeout))
    run.ledger = file
    let screen = try screenDump.map { try OutputSink(path: $0) }
    let result = run.run()
    let lines = ScreenText.lines(of: built.machine.board.textScreen())
    screen?.write(lines.joined(separator: "\n") + "\n")
    if let record { try built.record(record, stop: result.name) }
    if let saveSnapshot { try built.saveSnapshot(saveSnapshot) }
    try finish(built.machine, run, result)
  }

  private func port() throws(UserError) -> UInt16? {
    guard let postPort else { return nil }
    guard let port = number(postPort).flatMap({ UInt16(exactly: $0) }) else {
      throw UserError("--post-port \(postPort): a port is a number from 0 to 0xFFFF")
    }
    return port
  }

  private func debugSink() throws(UserError) -> OutputSink? {
    guard let debugPort else { return nil }
    return debugPort == "stdio" ? OutputSink.standardOutput : try OutputSink(path: debugPort)
  }

  private func finish(_ machine: Machine, _ run: HeadlessRun, _ stop: Stop) throws {
    report(stop, machine, run)
    if let stats {
      let statistics = Statistics(machine, stop: stop)
      OutputSink.standardError.write(stats == .json ? statistics.json : statistics.text)
    }
    let status: ExitStatus =
      switch stop {
      case .exit(let code): .guest(code)
      case .haltedForGood, .untilMatched, .breakpoint, .recordingEnd: .done
      case .tripleFault: .tripleFault
      case .instructionLimit, .timeLimit: .limit
      case .unsupported: .unsupported
      case .outputFailed: .output
      case .interrupted: .signal(run.signal)
      }
    throw status.code
  }

  /// A sentence for the ends that need one.
  private func report(_ stop: Stop, _ machine: Machine, _ run: HeadlessRun) {
    switch stop {
    case .tripleFault:
      ringside.report("triple fault: the processor shut down. Its last events:")
      for line in EventList.lines(of: machine, count: 8) { OutputSink.standardError.write(line) }
    case .unsupported(let name):
      ringside.report("the guest needs something that Ringside does not have: \(name)")
    case .instructionLimit:
      ringside.report("stopped after \(machine.instructions) instructions (--max-instructions)")
    case .timeLimit:
      ringside.report("stopped after \(run.limits.seconds ?? 0) seconds (--timeout)")
    case .outputFailed(let reason): ringside.report(reason)
    case .breakpoint:
      if let moment = run.breakpoint { ringside.report("stopped " + moment.sentence) }
    case .exit, .haltedForGood, .untilMatched, .interrupted, .recordingEnd: break
    }
  }
}

/// How `--stats` reports.
enum StatisticsFormat: String, ExpressibleByArgument, CaseIterable {
  case json, text
}
