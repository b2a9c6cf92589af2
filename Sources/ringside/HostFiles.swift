import Machine

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file or standard stream that output goes to, as it comes.
final class OutputSink: Sendable {
  private let descriptor: Int32

  static let standardOutput = OutputSink(descriptor: STDOUT_FILENO)
  static let standardError = OutputSink(descriptor: STDERR_FILENO)

  private init(descriptor: Int32) { self.descriptor = descriptor }

  /// Creates or empties a file; `-` is standard output.
  init(path: String) throws(UserError) {
    if path == "-" {
      descriptor = STDOUT_FILENO
      return
    }
    descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw UserError("\(path): cannot be written to; check its folder and permissions")
    }
    // The machine's own files are locked, as is every other output: none is ever overwritten.
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK {
      close(descriptor)
      throw UserError("\(path): is in use as a guest's file or another output; name another file")
    }
    ftruncate(descriptor, 0)
  }

  /// Writes everything, waiting as long as it takes. False when nobody takes it any more, or when
  /// a signal asks the process to end.
  @discardableResult
  func write(_ bytes: [UInt8]) -> Bool { writeAll(bytes) == 0 }

  /// The same; the host's error number, or 0.
  func writeAll(_ bytes: [UInt8]) -> Int32 {
    var rest = bytes[...]
    while !rest.isEmpty {
      guard waitForRoom() else { return EINTR }
      let part = rest.prefix(Self.room)
      let count = part.withUnsafeBytes { unistd_write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno != EAGAIN && errno != EINTR {
        return errno
      }
    }
    return 0
  }

  /// What a pipe takes at once when it says that it has room: PIPE_BUF.
  private static let room = 4096

  /// Waits until somebody takes something. False when a signal asks the process to end.
  private func waitForRoom() -> Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    while poll(&request, 1, 200) <= 0 {
      if EndSignals.received != nil { return false }
    }
    return true
  }

  func write(_ text: String) { write(Array(text.utf8)) }
}

private func unistd_write(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}

/// Folders of the host's.
enum HostFolder {
  /// Makes a folder, and those it lies in.
  static func make(_ path: String) throws(UserError) {
    var parents = ""
    for part in path.split(separator: "/", omittingEmptySubsequences: false) {
      parents += part + "/"
      if mkdir(parents, 0o777) != 0 && errno != EEXIST {
        throw UserError("\(parents): this folder cannot be made")
      }
    }
  }
}

/// A message of the program's on standard error.
func report(_ sentence: String) { OutputSink.standardError.write("ringside: \(sentence)\n") }

/// Clocks of the host, in seconds. Nothing that a guest can see depends on them.
enum HostClock {
  /// Seconds since some moment in the past.
  static var now: Double { read(CLOCK_MONOTONIC) }
  /// Processor time of this process so far.
  static var processorTime: Double { read(CLOCK_PROCESS_CPUTIME_ID) }

  private static func read(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

/// The environment variables.
enum HostEnvironment {
  static subscript(name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
