import ArgumentParser
import Chipset
import Machine
import X86

/// `ringside diff`: one guest in two modes side by side, up to the first difference.
struct DiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Run a guest in two modes, up to the first difference.",
    discussion: """
      Both runs go by guest ticks and get the same inputs. What the guest could tell is compared \
      behind every stretch: its processor, memory, devices and disks. The first instruction that \
      makes a difference is named, with what the first mode has and what the second has.

      --send, --keys and --until look at the first mode's output. Within the first stretch (--every) \
      at whose end something differs every instruction is looked at; what differed in an earlier \
      one and was the same again at its end goes unseen.

      Exit status: 0 when there is no difference as far as the run went; 65 when there is one; 64 \
      for a wrong option or an unusable file.
      """)

  @Argument(help: "The guest: a file, or a built-in name. Not needed with a drive.")
  var image: String?
  @OptionGroup
  var machine: MachineOptions
  @Option(help: ArgumentHelp("The mode to go by, and the other one.", valueName: "mode,mode"))
  var modes: String
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("See ‘ringside run’.", valueName: "regex=text"))
  var send: [String] = []
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("See ‘ringside run’.", valueName: "regex=text"))
  var keys: [String] = []
  @Option(help: ArgumentHelp("End when this appears.", valueName: "regex"))
  var until: String?
  @Option(help: ArgumentHelp("End after N instructions.", valueName: "n"))
  var maxInstructions: UInt64?
  @Option(help: ArgumentHelp("End after this much of the guest's time.", valueName: "seconds"))
  var guestSeconds: Double = 20
  @Option(help: ArgumentHelp("Guest ticks between two looks.", valueName: "n"))
  var every: UInt64 = 10_000
  @Option(help: ArgumentHelp("Where COM1 goes: stdio, none or a file.", valueName: "where"))
  var serial = "none"

  func run() throws {
    guard image != nil || machine.startsWithBIOS else {
      throw UserError("diff what? Name an image file, a built-in guest (ringlet), or give --disk")
    }
    guard every > 0 else { throw UserError("--every 0: a stretch has at least one tick") }
    guard guestSeconds > 0, guestSeconds < 1e9 else {
      throw UserError("--guest-seconds \(guestSeconds): a time is longer than 0 seconds")
    }
    let names = try modeNames()
    let first = try build(names.0)
    let second = try build(names.1)
    let comparison = Comparison(expected: first.machine, seen: second.machine, stretch: every)
    let sink = try SerialPlace(serial).sink
    var watcher = try Watcher(sends: send, keys: keys, until: until)
    EndSignals.install()
    switch compare(comparison, &watcher, sink) {
    case .different(let divergence):
      let words = DivergenceReport(
        divergence, guest: first.name, modes: names, hasMonitor: second.machine.monitor != nil)
      for line in words.lines { OutputSink.standardOutput.write(line + "\n") }
      throw ExitStatus.different.code
    case .ended(let stop): tell(first, "both ended alike (\(stop.name))")
    case .same:
      if let signal = EndSignals.received { throw ExitStatus.signal(signal).code }
      tell(first, "as far as the run went")
    }
  }

  private func tell(_ built: BuiltMachine, _ end: String) {
    OutputSink.standardOutput.write(
      "\(built.name): no difference in \(built.machine.instructions) instructions; \(end)\n")
  }

  private func modeNames() throws(UserError) -> (String, String) {
    let names = modes.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard names.count == 2 else {
      throw UserError("--modes \(modes): name two, as in --modes emulation,full:trap")
    }
    if machine.mode != MachineOptions.usual.mode {
      throw UserError("--mode \(machine.mode): ‘diff’ takes --modes; leave --mode out")
    }
    if let snapshot = machine.snapshot {
      throw UserError("--snapshot \(snapshot): a snapshot is of one mode; leave it out")
    }
    return (names[0], names[1])
  }

  private func build(_ mode: String) throws(UserError) -> BuiltMachine {
    var options = machine
    options.change(to: try MachineOptions.mode(named: mode))
    let built = try options.build(image: image)
    try built.requireUnwrittenDisks(for: "diff")
    return built
  }

  /// Runs both, with the rules looked at where ‘ringside run’ looks.
  private func compare(
    _ comparison: Comparison, _ watcher: inout Watcher, _ sink: OutputSink?
  ) -> Comparison.Outcome {
    let machine = comparison.expected
    let rate = machine.configuration.ticksPerSecond
    let slice = rate / 100
    let end = UInt64(guestSeconds * Double(rate))
    while machine.ticks < end && EndSignals.received == nil {
      var limit = min(end, (machine.ticks / slice + 1) * slice)
      if let maxInstructions {
        guard machine.instructions < maxInstructions else { return .same }
        limit = min(limit, machine.ticks + maxInstructions - machine.instructions)
      }
      let outcome = comparison.run(until: limit)
      guard case .same = outcome else { return outcome }
      _ = comparison.seen.board.takeSerialOutput()
      for board in [comparison.expected.board, comparison.seen.board] {
        _ = board.takeDebugOutput()
        _ = board.takeSerialOutput(of: .com2)
      }
      let bytes = machine.board.takeSerialOutput()
      sink?.write(bytes)
      watcher.receive(bytes)
      guard watcher.isWatching else { continue }
      let (inputs, isDone) = watcher.check(screen: ScreenText.lines(of: machine.board.textScreen()))
      for input in inputs { comparison.receive(input) }
      if isDone { return .same }
    }
    return .same
  }
}
