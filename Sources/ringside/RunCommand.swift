import ArgumentParser
import Chipset
import Machine

/// `ringside run`: a guest without a screen, its serial line on standard input and output.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a guest without a screen.",
    discussion: """
      IMAGE is a file (Multiboot ELF, Linux bzImage, boot sector, flat binary or ROM), a source \
      file (.S or .c) to make one of, or a built-in guest: see ‘ringside images’.

      Exit status: what the guest wrote to port F4h (63 if that is above 63); 0 when it halted \
      for good or --until matched; 64 for a wrong option or an unusable file; 69 when it needs \
      something that Ringside lacks; 70 after a triple fault; 75 when a limit was reached.
      """)

  @Argument(help: "The guest: a file, or a built-in name. Not needed with a drive.")
  var image: String?
  @OptionGroup
  var machine: MachineOptions

  @Option(help: ArgumentHelp("Where COM1 goes: stdio, none or a file.", valueName: "where"))
  var serial = "stdio"
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

  func run() throws {
    var configuration = try machine.configuration()
    if let postPort {
      guard let port = number(postPort).flatMap({ UInt16(exactly: $0) }) else {
        throw UserError("--post-port \(postPort): a port is a number from 0 to 0xFFFF")
      }
      configuration.postPort = port
    }
    if let timeout, !(timeout > 0) {
      throw UserError("--timeout \(timeout): a time limit is longer than 0 seconds")
    }
    if serial2 == "stdio" && serial == "stdio" {
      throw UserError("--serial2 stdio: COM1 has standard input and output; add --serial none")
    }
    guard image != nil || machine.startsWithBIOS else {
      throw UserError("run what? Name an image file, a built-in guest (ringlet), or give --disk")
    }
    let watcher = try Watcher(sends: send, keys: keys, until: until)
    let guest = try machine.guest(image: image)
    let built: Machine
    do throws(ImageError) {
      built = try Machine(configuration, guest: guest)
    } catch {
      throw UserError(error.description)
    }
    let run = HeadlessRun(
      built, watcher: watcher, serial: [try SerialPlace(serial), try SerialPlace(serial2)],
      debug: try debugSink(), limits: Limits(instructions: maxInstructions, seconds: timeout))
    let screen = try screenDump.map { try OutputSink(path: $0) }
    let result = run.run()
    screen?.write(ScreenText.lines(of: built.board.textScreen()).joined(separator: "\n") + "\n")
    try finish(built, run, result)
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
      case .haltedForGood, .untilMatched: .done
      case .tripleFault: .tripleFault
      case .instructionLimit, .timeLimit: .limit
      case .unsupported: .unsupported
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
    case .exit, .haltedForGood, .untilMatched, .interrupted: break
    }
  }
}

/// How `--stats` reports.
enum StatisticsFormat: String, ExpressibleByArgument, CaseIterable {
  case json, text
}
