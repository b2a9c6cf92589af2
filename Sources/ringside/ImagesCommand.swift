import ArgumentParser
import Machine

/// `ringside images`: the guests that come with Ringside.
struct ImagesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "images", abstract: "List the built-in guests.",
    discussion: "Each line has the name to use as IMAGE, the modes, and what the guest is.")

  func run() throws {
    guard let library = GuestLibrary(program: CommandLine.arguments[0]) else {
      throw UserError("images/built: not found; run Ringside in its own folder, or ‘make images’")
    }
    let names = library.entries.map(\.name.count).max() ?? 0
    let modes = library.entries.map(\.modes.count).max() ?? 0
    for entry in library.entries {
      let columns = [entry.name.padded(to: names), entry.modes.padded(to: modes), entry.summary]
      OutputSink.standardOutput.write(columns.joined(separator: "  ") + "\n")
    }
  }
}
