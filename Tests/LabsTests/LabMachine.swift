import Machine
import Testing

@testable import Labs

/// Labs and machines for tests.
enum LabMachine {
  static func library() throws -> GuestLibrary {
    try #require(GuestLibrary(program: CommandLine.arguments[0]))
  }

  /// The builder for labs on built-in guests.
  static func builder() throws -> LabRun.Builder {
    let library = try library()
    return { (plan: LabMachinePlan) throws(LabProblem) in
      do throws(ImageError) {
        func file(_ name: String) throws(ImageError) -> FileContents {
          try FileContents(path: library.path(of: name) ?? name)
        }
        var guest = Guest(image: try file(plan.image))
        guest.initrd = try plan.module.map(file)
        guest.commandLine = plan.commandLine
        return try Machine(plan.configuration, guest: guest)
      } catch {
        throw LabProblem(file: plan.file, what: error.description, remedy: "")
      }
    }
  }

  /// A lab's own run.
  static func run(_ lab: Lab, seed: UInt64) throws -> LabRun {
    try LabRuns(lab, values: lab.values(seed: seed), build: try builder()).run()
  }

  static func read(_ text: String) throws -> Lab {
    try LabReader.read(slug: "x", file: "x/lab.md", text: text)
  }
}
