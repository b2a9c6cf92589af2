import Chipset
import Machine
import Predicates

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What a run may use up.
struct Limits {
  /// Guest instructions.
  var instructions: UInt64?
  /// Seconds of the host's time.
  var seconds: Double?
}

/// Where a serial line goes.
enum SerialPlace {
  case standardStreams
  case nowhere
  case file(OutputSink)

  init(_ text: String) throws(UserError) {
    switch text {
    case "stdio": self = .standardStreams
    case "none": self = .nowhere
    default: self = .file(try OutputSink(path: text))
    }
  }

  var isInteractive: Bool { if case .standardStreams = self { true } else { false } }

  var sink: OutputSink? {
    switch self {
    case .standardStreams: .standardOutput
    case .nowhere: nil
    case .file(let sink): sink
    }
  }
}

/// A run without a screen: slices of guest time, with input, output and limits between them.
///
/// Rules are looked at when a slice ends, which is at a fixed guest time, so that their effect does
/// not depend on the host's speed.
final class HeadlessRun {
  let machine: Machine
  let limits: Limits
  /// The signal that ended the run, for `.interrupted`.
  private(set) var signal = SIGINT
  /// What the run stopped at, for `.breakpoint`.
  private(set) var breakpoint: Moment?
  /// Where the ledger goes.
  var ledger: LedgerFile?
  private var watcher: Watcher
  private let input: StandardInput?
  /// The line that standard input belongs to.
  private let inputLine: Board.SerialLine
  private let serialSinks: [(line: Board.SerialLine, sink: OutputSink?)]
  private let debugSink: OutputSink?
  private let started = HostClock.now
  private var governor: Governor
  /// A hundredth of a guest second.
  private let slice: UInt64
  /// The text screen when rules were last looked at, and its rows: making these takes time.
  private var lastScreen: TextScreen?
  private var lastRows: [String] = []
  /// When to see whether a BIOS has found nothing to boot.
  private var nextLookAtScreen: UInt64 = 0

  init(
    _ machine: Machine, watcher: Watcher, serial: [SerialPlace], debug: OutputSink?, limits: Limits
  ) {
    self.machine = machine
    self.watcher = watcher
    self.limits = limits
    debugSink = debug
    let lines: [(Board.SerialLine, SerialPlace)] = Array(zip([.com1, .com2], serial))
    let interactive = lines.first { $0.1.isInteractive }
    input = interactive == nil ? nil : StandardInput()
    inputLine = interactive?.0 ?? .com1
    serialSinks = lines.map { ($0.0, $0.1.sink) }
    let rate = machine.configuration.ticksPerSecond
    slice = rate / 100
    governor = Governor(ticksPerSecond: rate)
  }

  /// Runs to the end, and says which it was.
  func run() -> Stop {
    EndSignals.install()
    if input?.isTerminal == true { report("the guest has the terminal; Ctrl-] ends the run") }
    defer { input?.close() }
    let stop = runToEnd()
    ledger?.flush()
    // Whatever else ended it: a file that is not whole is to be told.
    return ledgerStop ?? stop
  }

  private func runToEnd() -> Stop {
    while true {
      let limit = min((machine.ticks / slice + 1) * slice, instructionLimit)
      let progress = machine.run(until: limit, returningWhenIdle: isWatched)
      if !drain() { return interrupted(EndSignals.received ?? SIGPIPE) }
      let inputs = machine.journal.entries.count
      if applyRules() { return .untilMatched }
      let hasNewInput = machine.journal.entries.count > inputs
      switch progress {
      case .stopped(let stop): return stop
      case .breakpoint(let moment):
        breakpoint = moment
        return .breakpoint
      case .reached, .reset, .watched: takeInput()
      case .idle(let tick):
        if !hasNewInput, let stop = wait(until: tick) { return stop }
      }
      sayIfNothingBoots()
      if let stop = ledgerStop ?? overdrawn { return stop }
    }
  }

  /// A BIOS that finds nothing to boot says so on the text screen, which nobody sees here, and waits
  /// for a key.
  private func sayIfNothingBoots() {
    guard machine.format == nil, machine.ticks >= nextLookAtScreen else { return }
    nextLookAtScreen = machine.ticks + slice * 50
    let sentences = ["There is nothing to boot", "No bootable device"]
    let lines = ScreenText.lines(of: machine.board.textScreen())
    guard lines.contains(where: { line in sentences.contains { line.contains($0) } }) else {
      return
    }
    nextLookAtScreen = .max
    report(
      "the BIOS found nothing to boot and waits for a key: look at --disk, --floppy, --cdrom and "
        + "--boot; --screen-dump - shows what it tried")
  }

  /// The ledger's reader or file takes no more, or has all that was asked for.
  private var ledgerStop: Stop? {
    switch ledger?.end {
    case nil: nil
    case .enough: .untilMatched
    case .closed: interrupted(SIGPIPE)
    case .failed(let reason): .outputFailed(reason)
    }
  }

  /// Someone may be typing, and the guest's clock keeps to the host's. With rules to follow, only
  /// a terminal is someone.
  private var isWatched: Bool {
    guard let input, input.isOpen else { return false }
    return input.isTerminal || !watcher.isWatching
  }

  /// The tick at which the instruction limit would be reached without further waiting.
  private var instructionLimit: UInt64 {
    guard let allowed = limits.instructions else { return .max }
    return machine.ticks + (allowed - min(allowed, machine.instructions))
  }

  private var overdrawn: Stop? {
    if let number = EndSignals.received { return interrupted(number) }
    if input?.wantsToQuit == true { return interrupted(SIGINT) }
    if let allowed = limits.instructions, machine.instructions >= allowed {
      return .instructionLimit
    }
    if let seconds = limits.seconds, HostClock.now - started >= seconds { return .timeLimit }
    return nil
  }

  private func interrupted(_ number: Int32) -> Stop {
    signal = number
    return .interrupted
  }

  /// Passes output on. False when nobody reads it any more.
  private func drain() -> Bool {
    let debug = machine.board.takeDebugOutput()
    var isRead = debugSink?.write(debug) ?? true
    for (line, sink) in serialSinks {
      let bytes = machine.board.takeSerialOutput(of: line)
      if line == .com1 { watcher.receive(bytes) }
      if !bytes.isEmpty { governor.noteActivity(at: HostClock.now) }
      if sink?.write(bytes) == false { isRead = false }
    }
    return isRead
  }

  /// Sends what the rules say. True if the run is to end.
  private func applyRules() -> Bool {
    guard watcher.isWatching else { return false }
    let screen = machine.board.textScreen()
    if screen != lastScreen {
      lastScreen = screen
      lastRows = ScreenText.lines(of: screen)
    }
    let (inputs, isDone) = watcher.check(screen: lastRows)
    for input in inputs { machine.receive(input) }
    return isDone
  }

  /// Takes bytes from standard input, unless the guest has some to read yet.
  private func takeInput() {
    guard let input, !machine.hasPendingInput else { return }
    receive(input.read())
  }

  /// Passes bytes from standard input on.
  private func receive(_ bytes: [UInt8]) {
    guard !bytes.isEmpty else { return }
    machine.receive(inputLine == .com1 ? .serial(bytes) : .secondSerial(bytes))
  }

  /// Sleeps until there is something on standard input, at most `seconds`.
  private func sleep(_ seconds: Double?) -> [UInt8] {
    let most = [seconds, timeLeft].compactMap { $0 }.min()
    guard let input, !machine.hasPendingInput else {
      StandardInput.sleep(most)
      return []
    }
    return input.read(waiting: most)
  }

  /// The guest waits in HLT until `tick`: sleep until then, or until there is input.
  private func wait(until tick: UInt64) -> Stop? {
    guard tick < .max else {
      guard let input, input.isOpen, machine.serialInputCanWake(on: inputLine) else {
        return .haltedForGood
      }
      receive(sleep(nil))
      return nil
    }
    let now = machine.ticks
    guard let seconds = governor.rest(from: now, until: tick, at: HostClock.now) else {
      machine.skip(to: tick)
      return nil
    }
    let bytes = sleep(seconds)
    machine.skip(to: min(tick, max(now, governor.tick(at: HostClock.now))))
    if !bytes.isEmpty { governor.noteActivity(at: HostClock.now) }
    receive(bytes)
    return nil
  }

  private var timeLeft: Double? {
    limits.seconds.map { max(0, started + $0 - HostClock.now) }
  }
}
