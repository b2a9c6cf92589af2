import Testing

/// Boot loaders and a memory test that others have made, on firmware that others have made.
@Suite(
  .enabled(
    if: GuestFiles.hasSeaBIOS && GuestFiles.hasGRUB,
    "no SeaBIOS and GRUB in guests/: make guests brings them"))
struct BootTests {
  /// The second entry is chosen, then the prompt is opened and answers.
  @Test func theMenuOfGRUBObeysTheKeys() throws {
    let run = try Program(
      GuestFiles.seaBIOS + [
        "--floppy", GuestFiles.path("grub-floppy.img"), "--keys", "\\*GNU/Linux=\\{down}", "--keys",
        "\\*GNU \\(aka=c", "--keys", "^grub>$=echo typed on $grub_platform\\n", "--until",
        "^typed on pc", "--screen-dump", "-", "--max-instructions", "3000000000",
      ])
    #expect(run.status == 0, "\(run.output)")
    #expect(run.output.contains("grub> echo typed on $grub_platform"))
  }

  /// El Torito: the firmware takes the CD's boot image, and GRUB reads the rest by packets.
  @Test(arguments: ["seabios", "bochs"])
  func grubBootsFromACD(firmware: String) throws {
    let options = firmware == "bochs" ? GuestFiles.bochsBIOS : GuestFiles.seaBIOS
    let run = try Program(
      options + [
        "--cdrom", GuestFiles.path("grub-cdrom.iso"), "--boot", "d", "--until", "\\*GNU/Linux",
        "--max-instructions", "3000000000", "--screen-dump", "-",
      ])
    #expect(run.status == 0, "\(run.output)")
    #expect(run.output.contains("GNU GRUB"))
  }

  /// The whole of memory by ten methods, on the slowest processor that has the time stamp counter.
  @Test(
    .enabled(if: GuestFiles.have("memtest.bin"), "no memtest.bin in guests/: make guests brings it")
  )
  func memtest86PassesWithoutErrors() throws {
    let run = try Program([
      "run", GuestFiles.path("memtest.bin"), "--cpu", "pentium", "--memory", "5", "--serial",
      "none",
      "--until", "Pass: +1 +Errors", "--screen-dump", "-", "--max-instructions", "25000000000",
    ])
    #expect(run.status == 0)
    #expect(run.output.contains("Pass:  1        Errors: 0"), "\(run.output)")
  }

  @Test(
    .enabled(if: GuestFiles.have("linux.img"), "no linux.img in guests/: make guests makes it"))
  func linuxStartsFromADiskThroughGRUB() throws {
    let run = try Program(
      GuestFiles.seaBIOS + [
        "--disk", GuestFiles.path("linux.img"), "--keys", "\\*Linux on the serial=\n", "--send",
        "/ # =echo product: $((6 * 7)) $(uname -m)\\n", "--until", "product: 42 i686",
        "--max-instructions", "12000000000", "--memory", "64",
      ])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("GNU GRUB"))
  }
}
