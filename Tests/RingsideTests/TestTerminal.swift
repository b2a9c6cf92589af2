import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A terminal with a shell in it, to try the screen as a user does: tmux, with a server of its own.
final class TestTerminal {
  /// Where tmux is; nil if it is not installed.
  static let tmux: String? = {
    let places: [String] = ["/usr/bin/tmux", "/usr/local/bin/tmux", "/opt/homebrew/bin/tmux"]
    return places.first { access($0, X_OK) == 0 }
  }()

  private let socket: String
  private let file: String

  /// Opens a terminal of this size. The shell's variables are set as given: `NAME=value`.
  init(_ columns: Int, _ rows: Int, _ variables: String = "LC_ALL=C.UTF-8") throws {
    var name = Array("/tmp/ringside-test-XXXXXX".utf8CString)
    let descriptor = mkstemp(&name)
    try #require(descriptor >= 0)
    close(descriptor)
    file = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    socket = String(file.split(separator: "/").last ?? "")
    try call([
      "-f", "/dev/null", "new-session", "-d", "-x", "\(columns)", "-y", "\(rows)",
      "env XDG_CONFIG_HOME=\(file).settings \(variables) PS1='status=$? ready> ' sh",
    ])
    try call(["set-option", "-g", "status", "off"])
    try call(["resize-window", "-x", "\(columns)", "-y", "\(rows)"])
    try wait { $0.contains("ready>") }
  }

  deinit {
    _ = try? call(["kill-server"])
    unlink(file)
    _ = try? Program(at: "/bin/rm", ["-rf", "\(file).settings"])
  }

  @discardableResult
  private func call(_ arguments: [String]) throws -> String {
    let tmux = try #require(Self.tmux)
    return try Program(at: tmux, ["-u", "-L", socket] + arguments).output
  }

  /// Starts `ringside` with these words. The shell's prompt will say how it ended.
  func start(_ words: String) throws {
    let path = try Program.path
    try type("clear; sh -c 'echo $$ >\(file); exec \(path) \(words)'\n")
  }

  /// The number of the process started last.
  var process: Int32 {
    get throws {
      let text = try Program(at: "/bin/cat", [file]).output
      return try #require(Int32(text.trimmingSuffix { $0.isNewline }))
    }
  }

  /// Presses the keys of a text.
  func type(_ text: String) throws {
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if line.offset > 0 { try press("Enter") }
      if !line.element.isEmpty { try call(["send-keys", "-l", String(line.element)]) }
    }
  }

  /// Presses a key by the name that tmux has for it.
  func press(_ key: String) throws { try call(["send-keys", key]) }

  func resize(_ columns: Int, _ rows: Int) throws {
    try call(["resize-window", "-x", "\(columns)", "-y", "\(rows)"])
  }

  /// What the terminal shows.
  var text: String { get throws { try call(["capture-pane", "-p"]) } }

  /// The same with the sequences that switch colours and attributes.
  var styledText: String { get throws { try call(["capture-pane", "-p", "-e"]) } }

  /// What it shows, as soon as that satisfies a condition; a minute is enough on any machine.
  @discardableResult
  func wait(until condition: (String) -> Bool) throws -> String {
    var last = ""
    for _ in 0..<600 {
      last = try text
      if condition(last) { return last }
      usleep(100_000)
    }
    return try #require(nil as String?, "the terminal still shows:\n\(last)")
  }
}

extension String {
  fileprivate func trimmingSuffix(while condition: (Character) -> Bool) -> Substring {
    var rest = self[...]
    while let last = rest.last, condition(last) { rest.removeLast() }
    return rest
  }
}
