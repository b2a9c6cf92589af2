import Labs
import Machine

/// Makes the machines that labs run on.
final class LabMachines {
  /// The images, so that a lab's own source is compiled once.
  private var images: [String: FileContents] = [:]
  private let library = GuestLibrary(program: CommandLine.arguments[0])

  /// The machine of a lab's run, at its start.
  func machine(for plan: LabMachinePlan) throws(LabProblem) -> Machine {
    do throws(UserError) {
      var guest = Guest(image: try file(plan.image, of: plan))
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
