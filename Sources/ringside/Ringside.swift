import ArgumentParser

/// The program: `ringside [IMAGE]` opens the screen, `ringside run IMAGE` runs without one.
@main
struct Ringside: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ringside",
    abstract: "A PC to look into: guests run on a processor that shows every ring change.",
    usage: """
      ringside [<image>] [<options>]
      ringside run <image> [<options>]
      ringside trace <image> [<options>]
      ringside replay <recording>
      ringside gdb <image> [<options>]
      ringside diff <image> --modes emulation,full:trap
      ringside costs
      ringside translation <image>
      ringside images
      ringside keys
      ringside tour [<name>]
      ringside card [<name>]
      ringside lab list
      ringside grade <lab> --answers <file>
      """,
    discussion: """
      Without a subcommand the screen opens; without an image it offers a tour, demos and labs. ‘ringside help \
      screen’ and ‘ringside help run’ list the options.
      """,
    subcommands: [
      ScreenCommand.self, RunCommand.self, TraceCommand.self, ReplayCommand.self,
      GDBCommand.self, DiffCommand.self, CostsCommand.self, ImagesCommand.self, TourCommand.self,
      CardCommand.self, LabCommand.self, GradeCommand.self, TranslationCommand.self,
      KeysCommand.self,
    ],
    defaultSubcommand: ScreenCommand.self)

  static func main() {
    let arguments = CommandLine.arguments.dropFirst()
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let error as UserError {
      report(error.description)
      exit(withError: ExitStatus.usage.code)
    } catch  where exitCode(for: error) == .validationFailure {
      let command =
        arguments.first.flatMap {
          subcommandNames.contains($0) ? $0 + " " : nil
        } ?? ""
      report("\(sentence(for: error)); ‘ringside \(command)--help’ shows the options")
      exit(withError: ExitStatus.usage.code)
    } catch {
      exit(withError: error)
    }
  }

  private static let subcommandNames = configuration.subcommands.compactMap {
    $0.configuration.commandName
  }

  /// What the argument parser has to say, as one sentence without its full stop.
  private static func sentence(for error: any Error) -> String {
    let parts = message(for: error).split(separator: ". ")
    let first = parts.first.map { [String($0)] } ?? []
    let rest = parts.dropFirst().map { $0.prefix(1).lowercased() + $0.dropFirst() }
    let text = (first + rest).joined(separator: "; ")
    return text.hasSuffix(".") ? String(text.dropLast()) : text
  }
}

/// A mistake of the user's: one sentence with what, where and what to do instead.
struct UserError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// What the process's status says, beside a guest's own status from port F4h.
enum ExitStatus {
  case done, guest(UInt8), usage, different, unsupported, tripleFault, output, limit
  case signal(Int32)

  var code: ExitCode {
    switch self {
    case .done: ExitCode(0)
    // 64 and up have meanings of their own.
    case .guest(let byte): ExitCode(byte < 64 ? Int32(byte) : 63)
    case .usage: ExitCode(64)
    case .different: ExitCode(65)
    case .unsupported: ExitCode(69)
    case .tripleFault: ExitCode(70)
    case .output: ExitCode(74)
    case .limit: ExitCode(75)
    case .signal(let number): ExitCode(128 + number)
    }
  }
}
