/// What is in a drive: numbered sectors of 512 bytes.
///
/// Files are the machine's business; the drives see sectors only.
public protocol DiskMedium: AnyObject {
  /// Sectors on it, at least 1.
  var sectorCount: UInt64 { get }
  /// Reads a sector below `sectorCount` into 512 bytes. False if it cannot be read.
  func read(_ sector: UInt64, into bytes: UnsafeMutableRawBufferPointer) -> Bool
  /// Writes 512 bytes to a sector below `sectorCount`. False if they cannot be kept.
  func write(_ sector: UInt64, from bytes: UnsafeRawBufferPointer) -> Bool
  /// Returns when everything written is safe. False if it is not.
  func flush() -> Bool
  /// Appends what was changed and is nowhere else.
  func save(into writer: inout StateWriter)
  /// Takes the changes back.
  func load(from reader: inout StateReader) throws(StateError)
}
