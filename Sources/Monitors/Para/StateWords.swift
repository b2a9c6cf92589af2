/// A monitor's state as 64-bit words. One list of fields serves for writing and for reading.
struct StateWords {
  private(set) var words: [UInt64]
  private var position = 0
  private let isReading: Bool
  private var isBroken = false

  /// To be written.
  init() {
    words = []
    isReading = false
  }

  /// To be read.
  init(_ words: [UInt64]) {
    self.words = words
    isReading = true
  }

  /// All words were taken, and each was one that could be.
  var isComplete: Bool { !isBroken && position == words.count }

  mutating func fail() { isBroken = true }

  /// A number.
  mutating func field<T: FixedWidthInteger>(_ value: inout T) {
    guard isReading else { return words.append(UInt64(truncatingIfNeeded: value)) }
    guard position < words.count else { return fail() }
    let read = T(truncatingIfNeeded: words[position])
    guard UInt64(truncatingIfNeeded: read) == words[position] else { return fail() }
    value = read
    position += 1
  }

  /// A truth value.
  mutating func flag(_ value: inout Bool) {
    var word: UInt8 = value ? 1 : 0
    field(&word)
    if word > 1 { fail() }
    value = word == 1
  }

  /// A value that may be missing.
  mutating func optional<T>(_ value: inout T?, empty: T, _ body: (inout Self, inout T) -> Void) {
    var isThere = value != nil
    flag(&isThere)
    guard isThere else { return value = nil }
    var present = value ?? empty
    body(&self, &present)
    value = present
  }

  /// A list, its length first: at most a million elements.
  mutating func list<T>(_ values: inout [T], empty: T, _ body: (inout Self, inout T) -> Void) {
    var count = values.count
    field(&count)
    guard (0...1 << 20).contains(count) else { return fail() }
    if count < values.count { values.removeLast(values.count - count) }
    for index in 0..<count where !isBroken {
      if index == values.count { values.append(empty) }
      body(&self, &values[index])
    }
  }

  /// A list of numbers.
  mutating func numbers<T: FixedWidthInteger>(_ values: inout [T]) {
    list(&values, empty: 0) { $0.field(&$1) }
  }

  /// A list in which neighbours are often equal.
  mutating func runs<T: Equatable>(
    _ values: inout [T], empty: T, _ body: (inout Self, inout T) -> Void
  ) {
    var packed: [(length: Int, value: T)] = []
    for value in values {
      if let last = packed.last, last.value == value {
        packed[packed.count - 1].length += 1
      } else {
        packed.append((1, value))
      }
    }
    list(&packed, empty: (0, empty)) { coder, run in
      coder.field(&run.length)
      body(&coder, &run.value)
    }
    let total = packed.reduce(0) { $0 &+ max(0, $1.length) }
    guard !isBroken, total <= 1 << 20, packed.allSatisfy({ $0.length > 0 }) else { return fail() }
    guard isReading else { return }
    values = packed.flatMap { repeatElement($0.value, count: $0.length) }
  }
}
