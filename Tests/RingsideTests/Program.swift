import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The built program, run as a user would.
struct Program {
  var status: Int32
  var output: String
  var errors: String

  /// Runs `ringside` with these arguments; its standard input is at its end.
  init(_ arguments: [String]) throws {
    try self.init(at: Self.path, arguments)
  }

  /// Runs any program.
  init(at program: String, _ arguments: [String]) throws {
    var pipes: [[Int32]] = [[0, 0], [0, 0]]
    for index in 0..<2 { try #require(pipe(&pipes[index]) == 0) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    for (index, ends) in pipes.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, ends[1], Int32(index + 1))
      posix_spawn_file_actions_addclose(&actions, ends[0])
      posix_spawn_file_actions_addclose(&actions, ends[1])
    }
    defer { posix_spawn_file_actions_destroy(&actions) }
    // The tests' threads keep signals off; a program is to get its own.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
    words.append(nil)
    defer { for word in words { free(word) } }
    var process = pid_t()
    try #require(posix_spawn(&process, program, &actions, &attributes, words, environ) == 0)
    for ends in pipes { close(ends[1]) }
    let texts = Self.readAll(pipes.map { $0[0] })
    for ends in pipes { close(ends[0]) }
    var result: Int32 = 0
    while waitpid(process, &result, 0) < 0 && errno == EINTR {}
    status = result & 0x7F == 0 ? result >> 8 & 0xFF : -(result & 0x7F)
    (output, errors) = (texts[0], texts[1])
  }

  /// Where a program is that the host may have.
  static func find(_ name: String) -> String? {
    (getenv("PATH").map { String(cString: $0) } ?? "")
      .split(separator: ":").map { "\($0)/\(name)" }
      .first { access($0, X_OK) == 0 }
  }

  /// Beside the test bundle, or where `swift build` puts it.
  static var path: String {
    get throws {
      var folders = CommandLine.arguments.map { argument in
        String(argument[..<(argument.lastIndex(of: "/") ?? argument.startIndex)])
      }
      folders += [".build-tests/release", ".build/release", ".build/debug"]
      return try #require(
        folders.map { $0 + "/ringside" }.first { access($0, X_OK) == 0 },
        "the program has not been built")
    }
  }

  private static func readAll(_ descriptors: [Int32]) -> [String] {
    var open = descriptors
    var bytes = [[UInt8]](repeating: [], count: descriptors.count)
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !open.isEmpty {
      var requests = open.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      guard poll(&requests, nfds_t(requests.count), -1) > 0 else { continue }
      for request in requests where request.revents != 0 {
        let count = read(request.fd, &buffer, buffer.count)
        if count <= 0 {
          open.removeAll { $0 == request.fd }
        } else if let index = descriptors.firstIndex(of: request.fd) {
          bytes[index] += buffer[..<count]
        }
      }
    }
    return bytes.map { String(decoding: $0, as: UTF8.self) }
  }
}
