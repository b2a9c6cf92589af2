/// Why a file cannot be started: always the user's file and one sentence with what to do.
public struct ImageError: Error, Equatable, CustomStringConvertible {
  /// The file's name as the user gave it.
  public var path: String
  /// What is wrong with it.
  public var problem: Problem

  /// An error about the file at `path`.
  public init(_ path: String, _ problem: Problem) {
    self.path = path
    self.problem = problem
  }

  /// What can be wrong with a file. Sizes and addresses are in bytes.
  public enum Problem: Equatable, Sendable {
    /// There is no such file.
    case missing
    /// There is no such ROM or RAM disk.
    case missingPart
    /// The host refuses the RAM; the path is the option that asked for it.
    case noHostMemory
    /// There is no such disk image.
    case missingDisk
    /// A disk image cannot be opened for writing.
    case notWritable
    /// A disk image is open elsewhere.
    case inUse
    /// It is a device or a pipe, or a link where none is followed.
    case noFile
    /// A disk image has no bytes.
    case emptyDisk
    /// A disk image to be written to has a broken sector at its end.
    case oddDisk(UInt64)
    /// A floppy image is larger than a floppy disk.
    case floppyTooLarge(UInt64)
    /// A disk image has more sectors than 28 bits can number.
    case diskTooLarge(UInt64)
    /// It cannot be opened or read.
    case unreadable
    /// It is a directory.
    case directory
    /// It has no bytes.
    case empty
    /// It has more bytes than an image can have.
    case tooLarge
    /// It has become shorter since it was opened.
    case changed
    /// It is something else, named here.
    case notAnImage(String)
    /// An ELF file of another kind; the word says which.
    case wrongELF(String)
    /// A kernel without a Multiboot 1 header.
    case noMultibootHeader
    /// The Multiboot header asks for features that do not exist here.
    case multibootFlags(UInt32)
    /// The file ends before what its headers promise.
    case truncated(String, needs: UInt64, has: UInt64)
    /// A field of a header makes no sense.
    case malformed(String)
    /// A part must be loaded where the machine has no RAM.
    case noRAM(String, at: UInt64, size: UInt64, ram: UInt64)
    /// The initial RAM disk does not fit beside the kernel.
    case initrdTooLarge(size: UInt64, room: UInt64)
    /// The command line is longer than the kernel takes.
    case commandLineTooLong(length: Int, limit: Int)
    /// The format has no use for an option that was given.
    case optionWithoutUse(String, format: String)
    /// The kernel speaks a boot protocol from before 2.02.
    case oldBootProtocol(UInt16)
    /// No notes for a hypervisor, in `para`.
    case noXenNotes
    /// A kernel that wants three-level page tables of its hypervisor.
    case needsPAE
    /// The hypervisor cannot make a domain of it; the clause says why.
    case noDomain(String)
    /// The size is none that a ROM can have.
    case romSize(UInt64)
  }

  /// One sentence: what, where, what to do.
  public var description: String { "\(path): \(sentence)" }

  private var sentence: String {
    switch problem {
    case .missing: "no such file, and no built-in guest of that name (ringside run --help)"
    case .missingPart: "no such file; check its name, or leave the option out"
    case .noHostMemory: "this computer gives no process so much address space; ask for less"
    case .missingDisk: "no such file; make a disk image first (truncate -s 64M NAME)"
    case .notWritable: "cannot be written to; check its permissions or leave out --write"
    case .inUse: "is in use by another machine or drive; end that one, or give a copy"
    case .noFile: "is a device, a pipe or a link; copy what is in it to a file"
    case .emptyDisk: "is empty; a disk has at least one sector of 512 bytes"
    case .oddDisk(let size):
      "has \(size) bytes, no whole number of sectors (512); lengthen it or leave out --write"
    case .floppyTooLarge(let size):
      "has \(size) bytes; a floppy disk has at most 2949120, so give it as --disk"
    case .diskTooLarge(let size):
      "has \(size) bytes; a disk here has less than 128 GiB, so give a smaller one"
    case .unreadable: "cannot be read; check its permissions"
    case .directory: "is a directory; name an image file in it"
    case .empty: "is empty; an image has at least a boot sector or a kernel in it"
    case .tooLarge: "has 1 GiB or more, and no image has; give a disk as --disk"
    case .changed: "has become shorter meanwhile; leave the file alone while it is in use"
    case .notAnImage(let kind):
      "is \(kind), not a guest image (Multiboot ELF, Linux bzImage, boot sector, flat binary, ROM)"
    case .wrongELF(let kind): "is \(kind); Ringside starts 32-bit x86 executables"
    case .noMultibootHeader:
      "has no Multiboot 1 header in its first 8 KiB; link one in (for Linux give the bzImage, "
        + "vmlinuz)"
    case .multibootFlags(let flags):
      "its Multiboot header requires features \(hexadecimal(UInt64(flags))) that Ringside lacks"
    case .truncated(let part, let needs, let has):
      "ends too early: \(part) needs \(needs) bytes and the file has \(has); fetch or build it anew"
    case .malformed(let what): "is damaged: \(what); fetch or build it anew"
    case .noRAM(let part, let address, let size, let ram):
      "\(part) needs \(size) bytes at \(hexadecimal(address)), and the machine has "
        + "\(ram >> 20) MiB of RAM; raise --memory or link it elsewhere"
    case .initrdTooLarge(let size, let room):
      "the initial RAM disk has \(size) bytes and there is room for \(room); raise --memory"
    case .commandLineTooLong(let length, let limit):
      "takes a command line of \(limit) bytes and --append has \(length); shorten it"
    case .optionWithoutUse(let option, let format):
      "is a \(format), which has no use for \(option); leave it out"
    case .oldBootProtocol(let version):
      "speaks boot protocol \(version >> 8).\(version & 0xFF); Ringside needs 2.02 or later"
    case .noXenNotes:
      "is no paravirtual kernel (no ELF notes named Xen); use ringlet, or another --mode"
    case .needsPAE:
      "wants a hypervisor with PAE, and this one has two-level page tables; build it without"
    case .noDomain(let why): "cannot be a domain: \(why); raise --memory"
    case .romSize(let size):
      "has \(size) bytes; a ROM has a multiple of 4096, at most 16 MiB (a video ROM 32 KiB or 64)"
    }
  }
}

/// An address as the manuals write it.
func hexadecimal(_ value: UInt64) -> String {
  String(value, radix: 16, uppercase: true) + "h"
}
