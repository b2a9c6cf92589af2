import Machine
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Our guests on machines that others have made, where these are installed: they must print there
/// what they print on ours.
@Suite struct OtherMachineTests {
  static let session = RingletTests.session.joined(separator: "\\r") + "\\r"

  @Test(QEMU.condition) func transcriptEqualsThatOfQEMU() throws {
    let run = try QEMU.run("ringlet", typing: Self.session)
    #expect(run.status == 7 << 1 | 1)
    if getenv("UPDATE_GOLDEN") != nil {
      try RingletTests.record(RingletTests.lines(run.output).joined(separator: "\n"))
    }
    #expect(
      RingletTests.settledLines(run.output)
        == RingletTests.settledLines(try RingletTests.text("ringlet/transcript.txt")))
  }

  @Test(QEMU.condition) func bootFloppyStartsTheKernel() throws {
    let run = try QEMU.run("ringlet", fromFloppy: true, typing: "echo from a floppy\\rexit 2\\r")
    #expect(run.status == 2 << 1 | 1)
    #expect(RingletTests.lines(run.output).contains("from a floppy"))
  }

  @Test(Bochs.condition) func transcriptEqualsThatOfBochs() throws {
    let run = try Bochs.run("ringlet", typing: Self.session, until: "exit 7")
    #expect(run.status == 0, "\(run.errors)")
    // The newline behind the last command may not have come any more.
    let expected = RingletTests.settledLines(try RingletTests.text("ringlet/transcript.txt"))
      .dropLast { $0.isEmpty }
    #expect(RingletTests.settledLines(run.output).dropLast { $0.isEmpty } == expected)
  }

  @Test(Bochs.condition) func privilegeReportEqualsThatOfBochs() throws {
    // Its last line is the checksum of the others.
    let expected = RingletTests.lines(try RingletTests.text("ring1/expected.txt")).dropLast()
    let run = try Bochs.run("ring1", until: String(try #require(expected.last)))
    #expect(run.status == 0, "\(run.errors)")
    #expect(RingletTests.lines(run.output).prefix(expected.count) == expected)
  }

  @Test(Bochs.condition) func filesStayOnADriveOfBochs() throws {
    let drive = try TemporaryFile(RingletTests.bytes("built/ringlet.disk"))
    try drive.use { path in
      let first = try Bochs.run(
        "ringlet", disk: path, typing: "echo kept > note\\recho done\\r", until: "\ndone")
      #expect(first.status == 0 && first.output.contains("disk in a drive"), "\(first.errors)")
      let second = try Bochs.run(
        "ringlet", disk: path, typing: "cat note\\r", until: "\nkept")
      #expect(second.status == 0, "\(second.errors)")
    }
  }
}

extension [Substring] {
  /// Without the lines at the end that are of some kind.
  fileprivate func dropLast(while isDropped: (Substring) -> Bool) -> ArraySlice<Substring> {
    self[..<((lastIndex { !isDropped($0) } ?? -1) + 1)]
  }
}

/// QEMU, if it is installed.
enum QEMU {
  static let path = Program.find("qemu-system-i386")
  static let condition: ConditionTrait = .enabled(
    if: path != nil, "qemu-system-i386 is not installed")

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

/// Bochs, if it is installed; `Tests/bochs` runs it.
enum Bochs {
  static let isHere = Program.find("bochs") != nil && Program.find("python3") != nil
  static let condition: ConditionTrait = .enabled(if: isHere, "bochs or python3 is not installed")

  /// Runs a guest from its boot floppy until it has printed `text`.
  static func run(
    _ guest: String, disk: String? = nil, typing keys: String = "", until text: String
  ) throws -> Program {
    let library = try #require(GuestLibrary(program: CommandLine.arguments[0]))
    var words = [library.folder + "/../../Tests/bochs", guest, "--type", keys, "--until", text]
    if let disk { words += ["--disk", disk] }
    return try Program(at: words[0], Array(words.dropFirst()))
  }
}
