import Chipset
import Machine
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
    "nonsense", "kill 99", "cat disk > big", "ls | wc", "rm big", "sh", "exit", "exit 7",
  ]

  @Test(arguments: Profile.all.map(\.name)) func everyProgramRuns(name: String) throws {
    let machine = try Self.machine(profile: name)
    machine.receive(.serial(Array((Self.session.joined(separator: "\r") + "\r").utf8)))
    let (output, stop) = Self.run(machine)
    #expect(stop == .exit(code: 7))
    #expect(Self.settledLines(output) == Self.settledLines(try Self.text("ringlet/transcript.txt")))
  }

  @Test(.enabled(if: QEMU.path != nil, "qemu-system-i386 is not installed"))
  func transcriptEqualsThatOfQEMU() throws {
    let run = try QEMU.run("ringlet", typing: Self.session.joined(separator: "\\r") + "\\r")
    #expect(run.status == 7 << 1 | 1)
    if getenv("UPDATE_GOLDEN") != nil {
      try Self.record(Self.lines(run.output).joined(separator: "\n"))
    }
    #expect(
      Self.settledLines(run.output) == Self.settledLines(try Self.text("ringlet/transcript.txt")))
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

  @Test func floppyNeedsABIOS() throws {
    let machine = try Self.machine(image: Self.contents(Self.bytes("built/ringlet.img")))
    let (_, stop) = Self.run(machine)
    #expect(stop.map { "\($0)".contains("INT 13h") } == true)
  }

  @Test(.enabled(if: QEMU.path != nil, "qemu-system-i386 is not installed"))
  func bootFloppyStartsTheKernel() throws {
    let run = try QEMU.run("ringlet", fromFloppy: true, typing: "echo from a floppy\\rexit 2\\r")
    #expect(run.status == 2 << 1 | 1)
    #expect(Self.lines(run.output).contains("from a floppy"))
  }
}

extension RingletTests {
  static func machine(guest: String = "ringlet", profile: String = "i686") throws -> Machine {
    try machine(image: contents(bytes("built/\(guest).elf")), profile: profile)
  }

  static func machine(mode: Mode, lab: Profile? = nil) throws -> Machine {
    var configuration = Machine.Configuration()
    configuration.mode = mode
    configuration.labProfile = lab
    return try Machine(
      configuration, guest: Guest(image: contents(bytes("built/ringlet.elf"))))
  }

  static func machine(image: FileContents, profile: String = "i686") throws -> Machine {
    var configuration = Machine.Configuration()
    configuration.profile = try #require(Profile.all.first { $0.name == profile })
    return try Machine(configuration, guest: Guest(image: image))
  }

  /// The image's bytes as a file, opened; its name is gone already.
  static func contents(_ bytes: [UInt8]) throws -> FileContents {
    let path = try temporaryFile(bytes)
    defer { unlink(path) }
    return try FileContents(path: path)
  }

  /// The name of a new file with these bytes.
  static func temporaryFile(_ bytes: [UInt8]) throws -> String {
    var name = Array("/tmp/ringside-test-XXXXXX".utf8CString)
    let descriptor = mkstemp(&name)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    try #require(count == bytes.count)
    return String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
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

/// Another machine for our guests, if it is installed.
enum QEMU {
  static let path: String? = (getenv("PATH").map { String(cString: $0) } ?? "")
    .split(separator: ":").map { $0 + "/qemu-system-i386" }
    .first { access($0, X_OK) == 0 }

  /// Runs a built guest. The text is typed at once; `\r` and the like are written as in printf.
  static func run(
    _ guest: String, fromFloppy: Bool = false, typing text: String
  ) throws -> Program {
    let library = try #require(GuestLibrary(program: CommandLine.arguments[0]))
    let start =
      fromFloppy
      ? "-drive file=\(library.folder)/\(guest).img,format=raw,if=floppy,readonly=on"
      : "-kernel \(library.folder)/\(guest).elf"
    let command = """
      printf %b "$1" | exec timeout 60 "$2" \(start) -m 64 -serial stdio -display none \
      -monitor none -no-reboot -device isa-debug-exit,iobase=0xf4
      """
    return try Program(at: "/bin/sh", ["-c", command, "sh", text, try #require(path)])
  }
}
