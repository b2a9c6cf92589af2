import Chipset
import Testing

@testable import Machine

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Disk images: what is taken, what is refused, and that a file is never changed unasked.
@Suite struct DiskFileTests {
  private static let sectors = [UInt8](repeating: 0xA5, count: 1024)

  private func read(_ disk: DiskImage, _ sector: UInt64) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0xEE, count: 512)
    return bytes.withUnsafeMutableBytes({ disk.read(sector, into: $0) }) ? bytes : nil
  }

  private func write(_ disk: DiskImage, _ sector: UInt64, _ byte: UInt8) -> Bool {
    [UInt8](repeating: byte, count: 512).withUnsafeBytes { disk.write(sector, from: $0) }
  }

  /// The file's bytes, whoever has it locked.
  private func bytes(of path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = systemRead(descriptor, &bytes, bytes.count)
    try #require(count >= 0)
    return Array(bytes[..<count])
  }

  private func problem(_ path: String, writable: Bool = false) -> ImageError.Problem? {
    do throws(ImageError) {
      _ = try DiskFile(path: path, writable: writable)
      return nil
    } catch {
      return error.problem
    }
  }

  @Test func writesStayInMemory() throws {
    try ImageFiles.withFile(Self.sectors) { path in
      let file = try DiskFile(path: path, writable: false)
      let disk = DiskImage(file)
      #expect(write(disk, 1, 7) && disk.flush())
      #expect(read(disk, 1) == [UInt8](repeating: 7, count: 512))
      #expect(try bytes(of: path) == Self.sectors)
      // Another machine on the same file sees nothing of it, until it takes the state over.
      let other = DiskImage(file)
      #expect(read(other, 1) == [UInt8](repeating: 0xA5, count: 512))
      var writer = StateWriter()
      disk.save(into: &writer)
      var reader = StateReader(writer.bytes)
      try other.load(from: &reader)
      #expect(reader.isAtEnd && read(other, 1) == read(disk, 1))
    }
  }

  @Test func writesReachTheFileWhenAsked() throws {
    try ImageFiles.withFile(Self.sectors) { path in
      let disk = DiskImage(try DiskFile(path: path, writable: true))
      #expect(write(disk, 1, 7) && disk.flush())
      #expect(
        try bytes(of: path) == Self.sectors.prefix(512) + [UInt8](repeating: 7, count: 512))
    }
  }

  @Test func theLastSectorMayBeShort() throws {
    try ImageFiles.withFile([UInt8](repeating: 1, count: 513)) { path in
      let disk = DiskImage(try DiskFile(path: path, writable: false))
      #expect(disk.sectorCount == 2)
      #expect(read(disk, 1) == [1] + [UInt8](repeating: 0, count: 511))
      #expect(problem(path, writable: true) == .oddDisk(513))
    }
  }

  @Test func aFileThatShrinksGivesAnErrorToTheGuest() throws {
    try ImageFiles.withFile(Self.sectors) { path in
      let disk = DiskImage(try DiskFile(path: path, writable: false))
      try #require(truncate(path, 600) == 0)
      #expect(read(disk, 0) != nil && read(disk, 1) == nil)
    }
  }

  @Test func anImageThatShrinksIsRefusedWhenItIsReadAgain() throws {
    try ImageFiles.withFile(Self.sectors) { path in
      let file = try FileContents(path: path)
      file.release()
      #expect(file.bytes.allSatisfy { $0 == 0 })
      try file.reload()
      #expect(Array(file.bytes) == Self.sectors)
      file.release()
      try #require(truncate(path, 600) == 0)
      #expect(throws: ImageError(path, .changed)) { try file.reload() }
    }
  }

  @Test func aDiskThatIsWrittenToIsNoImage() throws {
    try ImageFiles.withFile(Self.sectors) { path in
      let disk = try DiskFile(path: path, writable: true)
      #expect(throws: ImageError(path, .inUse)) { try FileContents(path: path) }
      withExtendedLifetime(disk) {}
    }
    try ImageFiles.withFile(Self.sectors) { path in
      let image = try FileContents(path: path)
      #expect(problem(path, writable: true) == .inUse && problem(path) == nil)
      withExtendedLifetime(image) {}
    }
  }

  @Test func oneWriterKeepsOthersOff() throws {
    try ImageFiles.withFile(Self.sectors) { path in
      let reader = try DiskFile(path: path, writable: false)
      #expect(problem(path) == nil)
      #expect(problem(path, writable: true) == .inUse)
      withExtendedLifetime(reader) {}
    }
    try ImageFiles.withFile(Self.sectors) { path in
      let writer = try DiskFile(path: path, writable: true)
      #expect(problem(path) == .inUse)
      withExtendedLifetime(writer) {}
    }
  }

  @Test func refusesWhatIsNoDisk() throws {
    #expect(problem("/nonexistent/disk") == .missingDisk)
    #expect(problem("/tmp") == .directory)
    #expect(problem("/tmp", writable: true) == .directory)
    #expect(problem("/dev/null") == .noFile)
    try ImageFiles.withFile([]) { #expect(problem($0) == .emptyDisk) }
  }
}

private func systemRead(
  _ descriptor: Int32, _ place: UnsafeMutableRawPointer, _ count: Int
) -> Int {
  read(descriptor, place, count)
}
