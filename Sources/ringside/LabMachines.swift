import Labs
import Machine

/// Makes the machines that labs run on.
final class LabMachines {
  /// The images, so that a lab's own source is compiled once.
  private var images: [String: FileContents] = [:]
  private let library = GuestLibrary(program: CommandLine.arguments[0])

  /// A lab's machine, at its start.
  func machine(for lab: Lab) throws(LabProblem) -> Machine {
    do throws(UserError) {
      let image = try image(of: lab)
      do throws(ImageError) {
        return try Machine(LabRun.configuration(of: lab), guest: Guest(image: image))
      } catch {
        throw UserError(error.description)
      }
    } catch {
      throw LabProblem(
        file: lab.file, what: error.description, remedy: "see ‘ringside images’ for guests")
    }
  }

  /// A source file in the lab's folder, or a built-in guest.
  private func image(of lab: Lab) throws(UserError) -> FileContents {
    let folder = lab.file.lastIndex(of: "/").map { String(lab.file[...$0]) } ?? ""
    let isSource = GuestSource.isSource(lab.image)
    guard let path = isSource ? folder + lab.image : library?.path(of: lab.image) else {
      throw UserError("there is no guest ‘\(lab.image)’")
    }
    if let image = images[path] { return image }
    let image: FileContents
    if isSource {
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
