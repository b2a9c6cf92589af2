import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Standard input as the near end of a serial line: bytes as they come, and no echo or line editing
/// by the host when it is a terminal.
final class StandardInput {
  /// Whether more may come.
  private(set) var isOpen = true
  let isTerminal = isatty(STDIN_FILENO) == 1
  /// Ctrl-], which ends a run on a terminal; everything else is the guest's.
  private static let quitKey: UInt8 = 0x1D
  private(set) var wantsToQuit = false

  /// Takes the terminal, if it is one.
  init() {
    if isTerminal { RawTerminal.enter() }
  }

  /// Gives the terminal back.
  func close() { RawTerminal.leave() }

  /// The bytes that are there, after waiting for some at most `seconds`; nil waits for ever, and a
  /// signal ends any wait.
  func read(waiting seconds: Double? = 0) -> [UInt8] {
    guard isOpen else {
      Self.sleep(seconds)
      return []
    }
    let milliseconds = Self.milliseconds(seconds)
    var request = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    guard poll(&request, 1, milliseconds) > 0 else { return [] }
    var buffer = [UInt8](repeating: 0, count: 1024)
    let count = systemRead(STDIN_FILENO, &buffer, buffer.count)
    if count < 0 && (errno == EINTR || errno == EAGAIN) { return [] }
    guard count > 0 else {
      isOpen = false
      return []
    }
    var bytes = Array(buffer[..<count])
    if isTerminal, let quit = bytes.firstIndex(of: Self.quitKey) {
      wantsToQuit = true
      bytes.removeSubrange(quit...)
    }
    return bytes
  }

  /// Sleeps at most `seconds`, for ever if nil; a signal ends it.
  static func sleep(_ seconds: Double?) {
    let milliseconds = milliseconds(seconds)
    if milliseconds != 0 { poll(nil, 0, milliseconds) }
  }

  private static func milliseconds(_ seconds: Double?) -> Int32 {
    seconds.map { Int32(max(0, min($0 * 1000, 1e6))) } ?? -1
  }
}

private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutablePointer<UInt8>, _ count: Int)
  -> Int
{
  read(descriptor, buffer, count)
}

/// The terminal without echo, line editing and signal keys; put back even when the program dies.
enum RawTerminal {
  private static let isRaw = Atomic<Bool>(false)
  nonisolated(unsafe) private static var saved = termios()
  private static let fatalSignals = [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV]

  static func enter() {
    guard tcgetattr(STDIN_FILENO, &saved) == 0 else { return }
    var raw = saved
    raw.c_iflag &= ~tcflag_t(BRKINT | ICRNL | INPCK | ISTRIP | IXON)
    raw.c_lflag &= ~tcflag_t(ECHO | ICANON | IEXTEN | ISIG)
    isRaw.store(true, ordering: .sequentiallyConsistent)
    for number in fatalSignals {
      signal(number) { number in
        RawTerminal.leave()
        signal(number, SIG_DFL)
        raise(number)
      }
    }
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw)
  }

  /// Safe to call from a signal handler, and twice.
  static func leave() {
    guard isRaw.exchange(false, ordering: .sequentiallyConsistent) else { return }
    tcsetattr(STDIN_FILENO, TCSADRAIN, &saved)
  }
}

/// Signals that ask the process to end: noted, and obeyed between two slices of the run.
enum EndSignals {
  private static let pending = Atomic<Int32>(0)

  /// The signal that came, if any.
  static var received: Int32? {
    let number = pending.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  static func install() {
    _ = received
    signal(SIGPIPE, SIG_IGN)
    for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { number in
        EndSignals.pending.store(number, ordering: .relaxed)
      }
      sigaction(number, &action, nil)
    }
  }
  /// Ends the process as the signal would have, had nobody caught it.
  static func obey(_ number: Int32) {
    signal(number, SIG_DFL)
    raise(number)
  }
}
