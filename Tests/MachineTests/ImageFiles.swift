import Machine
import Testing
import X86

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Files made up for a test, and bytes to put into them.
enum ImageFiles {
  /// A file with these bytes, opened; its name is gone already.
  static func contents(_ bytes: [UInt8]) throws -> FileContents {
    try withFile(bytes) { try FileContents(path: $0) }
  }

  /// Runs `body` with the path of a file with these bytes.
  static func withFile<T>(_ bytes: [UInt8], _ body: (String) throws -> T) throws -> T {
    var name = Array("/tmp/ringside-test-XXXXXX".utf8CString)
    let descriptor = mkstemp(&name)
    try #require(descriptor >= 0)
    let path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { unlink(path) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      try #require(count > 0)
      rest = rest.dropFirst(count)
    }
    close(descriptor)
    return try body(path)
  }

  /// Runs `body` with a name in a folder of its own.
  static func withName<T>(_ body: (String) throws -> T) throws -> T {
    var name = Array("/tmp/ringside-test-XXXXXX".utf8CString)
    try #require(mkdtemp(&name) != nil)
    let folder = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer {
      for file in (try? files(in: folder)) ?? [] { unlink(folder + "/" + file) }
      rmdir(folder)
    }
    return try body(folder + "/file")
  }

  static func files(in folder: String) throws -> [String] {
    let directory = try #require(opendir(folder))
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }

  /// A built guest of ours.
  static func built(_ name: String) throws -> FileContents {
    let library = try #require(GuestLibrary(program: CommandLine.arguments[0]))
    return try FileContents(path: try #require(library.path(of: name)))
  }

  /// A Multiboot ELF with one segment: `code` at `address`, in the file from 1000h.
  static func kernel(
    code: [UInt8] = [0xF4], address: UInt32 = 0x10_0000, memorySize: UInt32? = nil,
    flags: UInt32 = 3
  ) -> [UInt8] {
    var file = [UInt8](repeating: 0, count: 0x1000)
    file.put(UInt32(0x464C_457F), at: 0)
    file[4] = 1
    file[5] = 1
    file.put(UInt16(2), at: 16)
    file.put(UInt16(3), at: 18)
    file.put(address, at: 24)
    file.put(UInt32(52), at: 28)
    file.put(UInt16(32), at: 42)
    file.put(UInt16(1), at: 44)
    file.put(UInt32(1), at: 52)
    file.put(UInt32(0x1000), at: 56)
    file.put(address, at: 60)
    file.put(address, at: 64)
    file.put(UInt32(code.count), at: 68)
    file.put(memorySize ?? UInt32(code.count), at: 72)
    file.put(UInt32(0x1BAD_B002), at: 0x200)
    file.put(flags, at: 0x204)
    file.put(0 &- 0x1BAD_B002 &- flags, at: 0x208)
    return file + code
  }

  /// A Linux kernel of protocol 2.15: four setup sectors, then `code`.
  static func linux(code: [UInt8] = [UInt8](repeating: 0xF4, count: 64)) -> [UInt8] {
    var file = [UInt8](repeating: 0, count: 5 * 512)
    file[0x1F1] = 4
    file.put(UInt32(code.count / 16), at: 0x1F4)
    file.put(UInt16(0xAA55), at: 0x1FE)
    file[0x200] = 0xEB
    file[0x201] = 0x66
    file.put(UInt32(0x5372_6448), at: 0x202)
    file.put(UInt16(0x20F), at: 0x206)
    file[0x211] = 1
    file.put(UInt32(0x10_0000), at: 0x214)
    file.put(UInt32(0x37FF_FFFF), at: 0x22C)
    file.put(UInt32(0x1000), at: 0x230)
    file[0x234] = 1
    file.put(UInt32(100), at: 0x238)
    file.put(UInt64(0x20_0000), at: 0x258)
    file.put(UInt32(0x10_0000), at: 0x260)
    return file + code
  }
}

extension [UInt8] {
  /// Stores a little-endian field.
  mutating func put<T: FixedWidthInteger>(_ value: T, at offset: Int) {
    for index in 0..<MemoryLayout<T>.size {
      self[offset + index] = UInt8(truncatingIfNeeded: value >> T(index * 8))
    }
  }

  /// With one field changed.
  func with<T: FixedWidthInteger>(_ value: T, at offset: Int) -> [UInt8] {
    var copy = self
    copy.put(value, at: offset)
    return copy
  }
}

extension Machine {
  /// A machine with `bytes` as its image.
  convenience init(_ bytes: [UInt8], memory: Int = 4, _ change: (inout Guest) -> Void = { _ in })
    throws
  {
    var configuration = Configuration()
    configuration.memory = memory
    var guest = Guest(image: try ImageFiles.contents(bytes))
    change(&guest)
    try self.init(configuration, guest: guest)
  }

  /// A field in the guest's memory.
  func load<T: FixedWidthInteger>(_ address: UInt32, as type: T.Type = T.self) throws -> T {
    let host = cpu.memory.host(at: UInt64(address))
    let place = try #require(host)
    return T(littleEndian: place.loadUnaligned(as: T.self))
  }

  /// Text up to a zero byte in the guest's memory.
  func text(_ address: UInt32) throws -> String {
    var bytes: [UInt8] = []
    var current = address
    while case let byte:UInt8 = try load(current), byte != 0 {
      bytes.append(byte)
      current += 1
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
