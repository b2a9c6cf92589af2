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
    return { (lab: Lab) throws(LabProblem) in
      do throws(ImageError) {
        let image = try FileContents(path: library.path(of: lab.image) ?? lab.image)
        return try Machine(LabRun.configuration(of: lab), guest: Guest(image: image))
      } catch {
        throw LabProblem(file: lab.file, what: error.description, remedy: "")
      }
    }
  }

  static func read(_ text: String) throws -> Lab {
    try LabReader.read(slug: "x", file: "x/lab.md", text: text)
  }
}
