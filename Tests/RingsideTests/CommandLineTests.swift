import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// `ringside run` from outside: output, errors and exit status.
@Suite struct CommandLineTests {
  @Test func helloPrintsAndEndsWithSuccess() throws {
    let run = try Program(["run", "hello"])
    #expect(run.status == 0 && run.errors.isEmpty)
    #expect(run.output == "Hello from ring 0\n")
  }

  @Test func realModeGuestPrints() throws {
    let run = try Program(["run", "toyboot", "--screen-dump", "-"])
    #expect(run.status == 0)
    #expect(run.output.components(of: "Hello from real mode") == 2)
  }

  @Test func tripleFaultEndsWithItsEvents() throws {
    let run = try Program(["run", "crash"])
    #expect(run.status == 70)
    #expect(run.errors.hasPrefix("ringside: triple fault"))
    #expect(run.errors.contains("Double fault"))
  }

  @Test func demoAnswersItsCommands() throws {
    let run = try Program([
      "run", "demo", "--send", "\\$ $=fault\\n", "--send", "\\$ $=exit 7\\n", "--timeout", "60",
    ])
    #expect(run.status == 7)
    #expect(run.output.contains("shell ready") && run.output.contains("exit 7"))
  }

  @Test func demoTakesTheKeyboard() throws {
    let run = try Program(["run", "demo", "--keys", "\\$ $=exit 9\\n", "--timeout", "60"])
    #expect(run.status == 9)
  }

  @Test func untilEndsWithSuccess() throws {
    #expect(try Program(["run", "demo", "--until", "shell ready"]).status == 0)
  }

  @Test func limitsEndWith75() throws {
    let counted = try Program(["run", "demo", "--max-instructions", "1000", "--stats", "json"])
    #expect(counted.status == 75)
    #expect(counted.errors.contains("\"instructions\": 1000,"))
    #expect(counted.errors.contains("\"stop\": \"instruction-limit\""))
    #expect(try Program(["run", "demo", "--timeout", "0.2"]).status == 75)
  }

  /// mov al, FEh; out 64h, al: the keyboard controller pulls the reset line, again and again.
  @Test func aGuestThatResetsInACircleReachesTheTimeLimit() throws {
    let run = try TemporaryFile([0xB0, 0xFE, 0xE6, 0x64, 0xEB, 0xFE]).use { path in
      try Program(["run", path, "--timeout", "0.5", "--stats", "text"])
    }
    #expect(run.status == 75)
    #expect(run.errors.contains("reset"))
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP, SIGQUIT])
  func aSignalEndsARunWithItsReport(signal: Int32) throws {
    // cli; jmp $
    let run = try TemporaryFile([0xFA, 0xEB, 0xFE]).use { path in
      try Program(
        at: "/usr/bin/timeout",
        ["--preserve-status", "-s", "\(signal)", "2", try Program.path, "run", path]
          + ["--stats", "json"])
    }
    #expect(run.status == 128 + signal)
    #expect(run.errors.contains("\"stop\": \"interrupted\""))
  }

  /// mov dx, 3F8h; l: mov al, 'x'; out dx, al; jmp l
  @Test func aSignalEndsARunWhoseOutputNobodyTakes() throws {
    let guest: [UInt8] = [0xBA, 0xF8, 3, 0, 0, 0xB0, 0x78, 0xEE, 0xEB, 0xFB]
    let run = try TemporaryFile(guest).use { path in
      let command = "timeout --preserve-status -k 60 2 \(try Program.path) run \(path)"
      return try Program(at: "/bin/sh", ["-c", "{ \(command); echo $? >&2; } | sleep 4"])
    }
    #expect(run.errors == "143\n")
  }

  @Test func runsAreRepeatedExactlyAndBlockLengthsDoNotMatter() throws {
    var digests: Set<String> = []
    for length in ["1", "7", "64", "64"] {
      let run = try Program([
        "run", "demo", "--send", "\\$ $=fault\\n", "--send", "\\$ $=rings\\n",
        "--max-instructions", "1500000", "--block-length", length, "--stats", "json",
      ])
      #expect(run.status == 75)
      let digest = run.errors.firstRange(of: "digest").map { String(run.errors[$0.lowerBound...]) }
      digests.insert(try #require(digest))
    }
    #expect(digests.count == 1)
  }

  @Test(arguments: [
    ["run"], ["run", "/nonexistent"], ["run", "/tmp"], ["run", "/dev/null"],
    ["run", "hello", "--memory", "0"], ["run", "hello", "--memory", "5000"],
    ["run", "hello", "--memory", "many"], ["run", "hello", "--mode", "warp"],
    ["run", "hello", "--mode", "para"], ["run", "hello", "--cpu", "z80"],
    ["run", "hello", "--initrd", "/nonexistent"], ["run", "hello", "--send", "x"],
    ["run", "hello", "--until", "("], ["run", "hello", "--stats", "xml"],
    ["run", "hello", "--nonsense"], ["run", "hello", "--timeout", "-1"],
    ["run", "hello", "--bios", "/nonexistent"], ["run", "hello", "--memory", "-1"],
    ["run", "hello", "--post-port", "70000"], ["run", "hello", "--serial", "/nonexistent/x"],
    ["run", "toyboot", "--append", "x"], ["hello"], ["/nonexistent"],
    ["run", "hello", "--cdrom", "/nonexistent"], ["run", "hello", "--cdrom", "/tmp"],
    ["run", "hello", "--boot", "e"], ["run", "hello", "--serial2", "stdio"],
    ["run", "hello", "--write", "--cdrom", "images/built/toyboot.bin"],
    ["run", "hello"] + (0..<5).flatMap { _ in ["--cdrom", "images/built/toyboot.bin"] },
    ["run", "hello", "--disk", "images/built/toyboot.bin", "--serial", "images/built/toyboot.bin"],
    ["run", "images/built/hello.elf", "--debug-port", "images/built/hello.elf"],
    ["run", "hello", "--serial", "/tmp/ringside-test-out", "--serial2", "/tmp/ringside-test-out"],
  ]) func mistakesAreOneSentenceAndStatus64(arguments: [String]) throws {
    let run = try Program(arguments)
    #expect(run.status == 64)
    #expect(run.output.isEmpty)
    #expect(run.errors.hasPrefix("ringside: ") && run.errors.components(of: "\n") == 1)
  }
}

/// Files that are named twice: at most one may write, and nothing is lost by trying.
@Suite struct SharedFileTests {
  private static let bytes = [UInt8](repeating: 0x5A, count: 4096)

  /// Runs the program with the path of such a file in place of each `FILE`, and of a hard link to it
  /// in place of each `LINK`.
  private func run(_ arguments: [String]) throws -> Program {
    let path = "/tmp/ringside-test-shared-\(getpid())-\(arguments.joined(separator: "").hashValue)"
    let file = try #require(fopen(path, "w"))
    fwrite(Self.bytes, 1, Self.bytes.count, file)
    fclose(file)
    try #require(link(path, path + "-link") == 0)
    defer {
      unlink(path)
      unlink(path + "-link")
    }
    let names = ["FILE": path, "LINK": path + "-link"]
    let result = try Program(arguments.map { names[$0] ?? $0 })
    var after = [UInt8](repeating: 0, count: 8192)
    let again = try #require(fopen(path, "r"))
    let count = fread(&after, 1, after.count, again)
    fclose(again)
    #expect(after.prefix(count) == Self.bytes[...])
    return result
  }

  @Test(arguments: [
    ["run", "hello", "--write", "--disk", "FILE", "--disk", "FILE"],
    ["run", "hello", "--write", "--disk", "FILE", "--disk", "LINK"],
    ["run", "hello", "--write", "--disk", "FILE", "--floppy", "FILE"],
    ["run", "hello", "--write", "--disk", "FILE", "--cdrom", "LINK"],
    ["run", "hello", "--write", "--disk", "FILE", "--initrd", "FILE"],
    ["run", "FILE", "--write", "--disk", "FILE"],
    ["run", "hello", "--disk", "FILE", "--serial", "LINK"],
    ["run", "hello", "--cdrom", "FILE", "--debug-port", "FILE"],
    ["run", "hello", "--floppy", "FILE", "--screen-dump", "FILE"],
    ["run", "hello", "--disk", "FILE", "--serial2", "FILE"],
    ["run", "hello", "--floppy", "FILE", "--write", "--serial", "FILE"],
  ])
  func aSecondUseIsRefused(arguments: [String]) throws {
    let run = try run(arguments)
    #expect(run.status == 64 && run.output.isEmpty)
    #expect(run.errors.contains("in use") && run.errors.split(separator: "\n").count == 1)
  }

  @Test func readersShare() throws {
    let run = try run([
      "run", "hello", "--disk", "FILE", "--disk", "LINK", "--floppy", "FILE", "--cdrom", "FILE",
    ])
    #expect(run.status == 0 && run.errors.isEmpty)
  }
}

extension String {
  /// How often `text` occurs.
  fileprivate func components(of text: String) -> Int { ranges(of: text).count }
}
