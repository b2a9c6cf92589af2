import ArgumentParser
import Machine
import X86

/// The options that say which machine and which guest; the same for the screen and for `run`.
struct MachineOptions: ParsableArguments {
  @Option(help: "How the guest is run; so far always ‘emulation’.")
  var mode = "emulation"
  @Option(help: ArgumentHelp("The processor: 386, 486, pentium or i686.", valueName: "profile"))
  var cpu = "i686"
  @Option(help: ArgumentHelp("RAM in MiB, 1 to 3584.", valueName: "mib"))
  var memory = 64
  @Option(help: ArgumentHelp("The kernel's command line.", valueName: "text"))
  var append = ""
  @Option(help: ArgumentHelp("Linux's initial RAM disk, or a Multiboot module.", valueName: "file"))
  var initrd: String?
  @Option(help: ArgumentHelp("A ROM that ends at 4 GiB and at 1 MiB.", valueName: "file"))
  var bios: String?
  @Option(help: ArgumentHelp("A video ROM for C0000.", valueName: "file"))
  var vgabios: String?
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "A disk; up to four times. The file stays as it is.", valueName: "file"))
  var disk: [String] = []
  @Option(help: ArgumentHelp("A disk for the floppy drive.", valueName: "file"))
  var floppy: String?
  @Option(help: ArgumentHelp("What a BIOS boots: a (floppy) or c (disk).", valueName: "drive"))
  var boot: String?
  @Flag(help: "Let the guest's writes to its disks reach the files.")
  var write = false
  @Option(help: .hidden)
  var blockLength: Int?

  /// Modes that other versions have, or will.
  private static let laterModes = [
    "full", "full:trap", "full:translate", "para", "hardware", "hardware:nested",
    "hardware:shadow", "kvm",
  ]

  /// The machine that the options describe.
  func configuration() throws(UserError) -> Machine.Configuration {
    if Self.laterModes.contains(mode) {
      throw UserError("--mode \(mode): this version runs guests in ‘emulation’ only")
    }
    if mode != "emulation" {
      throw UserError("--mode \(mode): there is no such mode; use ‘emulation’")
    }
    guard let profile = Profile.all.first(where: { $0.name == cpu }) else {
      let names = Profile.all.map(\.name).joined(separator: ", ")
      throw UserError("--cpu \(cpu): there is no such profile; use one of \(names)")
    }
    let range = Machine.Configuration.memoryRange
    guard range.contains(memory) else {
      throw UserError(
        "--memory \(memory): a machine has \(range.lowerBound) to \(range.upperBound) MiB of RAM")
    }
    if let blockLength, !(1...64).contains(blockLength) {
      throw UserError("--block-length \(blockLength): blocks have 1 to 64 instructions")
    }
    var configuration = Machine.Configuration()
    configuration.profile = profile
    configuration.memory = memory
    configuration.maximumBlockLength = blockLength
    return configuration
  }

  /// The guest with its files open. `image` is a file or the name of a built-in guest.
  func guest(image: String?) throws(UserError) -> Guest {
    let library = GuestLibrary(program: CommandLine.arguments[0])
    let places = Machine.Configuration.diskPlaces
    guard disk.count <= places else {
      throw UserError("--disk \(disk[places]): a machine has room for \(places) disks")
    }
    if let boot, boot != "a" && boot != "c" {
      throw UserError("--boot \(boot): there is no such drive; use a (floppy) or c (disk)")
    }
    if write && disk.isEmpty && floppy == nil {
      throw UserError("--write: there is no disk to write to; give --disk or --floppy")
    }
    var source: FileContents?
    if let image, GuestSource.isSource(image) {
      source = try GuestSource.image(of: image, library: library)
    }
    do throws(ImageError) {
      var guest = Guest(image: source)
      if source == nil, let image { guest.image = try open(image: image, library: library) }
      guest.initrd = try initrd.map(contents)
      guest.bios = try bios.map(contents)
      guest.videoBIOS = try vgabios.map(contents)
      guest.commandLine = append
      guest.floppy = try floppy.map { path throws(ImageError) in
        try DiskFile(path: path, writable: write)
      }
      guest.bootsFromFloppy = boot.map { $0 == "a" }
      for path in disk { guest.disks.append(try DiskFile(path: path, writable: write)) }
      return guest
    } catch {
      throw UserError(error.description)
    }
  }

  private func contents(_ path: String) throws(ImageError) -> FileContents {
    try FileContents(path: path)
  }

  private func open(image name: String, library: GuestLibrary?) throws(ImageError) -> FileContents {
    if let path = library?.path(of: name), !FileContents.exists(name) {
      return try FileContents(path: path)
    }
    return try FileContents(path: name)
  }
}

/// A number as people write them: decimal, 0x… or …h.
func number(_ text: String) -> UInt64? {
  let text = text.lowercased()
  if text.hasPrefix("0x") { return UInt64(text.dropFirst(2), radix: 16) }
  if text.hasSuffix("h") { return UInt64(text.dropLast(), radix: 16) }
  return UInt64(text)
}
