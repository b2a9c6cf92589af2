import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// `--record`, `replay`, `--save-snapshot` and `--snapshot` from outside.
@Suite struct ReplayTests {
  /// Runs `body` in a folder of its own, which is gone afterwards.
  static func withFolder(_ body: (String) throws -> Void) throws {
    var name = Array("/tmp/ringside-test-XXXXXX".utf8CString)
    try #require(mkdtemp(&name) != nil)
    let folder = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { _ = try? Program(at: "/bin/rm", ["-r", folder]) }
    try body(folder)
  }

  static func digest(_ run: Program) -> Substring? {
    run.errors.split(separator: "\n").first { $0.hasPrefix("digest:") }
  }

  @Test func aRecordedRunComesToTheSameEnd() throws {
    try Self.withFolder { folder in
      let file = folder + "/run"
      let run = try Program([
        "run", "ringlet", "--send", "\\$ $=ls\\r", "--keys", "\\$ $=rings\\n",
        "--send", "\\$ $=divide\\r", "--until", "#DE", "--memory", "32", "--record", file,
        "--stats", "text",
      ])
      #expect(run.status == 0, "\(run.errors)")
      for length in ["1", "32"] {
        let replay = try Program(["replay", file, "--stats", "text", "--block-length", length])
        #expect(replay.status == 0, "\(replay.errors)")
        #expect(replay.output == run.output)
        #expect(Self.digest(replay) != nil && Self.digest(replay) == Self.digest(run))
      }
      let part = try Program([
        "replay", file, "--until-instruction", "123456", "--stats", "json", "--serial", "none",
      ])
      #expect(part.status == 0 && part.output.isEmpty)
      #expect(part.errors.contains("\"instructions\": 123456,"))
    }
  }

  /// Not only the same end: the same events, entry by entry.
  @Test(arguments: [
    ["--mode", "emulation"], ["--mode", "full:trap", "--lab-cpu", "virtualizable"],
  ])
  func aReplayHasTheSameLedger(mode: [String]) throws {
    try Self.withFolder { folder in
      let run = try Program(
        [
          "run", "ringlet", "--send", "\\$ $=divide\\r", "--until", "#DE", "--record",
          folder + "/run", "--ledger", folder + "/first",
        ] + mode)
      #expect(run.status == 0, "\(run.errors)")
      let replay = try Program(["replay", folder + "/run", "--ledger", folder + "/second"])
      #expect(replay.status == 0, "\(replay.errors)")
      let same = try Program(at: "/usr/bin/cmp", [folder + "/first", folder + "/second"])
      #expect(same.status == 0, "\(same.output)")
      let lines = try Program(at: "/usr/bin/wc", ["-l", folder + "/first"]).output
      #expect(lines.split(separator: " ").first.flatMap { Int($0) } ?? 0 > 100)
    }
  }

  @Test func aGuestsOwnEndIsRepeated() throws {
    try Self.withFolder { folder in
      let file = folder + "/run"
      #expect(try Program(["run", "crash", "--record", file]).status == 70)
      let replay = try Program(["replay", file, "--stats", "json"])
      #expect(replay.status == 0 && replay.errors.contains("\"stop\": \"triple-fault\""))
    }
  }

  @Test func aChangedOrMissingImageIsRefused() throws {
    try Self.withFolder { folder in
      let (image, file) = (folder + "/hello.elf", folder + "/run")
      _ = try Program(at: "/bin/cp", ["images/built/hello.elf", image])
      #expect(try Program(["run", image, "--record", file]).status == 0)
      #expect(try Program(["replay", file]).status == 0)
      _ = try Program(at: "/bin/sh", ["-c", "printf x >> \(image)"])
      let changed = try Program(["replay", file])
      #expect(changed.status == 64 && changed.errors.contains("has changed since"))
      unlink(image)
      let missing = try Program(["replay", file])
      #expect(missing.status == 64 && missing.errors.contains(image))
      for run in [changed, missing] {
        #expect(run.errors.split(separator: "\n").count == 1 && run.output.isEmpty)
      }
    }
  }

  @Test func aSnapshotGoesOnAndItsRunCanBeRecorded() throws {
    try Self.withFolder { folder in
      let (snapshot, file) = (folder + "/snapshot", folder + "/run")
      let first = try Program([
        "run", "ringlet", "--cpu", "486", "--until", "shell ready", "--save-snapshot", snapshot,
        "--stats", "text",
      ])
      #expect(first.status == 0, "\(first.errors)")
      let still = try Program([
        "run", "--snapshot", snapshot, "--max-instructions", "1", "--stats", "text",
      ])
      #expect(Self.digest(still) == Self.digest(first))
      let second = try Program([
        "run", "--snapshot", snapshot, "--send", "help=exit 5\\r", "--record", file,
        "--stats", "text",
      ])
      #expect(second.status == 5, "\(second.errors)")
      #expect(!second.output.contains("paging on"))
      let replay = try Program(["replay", file, "--stats", "text"])
      #expect(replay.status == 0 && Self.digest(replay) == Self.digest(second))
    }
  }

  @Test(arguments: [
    ["replay"], ["replay", "/nonexistent"], ["replay", "/etc/passwd"],
    ["replay", "/dev/null"], ["run", "--snapshot", "/nonexistent"],
    ["run", "hello", "--snapshot", "/etc/passwd"], ["run", "--snapshot", "/etc/passwd"],
  ]) func mistakesAreOneSentenceAndStatus64(arguments: [String]) throws {
    let run = try Program(arguments)
    #expect(run.status == 64)
    #expect(run.errors.hasPrefix("ringside: ") && run.errors.split(separator: "\n").count == 1)
  }

  @Test func aDiskThatIsWrittenToCannotBeRecorded() throws {
    try Self.withFolder { folder in
      _ = try Program(at: "/bin/sh", ["-c", "head -c 8192 /dev/zero > \(folder)/disk"])
      for option in ["--record", "--save-snapshot"] {
        let run = try Program([
          "run", "hello", "--disk", folder + "/disk", "--write", option, folder + "/x",
        ])
        #expect(run.status == 64 && run.errors.contains("--write"))
      }
    }
  }
}

extension LinuxTests {
  @Test func aRecordedRunToTheShellComesToTheSameDigest() throws {
    try ReplayTests.withFolder { folder in
      let file = folder + "/linux"
      let run = try Program(
        Self.arguments("ttyS0") + [
          "--send", "/ # =date; echo $((6 * 7))-done\\n", "--until", "42-done", "--record", file,
          "--stats", "text", "--max-instructions", "12000000000",
        ])
      #expect(run.status == 0, "\(run.errors)")
      let replay = try Program(["replay", file, "--stats", "text"])
      #expect(replay.status == 0, "\(replay.errors)")
      #expect(replay.output == run.output)
      #expect(ReplayTests.digest(replay) != nil)
      #expect(ReplayTests.digest(replay) == ReplayTests.digest(run))
    }
  }
}
