/// A state as 64-bit words, for a file: one list of fields serves for writing and for reading.
public protocol WordCoder {
  /// A number. A word that does not fit into it makes reading fail.
  mutating func field<T: FixedWidthInteger & UnsignedInteger>(_ value: inout T)
  /// The state cannot be one.
  mutating func fail()
}

extension WordCoder {
  /// A truth value.
  public mutating func flag(_ value: inout Bool) {
    var word: UInt8 = value ? 1 : 0
    field(&word)
    if word > 1 { fail() }
    value = word != 0
  }

  /// A set of bits.
  public mutating func option<T: OptionSet>(_ value: inout T)
  where T.RawValue: FixedWidthInteger & UnsignedInteger {
    var raw = value.rawValue
    field(&raw)
    value = T(rawValue: raw)
  }

  /// A list, its length first: fewer than 65,536 elements.
  public mutating func array<T>(
    _ values: inout [T], empty: T, element: (inout Self, inout T) -> Void
  ) {
    var count = UInt16(truncatingIfNeeded: values.count)
    field(&count)
    if count < values.count { values.removeLast(values.count - Int(count)) }
    for index in 0..<Int(count) {
      if index == values.count { values.append(empty) }
      element(&self, &values[index])
    }
  }

  /// A list of numbers.
  public mutating func numbers<T: FixedWidthInteger & UnsignedInteger>(_ values: inout [T]) {
    array(&values, empty: 0) { $0.field(&$1) }
  }
}

/// Takes the words down.
public struct WordWriter: WordCoder {
  /// The words so far.
  public private(set) var words: [UInt64] = []

  /// Nothing written yet.
  public init() {}

  public mutating func field<T: FixedWidthInteger & UnsignedInteger>(_ value: inout T) {
    words.append(UInt64(value))
  }

  public mutating func fail() { preconditionFailure("what is written is a state") }
}

/// Gives the words back.
public struct WordReader: WordCoder {
  private let words: [UInt64]
  private var position = 0
  private var hasFailed = false

  /// All words were taken, and each was one that could be.
  public var isComplete: Bool { !hasFailed && position == words.count }

  /// Begins with the first of these words.
  public init(_ words: [UInt64]) { self.words = words }

  public mutating func field<T: FixedWidthInteger & UnsignedInteger>(_ value: inout T) {
    guard position < words.count, let word = T(exactly: words[position]) else { return fail() }
    value = word
    position += 1
  }

  public mutating func fail() { hasFailed = true }
}
