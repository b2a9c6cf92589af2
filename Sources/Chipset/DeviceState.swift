/// Collects the state of devices as bytes: fixed-width integers, least significant byte first.
///
/// The same state gives the same bytes, so what is written can be hashed as well as kept.
public struct StateWriter {
  /// What was written so far.
  public private(set) var bytes: [UInt8] = []
  /// Whether drives leave out what is on their media, because it is kept elsewhere.
  public let omitsMedia: Bool

  /// A writer with nothing in it.
  public init(omittingMedia: Bool = false) { omitsMedia = omittingMedia }

  /// Appends an integer in its own width.
  public mutating func write<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Appends a flag as one byte, 0 or 1.
  public mutating func write(_ value: Bool) { write(UInt8(value ? 1 : 0)) }

  /// Appends the number of elements in 32 bits, then the elements.
  public mutating func write<T: FixedWidthInteger>(_ values: [T]) {
    write(UInt32(values.count))
    for value in values { write(value) }
  }

  /// Appends whether there is a value, and the value.
  public mutating func write<T: FixedWidthInteger>(_ value: T?) {
    write(value != nil)
    if let value { write(value) }
  }
}

/// Takes apart what a `StateWriter` has put together, in the same order.
public struct StateReader {
  private let bytes: [UInt8]
  private var position = 0

  /// Whether what is on the drives' media is not in the state, see `StateWriter`.
  public let omitsMedia: Bool

  /// Reads from the first byte on.
  public init(_ bytes: [UInt8], omittingMedia: Bool = false) {
    self.bytes = bytes
    omitsMedia = omittingMedia
  }

  /// Whether everything has been read.
  public var isAtEnd: Bool { position == bytes.count }

  /// The next integer. Throws `StateError.truncated` if there are too few bytes.
  public mutating func read<T: FixedWidthInteger>(_ type: T.Type = T.self) throws(StateError) -> T {
    let size = T.bitWidth / 8
    guard bytes.count - position >= size else { throw .truncated }
    var value: T = 0
    for index in 0..<size {
      value |= T(truncatingIfNeeded: bytes[position + index]) << T(index * 8)
    }
    position += size
    return value
  }

  /// The next flag. Throws `StateError.malformed` for a byte other than 0 and 1.
  public mutating func readFlag() throws(StateError) -> Bool {
    switch try read(UInt8.self) {
    case 0: return false
    case 1: return true
    default: throw .malformed
    }
  }

  /// The next array. Throws `StateError.truncated` if there are fewer elements than promised.
  public mutating func readArray<T: FixedWidthInteger>(
    of type: T.Type = T.self
  ) throws(StateError) -> [T] {
    let count = Int(try read(UInt32.self))
    guard count <= (bytes.count - position) / (T.bitWidth / 8) else { throw .truncated }
    var values: [T] = []
    values.reserveCapacity(count)
    for _ in 0..<count { values.append(try read()) }
    return values
  }

  /// The next array, which must have `count` elements.
  mutating func readArray<T: FixedWidthInteger>(
    of type: T.Type = T.self, count: Int
  ) throws(StateError) -> [T] {
    let values = try readArray(of: type)
    guard values.count == count else { throw .malformed }
    return values
  }

  /// All bytes that are left.
  public mutating func takeRest() -> [UInt8] {
    defer { position = bytes.count }
    return Array(bytes[position...])
  }

  /// The next value that may be absent.
  public mutating func readOptional<T: FixedWidthInteger>(
    _ type: T.Type = T.self
  ) throws(StateError) -> T? {
    try readFlag() ? try read() : nil
  }
}

/// Why a saved state cannot be loaded.
public enum StateError: Error, Equatable {
  /// It ends too early.
  case truncated
  /// It holds a value that no device has ever written.
  case malformed
}
