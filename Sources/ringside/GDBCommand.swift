import ArgumentParser
import Chipset
import GDBStub
import Machine

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// `ringside gdb`: a guest under gdb's control, forwards and backwards.
struct GDBCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gdb",
    abstract: "Let gdb drive a guest, forwards and backwards.",
    discussion: """
      The guest waits before its first instruction until gdb connects. With ‘--listen stdio’ gdb \
      starts Ringside itself: target remote | ringside gdb ringlet --listen stdio

      Addresses are linear. reverse-stepi and reverse-continue go back in the guest's history; \
      ‘monitor help’ says what else there is. After ‘detach’ the guest runs on.
      """)

  @Argument(help: "The guest: a file, a source file (.S, .c), or a built-in name.")
  var image: String?
  @OptionGroup
  var machine: MachineOptions
  @Option(
    help: ArgumentHelp(
      "Where gdb is expected; another host may do anything to the guest.",
      valueName: "host:port"))
  var listen = "127.0.0.1:1234"
  @Option(help: ArgumentHelp("Memory for going back, in MiB.", valueName: "mib"))
  var history = History.defaultBudget >> 20
  @Option(help: ArgumentHelp("Where COM1 goes: stdio, none or a file.", valueName: "where"))
  var serial: String?

  func run() throws {
    guard image != nil || machine.startsWithBIOS || machine.snapshot != nil else {
      throw UserError(
        "gdb for what? Name an image file, a built-in guest (ringlet), or give --disk")
    }
    guard (1...65536).contains(history) else {
      throw UserError("--history \(history): the history takes 1 to 65536 MiB")
    }
    let usesStandardStreams = listen == "stdio"
    if usesStandardStreams && serial == "stdio" {
      throw UserError("--serial stdio: gdb has standard input and output; give another place")
    }
    let listener = usesStandardStreams ? nil : try GDBListener(listen)
    let built = try machine.build(image: image)
    try built.requireUnwrittenDisks(for: "gdb")
    let place = try SerialPlace(serial ?? (usesStandardStreams ? "none" : "stdio"))
    EndSignals.install()
    let server = GDBServer(History(built.machine, budget: history << 20), place)
    if let listener {
      report("waiting for gdb: target remote \(listener.address)")
      server.serve(listener)
    } else {
      server.serve(GDBConnection(input: STDIN_FILENO, output: STDOUT_FILENO))
    }
    if let signal = EndSignals.received { throw ExitStatus.signal(signal).code }
  }
}

/// Brings gdb's bytes and the machine's time together, one connection after the other.
final class GDBServer {
  private let history: History
  private let sink: OutputSink?
  private var runsOn = false

  /// About ten milliseconds of the guest at work.
  private static let slice: UInt64 = 1_000_000
  /// Seconds to sleep while the guest waits for its next interrupt.
  private static let idle = 0.01

  init(_ history: History, _ serial: SerialPlace) {
    self.history = history
    sink = serial.sink
  }

  /// Serves whoever connects, until somebody kills the guest.
  func serve(_ listener: GDBListener) {
    while EndSignals.received == nil {
      if let connection = listener.accept(waiting: runsOn ? 0 : nil) {
        runsOn = false
        if serve(connection) == .killed { return }
      } else if runsOn {
        runAlone()
      }
    }
  }

  /// Serves one connection to its end.
  @discardableResult
  func serve(_ connection: GDBConnection) -> Session.Ending? {
    let session = Session(history)
    defer {
      session.close()
      connection.close()
    }
    while EndSignals.received == nil {
      let wait = session.isRunning ? (session.isIdle ? Self.idle : 0) : nil
      guard let bytes = connection.read(waiting: wait) else { return nil }
      guard connection.write(session.receive(bytes)) else { return nil }
      if let ending = session.ending {
        runsOn = ending == .detached
        return ending
      }
      guard connection.write(session.run(instructions: Self.slice)) else { return nil }
      drain()
    }
    return nil
  }

  /// After gdb has let go of the guest.
  private func runAlone() {
    switch history.run(until: history.machine.ticks + Self.slice, returningWhenIdle: true) {
    case .reached, .reset, .breakpoint, .watched: break
    case .idle(let tick):
      StandardInput.sleep(Self.idle)
      if tick < .max { history.skip(to: tick) }
    case .stopped: runsOn = false
    }
    drain()
  }

  private func drain() {
    let bytes = history.machine.board.takeSerialOutput()
    _ = history.machine.board.takeDebugOutput()
    sink?.write(bytes)
  }
}
