import Machine
import Testing
import X86

/// Debian's kernel and BusyBox, where `make guests` has brought them.
@Suite(.enabled(if: GuestFiles.hasLinux, "no Linux in guests/: make guests brings it"))
struct LinuxTests {
  /// The kernel's tests of its ciphers are left out: they are two thirds of its boot.
  static func arguments(_ console: String, kernel: String = "vmlinuz") -> [String] {
    [
      "run", GuestFiles.path(kernel), "--initrd", GuestFiles.path("initramfs.gz"), "--append",
      "console=\(console) quiet cryptomgr.notests",
    ]
  }

  @Test func shellAnswersOnTheSerialLine() throws {
    let run = try Program(
      Self.arguments("ttyS0") + [
        "--send", "/ # =echo product: $((6 * 7)); uname -m; cat /proc/cpuinfo\\n",
        "--until", "power management:", "--max-instructions", "12000000000",
      ])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("product: 42"))
    #expect(run.output.contains("i686"))
    #expect(run.output.contains("model name\t: Ringside i686"))
  }

  /// The same processor as far as it can see, and the same at every tick.
  @Test(arguments: ["hardware:nested", "hardware:shadow"])
  func asAGuestOfAMDVItSaysTheSame(mode: String) throws {
    let runs = try ["emulation", mode].map { mode in
      try Program(
        Self.arguments("ttyS0") + [
          "--mode", mode, "--send",
          "/ # =uname -a; cat /proc/cpuinfo /proc/interrupts; dmesg; echo $((6 * 7))--\\n",
          "--until", "\n42--", "--max-instructions", "12000000000",
        ])
    }
    #expect(runs[1].status == 0, "\(runs[1].errors)")
    #expect(runs[0].output.contains("model name\t: Ringside i686"))
    #expect(runs[0].output == runs[1].output)
  }

  @Test func shellAnswersOnTheTextScreen() throws {
    let run = try Program(
      Self.arguments("tty0") + [
        "--keys", "/ #=echo $((6 * 7))--$(uname -m)\\n", "--until", "42--i686",
        "--screen-dump", "-", "--serial", "none", "--max-instructions", "12000000000",
      ])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("42--i686"))
  }

  /// The kernel is executed in translated form, its patching of itself included.
  @Test func theKernelRunsInRing1InTranslatedForm() throws {
    let session =
      Self.arguments("ttyS0") + [
        "--stats", "json", "--send",
        "/ # =echo product: $((6 * 7)); uname -m; cat /proc/cpuinfo\\n",
        "--until", "power management:", "--max-instructions", "12000000000", "--mode",
      ]
    let run = try Program(session + ["full:translate"])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("product: 42"))
    #expect(run.output.contains("i686"))
    let bare = try Program(session + ["emulation"])
    #expect(run.output == bare.output)
    let digest = /"digest": "[0-9a-f]{16}"/
    #expect(run.errors.firstMatch(of: digest)?.0 == bare.errors.firstMatch(of: digest)?.0)
    let counters = run.errors.matches(of: /"([a-z_]+)": ([0-9]+)/).reduce(into: [:]) {
      $0[$1.1] = UInt64($1.2)
    }
    let translated = try #require(counters["direct"]) + #require(counters["translated"])
    let others = try #require(counters["emulated"]) + #require(counters["interpreted"])
    #expect(translated > 2_000_000_000)
    #expect(translated > 19 * others)
  }

  /// Three levels of page tables, pages that cannot be executed, SYSENTER.
  @Test(
    .enabled(if: GuestFiles.have("vmlinuz-pae"), "no vmlinuz-pae in guests/: make guests brings it")
  )
  func theKernelWithPAEUsesNXAndSEP() throws {
    let run = try Program(
      Self.arguments("ttyS0", kernel: "vmlinuz-pae") + [
        "--send", "/ # =uname -r; dmesg | grep -i nx; grep -o -w -E 'pae|nx|sep' /proc/cpuinfo\\n",
        "--send", "\nnx\r?\n/ # =echo all $((1 + 1))\\n", "--until", "all 2",
        "--max-instructions", "12000000000",
      ])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("-686-pae") && run.output.contains("protection: active"))
    #expect(run.output.contains("pae\r\nsep\r\nnx\r\n"))
  }

  /// A kernel that unpacks, patches and pages: it is taken back to anywhere, and goes on as before.
  @Test func everyPlaceInItsStartIsWhatItWas() throws {
    func machine() throws -> Machine {
      var guest = Guest(image: try FileContents(path: GuestFiles.path("vmlinuz")))
      guest.initrd = try FileContents(path: GuestFiles.path("initramfs.gz"))
      guest.commandLine = "console=ttyS0 quiet cryptomgr.notests"
      return try Machine(Machine.Configuration(), guest: guest)
    }
    let end: UInt64 = 500_000_000
    var generator = Xorshift64(seed: 1)
    let ticks = (0..<4).map { _ in generator.next() % end } + [end]
    let forward = try machine()
    var known: [UInt64: UInt64] = [:]
    for tick in ticks.sorted() {
      _ = forward.run(until: tick)
      known[tick] = forward.digest
    }
    let history = History(try machine())
    _ = history.run(until: end)
    for tick in ticks {
      #expect(history.go(to: .tick(tick)) == .arrived)
      #expect(history.machine.digest == known[tick], "tick \(tick)")
    }
    #expect(history.go(to: .latest) == .arrived)
    #expect(history.machine.digest == known[end])
    #expect(history.machine.cpu.log.count == forward.cpu.log.count)
  }

  /// Decompression, the kernel's patching of itself and its first milliseconds.
  @Test func lengthOfBlocksNeverShows() throws {
    let reports = try ["1", "7", "64"].map { length in
      try Program(
        Self.arguments("ttyS0") + [
          "--block-length", length, "--max-instructions", "2700000000", "--stats", "text",
        ])
    }
    let digests = reports.map { report in
      report.errors.split(separator: "\n").first { $0.hasPrefix("digest:") }
    }
    #expect(digests[0] != nil)
    #expect(Set(digests).count == 1, "\(digests)")
  }
}
