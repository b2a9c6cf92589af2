import Chipset

/// The container of recordings and snapshots, as Documentation/Files.md says: a header, then
/// chunks with a name of four letters, a length and a checksum, then the chunk `END `.
enum ChunkFile {
  /// The version of the format, for both kinds. It is raised whenever what a chunk means changes.
  static let version: UInt32 = 4
  /// A byte that is no text, letters to recognize it by, and line ends that careless transfers
  /// change.
  static let magic: [UInt8] = [0x89, 0x52, 0x53, 0x44, 0x0D, 0x0A, 0x1A, 0x0A]
  static let end = "END "
}

/// Writes chunks to a file that appears when it is finished.
struct ChunkWriter {
  private let file: AtomicFile

  init(path: String, kind: FileKind) throws(FileError) {
    file = try AtomicFile(path: path)
    var header = StateWriter()
    for byte in ChunkFile.magic + Array(kind.rawValue.utf8) { header.write(byte) }
    header.write(ChunkFile.version)
    try write(header.bytes)
  }

  /// Appends a chunk. The name has four ASCII characters.
  func add(_ name: String, _ bytes: [UInt8]) throws(FileError) {
    precondition(name.utf8.count == 4, "a chunk's name has four letters")
    var head = StateWriter()
    for byte in name.utf8 { head.write(byte) }
    head.write(UInt64(bytes.count))
    var checksum = CRC32()
    head.bytes.withUnsafeBytes { checksum.combine($0) }
    bytes.withUnsafeBytes { checksum.combine($0) }
    var tail = StateWriter()
    tail.write(checksum.value)
    try write(head.bytes)
    try write(bytes)
    try write(tail.bytes)
  }

  /// Appends the chunk that says that nothing is missing, and gives the file its name.
  func finish() throws(FileError) {
    try add(ChunkFile.end, [])
    try file.finish()
  }

  private func write(_ bytes: [UInt8]) throws(FileError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
    defer { buffer.deallocate() }
    buffer.copyBytes(from: bytes)
    try file.write(UnsafeRawBufferPointer(buffer))
  }
}

/// A file's chunks, all of them checked.
struct ChunkReader {
  let path: String
  private let file: FileContents
  private var chunks: [(name: String, range: Range<Int>)] = []

  /// Opens a file and checks it to its end. Throws for anything but an intact file of this kind.
  init(path: String, kind: FileKind) throws(FileError) {
    self.path = path
    do throws(ImageError) {
      file = try FileContents(path: path)
    } catch {
      throw FileError(path, error.problem == .missing ? .missing : .unreadable)
    }
    try checkHeader(kind)
    var position = ChunkFile.magic.count + 8
    while true {
      let (name, range) = try chunk(at: position)
      position = range.upperBound + 4
      if name == ChunkFile.end { break }
      chunks.append((name, range))
    }
    guard position == file.bytes.count else {
      throw FileError(path, .damaged("there is something behind its end"))
    }
  }

  private func checkHeader(_ kind: FileKind) throws(FileError) {
    let bytes = file.bytes
    let letters = ChunkFile.magic.count
    guard bytes.count >= letters, bytes.prefix(letters).elementsEqual(ChunkFile.magic) else {
      throw FileError(path, .foreign)
    }
    guard bytes.count >= letters + 8 else { throw FileError(path, .damaged("it ends too early")) }
    let name = String(decoding: bytes[letters..<letters + 4], as: UTF8.self)
    guard let found = FileKind(rawValue: name) else { throw FileError(path, .foreign) }
    guard found == kind else { throw FileError(path, .otherKind(found)) }
    let version = bytes.loadUnaligned(fromByteOffset: letters + 4, as: UInt32.self).littleEndian
    guard version == ChunkFile.version else { throw FileError(path, .version(version)) }
  }

  /// The name of the chunk at a place, and where its bytes are.
  private func chunk(at position: Int) throws(FileError) -> (String, Range<Int>) {
    let bytes = file.bytes
    let start = position + 12
    guard start <= bytes.count else { throw FileError(path, .damaged("it ends too early")) }
    let length = bytes.loadUnaligned(fromByteOffset: position + 4, as: UInt64.self).littleEndian
    guard length <= bytes.count - start, Int(length) + 4 <= bytes.count - start else {
      throw FileError(path, .damaged("it ends too early"))
    }
    let end = start + Int(length)
    var checksum = CRC32()
    checksum.combine(UnsafeRawBufferPointer(rebasing: bytes[position..<end]))
    let noted = bytes.loadUnaligned(fromByteOffset: end, as: UInt32.self).littleEndian
    let name = String(decoding: bytes[position..<position + 4], as: UTF8.self)
    guard name.allSatisfy({ $0.isASCII && ($0.isLetter || $0 == " ") }) else {
      throw FileError(path, .damaged("there is no chunk at byte \(position)"))
    }
    guard checksum.value == noted else {
      throw FileError(path, .damaged("its chunk ‘\(name)’ has a wrong checksum"))
    }
    return (name, start..<end)
  }

  /// The bytes of every chunk of this name, in the file's order.
  func all(_ name: String) -> [UnsafeRawBufferPointer] {
    chunks.filter { $0.name == name }
      .map { UnsafeRawBufferPointer(rebasing: file.bytes[$0.range]) }
  }

  /// What the one chunk of this name says.
  func one<T>(
    _ name: String, _ body: (inout StateReader) throws(StateError) -> T
  ) throws(FileError) -> T {
    let found = all(name)
    guard found.count == 1 else {
      throw FileError(path, .damaged("it has \(found.count) chunks ‘\(name)’ where it needs one"))
    }
    return try read(name, found[0], body)
  }

  /// What a chunk says, to its last byte.
  func read<T>(
    _ name: String, _ bytes: UnsafeRawBufferPointer,
    _ body: (inout StateReader) throws(StateError) -> T
  ) throws(FileError) -> T {
    var reader = StateReader(Array(bytes))
    do throws(StateError) {
      let value = try body(&reader)
      if reader.isAtEnd { return value }
    } catch {}
    throw senseless(name)
  }

  /// An intact chunk whose contents nobody can have written.
  func senseless(_ name: String) -> FileError {
    FileError(path, .damaged("its chunk ‘\(name)’ makes no sense"))
  }
}

extension StateWriter {
  /// Appends text: its length in bytes, and UTF-8.
  mutating func write(_ text: String) { write(Array(text.utf8)) }
}

extension StateReader {
  /// The next text. Throws `StateError.malformed` if it is not UTF-8.
  mutating func readText() throws(StateError) -> String {
    guard let text = String(validating: try readArray(of: UInt8.self), as: UTF8.self) else {
      throw .malformed
    }
    return text
  }
}
