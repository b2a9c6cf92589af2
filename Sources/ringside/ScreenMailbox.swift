import Panes
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Where the screen's thread and the machine's thread meet: commands go in, views come out. Only
/// values pass.
final class ScreenMailbox: Sendable {
  private struct State {
    var commands: [Command] = []
    var view: MachineView?
    var failure: String?
    var isClosed = false
  }

  private let state = Mutex(State())
  /// Written to when there is a view for the screen, and when there are commands for the machine.
  let forScreen = WakePipe()
  let forMachine = WakePipe()

  // MARK: The screen's side

  func send(_ command: Command) {
    state.withLock { $0.commands.append(command) }
    forMachine.wake()
  }

  /// Has the machine's thread end.
  func close() {
    state.withLock { $0.isClosed = true }
    forMachine.wake()
  }

  /// The newest view, once.
  func takeView() -> MachineView? {
    state.withLock { state in
      defer { state.view = nil }
      return state.view
    }
  }

  /// Why there will be no machine.
  var failure: String? { state.withLock { $0.failure } }

  // MARK: The machine's side

  /// What was asked since the last time; nil when the thread is to end.
  func takeCommands() -> [Command]? {
    state.withLock { state in
      defer { state.commands = [] }
      return state.isClosed ? nil : state.commands
    }
  }

  func publish(_ view: MachineView) {
    state.withLock { $0.view = view }
    forScreen.wake()
  }

  func fail(_ reason: String) {
    state.withLock { $0.failure = reason }
    forScreen.wake()
  }
}

/// A pipe that ends another thread's sleep.
struct WakePipe: Sendable {
  /// What to sleep on.
  let readEnd: Int32
  private let writeEnd: Int32

  init() {
    var ends: [Int32] = [0, 0]
    precondition(pipe(&ends) == 0, "no file descriptors left")
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    (readEnd, writeEnd) = (ends[0], ends[1])
  }

  func wake() {
    var byte: UInt8 = 0
    // A full pipe wakes as well.
    _ = write(writeEnd, &byte, 1)
  }

  /// Sleeps until `wake`, at most `seconds`; nil sleeps as long as it takes.
  func wait(_ seconds: Double?) {
    var request = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
    let milliseconds = seconds.map { Int32(max(0, min($0 * 1000, 1e6))) } ?? -1
    guard poll(&request, 1, milliseconds) > 0 else { return }
    var buffer = (UInt64(0), UInt64(0))
    while read(readEnd, &buffer, 16) == 16 {}
  }
}

/// A thread of the host's.
struct HostThread {
  private let handle: pthread_t

  /// Starts `body` in a thread of its own.
  init(_ body: @escaping @Sendable () -> Void) {
    final class Work: Sendable {
      let body: @Sendable () -> Void
      init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    #if os(Linux)
      var thread = pthread_t()
      let result = pthread_create(
        &thread, nil,
        { argument in
          guard let argument else { return nil }
          Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
          return nil
        }, Unmanaged.passRetained(Work(body)).toOpaque())
      precondition(result == 0, "the host refuses a thread")
      handle = thread
    #else
      var thread: pthread_t?
      let result = pthread_create(
        &thread, nil,
        { argument in
          Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
          return nil
        }, Unmanaged.passRetained(Work(body)).toOpaque())
      guard result == 0, let thread else { preconditionFailure("the host refuses a thread") }
      handle = thread
    #endif
  }

  /// Waits for its end.
  func join() { pthread_join(handle, nil) }
}
