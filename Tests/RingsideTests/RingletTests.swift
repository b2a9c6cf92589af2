import Chipset
import Machine
import Monitors
import Testing
import X86

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Our teaching kernel on our machine: what it prints is what it prints elsewhere.
@Suite struct RingletTests {
  /// Every program once, and what a shell is for. Nothing runs in the background, so the order of
  /// the lines is settled.
  static let session = [
    "help", "getpid", "ctxsw", "forks", "pages", "divide", "illegal", "port", "cli", "rings",
    "cpuid", "timer 2", "diskcopy", "puts 3", "smc", "spin 5", "ls | wc", "ps", "cat readme | wc",
    "echo one two > note", "cat < note", "cat note readme | cat | wc", "rm note", "cat note",
    "nonsense", "kill 99", "kill 1", "rm console", "cat disk > big", "ls | wc", "rm big",
    "echo echo from a file > script", "sh < script", "echo a|cat|cat|cat|cat|cat|cat|wc",
    "|", "> x", "abuse", "sh", "exit", "exit 7",
  ]

  @Test(arguments: Profile.all.map(\.name)) func everyProgramRuns(name: String) throws {
    let machine = try Self.machine(profile: name)
    machine.receive(.serial(Array((Self.session.joined(separator: "\r") + "\r").utf8)))
    let (output, stop) = Self.run(machine)
    #expect(stop == .exit(code: 7))
    #expect(Self.settledLines(output) == Self.settledLines(try Self.text("ringlet/transcript.txt")))
  }

  @Test func linesAreShortEnoughForTheConsolePane() throws {
    let lines = try Self.text("ringlet/transcript.txt").split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= 36 })
  }

  @Test func lineCanBeEdited() throws {
    let machine = try Self.machine()
    // Backspace; two to the left and insert; up to the earlier line; cut a line.
    let keys = "echx\u{7F}o wo\u{02}\u{02}t\rnonsense\u{15}\u{1B}[A\rexit\r"
    machine.receive(.serial(Array(keys.utf8)))
    let (output, stop) = Self.run(machine)
    #expect(stop == .haltedForGood)
    #expect(output.split(separator: "\n").filter { $0 == "two" }.count == 2)
    #expect(!output.contains("no such program"))
  }

  @Test func controlCEndsAProgramAndNotTheShell() throws {
    let machine = try Self.machine()
    machine.receive(.serial(Array("spin 1000000\r".utf8)))
    #expect(machine.run(until: machine.ticks + 200_000_000) == .reached)
    machine.receive(.serial(Array("\u{03}echo back\rexit 3\r".utf8)))
    let (output, stop) = Self.run(machine)
    #expect(stop == .exit(code: 3))
    #expect(output.contains("\nback\n") && !output.contains("ticks are over"))
  }

  @Test func shellTakesTheKeyboard() throws {
    let machine = try Self.machine()
    #expect(machine.run(until: machine.ticks + 100_000_000) == .reached)
    machine.receive(.keys("echo Typed | cat\nexit 5\n"))
    let (output, stop) = Self.run(machine)
    #expect(stop == .exit(code: 5))
    #expect(output.contains("\nTyped\n"))
  }

  /// Takes CLI away from the kernel, as a monitor does that traps it; PUSHF tells.
  @Test func lockNoticesThatInterruptsStayOn() throws {
    var image = try Self.bytes("built/ringlet.elf")
    // mov ebp, esp; cli; pop ebp; ret. The kernel's comes first, before the program `cli`'s.
    let code: [UInt8] = [0x89, 0xE5, 0xFA, 0x5D, 0xC3]
    let place = image.indices.dropLast(4).first { image[$0..<$0 + 5].elementsEqual(code) }
    image[try #require(place) + 2] = 0x90
    let machine = try Self.machine(image: Self.contents(image))
    let (output, stop) = Self.run(machine)
    #expect(stop == .exit(code: 1))
    #expect(output.contains("panic: lock taken with interrupts on"))
  }

  @Test func privilegeReportIsWhatTheManualsSay() throws {
    let machine = try Self.machine(guest: "ring1")
    let (output, stop) = Self.run(machine)
    #expect(stop == .haltedForGood)
    #expect(Self.lines(output) == Self.lines(try Self.text("ring1/expected.txt")))
    #expect(Self.lines(output).dropLast(2).map(String.init) == PrivilegeTable.lines)
  }

  /// All the memory there is goes to a program; it dies, and gives it back.
  @Test(arguments: [2, 4, 64]) func memoryThatRunsOutIsAProgramsEnd(memory: Int) throws {
    let machine = try Self.machine(memory: memory)
    machine.receive(.serial(Array("abuse\rforks 3\rexit 4\r".utf8)))
    let (output, stop) = Self.run(machine)
    #expect(stop == .exit(code: 4))
    #expect(output.contains("no memory: vector 14\n"))
    #expect(output.contains("3 of 3 children wrote\n"))
  }

  @Test func filesStayOnADrive() throws {
    try Self.expectFilesToStay { try Self.machine(disks: [$0]) }
  }

  /// The file system on the first ATA drive of a machine, and again after a restart.
  static func expectFilesToStay(on build: (DiskFile) throws -> Machine) throws {
    let drive = try TemporaryFile(bytes("built/ringlet.disk"))
    for (typed, expected) in [
      ("echo kept > note\rdiskcopy\rexit 1\r", "superblock is the same\n"),
      ("cat note\rexit 1\r", "\nkept\n"),
    ] {
      let machine = try build(drive.use { try DiskFile(path: $0, writable: true) })
      machine.receive(.serial(Array(typed.utf8)))
      let (output, stop) = run(machine)
      #expect(stop == .exit(code: 1))
      #expect(output.contains("disk in a drive, 128 KiB\n") && output.contains(expected))
    }
  }

  @Test func aDriveWithoutTheFileSystemIsLeftAlone() throws {
    let drive = try TemporaryFile([UInt8](repeating: 0xE5, count: 1 << 17))
    do {
      let disk = try drive.use { try DiskFile(path: $0, writable: true) }
      let machine = try Self.machine(disks: [disk])
      machine.receive(.serial(Array("echo x > note\rexit 1\r".utf8)))
      let (output, stop) = Self.run(machine)
      #expect(stop == .exit(code: 1) && output.contains("disk in memory, 128 KiB\n"))
    }
    #expect(try drive.bytes().allSatisfy { $0 == 0xE5 })
  }

  /// What a monitor may rely on: nothing is mapped from 2 GiB up, and FS and GS are free.
  @Test func theTopOfTheAddressSpaceIsFree() throws {
    let machine = try Self.machine()
    machine.receive(.serial(Array("forks 2\rspin 1000000\r".utf8)))
    #expect(machine.run(until: machine.ticks + 200_000_000) == .reached)
    let page = machine.cpu.memory.host(at: UInt64(machine.cpu.cr3))
    let directory = try #require(page)
    for index in 512..<1024 {
      #expect(directory.load(fromByteOffset: 4 * index, as: UInt32.self) == 0)
    }
    for index in [SegmentRegister.fs, SegmentRegister.gs] {
      #expect(machine.cpu.segment(index).selector == 0)
    }
  }

  /// The seam: files under kernel/ leave every instruction that C has no word for to the table.
  @Test func theKernelReachesTheProcessorOnlyThroughTheTable() throws {
    let kernel = [
      "block", "console", "directory", "exec", "file", "inode", "lock", "main", "memory", "paging",
      "pipe", "print", "process", "syscall", "trap",
    ]
    for name in kernel {
      let source = try Self.text("ringlet/kernel/\(name).c")
      #expect(!source.contains("__asm__") && !source.contains("io.h"), "\(name).c")
    }
  }

  @Test func floppyNeedsABIOS() throws {
    let machine = try Self.machine(image: Self.contents(Self.bytes("built/ringlet.img")))
    let (_, stop) = Self.run(machine)
    #expect(stop.map { "\($0)".contains("INT 13h") } == true)
  }

}

extension RingletTests {
  /// Has Ringlet type a session in a mode, without the lines that `isLeftOut` takes out.
  static func session(
    _ mode: Mode, lab: Profile? = nil, without isLeftOut: (String) -> Bool = { _ in false }
  ) throws -> (machine: Machine, output: String, stop: Stop?) {
    let machine = try machine(mode: mode, lab: lab)
    let lines = session.filter { !isLeftOut($0) }
    machine.receive(.serial(Array((lines.joined(separator: "\r") + "\r").utf8)))
    let (output, stop) = run(machine)
    return (machine, output, stop)
  }

  /// Runs two machines to a tick, one of them in slices, and demands that they are the same then.
  static func runInSlices(_ whole: Machine, beside sliced: Machine, until end: UInt64) {
    _ = whole.run(until: end)
    var tick: UInt64 = 0
    while tick < end {
      tick = min(end, tick + 997)
      _ = sliced.run(until: tick)
    }
    #expect(whole.digest == sliced.digest)
  }

  static func machine(
    guest: String = "ringlet", profile: String = "i686", memory: Int = 64, disks: [DiskFile] = []
  ) throws -> Machine {
    try machine(
      image: contents(bytes("built/\(guest).elf")), profile: profile, memory: memory, disks: disks)
  }

  static func machine(
    mode: Mode, lab: Profile? = nil, guest: String = "ringlet", replaying: Journal = Journal(),
    paging: PagingPolicy = .flush, pages: Int? = nil
  ) throws -> Machine {
    var configuration = Machine.Configuration()
    configuration.mode = mode
    configuration.labProfile = lab
    configuration.paging = paging
    configuration.shadowPages = pages
    return try Machine(
      configuration, guest: Guest(image: contents(bytes("built/\(guest).elf"))),
      replaying: replaying)
  }

  static func machine(
    image: FileContents, profile: String = "i686", memory: Int = 64, disks: [DiskFile] = []
  ) throws -> Machine {
    var configuration = Machine.Configuration()
    configuration.profile = try #require(Profile.all.first { $0.name == profile })
    configuration.memory = memory
    var guest = Guest(image: image)
    guest.disks = disks
    return try Machine(configuration, guest: guest)
  }

  /// The image's bytes as a file, opened; its name is gone already.
  static func contents(_ bytes: [UInt8]) throws -> FileContents {
    try TemporaryFile(bytes).use { try FileContents(path: $0) }
  }

  /// Runs to the end, or for a minute of the guest's time.
  static func run(_ machine: Machine) -> (output: String, stop: Stop?) {
    let end = machine.ticks + 60 * machine.configuration.ticksPerSecond
    let progress = machine.run(until: end)
    let output = String(decoding: machine.board.takeSerialOutput(), as: UTF8.self)
    let text = output.split(separator: "\r\n", omittingEmptySubsequences: false)
      .joined(separator: "\n")
    guard case .stopped(let stop) = progress else { return (text, nil) }
    return (text, stop)
  }

  static func lines(_ text: String) -> [Substring] {
    text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
  }

  /// The lines that are the same on every machine.
  static func settledLines(_ text: String) -> [Substring] {
    lines(text).filter { !$0.hasPrefix("~") }
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    let library = try #require(GuestLibrary(program: CommandLine.arguments[0]))
    let file = try FileContents(path: library.folder + "/../" + path)
    return withExtendedLifetime(file) { Array(file.bytes) }
  }

  /// Makes a text the transcript that all must equal.
  static func record(_ transcript: String) throws {
    let library = try #require(GuestLibrary(program: CommandLine.arguments[0]))
    let file = try #require(fopen(library.folder + "/../ringlet/transcript.txt", "w"))
    fputs(transcript, file)
    fclose(file)
  }

  static func text(_ path: String) throws -> String {
    String(decoding: try bytes(path), as: UTF8.self)
  }
}
