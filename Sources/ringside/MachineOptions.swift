import ArgumentParser
import Chipset
import Machine
import Monitors
import X86

/// The options that say which machine and which guest; the same for the screen and for `run`.
struct MachineOptions: ParsableArguments {
  @Option(
    help: """
      How the guest is run: emulation, full:translate, full:trap, hardware:nested, hardware:shadow \
      or para.
      """)
  var mode = Mode.emulation.rawValue
  @Option(
    help: ArgumentHelp(
      "The processor under a monitor: like --cpu, virtualizable or amd-svm.", valueName: "profile"))
  var labCpu: String?
  @Option(
    help: ArgumentHelp(
      "How shadow page tables are kept in step: flush (a large TLB) or trace.",
      valueName: "policy"))
  var paging = PagingPolicy.flush.rawValue
  @Option(
    help: ArgumentHelp(
      "With para, how system calls reach the kernel: direct or bounce.", valueName: "way"))
  var syscalls: String?
  @Option(
    help: ArgumentHelp(
      "With para, domains beside Domain 0; control-A gives the next one the keyboard.",
      valueName: "number"))
  var domus: Int?
  @Option(
    help: ArgumentHelp(
      "With para, shares of the processor from Domain 0 on: 256,512.", valueName: "list"))
  var weights: String?
  @Option(
    help: ArgumentHelp(
      "The guest's processor: 386, 486, pentium, i686 or amd-svm.", valueName: "profile"))
  var cpu = "i686"
  @Option(help: ArgumentHelp("RAM in MiB, 1 to 3584.", valueName: "mib"))
  var memory = 64
  @Option(help: ArgumentHelp("The kernel's command line.", valueName: "text"))
  var append = ""
  @Option(help: ArgumentHelp("Linux's initial RAM disk, or a Multiboot module.", valueName: "file"))
  var initrd: String?
  @Option(
    help: ArgumentHelp(
      "Another BIOS than our own: a ROM that ends at 4 GiB and at 1 MiB.", valueName: "file"))
  var bios: String?
  @Option(help: ArgumentHelp("Another video ROM than our own, for C0000.", valueName: "file"))
  var vgabios: String?
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "A disk; may be given again, four drives in all. The file stays as it is.",
      valueName: "file"))
  var disk: [String] = []
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("A disc for a CD-ROM drive; may be given again.", valueName: "file"))
  var cdrom: [String] = []
  @Option(help: ArgumentHelp("A disk for the floppy drive.", valueName: "file"))
  var floppy: String?
  @Option(
    help: ArgumentHelp("What a BIOS boots: a (floppy), c (disk) or d (CD).", valueName: "drive"))
  var boot: String?
  @Flag(help: "Let the guest's writes to its disks reach the files.")
  var write = false
  @Option(help: ArgumentHelp("A snapshot to go on from, in place of IMAGE.", valueName: "file"))
  var snapshot: String?
  @Option(help: .hidden)
  var blockLength: Int?

  /// The mode that a user calls so.
  static func mode(named name: String) throws(UserError) -> Mode {
    if let mode = Mode(named: name) { return mode }
    let modes = Mode.allCases.map(\.rawValue).joined(separator: ", ")
    throw UserError("--mode \(name): there is no such mode; use one of \(modes)")
  }

  /// Takes another mode, and drops what is said of the present one only.
  mutating func change(to mode: Mode) {
    self.mode = mode.rawValue
    switch mode.family {
    case .emulation, .para: labCpu = nil
    case .hardware: if labCpu != Profile.amdSVM.name { labCpu = nil }
    case .full: break
    }
    if mode.family != .full { paging = PagingPolicy.flush.rawValue }
    if mode.family != .para { (syscalls, domus, weights) = (nil, nil, nil) }
  }

  /// The machine that the options describe.
  func configuration() throws(UserError) -> Machine.Configuration {
    let mode = try Self.mode(named: mode)
    let profile = try profile(cpu, option: "--cpu")
    if labCpu != nil && mode == .emulation {
      throw UserError("--lab-cpu: in emulation the guest's processor is all there is; use --cpu")
    }
    if let labCpu, mode.usesVirtualMachines, labCpu != Profile.amdSVM.name {
      throw UserError("--lab-cpu \(labCpu): --mode \(mode.rawValue) needs amd-svm's instructions")
    }
    if labCpu != nil && mode == .para {
      throw UserError("--lab-cpu: in para the machine's processor is all there is; use --cpu")
    }
    if mode == .para && !profile.features.contains(.i486) {
      throw UserError(
        "--cpu \(cpu): a hypervisor needs CR0.WP, which came with the 486; use 486 or later")
    }
    let range = Machine.Configuration.memoryRange
    guard range.contains(memory) else {
      throw UserError(
        "--memory \(memory): a machine has \(range.lowerBound) to \(range.upperBound) MiB of RAM")
    }
    if let blockLength, !(1...64).contains(blockLength) {
      throw UserError("--block-length \(blockLength): blocks have 1 to 64 instructions")
    }
    guard let policy = PagingPolicy(rawValue: paging) else {
      let names = PagingPolicy.allCases.map(\.rawValue).joined(separator: ", ")
      throw UserError("--paging \(paging): there is no such policy; use one of \(names)")
    }
    if policy != .flush && mode.family != .full {
      throw UserError(
        "--paging \(paging): only full virtualization traces page tables; leave it out")
    }
    var configuration = Machine.Configuration()
    configuration.mode = mode
    configuration.paging = policy
    configuration.profile = profile
    configuration.systemCalls = try systemCallPath(mode)
    try setDomains(&configuration)
    configuration.labProfile = try labCpu.map { name throws(UserError) in
      try self.profile(name, option: "--lab-cpu")
    }
    configuration.memory = memory
    configuration.maximumBlockLength = blockLength
    return configuration
  }

  private func setDomains(_ configuration: inout Machine.Configuration) throws(UserError) {
    guard domus != nil || weights != nil else { return }
    guard configuration.mode == .para else {
      let option = domus == nil ? "--weights" : "--domus"
      throw UserError("\(option): only a hypervisor has domains; use it with --mode para")
    }
    let most = Paravirtualization.mostOthers
    guard (0...most).contains(domus ?? 0) else {
      throw UserError("--domus \(domus ?? 0): there is room for 0 to \(most)")
    }
    configuration.otherDomains = domus ?? 0
    let list = weights?.split(separator: ",", omittingEmptySubsequences: false) ?? []
    configuration.domainWeights = list.compactMap { UInt32($0) }.filter { (1...65535).contains($0) }
    guard configuration.domainWeights.count == list.count else {
      throw UserError("--weights \(weights ?? ""): give numbers from 1 to 65535, as in 256,512")
    }
  }

  private func systemCallPath(_ mode: Mode) throws(UserError) -> SystemCallPath {
    guard let syscalls else { return .direct }
    guard mode == .para else {
      throw UserError("--syscalls: only a hypervisor has a choice; use it with --mode para")
    }
    guard let path = SystemCallPath(rawValue: syscalls) else {
      let names = SystemCallPath.allCases.map(\.rawValue).joined(separator: " or ")
      throw UserError("--syscalls \(syscalls): there is no such way; use \(names)")
    }
    return path
  }

  private func profile(_ name: String, option: String) throws(UserError) -> Profile {
    let profiles = Profile.all + [.virtualizable]
    if let profile = profiles.first(where: { $0.name == name }) { return profile }
    let names = profiles.map(\.name).joined(separator: ", ")
    throw UserError("\(option) \(name): there is no such profile; use one of \(names)")
  }

  /// The guest with its files open. `image` is a file or the name of a built-in guest. `drives` are
  /// those of an earlier call, to be used again; files that can be written to open only once.
  func guest(image: String?, drives: Drives? = nil) throws(UserError) -> Guest {
    let library = GuestLibrary(program: CommandLine.arguments[0])
    var source: FileContents?
    if let image, GuestSource.isSource(image) {
      source = try GuestSource.image(of: image, library: library)
    }
    let firmware = try firmware(image: image, library: library)
    let drives = if let drives { drives } else { try self.drives() }
    do throws(ImageError) {
      var guest = Guest(image: source)
      if source == nil, let image { guest.image = try open(image: image, library: library) }
      guest.initrd = try initrd.map(contents)
      guest.bios = try firmware.bios.map(contents)
      guest.videoBIOS = try firmware.videoBIOS.map(contents)
      guest.commandLine = append
      guest.floppy = drives.floppy
      guest.disks = drives.disks
      guest.discs = drives.discs
      guest.bootDrive = drives.boot
      return guest
    } catch {
      throw UserError(error.description)
    }
  }

  /// Whether there is something that a BIOS can boot.
  private var hasDrives: Bool { floppy != nil || !disk.isEmpty || !cdrom.isEmpty }

  /// Whether the machine starts with a BIOS when no image is named.
  var startsWithBIOS: Bool { bios != nil || hasDrives }

  /// What the screen calls a guest that no image names: the drive that is tried first.
  var drivesName: String {
    let path = [floppy, disk.first, cdrom.first, bios].compactMap(\.self).first ?? ""
    return path.split(separator: "/").last.map(String.init) ?? path
  }

  /// The files of the ROMs: what the options name, and our own where a BIOS is needed.
  private func firmware(
    image: String?, library: GuestLibrary?
  ) throws(UserError) -> (bios: String?, videoBIOS: String?) {
    guard bios != nil || image == nil && hasDrives else { return (nil, vgabios) }
    if bios == nil && library == nil {
      throw UserError("booting a drive needs Ringside's own folder ‘images’, or a --bios")
    }
    return (bios ?? library?.firmware.bios, vgabios ?? library?.firmware.videoBIOS)
  }

  /// What is in the machine's drives.
  struct Drives {
    var floppy: DiskFile?
    var disks: [DiskFile] = []
    var discs: [DiskFile] = []
    var boot: Board.BootDrive?
  }

  /// Opens the files of the drives.
  func drives() throws(UserError) -> Drives {
    let places = Machine.Configuration.drivePlaces
    if let extra = (disk + cdrom).dropFirst(places).first {
      throw UserError("\(extra): a machine has room for \(places) drives (--disk and --cdrom)")
    }
    if write && disk.isEmpty && floppy == nil {
      throw UserError("--write: there is no disk to write to; give --disk or --floppy")
    }
    var drives = Drives()
    if let boot {
      guard let drive = Board.BootDrive(rawValue: boot) else {
        throw UserError(
          "--boot \(boot): there is no such drive; use a (floppy), c (disk) or d (CD)")
      }
      drives.boot = drive
    }
    do throws(ImageError) {
      for path in disk { drives.disks.append(try DiskFile(path: path, writable: write)) }
      for path in cdrom { drives.discs.append(try DiskFile(path: path, writable: false)) }
      drives.floppy = try floppy.map { path throws(ImageError) in
        try DiskFile(path: path, writable: write)
      }
    } catch {
      throw UserError(error.description)
    }
    return drives
  }

  private func contents(_ path: String) throws(ImageError) -> FileContents {
    guard FileContents.exists(path) else { throw ImageError(path, .missingPart) }
    return try FileContents(path: path)
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
