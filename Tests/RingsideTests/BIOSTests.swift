import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Our own BIOS, which is there as soon as a machine has a drive and no image.
struct BIOSTests {
  @Test(arguments: ["386", "486", "i686"], ["--floppy", "--disk"])
  func bootsWithoutBeingAskedFor(profile: String, drive: String) throws {
    let run = try Program([
      "run", drive, "images/built/toyboot.bin", "--cpu", profile, "--screen-dump", "-",
      "--max-instructions", "100000000",
    ])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("65536 KiB of memory, good"))
    // Once over the serial line, once on the screen.
    #expect(run.output.ranges(of: "Hello from real mode").count == 2)
  }

  @Test(arguments: [("a", "drive A"), ("c", "disk 0")])
  func theBootOptionChooses(drive: String, name: String) throws {
    let run = try Program([
      "run", "--floppy", "images/built/toyboot.bin", "--disk", "images/built/toyboot.bin", "--boot",
      drive, "--screen-dump", "-", "--max-instructions", "100000000",
    ])
    #expect(run.status == 0)
    #expect(run.output.contains("Booting from \(name)"))
  }

  /// The BIOS says it on a screen that nobody sees in a run without one.
  @Test func aRunInWhichNothingBootsSaysSo() throws {
    let run = try Program(["run", "--disk", "images/built/vga.rom", "--timeout", "2"])
    #expect(run.status == 75)
    #expect(run.errors.ranges(of: "found nothing to boot").count == 1)
  }

  @Test func saysThatNothingBoots() throws {
    let run = try Program([
      "run", "--disk", "images/built/vga.rom", "--cdrom", "images/built/vga.rom", "--until",
      "Any key tries again", "--screen-dump", "-", "--max-instructions", "100000000",
    ])
    #expect(run.status == 0)
    #expect(run.output.contains("Disk 0: nothing that boots"))
    #expect(run.output.contains("CD: nothing that boots"))
  }

  @Test func aROMsBytesAddUpToZero() throws {
    let sum = try RingletTests.bytes("built/vga.rom").reduce(UInt8(0), &+)
    #expect(sum == 0)
  }

  /// The other BIOS, with our video ROM: each is replaced by its own option.
  @Test(.enabled(if: access("guests/bochs.bin", R_OK) == 0, "no bochs.bin: make guests brings it"))
  func anotherBIOSTakesOurVideoROM() throws {
    let run = try Program([
      "run", "--bios", "guests/bochs.bin", "--floppy", "images/built/toyboot.bin", "--boot", "a",
      "--screen-dump", "-", "--max-instructions", "1000000000",
    ])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.ranges(of: "Hello from real mode").count == 2)
  }

  // MARK: Systems that others have made

  private static let hasGRUB =
    access("guests/grub-floppy.img", R_OK) == 0
    && access("guests/grub-cdrom.iso", R_OK) == 0

  @Test(.enabled(if: hasGRUB, "no GRUB in guests/: make guests brings it"))
  func theMenuOfGRUBObeysTheKeys() throws {
    let run = try Program([
      "run", "--floppy", "guests/grub-floppy.img", "--keys", "\\*GNU/Linux=c", "--keys",
      "grub>=echo typed on $grub_platform\\n", "--until", "^typed on pc", "--screen-dump", "-",
      "--max-instructions", "3000000000",
    ])
    #expect(run.status == 0, "\(run.output)")
  }

  @Test(.enabled(if: hasGRUB, "no GRUB in guests/: make guests brings it"))
  func grubBootsFromACD() throws {
    let run = try Program([
      "run", "--cdrom", "guests/grub-cdrom.iso", "--until", "\\*GNU/Linux", "--screen-dump", "-",
      "--max-instructions", "3000000000",
    ])
    #expect(run.status == 0, "\(run.output)")
  }

  @Test(.enabled(if: access("guests/linux.img", R_OK) == 0, "no linux.img: make guests makes it"))
  func linuxStartsFromADiskThroughGRUB() throws {
    let run = try Program([
      "run", "--disk", "guests/linux.img", "--keys", "\\*Linux on the serial=\\n", "--send",
      "/ # =echo product: $((6 * 7)) $(uname -m)\\n", "--until", "product: 42 i686",
      "--max-instructions", "12000000000",
    ])
    #expect(run.status == 0, "\(run.errors)")
  }
}

/// The probes' floppy disk calls every service of a BIOS and tells what came of it.
struct BIOSProbeTests {
  /// What the probes tell, here and with our BIOS wherever it runs.
  private static func expected() throws -> [Substring] {
    lines(String(decoding: try RingletTests.bytes("probes/expected.txt"), as: UTF8.self))
  }

  private static func lines(_ text: String) -> [Substring] {
    text.split(whereSeparator: \.isNewline)
  }

  /// Without what may differ from BIOS to BIOS.
  private static func settled(_ lines: [Substring]) -> [Substring] {
    lines.filter { !$0.hasPrefix("~") }
  }

  /// An empty disk of 8 MiB.
  private static func withDisk(_ body: (String) throws -> Program) throws -> Program {
    try TemporaryFile([UInt8](repeating: 0, count: 8 << 20)).use(body)
  }

  @Test(arguments: ["386", "pentium", "i686"])
  func transcriptIsTheExpectedOne(profile: String) throws {
    let run = try Self.withDisk { disk in
      try Program([
        "run", "--floppy", "images/built/probes.img", "--disk", disk, "--cpu", profile,
        "--max-instructions", "2000000000",
      ])
    }
    #expect(run.status == 0, "\(run.errors)")
    #expect(try Self.lines(run.output) == Self.expected())
  }

  /// QEMU's machine with SeaBIOS says the same, but for the lines marked ~; with our BIOS, all of
  /// it. It has a local interrupt controller that our BIOS would have to open: it goes without.
  @Test(
    .enabled(if: QEMU.path != nil, "qemu-system-i386 is not installed"), arguments: [false, true])
  func transcriptEqualsThatOfQEMU(ownBIOS: Bool) throws {
    let options =
      ownBIOS
      ? "-bios $rom -cpu qemu32,-apic" : "-boot a"
    let command = """
      set -e; rom=$(mktemp); trap 'rm -f $rom' EXIT
      { cat images/built/vga.rom; head -c 49152 /dev/zero; cat images/built/bios.rom; } >$rom
      timeout 100 "$1" \(options) -m 64 -serial stdio -display none -monitor none -nic none \
      -snapshot -drive file=images/built/probes.img,format=raw,if=floppy \
      -drive file="$2",format=raw,if=ide -device isa-debug-exit,iobase=0xf4 </dev/null
      """
    let path = try #require(QEMU.path)
    let run = try Self.withDisk { disk in
      try Program(at: "/bin/sh", ["-c", command, "sh", path, disk])
    }
    #expect(run.status == 1, "\(run.errors)")
    let (told, expected) = (Self.lines(run.output), try Self.expected())
    #expect(ownBIOS ? told == expected : Self.settled(told) == Self.settled(expected))
  }

  /// A machine that others have made, with nothing but our ROMs in it.
  @Test(
    .enabled(
      if: access("/usr/bin/bochs", X_OK) == 0
        && access("/usr/lib/x86_64-linux-gnu/bochs/plugins/libbx_rfb_gui.so", R_OK) == 0,
      "bochs is not installed"))
  func ourROMsStartBochs() throws {
    let command = """
      folder=$(mktemp -d); trap 'rm -r $folder' EXIT
      cp images/built/toyboot.bin $folder/floppy; truncate -s 1440K $folder/floppy
      cat >$folder/options <<END
      romimage: file=images/built/bios.rom
      vgaromimage: file=images/built/vga.rom
      floppya: 1_44=$folder/floppy, status=inserted
      boot: floppy
      display_library: rfb, options="timeout=0"
      cpu: model=p2_klamath
      com1: enabled=1, mode=file, dev=$folder/com1
      plugin_ctrl: speaker=0
      log: $folder/log
      END
      echo c >$folder/commands
      timeout 100 bochs -q -f $folder/options -rc $folder/commands >/dev/null 2>&1 </dev/null &
      for try in $(seq 900); do
        grep -qs 'real mode' $folder/com1 && break
        kill -0 $! 2>/dev/null || break
        sleep 0.1
      done
      kill $! 2>/dev/null; wait
      cat $folder/com1
      """
    let run = try Program(at: "/bin/sh", ["-c", command])
    #expect(run.output.contains("Hello from real mode"), "\(run.errors)")
  }
}
