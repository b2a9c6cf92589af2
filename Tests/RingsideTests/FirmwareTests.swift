import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

private let seaBIOS = "/usr/share/seabios/bios.bin"
private let videoBIOS = "/usr/share/seabios/vgabios-stdvga.bin"
private let hasSeaBIOS = access(seaBIOS, R_OK) == 0 && access(videoBIOS, R_OK) == 0

/// A BIOS that others have made finds the devices and boots from them.
@Suite(.enabled(if: hasSeaBIOS, "needs SeaBIOS: Debian's packages seabios and vgabios"))
struct FirmwareTests {
  /// SeaBIOS wants a 486 at least.
  @Test(arguments: ["486", "pentium", "i686"])
  func seaBIOSBootsADisk(profile: String) throws {
    let run = try Program([
      "run", "--bios", seaBIOS, "--vgabios", videoBIOS, "--disk", "images/built/toyboot.bin",
      "--cpu", profile, "--debug-port", "stdio", "--screen-dump", "-", "--timeout", "100",
    ])
    #expect(run.status == 0)
    #expect(run.output.contains("ata0-0: Ringside disk ATA-4 Hard-Disk"))
    #expect(run.output.contains("Booting from Hard Disk..."))
    // Once over the serial line, once on the screen.
    #expect(run.output.ranges(of: "Hello from real mode").count == 2)
  }

  @Test func seaBIOSBootsAFloppy() throws {
    let run = try Program([
      "run", "--bios", seaBIOS, "--vgabios", videoBIOS, "--floppy", "images/built/toyboot.bin",
      "--debug-port", "stdio", "--screen-dump", "-", "--timeout", "100",
    ])
    #expect(run.status == 0)
    #expect(run.output.contains("Booting from Floppy..."))
    #expect(run.output.ranges(of: "Hello from real mode").count == 2)
  }

  /// What is in the CD-ROM drive is no bootable disc, and SeaBIOS says so before it goes on.
  @Test(arguments: [("a", "Floppy"), ("c", "Hard Disk"), ("d", "DVD/CD")])
  func theBootOptionChooses(drive: String, name: String) throws {
    let run = try Program([
      "run", "--bios", seaBIOS, "--vgabios", videoBIOS, "--floppy", "images/built/toyboot.bin",
      "--disk", "images/built/toyboot.bin", "--cdrom", "images/built/toyboot.bin", "--boot", drive,
      "--debug-port", "stdio", "--until", "Could not read from CDROM", "--timeout", "100",
    ])
    #expect(run.status == 0)
    #expect(run.output.contains("DVD/CD [ata1-0: Ringside CD-ROM ATAPI-4 DVD/CD]"))
    #expect(run.output.ranges(of: "Booting from ").count == 2)
    #expect(run.output.contains("Booting from \(name)..."))
  }
}
