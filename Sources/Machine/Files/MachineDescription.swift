import Chipset

/// Everything that says which machine was started: options, and the files by name and contents.
/// Recordings and snapshots name their machine by it.
public struct MachineDescription: Sendable, Equatable {
  /// What a file is to the machine.
  public enum Role: String, Sendable {
    case image, initrd, bios, vgabios, disk, cdrom, floppy
    /// The snapshot that the machine was before it ran.
    case snapshot
  }

  /// A file that the machine needs.
  public struct File: Sendable, Equatable {
    /// What for.
    public var role: Role
    /// The name as the user gave it: a path, or that of a built-in guest.
    public var name: String
    /// Its size in bytes.
    public var size: UInt64
    /// SHA-256 of its contents in hexadecimal digits.
    public var hash: String

    /// A file with these contents.
    public init(_ role: Role, name: String, contents: FileContents) {
      self.role = role
      self.name = name
      size = UInt64(contents.bytes.count)
      hash = SHA256.digits(of: contents.bytes)
    }

    /// A disk. Throws if it cannot be read.
    public init(_ role: Role, name: String, disk: DiskFile) throws(ImageError) {
      self.role = role
      self.name = name
      size = disk.size
      hash = try disk.hash()
    }

    fileprivate init(_ role: Role, name: String, size: UInt64, hash: String) {
      (self.role, self.name, self.size, self.hash) = (role, name, size, hash)
    }
  }

  /// The options by name, without dashes; only those that differ from what the program does by
  /// itself.
  public var options: [String: String]
  /// The files in the order in which they are given.
  public var files: [File]

  /// A machine made with these.
  public init(options: [String: String], files: [File]) {
    self.options = options
    self.files = files
  }

  /// Throws what is not as it was when `self` was written down, if `now` is what there is now.
  public func check(_ now: MachineDescription, neededBy path: String) throws(FileError) {
    for (file, present) in zip(files, now.files) where file != present {
      throw FileError(path, .changed(file: file.name, hash: file.hash))
    }
    guard files.count == now.files.count else {
      throw FileError(path, .damaged("it names other files than its options open"))
    }
  }
}

// MARK: - In a file

extension ChunkWriter {
  /// The chunks `MACH` and `FILE`.
  func add(_ description: MachineDescription) throws(FileError) {
    var machine = StateWriter()
    for (name, value) in description.options.sorted(by: { $0.key < $1.key }) {
      machine.write(name)
      machine.write(value)
    }
    try add("MACH", machine.bytes)
    for file in description.files {
      var writer = StateWriter()
      writer.write(file.role.rawValue)
      writer.write(file.name)
      writer.write(file.size)
      writer.write(file.hash)
      try add("FILE", writer.bytes)
    }
  }
}

extension ChunkReader {
  /// What the chunks `MACH` and `FILE` say.
  func description() throws(FileError) -> MachineDescription {
    let options = try one("MACH") { reader throws(StateError) in
      var options: [String: String] = [:]
      while !reader.isAtEnd { options[try reader.readText()] = try reader.readText() }
      return options
    }
    var files: [MachineDescription.File] = []
    for bytes in all("FILE") {
      let (role, file) = try read("FILE", bytes) { reader throws(StateError) in
        let role = try reader.readText()
        let (name, size, hash) = (
          try reader.readText(), try reader.read(UInt64.self), try reader.readText()
        )
        guard !name.isEmpty, hash.count == 64, hash.allSatisfy(\.isHexDigit) else {
          throw .malformed
        }
        return (role, MachineDescription.File(.image, name: name, size: size, hash: hash))
      }
      guard let known = MachineDescription.Role(rawValue: role) else {
        throw FileError(path, .unknown("a file for ‘\(role)’"))
      }
      var whole = file
      whole.role = known
      files.append(whole)
    }
    return MachineDescription(options: options, files: files)
  }
}
