/// A state as 64-bit words, for a file: one list of fields serves for writing and for reading.
public protocol WordCoder {
  /// A number. A word that does not fit into it makes reading fail.
  mutating func field<T: FixedWidthInteger & UnsignedInteger>(_ value: inout T)
  /// The state cannot be one.
  mutating func fail()
  /// Reading has failed: what comes now are no words of a state.
  var hasFailed: Bool { get }
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

  /// A value that may be missing: whether it is there, then it.
  public mutating func optional<T>(
    _ value: inout T?, empty: T, body: (inout Self, inout T) -> Void
  ) {
    var isThere = value != nil
    flag(&isThere)
    guard isThere else { return value = nil }
    var present = value ?? empty
    body(&self, &present)
    value = present
  }

  /// A list, its length first. An element is a word at least, so that a length which no list has comes
  /// to the end of the words.
  public mutating func array<T>(
    _ values: inout [T], empty: T, element: (inout Self, inout T) -> Void
  ) {
    var count = UInt32(values.count)
    field(&count)
    if count < values.count { values.removeLast(values.count - Int(count)) }
    for index in 0..<Int(count) {
      guard !hasFailed else { return }
      if index == values.count { values.append(empty) }
      element(&self, &values[index])
    }
  }

  /// A list as long as it is now, in which neighbours are often equal: each value once, with the number
  /// of times before it.
  public mutating func runs<T: Equatable>(
    _ values: inout [T], empty: T, element: (inout Self, inout T) -> Void
  ) {
    var packed: [(length: UInt32, value: T)] = []
    for value in values {
      if let last = packed.last, last.value == value {
        packed[packed.count - 1].length += 1
      } else {
        packed.append((1, value))
      }
    }
    array(&packed, empty: (0, empty)) { coder, run in
      coder.field(&run.length)
      element(&coder, &run.value)
    }
    var missing = values.count
    for run in packed where !hasFailed {
      missing -= Int(run.length)
      if run.length == 0 || missing < 0 { fail() }
    }
    guard !hasFailed, missing == 0 else { return fail() }
    values = packed.flatMap { repeatElement($0.value, count: Int($0.length)) }
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

  public var hasFailed: Bool { false }
}

/// Gives the words back.
public struct WordReader: WordCoder {
  private let words: [UInt64]
  private var position = 0
  public private(set) var hasFailed = false

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
