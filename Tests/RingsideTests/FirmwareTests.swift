import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A BIOS that others have made finds the devices and boots from them.
@Suite(.enabled(if: GuestFiles.hasSeaBIOS, "no SeaBIOS in guests/: make guests brings it"))
struct FirmwareTests {
  /// SeaBIOS wants a 486 at least.
  @Test(arguments: ["486", "pentium", "i686"])
  func seaBIOSBootsADisk(profile: String) throws {
    let run = try Program(
      GuestFiles.seaBIOS + [
        "--disk", "images/built/toyboot.bin",
        "--cpu", profile, "--debug-port", "stdio", "--screen-dump", "-", "--timeout", "100",
      ])
    #expect(run.status == 0)
    #expect(run.output.contains("ata0-0: Ringside disk ATA-4 Hard-Disk"))
    #expect(run.output.contains("Booting from Hard Disk..."))
    // Once over the serial line, once on the screen.
    #expect(run.output.ranges(of: "Hello from real mode").count == 2)
  }

  @Test func seaBIOSBootsAFloppy() throws {
    let run = try Program(
      GuestFiles.seaBIOS + [
        "--floppy", "images/built/toyboot.bin",
        "--debug-port", "stdio", "--screen-dump", "-", "--timeout", "100",
      ])
    #expect(run.status == 0)
    #expect(run.output.contains("Booting from Floppy..."))
    #expect(run.output.ranges(of: "Hello from real mode").count == 2)
  }

  @Test func seaBIOSBootsRinglet() throws {
    let run = try Program(
      GuestFiles.seaBIOS + [
        "--floppy", "images/built/ringlet.img", "--send", "\\$ $=getpid\\n", "--send",
        "\\$ $=exit 5\\n", "--timeout", "100",
      ])
    #expect(run.status == 5)
    #expect(run.output.contains("1000 system calls"))
  }

  /// What is in the CD-ROM drive is no bootable disc, and SeaBIOS says so before it goes on.
  @Test(arguments: [("a", "Floppy"), ("c", "Hard Disk"), ("d", "DVD/CD")])
  func theBootOptionChooses(drive: String, name: String) throws {
    let run = try Program(
      GuestFiles.seaBIOS + [
        "--floppy", "images/built/toyboot.bin",
        "--disk", "images/built/toyboot.bin", "--cdrom", "images/built/toyboot.bin", "--boot",
        drive,
        "--debug-port", "stdio", "--until", "Could not read from CDROM", "--timeout", "100",
      ])
    #expect(run.status == 0)
    #expect(run.output.contains("DVD/CD [ata1-0: Ringside CD-ROM ATAPI-4 DVD/CD]"))
    #expect(run.output.ranges(of: "Booting from ").count == 2)
    #expect(run.output.contains("Booting from \(name)..."))
  }

  /// What a BIOS has called from the keyboard's interrupt, timer and clock to disk services.
  @Test(
    .enabled(if: GuestFiles.hasBochsBIOS, "no Bochs BIOS in guests/: make guests brings it"),
    arguments: ["--floppy", "--disk"])
  func bochsBIOSBoots(drive: String) throws {
    let run = try Program(
      GuestFiles.bochsBIOS + [
        drive, "images/built/toyboot.bin", "--screen-dump", "-", "--timeout", "100",
      ])
    #expect(run.status == 0)
    #expect(
      run.output.contains(
        drive == "--disk" ? "Booting from Hard Disk..." : "Booting from Floppy..."))
    #expect(run.output.ranges(of: "Hello from real mode").count == 2)
  }

  /// A boot sector that asks the video BIOS for a mode and writes a Z at the end of the screen.
  private func screen(_ firmware: [String], mode: [UInt8], row: UInt8, column: UInt8) throws
    -> [Substring]
  {
    // Function 02h puts the cursor there, 09h writes the character without moving it.
    let code: [UInt8] =
      mode + [0xB4, 0x02, 0xB7, 0x00, 0xB6, row, 0xB2, column, 0xCD, 0x10]
      + [0xB4, 0x09, 0xB0, 0x5A, 0xB3, 0x07, 0xB9, 0x01, 0x00, 0xCD, 0x10, 0xFA, 0xF4]
    let sector = code + [UInt8](repeating: 0, count: 510 - code.count) + [0x55, 0xAA]
    let path = "/tmp/ringside-test-mode-\(getpid())-\(row)-\(firmware[2].count)"
    let file = try #require(fopen(path, "w"))
    fwrite(sector, 1, sector.count, file)
    fclose(file)
    defer { unlink(path) }
    let run = try Program(
      firmware + ["--floppy", path, "--screen-dump", "-", "--serial", "none", "--timeout", "100"])
    #expect(run.status == 0)
    return run.output.split(separator: "\n", omittingEmptySubsequences: false)
  }

  @Test(
    .enabled(if: GuestFiles.hasBochsBIOS, "no Bochs BIOS in guests/: make guests brings it"),
    arguments: [GuestFiles.seaBIOS, GuestFiles.bochsBIOS])
  func videoBIOSesSetTheirModes(firmware: [String]) throws {
    // Mode 3 with the 8 by 8 font (1112h), 80 by 50; mode 1, 40 by 25.
    let small: [UInt8] = [0xB8, 3, 0, 0xCD, 0x10, 0xB8, 0x12, 0x11, 0xB3, 0, 0xCD, 0x10]
    let fifty = try screen(firmware, mode: small, row: 49, column: 79)
    #expect(fifty.count == 51 && fifty[49].hasSuffix("Z") && fifty[49].count == 80)
    let forty = try screen(firmware, mode: [0xB8, 1, 0, 0xCD, 0x10], row: 24, column: 39)
    #expect(forty.count == 26 && forty[24].hasSuffix("Z") && forty[24].count == 40)
  }
}
