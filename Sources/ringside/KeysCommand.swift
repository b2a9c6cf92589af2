import ArgumentParser
import Labs
import Machine
import Panes

/// `ringside keys`: which key does what on the screen.
struct KeysCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "Print what the screen's keys do, as a file of settings.",
    discussion: """
      What is in $XDG_CONFIG_HOME/ringside/keys.yaml (or ~/.config/ringside/keys.yaml) takes the place of \
      the usual keys: an action and its key, a list of keys in [ ], or none. Actions that are not in \
      it keep their keys.
      """)

  func run() throws {
    OutputSink.standardOutput.write(try KeyFile.read().settings)
  }
}

/// The user's own keys.
enum KeyFile {
  /// Where the file is; nil if the environment names no place.
  static var path: String? { ScreenSettings.file("keys.yaml") }

  /// The keys with the user's changes. Mistakes are named with their line, and nothing has been started.
  static func read(path: String? = path) throws(UserError) -> KeyMap {
    guard let path, FileContents.exists(path) else { return .usual }
    let file: FileContents
    do throws(ImageError) { file = try FileContents(path: path) } catch {
      throw UserError("\(path): cannot be read; check its permissions, or move it away")
    }
    let text = withExtendedLifetime(file) {
      String(decoding: file.bytes.prefix(65536), as: UTF8.self)
    }
    return try map(text: text, file: path)
  }

  static func map(text: String, file: String) throws(UserError) -> KeyMap {
    let settings: KeySettings
    do throws(LabProblems) {
      settings = try KeySettings(text: text, file: file)
    } catch {
      throw LabFiles.error(error)
    }
    do throws(KeyMap.Mistake) {
      return try KeyMap(settings.rows.map { KeyMap.Change($0.action, $0.keys, line: $0.line) })
    } catch {
      throw UserError("\(file):\(error.line): \(error.what); \(error.remedy)")
    }
  }
}
