public import Chipset

/// What a machine starts: the files and texts that the user gave.
public struct Guest {
  /// The image; nil when a BIOS alone is started.
  public var image: FileContents?
  /// The initial RAM disk, or a Multiboot module.
  public var initrd: FileContents?
  /// The kernel's command line.
  public var commandLine = ""
  /// A ROM that ends at 4 GiB and at 1 MiB.
  public var bios: FileContents?
  /// A ROM at C0000.
  public var videoBIOS: FileContents?

  /// The disks and the discs in CD-ROM drives: together at most `Machine.Configuration.drivePlaces`.
  public var disks: [DiskFile] = []
  public var discs: [DiskFile] = []

  /// The disk in the floppy drive.
  public var floppy: DiskFile?
  /// What a BIOS is to try first; nil leaves it to the BIOS.
  public var bootDrive: Board.BootDrive?

  /// A guest to be started from `image`.
  public init(image: FileContents?) { self.image = image }

  /// The places of the drives: CD-ROMs from the second channel's master on, disks in what is left.
  var drivePlaces: (disks: [Int], discs: [Int]) {
    let order = [2, 3, 1, 0]
    precondition(disks.count + discs.count <= order.count, "checked by whoever asks the user")
    let taken = order.prefix(discs.count)
    return ((0..<order.count).filter { !taken.contains($0) }, Array(taken))
  }

  /// How the image wants to be loaded, found out from its bytes.
  public enum Format: String, Sendable {
    /// A kernel with a Multiboot 1 header, as ELF or with addresses in the header.
    case multiboot = "Multiboot kernel"
    /// A Linux kernel with its setup header.
    case linux = "Linux kernel"
    /// A sector that ends in 55 AA, with whatever follows it.
    case bootSector = "boot sector"
    /// Bytes without any structure.
    case flat = "flat binary"
    /// A ROM with a jump at its reset vector.
    case rom = "ROM"
  }
}

extension Guest.Format {
  /// Looks at a file's contents. Throws for what is recognizably something else.
  public init(of file: FileContents) throws(ImageError) {
    let bytes = ImageReader(file)
    if MultibootHeader.find(in: bytes) != nil {
      self = .multiboot
    } else if bytes.u32(at: 0) == ELF.magic {
      // A file that was cut off may have lost its header: that is then what is wrong.
      try ELF(bytes).checkFile(bytes)
      throw ImageError(file.path, .noMultibootHeader)
    } else if bytes.u32(at: 0x202) == LinuxKernel.magic {
      self = .linux
    } else if let kind = Self.foreignKind(of: bytes) {
      throw ImageError(file.path, .notAnImage(kind))
    } else if ROM.looksLikeOne(bytes) {
      self = .rom
    } else if bytes.u16(at: 510) == 0xAA55 {
      self = .bootSector
    } else {
      self = .flat
    }
  }

  /// What the file obviously is, if it is nothing that can be started.
  private static func foreignKind(of bytes: ImageReader) -> String? {
    switch bytes.u32(at: 0) ?? 0 {
    case 0x0403_4B50: return "a ZIP archive"
    case 0x474E_5089: return "a picture"
    case 0x587A_37FD: return "compressed with xz"
    case 0x28B5_2FFD, 0xFD2F_B528: return "compressed with zstd"
    case 0x4946_4451, 0xFB49_4651: return "a QCOW disk image"
    case 0xFEED_FACE, 0xFEED_FACF: return "a macOS program"
    default: break
    }
    switch bytes.u16(at: 0) ?? 0 {
    case 0x8B1F: return "compressed with gzip"
    case 0x2123: return "a script"
    case 0x5A4D where bytes.u16(at: 510) != 0xAA55: return "a DOS or Windows program"
    default: break
    }
    return bytes.looksLikeText ? "a text file" : nil
  }
}

/// Reads little-endian fields of a file, with nil past its end.
struct ImageReader {
  let file: FileContents
  var bytes: UnsafeRawBufferPointer { file.bytes }
  var count: UInt64 { UInt64(file.bytes.count) }

  init(_ file: FileContents) { self.file = file }

  func u8(at offset: Int) -> UInt8? { load(at: offset) }
  func u16(at offset: Int) -> UInt16? { load(at: offset) }
  func u32(at offset: Int) -> UInt32? { load(at: offset) }
  func u64(at offset: Int) -> UInt64? { load(at: offset) }

  private func load<T: FixedWidthInteger>(at offset: Int) -> T? {
    guard offset >= 0, offset <= bytes.count - MemoryLayout<T>.size else { return nil }
    return T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
  }

  /// The bytes from `offset`, or an error that names the part the file is too short for.
  func part(_ name: String, at offset: UInt64, size: UInt64) throws(ImageError)
    -> UnsafeRawBufferPointer
  {
    let (end, overflows) = offset.addingReportingOverflow(size)
    guard !overflows, end <= count else {
      throw ImageError(file.path, .truncated(name, needs: overflows ? .max : end, has: count))
    }
    return UnsafeRawBufferPointer(rebasing: bytes[Int(offset)..<Int(end)])
  }

  /// Nothing but printable characters, spaces and line ends at the beginning, as UTF-8.
  var looksLikeText: Bool {
    var start = Array(bytes.prefix(512))
    // The last character may be cut.
    for _ in 0..<3 where start.count > 4 && start[start.count - 1] >= 0x80 { start.removeLast() }
    let isPrintable = start.allSatisfy { byte in
      byte >= 0x20 && byte != 0x7F || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }
    return isPrintable && String(validating: start, as: UTF8.self) != nil
  }
}
