import Chipset

/// A disk of one machine: a file, and what the guest has written over it.
///
/// Without `--write` the file stays as it is; changed sectors are kept in memory and are gone with
/// the machine.
final class DiskImage: DiskMedium {
  private let file: DiskFile
  /// The sectors written to, by number; a value that checkpoints keep and share.
  var changed: [UInt64: [UInt8]] = [:]
  let sectorCount: UInt64
  /// Whether writes go to the file.
  var writesThrough: Bool { file.isWritable }

  init(_ file: DiskFile) {
    self.file = file
    sectorCount = (file.size + DiskFile.sectorSize - 1) / DiskFile.sectorSize
  }

  func read(_ sector: UInt64, into bytes: UnsafeMutableRawBufferPointer) -> Bool {
    precondition(sector < sectorCount && bytes.count == Int(DiskFile.sectorSize))
    if let sectorBytes = changed[sector] {
      bytes.copyBytes(from: sectorBytes)
      return true
    }
    return file.read(sector, into: bytes)
  }

  func write(_ sector: UInt64, from bytes: UnsafeRawBufferPointer) -> Bool {
    precondition(sector < sectorCount && bytes.count == Int(DiskFile.sectorSize))
    if file.isWritable { return file.write(sector, from: bytes) }
    changed[sector] = Array(bytes)
    return true
  }

  func flush() -> Bool { file.flush() }

  func save(into writer: inout StateWriter) {
    if writer.omitsMedia { return }
    writer.write(UInt32(changed.count))
    for sector in changed.keys.sorted() {
      writer.write(sector)
      writer.write(changed[sector] ?? [])
    }
  }

  func load(from reader: inout StateReader) throws(StateError) {
    if reader.omitsMedia { return }
    changed = [:]
    for _ in 0..<(try reader.read(UInt32.self)) {
      let sector: UInt64 = try reader.read()
      let bytes = try reader.readArray(of: UInt8.self)
      guard sector < sectorCount, bytes.count == Int(DiskFile.sectorSize), !file.isWritable else {
        throw .malformed
      }
      changed[sector] = bytes
    }
  }
}
