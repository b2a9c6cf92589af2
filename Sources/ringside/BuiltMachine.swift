import ArgumentParser
import Machine

/// A machine made from options, or from a snapshot, and what has to be written down to make it
/// again.
struct BuiltMachine {
  let machine: Machine
  /// The options and files that make such a machine.
  let description: MachineDescription
  /// What makes this one as it was when it began: the same, or a snapshot.
  let origin: MachineDescription
  /// What the user called the guest.
  let name: String
}

extension MachineOptions {
  /// Builds the machine that the options describe, with its files open.
  /// `drives` are those of an earlier call, to be used again.
  func build(
    image: String?, postPort: UInt16? = nil, drives: Drives? = nil
  ) throws(UserError) -> BuiltMachine {
    if let snapshot {
      guard image == nil, postPort == nil, self.options(postPort).isEmpty, filePaths.isEmpty, !write
      else {
        throw UserError("--snapshot \(snapshot): it brings its own machine; leave out the rest")
      }
      return try Self.build(fromSnapshot: snapshot)
    }
    var configuration = try configuration()
    if let postPort { configuration.postPort = postPort }
    let guest = try guest(image: image, drives: drives)
    let description = try description(of: guest, image: image, postPort: postPort)
    do throws(ImageError) {
      return BuiltMachine(
        machine: try Machine(configuration, guest: guest), description: description,
        origin: description, name: image ?? drivesName)
    } catch {
      throw UserError(error.description)
    }
  }

  /// Builds what a recording or a snapshot, the file at `path`, has written down.
  static func build(
    _ recorded: MachineDescription, neededBy path: String, blockLength: Int? = nil
  ) throws(UserError) -> BuiltMachine {
    if let file = recorded.files.first, file.role == .snapshot {
      let built = try build(fromSnapshot: file.name)
      try checked { () throws(FileError) in try recorded.check(built.origin, neededBy: path) }
      return built
    }
    var (options, image, postPort) = try parsed(recorded, path)
    options.blockLength = blockLength
    let built = try options.build(image: image, postPort: postPort)
    try checked { () throws(FileError) in try recorded.check(built.description, neededBy: path) }
    return built
  }

  private static func build(fromSnapshot path: String) throws(UserError) -> BuiltMachine {
    let file: SnapshotFile
    let contents: MachineDescription.File
    do throws(FileError) {
      file = try SnapshotFile(path: path)
    } catch {
      throw UserError(error.description)
    }
    do throws(ImageError) {
      contents = .init(.snapshot, name: path, contents: try FileContents(path: path))
    } catch {
      throw UserError(error.description)
    }
    if file.description.files.contains(where: { $0.role == .snapshot }) {
      throw UserError(FileError(path, .damaged("a snapshot is made of no snapshot")).description)
    }
    let built = try build(file.description, neededBy: path)
    try checked { () throws(FileError) in try file.apply(to: built.machine) }
    return BuiltMachine(
      machine: built.machine, description: built.description,
      origin: MachineDescription(options: [:], files: [contents]), name: built.name)
  }

  private static func checked(_ body: () throws(FileError) -> Void) throws(UserError) {
    do throws(FileError) { try body() } catch { throw UserError(error.description) }
  }

  // MARK: Options as text

  /// The options when nobody gives any.
  static var usual: MachineOptions {
    do {
      return try parse([])
    } catch {
      preconditionFailure("no option is needed: \(error)")
    }
  }

  /// The options that differ from what the program does by itself, by name.
  private func options(_ postPort: UInt16?) -> [String: String] {
    let usual = Self.usual
    var options: [String: String] = [:]
    if mode != usual.mode { options["mode"] = mode }
    if cpu != usual.cpu { options["cpu"] = cpu }
    if let labCpu { options["lab-cpu"] = labCpu }
    if paging != usual.paging { options["paging"] = paging }
    if let syscalls { options["syscalls"] = syscalls }
    if let domus { options["domus"] = String(domus) }
    if let weights { options["weights"] = weights }
    if memory != usual.memory { options["memory"] = String(memory) }
    if append != usual.append { options["append"] = append }
    if let boot { options["boot"] = boot }
    if let postPort { options["post-port"] = String(postPort) }
    return options
  }

  /// The name in files of the BIOS and video BIOS that come with Ringside.
  private static let ownFirmware = "built-in"

  private var filePaths: [String] {
    [initrd, bios, vgabios, floppy].compactMap { $0 } + disk + cdrom
  }

  private func description(
    of guest: Guest, image: String?, postPort: UInt16?
  ) throws(UserError) -> MachineDescription {
    var files: [MachineDescription.File] = []
    let contents: [(MachineDescription.Role, String?, FileContents?)] = [
      (.image, image, guest.image), (.initrd, initrd, guest.initrd),
      (.bios, bios ?? Self.ownFirmware, guest.bios),
      (.vgabios, vgabios ?? Self.ownFirmware, guest.videoBIOS),
    ]
    for (role, name, file) in contents {
      if let name, let file { files.append(.init(role, name: name, contents: file)) }
    }
    do throws(ImageError) {
      for file in guest.disks { files.append(try .init(.disk, name: file.path, disk: file)) }
      for file in guest.discs { files.append(try .init(.cdrom, name: file.path, disk: file)) }
      if let file = guest.floppy { files.append(try .init(.floppy, name: file.path, disk: file)) }
    } catch {
      throw UserError(error.description)
    }
    return MachineDescription(options: options(postPort), files: files)
  }

  /// The options, image and POST port that a description stands for.
  private static func parsed(
    _ recorded: MachineDescription, _ path: String
  ) throws(UserError) -> (MachineOptions, image: String?, postPort: UInt16?) {
    var options = usual
    var postPort: UInt16?
    var isKnown = true
    for (name, value) in recorded.options {
      switch name {
      case "mode": options.mode = value
      case "cpu": options.cpu = value
      case "lab-cpu": options.labCpu = value
      case "paging": options.paging = value
      case "syscalls": options.syscalls = value
      case "domus":
        options.domus = Int(value)
        if options.domus == nil { isKnown = false }
      case "weights": options.weights = value
      case "memory": if let size = Int(value) { options.memory = size } else { isKnown = false }
      case "append": options.append = value
      case "boot": options.boot = value
      case "post-port":
        postPort = UInt16(value)
        if postPort == nil { isKnown = false }
      default: isKnown = false
      }
      guard isKnown else {
        throw UserError(FileError(path, .unknown("--\(name) \(value)")).description)
      }
    }
    var image: String?
    for file in recorded.files {
      switch file.role {
      case .image: image = file.name
      case .initrd: options.initrd = file.name
      case .bios: if file.name != ownFirmware { options.bios = file.name }
      case .vgabios: if file.name != ownFirmware { options.vgabios = file.name }
      case .disk: options.disk.append(file.name)
      case .cdrom: options.cdrom.append(file.name)
      case .floppy: options.floppy = file.name
      case .snapshot:
        throw UserError(FileError(path, .unknown("a snapshot beside other files")).description)
      }
    }
    return (options, image, postPort)
  }
}

extension BuiltMachine {
  /// Refuses what cannot be done with disks that are written to: `option` needs them as they were.
  func requireUnwrittenDisks(for option: String) throws(UserError) {
    guard machine.writesThrough else { return }
    throw UserError("\(option): what --write does to the disks cannot be done again; leave it out")
  }

  /// Writes down how the machine came to where it is.
  func record(_ path: String, stop: String) throws(UserError) {
    let recording = Recording(
      machine: origin, journal: machine.journal, end: .init(of: machine, stop: stop))
    do throws(FileError) {
      try recording.write(path: path)
    } catch {
      throw UserError(error.description)
    }
  }

  /// Writes the machine to a file.
  func saveSnapshot(_ path: String) throws(UserError) {
    do throws(FileError) {
      try machine.writeSnapshot(of: description, path: path)
    } catch {
      throw UserError(error.description)
    }
  }
}
