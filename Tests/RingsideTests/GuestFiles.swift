#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What `make guests` brings: other people's systems, which the repository does not hold.
enum GuestFiles {
  static let folder =
    #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/guests"

  /// The path of a file in the folder.
  static func path(_ name: String) -> String { folder + "/" + name }

  /// Whether all of these are there.
  static func have(_ names: String...) -> Bool {
    names.allSatisfy { access(path($0), R_OK) == 0 }
  }

  static let hasLinux = have("vmlinuz", "initramfs.gz")
  static let hasSeaBIOS = have("seabios.bin", "seabios-vga.bin")
  static let hasBochsBIOS = have("bochs.bin", "bochs-vga.bin")
  static let hasGRUB = have("grub-floppy.img", "grub-cdrom.iso")

  /// The options for a BIOS and its video BIOS.
  static let seaBIOS = [
    "run", "--bios", path("seabios.bin"), "--vgabios", path("seabios-vga.bin"),
  ]
  static let bochsBIOS = ["run", "--bios", path("bochs.bin"), "--vgabios", path("bochs-vga.bin")]
}
