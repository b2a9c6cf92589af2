import Machine
import Panes

/// What the screen remembers from one session to the next: `ringside/screen` in the folder for
/// settings that the XDG base directory specification names, a `key = value` a line.
struct ScreenSettings: Equatable {
  /// What the exchangeable place shows.
  var pane: Pane?

  /// Where the file is; nil if the environment names no place.
  static var path: String? { file("screen") }

  /// Where a file of settings is.
  static func file(_ name: String) -> String? {
    if let folder = HostEnvironment["XDG_CONFIG_HOME"], folder.hasPrefix("/") {
      return folder + "/ringside/" + name
    }
    return HostEnvironment["HOME"].map { $0 + "/.config/ringside/" + name }
  }

  init() {}

  /// Reads the file; one that is not there says nothing. Mistakes are named with their line.
  init(path: String?) throws(UserError) {
    guard let path, FileContents.exists(path), let file = try? FileContents(path: path) else {
      return
    }
    let text = withExtendedLifetime(file) {
      String(decoding: file.bytes.prefix(4096), as: UTF8.self)
    }
    self = try ScreenSettings(text: text, file: path)
  }

  init(text: String, file: String) throws(UserError) {
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      if line.allSatisfy(\.isWhitespace) || line.first == "#" { continue }
      let parts = line.split(separator: "=", maxSplits: 1).map { part in
        String(part.filter { !$0.isWhitespace })
      }
      let names = Pane.choices.map { "\($0)" }
      guard parts.count == 2, parts[0] == "pane" else {
        throw UserError("\(file):\(number + 1): ‘\(line)’ is no setting; write ‘pane = rings’")
      }
      guard let pane = Pane.choices.first(where: { "\($0)" == parts[1] }) else {
        throw UserError(
          "\(file):\(number + 1): there is no pane ‘\(parts[1])’; use \(names.joined(separator: ", "))"
        )
      }
      self.pane = pane
    }
  }

  /// Writes the file. That it cannot be written is no reason to complain at the end of a session.
  func write(path: String?) {
    guard let path, let slash = path.lastIndex(of: "/"), let pane else { return }
    try? HostFolder.make(String(path[..<slash]))
    try? OutputSink(path: path).write(
      "# How the screen was when it was last left.\npane = \(pane)\n")
  }
}
