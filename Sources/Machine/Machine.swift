public import Chipset
public import Monitors
public import X86

/// A PC: processor, board and memory, with the guest it was started for.
///
/// Lives in one thread. All that happens in it follows from the guest and the journal; the host's
/// clock never enters.
public final class Machine {
  /// What kind of PC.
  public struct Configuration: Sendable {
    /// How the guest is executed.
    public var mode = Mode.emulation
    /// The guest's processor.
    public var profile = Profile.i686
    /// The processor that stands for the hardware under a monitor; nil: one like the guest's.
    public var labProfile: Profile?
    /// The processor that executes the guest: the one under a monitor, if there is one.
    public var hardware: Profile { labProfile ?? (mode.usesVirtualMachines ? .amdSVM : profile) }
    /// How a monitor with shadow page tables keeps them in step.
    public var paging = PagingPolicy.flush
    /// How many pages a monitor's shadow tables may take; nil: as many as there is room for.
    public var shadowPages: Int?
    /// In `para`: how a program's system calls reach its kernel.
    public var systemCalls = SystemCallPath.direct
    /// In `para`: how many domains there are beside Domain 0, and the weights of all, from that one on.
    public var otherDomains = 0
    public var domainWeights: [UInt32] = []
    /// RAM in MiB, see `memoryRange`.
    public var memory = 64
    /// The port at which firmware reports its progress.
    public var postPort: UInt16 = 0x80
    /// Longest block of the processor in instructions, 1...64. Results never depend on it.
    public var maximumBlockLength: Int?
    /// How many transitions are kept, a power of two.
    public var logCapacity = 4096

    /// An i686 with 64 MiB.
    public init() {}

    /// The sizes of RAM that fit below the addresses kept for devices and ROM.
    public static let memoryRange = 1...3584

    /// How many disk and CD-ROM drives a machine has room for.
    public static let drivePlaces = Board.drivePlaces

    /// How many ticks the machine takes for a second.
    public var ticksPerSecond: UInt64 {
      switch profile.name {
      case "386": 10_000_000
      case "486": 30_000_000
      case "pentium": 60_000_000
      default: 100_000_000
      }
    }
  }

  /// How it was built.
  public let configuration: Configuration
  /// The processor.
  public internal(set) var cpu: CPU
  /// The monitor under which the guest runs; nil in emulation. `cpu` is then the guest's virtual
  /// processor: what it believes.
  public private(set) var monitor: (any Monitor)?
  /// The ring that the processor is really in, 0 to 3.
  public var ring: Int { Int((monitor as? any LabMonitor)?.realCPL ?? cpu.cpl) }
  private var monitorMemory: HostMemory?
  /// Everything else on the board.
  public let board: Board
  /// How the image was loaded; nil when a BIOS alone was started.
  public let format: Guest.Format?
  /// What came in from outside so far.
  public internal(set) var journal = Journal()
  /// Inputs still to be repeated, and how many of them have been.
  var replay: [Journal.Entry]
  var replayed = 0

  /// The reset line was pulled, and `run` has not said so yet.
  var wasReset = false

  /// The first place of the log that `missingService` has not looked at.
  var checkedEvents: UInt64 = 0

  /// What a run stops at.
  var condition: StopCondition?
  var keepsAccessesForReaders = false
  /// What a debugger waits for in place of a condition, and what its last step met.
  var watch: Watch?
  var stepHit: Watch.Hit?
  /// Who gets every transition; from now on, when set.
  public var ledgerSink: (any LedgerSink)? {
    didSet {
      sunkPlace = cpu.log.end
      cpu.log.fullAt = ledgerSink == nil ? .max : sunkPlace + UInt64(cpu.log.capacity / 2)
    }
  }
  /// The first place of the log that the sink has not had.
  var sunkPlace: UInt64 = 0

  let guest: Guest
  /// The disks in their places, then the one in the floppy drive.
  private(set) var disks: [DiskImage] = []
  let ram: HostMemory
  let directAccess: DirectAccess
  /// RAM from C0000 to FFFFF, into which ROMs are copied as boards do ("shadow RAM").
  private(set) var shadow: HostMemory?
  private var rom: HostMemory?

  /// Builds a machine with a guest in it, ready to run. With `replaying`, the inputs of an earlier
  /// run of the same guest arrive again at their ticks.
  ///
  /// Throws an `ImageError` if the guest cannot be loaded.
  public init(
    _ configuration: Configuration, guest: Guest, replaying: Journal = Journal()
  ) throws(ImageError) {
    precondition(
      Configuration.memoryRange.contains(configuration.memory), "checked by whoever asks the user")
    self.configuration = configuration
    self.guest = guest
    replay = replaying.entries
    let size = configuration.memory << 20
    guard let ram = HostMemory(size: size) else {
      throw ImageError("--memory \(configuration.memory)", .noHostMemory)
    }
    self.ram = ram
    var parts = Board.Configuration(
      ramSize: UInt64(size), ticksPerSecond: configuration.ticksPerSecond)
    parts.postPort = configuration.postPort
    board = Board(configuration: parts)
    for file in [guest.image, guest.bios] { try file?.reload() }
    var format: Guest.Format?
    let places = guest.drivePlaces
    for (place, file) in zip(places.disks, guest.disks) {
      let disk = DiskImage(file)
      disks.append(disk)
      board.attach(disk: disk, at: place)
    }
    for (place, file) in zip(places.discs, guest.discs) {
      board.attach(disc: DiskImage(file), at: place)
    }
    if let file = guest.floppy {
      guard file.size <= 2_949_120 else { throw ImageError(file.path, .floppyTooLarge(file.size)) }
      let disk = DiskImage(file)
      disks.append(disk)
      board.attach(floppy: disk)
    }
    if let drive = guest.bootDrive { board.setBootDrive(drive) }
    let direct = DirectAccess(ram)
    directAccess = direct
    board.directMemory = direct
    if let image = guest.image { format = try Guest.Format(of: image) }
    self.format = format

    var memory = PhysicalMemory()
    memory.map(ram.start, size: min(size, Int(BootMemory.conventionalEnd)), at: 0)
    if size > BootMemory.extendedStart {
      let start = Int(BootMemory.extendedStart)
      memory.map(ram.start + start, size: size - start, at: BootMemory.extendedStart)
    }
    memory.map(board.videoMemory, size: 0x2_0000, at: 0xA_0000)
    cpu = CPU(
      profile: configuration.profile, memory: memory, bus: board,
      logCapacity: configuration.logCapacity)
    if let length = configuration.maximumBlockLength { cpu.maximumBlockLength = length }
    direct.pageChanges = cpu.memory.changes
    try mapROMs()
    if configuration.mode == .para {
      try startHypervisor()
    } else {
      try start()
    }
    startMonitor()
  }

  /// Puts the guest under its mode's monitor, as it is now.
  private func startMonitor() {
    switch configuration.mode {
    // A hypervisor was there before its guests.
    case .emulation, .para: return
    case .fullTrap, .fullTranslate:
      monitor = FullVirtualization(
        profile: configuration.hardware,
        storage: storage(FullVirtualization.storageSize), guest: &cpu, guestMemory: guestMemory,
        paging: configuration.paging, shadowPages: configuration.shadowPages,
        translates: configuration.mode == .fullTranslate)
    case .hardwareNested, .hardwareShadow:
      monitor = SVMMonitor(
        profile: configuration.hardware, storage: storage(SVMMonitor.storageSize),
        guest: &cpu, guestMemory: guestMemory + romMemory,
        isShadowing: configuration.mode == .hardwareShadow)
    }
  }

  /// Memory of the host for a monitor.
  private func storage(_ size: Int) -> UnsafeMutableRawPointer {
    guard let storage = HostMemory(size: size) else {
      preconditionFailure("the host refuses \(size >> 20) MiB of address space")
    }
    monitorMemory = storage
    return storage.start
  }

  /// What a monitor has to map of the guest's memory, below the devices.
  private var guestMemory: [GuestMemory] {
    var parts = [GuestMemory(ram.start, size: min(ram.size, 0xA_0000), at: 0)]
    if ram.size > 0x10_0000 {
      parts.append(
        GuestMemory(ram.start + 0x10_0000, size: ram.size - 0x10_0000, at: 0x10_0000))
    }
    parts.append(GuestMemory(board.videoMemory, size: Board.videoMemorySize, at: 0xA_0000))
    if let shadow {
      parts.append(GuestMemory(shadow.start, size: shadow.size, at: ROM.videoAddress))
    }
    return parts
  }

  /// The BIOS at the top of the 4 GiB, where the processor starts.
  private var romMemory: [GuestMemory] {
    guard let rom else { return [] }
    return [
      GuestMemory(rom.start, size: rom.size, at: 1 << 32 - UInt64(rom.size), isReadOnly: true)
    ]
  }

  /// Gives the machine to a hypervisor, which makes the image its first domain.
  private func startHypervisor() throws(ImageError) {
    guard let image = guest.image else { throw ImageError(guest.bios?.path ?? "", .noXenNotes) }
    if guest.initrd != nil { throw ImageError(image.path, .noDomain("it takes no --initrd")) }
    try image.reload()
    let domain = try XenKernel.image(guest, image)
    prepareBoard()
    do throws(DomainError) {
      // After a reset, one that knows nothing of the last.
      let before = monitor as? Paravirtualization
      monitor = try Paravirtualization(
        &cpu, memory: UInt64(ram.size), ticksPerSecond: configuration.ticksPerSecond,
        systemCalls: configuration.systemCalls, image: domain,
        others: configuration.otherDomains, weights: configuration.domainWeights,
        counters: before?.counters ?? ParaCounters())
    } catch {
      throw ImageError(image.path, .noDomain(error.description))
    }
    image.release()
  }

  /// Whether what the guest writes to a disk goes to the file.
  public var writesThrough: Bool { disks.contains { $0.writesThrough } }

  /// Maps the BIOS (`--bios`, or an image that is one) and the video BIOS.
  private func mapROMs() throws(ImageError) {
    let bios = guest.bios ?? (format == .rom ? guest.image : nil)
    guard bios != nil || guest.videoBIOS != nil else { return }
    guard let shadow = HostMemory(size: 0x4_0000) else { preconditionFailure("no address space") }
    self.shadow = shadow
    if let video = guest.videoBIOS {
      try ROM.checkVideo(video)
      copy(video.bytes[...], to: shadow.start)
      // A BIOS for QEMU clears the place above and fills it with what it finds here.
      board.attach(firmwareFile: "vgaroms/vgabios.bin", Array(video.bytes))
    }
    if let bios {
      try ROM.check(bios)
      guard let rom = HostMemory(size: bios.bytes.count) else {
        preconditionFailure("no address space")
      }
      self.rom = rom
      copy(bios.bytes[...], to: rom.start)
      let low = bios.bytes.suffix(ROM.lowWindow)
      copy(low, to: shadow.start + 0x4_0000 - low.count)
      cpu.memory.map(rom.start, size: rom.size, at: 1 << 32 - UInt64(rom.size), readOnly: true)
      bios.release()
    }
    cpu.memory.map(shadow.start, size: shadow.size, at: ROM.videoAddress)
    cpu.memory.changes.willWrite(at: ROM.videoAddress, size: shadow.size)
  }

  private func copy(_ bytes: Slice<UnsafeRawBufferPointer>, to place: UnsafeMutableRawPointer) {
    UnsafeMutableRawBufferPointer(start: place, count: bytes.count).copyBytes(from: bytes)
  }

  /// Does the loader's work: puts the guest into RAM and the processor at its entry.
  private func start() throws(ImageError) {
    let path = guest.image?.path ?? guest.bios?.path ?? ""
    let memory = BootMemory(
      ram: ram.start, size: UInt64(ram.size), path: path, pageChanges: cpu.memory.changes)
    try guest.image?.reload()
    try guest.initrd?.reload()
    switch try load(into: memory) {
    case .resetVector:
      prepareBoard()
      return cpu.reset()
    case .real(let segment, let offset):
      cpu.enterRealMode(segment: segment, offset: offset, stack: offset)
    case .protected(let entry, let gdt, let registers):
      cpu.enterFlatProtectedMode(
        at: entry, stack: UInt32(min(ram.size, Int(BootMemory.conventionalEnd))), gdt: gdt,
        limit: BootDescriptors.limit, code: BootDescriptors.code, data: BootDescriptors.data)
      for (register, value) in registers { cpu[register] = value }
    }
    prepareBoard()
    guest.image?.release()
    guest.initrd?.release()
  }

  private func load(into memory: BootMemory) throws(ImageError) -> EntryState {
    guard let format, let image = guest.image else { return .resetVector }
    if format != .linux && format != .multiboot {
      if guest.initrd != nil { throw refusal("--initrd", image, format) }
      if !guest.commandLine.isEmpty { throw refusal("--append", image, format) }
    }
    switch format {
    case .multiboot: return try Multiboot.load(guest, image: image, into: memory)
    case .linux: return try LinuxKernel.load(guest, image: image, into: memory)
    case .bootSector: return try FlatBinary.loadBootSector(image, into: memory)
    case .flat: return try FlatBinary.load(image, into: memory)
    case .rom: return .resetVector
    }
  }

  private func refusal(
    _ option: String, _ image: FileContents, _ format: Guest.Format
  ) -> ImageError {
    ImageError(image.path, .optionWithoutUse(option, format: format.rawValue))
  }

  /// What the reset line does: processor and devices start anew, RAM keeps its bytes. A guest that
  /// was loaded is loaded again, as firmware and boot loader would.
  func reset() {
    cpu.recordReset()
    board.reset()
    do {
      if configuration.mode == .para { return try startHypervisor() }
      try start()
    } catch {
      // It loaded before; the file must have been changed since. The processor is left at its
      // reset vector, where it finds what the machine has there.
      cpu.reset()
    }
    cpu.memoryChanged(at: 0, size: ram.size)
    monitor?.reset(&cpu)
  }
}
