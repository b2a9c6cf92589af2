import Labs
import Machine

/// Makes the machines that labs run on.
final class LabMachines {
  /// The images, so that a lab's own source is compiled once.
  private var images: [String: FileContents] = [:]
  private let library = GuestLibrary(program: CommandLine.arguments[0])
  /// The source that was last handed in, and its image.
  private var submission: (text: [UInt8], image: FileContents)?

  /// The machine of a lab's run, at its start.
  func machine(for plan: LabMachinePlan) throws(LabProblem) -> Machine {
    do throws(UserError) {
      var guest = Guest(image: try image(of: plan))
      guest.initrd = try plan.module.map { module throws(UserError) in try file(module, of: plan) }
      guest.commandLine = plan.commandLine
      do throws(ImageError) {
        return try Machine(plan.configuration, guest: guest)
      } catch {
        throw UserError(error.description)
      }
    } catch {
      throw LabProblem(
        file: plan.file, what: error.description, remedy: "see ‘ringside images’ for guests")
    }
  }

  /// Where a guest of a lab lies: a source file in the lab's folder, or a built-in guest.
  static func path(of name: String, in plan: LabMachinePlan) throws(UserError) -> String {
    if GuestSource.isSource(name) {
      return (plan.file.lastIndex(of: "/").map { plan.file[...$0] } ?? "") + name
    }
    guard let path = GuestLibrary(program: CommandLine.arguments[0])?.path(of: name) else {
      throw UserError("there is no guest ‘\(name)’")
    }
    return path
  }

  private func image(of plan: LabMachinePlan) throws(UserError) -> FileContents {
    if let source = plan.submission { return try submitted(source) }
    return try file(plan.image, of: plan)
  }

  /// The most that a source file which is handed in may have, in bytes.
  private static let sourceLimit = 1 << 16

  /// The image of a source file that a student has written.
  private func submitted(_ path: String) throws(UserError) -> FileContents {
    guard GuestSource.isSource(path) else {
      throw UserError("\(path): a source file has a name that ends in .c or .S")
    }
    guard FileContents.exists(path) else { throw UserError("\(path): there is no such file") }
    let text: [UInt8]
    do throws(ImageError) {
      let file = try FileContents(path: path, onlyRegular: true)
      text = withExtendedLifetime(file) { Array(file.bytes.prefix(Self.sourceLimit + 1)) }
    } catch {
      throw UserError(error.description)
    }
    guard text.count <= Self.sourceLimit else {
      throw UserError("\(path): a source file has at most \(Self.sourceLimit) bytes")
    }
    if let submission, submission.text == text { return submission.image }
    let image = try GuestSource.image(of: path, library: library, isHandedIn: true)
    submission = (text, image)
    return image
  }

  private func file(_ name: String, of plan: LabMachinePlan) throws(UserError) -> FileContents {
    let path = try Self.path(of: name, in: plan)
    if let image = images[path] { return image }
    let image: FileContents
    if GuestSource.isSource(path) {
      image = try GuestSource.image(of: path, library: library)
    } else {
      do throws(ImageError) {
        image = try FileContents(path: path)
      } catch {
        throw UserError(error.description)
      }
    }
    images[path] = image
    return image
  }
}
