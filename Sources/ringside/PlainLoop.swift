import Cells
import Panes

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The screen without a screen: lines come in, commands in place of keys, and lines go out, what has
/// happened. Nothing moves a cursor or sets a colour, so a screen reader, a pipe or a file can take it.
///
/// A line that is not typed on a terminal is taken when the one before has come to its end: the machine
/// stands still, or the guest waits.
struct PlainLoop {
  private let mailbox: ScreenMailbox
  private(set) var controller: ScreenController
  private var view: MachineView
  private var narrator: Narrator
  private var input = LineInput()
  /// A command was sent, and what came of it is not there yet.
  private var isBusy = false
  /// Since when the guest has waited without a word, in the host's time.
  private var idleSince: Double?
  /// How long a guest must have waited to count as waiting for the user.
  private static let patience = 0.4

  /// `isBusy` if something has been asked of the machine already.
  init(
    _ mailbox: ScreenMailbox, view: MachineView, controller: ScreenController, charset: Charset,
    isBusy: Bool
  ) {
    (self.mailbox, self.view, self.controller) = (mailbox, view, controller)
    narrator = Narrator(charset: charset)
    self.isBusy = isBusy || view.runState != .paused
  }

  /// Runs until the user quits or the lines end; returns the signal if one ended it instead.
  mutating func run() -> Int32? {
    guard tell() else { return nil }
    while true {
      if let signal = EndSignals.received { return signal }
      while !isBusy || input.isTerminal, let line = input.take() {
        guard obey(line) else { return nil }
      }
      if input.isAtEnd && (!isBusy || input.isTerminal) { return nil }
      wait()
      if let news = mailbox.takeView() {
        take(news)
        guard tell() else { return nil }
      }
      settle()
    }
  }

  /// Sleeps until there is something to read, a view, or enough patience.
  private mutating func wait() {
    let limit = idleSince.map { max(0.01, $0 + Self.patience - HostClock.now) }
    input.wait(wake: mailbox.forScreen, seconds: isBusy ? limit : nil)
  }

  private mutating func take(_ news: MachineView) {
    let hasNews = news.serial != view.serial || news.textScreen != view.textScreen
    view = news
    controller.see(news)
    switch news.runState {
    case .idle: if idleSince == nil || hasNews { idleSince = HostClock.now }
    case .paused, .stopped:
      idleSince = nil
      isBusy = false
    case .running, .slow, .travelling: idleSince = nil
    }
  }

  /// A guest that waits is not busy any more.
  private mutating func settle() {
    if let idleSince, HostClock.now - idleSince >= Self.patience { isBusy = false }
  }

  /// False when there is nobody to tell, or the user leaves.
  private mutating func obey(_ line: String) -> Bool {
    narrator.listen()
    let reply = controller.handle(line: line, view: view)
    guard say(reply.words) else { return false }
    for command in reply.commands {
      switch command {
      case .quit: return false
      case .redraw: break
      case .suspend: if input.isTerminal { raise(SIGTSTP) }
      case .pace: mailbox.send(command)
      default:
        isBusy = true
        idleSince = nil
        mailbox.send(command)
      }
    }
    return tell()
  }

  private mutating func tell() -> Bool {
    say(narrator.news(controller.shown(view), controller.state))
  }

  private func say(_ lines: [String]) -> Bool {
    lines.isEmpty
      || OutputSink.standardOutput.write(
        Array(lines.map { narrator.plain($0) + "\n" }.joined().utf8))
  }
}

/// Lines of standard input.
private struct LineInput {
  let isTerminal = isatty(STDIN_FILENO) == 1
  private var bytes: [UInt8] = []
  private var hasEnded = false

  /// Everything has been read and taken.
  var isAtEnd: Bool { hasEnded && bytes.isEmpty }

  /// The next line, without its end; nil if it is not there yet.
  mutating func take() -> String? {
    guard let end = bytes.firstIndex(of: 0x0A) else {
      guard hasEnded, !bytes.isEmpty else { return nil }
      defer { bytes = [] }
      return Self.text(bytes[...])
    }
    defer { bytes.removeFirst(end + 1) }
    return Self.text(bytes[..<end])
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes, as: UTF8.self).filter { $0 >= " " }
  }

  /// Longer lines are nobody's.
  private static let longest = 1 << 16

  /// Sleeps until something comes here or wakes the screen, at most `seconds`.
  mutating func wait(wake: WakePipe, seconds: Double?) {
    var requests = [
      pollfd(fd: wake.readEnd, events: Int16(POLLIN), revents: 0),
      pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
    ]
    // A pipe that is full of commands waits for them to be done.
    let listens = !hasEnded && bytes.count < Self.longest
    let milliseconds = seconds.map { Int32(max(0, min($0 * 1000, 1e6))) } ?? -1
    guard poll(&requests, listens ? 2 : 1, milliseconds) > 0 else { return }
    if requests[0].revents != 0 { wake.wait(0) }
    if listens && requests[1].revents != 0 { read() }
  }

  private mutating func read() {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = systemRead(&buffer, buffer.count)
    if count < 0 && (errno == EINTR || errno == EAGAIN) { return }
    if count > 0 { bytes += buffer[..<count] } else { hasEnded = true }
  }
}

private func systemRead(_ buffer: UnsafeMutablePointer<UInt8>, _ count: Int) -> Int {
  read(STDIN_FILENO, buffer, count)
}
