/// Something that differs from student to student.
struct LabValue: Sendable {
  let name: String
  let line: Int
  let kind: Kind

  enum Kind: Sendable {
    /// A number between two others.
    case range(ClosedRange<Int64>)
    /// Some of these, in any order and none twice. A single one is called by the value's name, others
    /// by that name with 1, 2 and so on behind it. An item is a text, or has named parts.
    case some(Int, [Item], isNumbered: Bool)
  }

  struct Item: Sendable {
    /// The whole, under the empty name, or the parts.
    var parts: [String: String]
  }

  /// The names under which a lab can speak of it.
  var names: [String] {
    switch kind {
    case .range: [name]
    case .some(let count, let items, let isNumbered):
      (1...count).flatMap { number in
        (items.first?.parts.keys.sorted() ?? []).map { part in
          Self.name(name, number: isNumbered ? number : nil, part: part)
        }
      }
    }
  }

  fileprivate static func name(_ name: String, number: Int?, part: String) -> String {
    name + (number.map(String.init) ?? "") + (part.isEmpty ? "" : "." + part)
  }
}

/// The values that a seed gives to one student.
public struct DrawnValues: Sendable, Equatable {
  /// What they were drawn with.
  public let seed: UInt64
  private var texts: [String: String] = [:]

  /// The name under which the seed itself is known.
  static let seedName = "seed"

  subscript(name: String) -> String? { texts[name] }

  /// All of them, by name.
  public var all: [(name: String, text: String)] {
    texts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// Draws. Each value has a generator of its own, from the seed, the lab and its name: so a further
  /// value in a lab leaves the others as they were.
  init(seed: UInt64, lab slug: String, values: [LabValue]) {
    self.seed = seed
    texts[Self.seedName] = String(seed)
    for value in values {
      var generator = SeededGenerator(seed: seed, purpose: "\(slug)/\(value.name)")
      switch value.kind {
      case .range(let range): texts[value.name] = String(generator.number(in: range))
      case .some(let count, let items, let isNumbered):
        for (index, item) in generator.shuffled(items).prefix(count).enumerated() {
          for (part, text) in item.parts {
            let number = isNumbered ? index + 1 : nil
            texts[LabValue.name(value.name, number: number, part: part)] = text
          }
        }
      }
    }
  }
}

/// Random numbers that are the same on every host: SplitMix64, started from an FNV-1a hash.
struct SeededGenerator {
  private var state: UInt64

  init(seed: UInt64, purpose: String) {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: seed >> (8 * $0)) } + Array(purpose.utf8)
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    state = hash
  }

  private mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  /// A number in a range. Ranges are small beside 2^64, so taking the remainder is fair enough.
  mutating func number(in range: ClosedRange<Int64>) -> Int64 {
    let span = UInt64(bitPattern: range.upperBound &- range.lowerBound) &+ 1
    let offset = span == 0 ? next() : next() % span
    return range.lowerBound &+ Int64(bitPattern: offset)
  }

  /// The same items in another order.
  mutating func shuffled<Item>(_ items: [Item]) -> [Item] {
    var items = items
    for last in stride(from: items.count - 1, to: 0, by: -1) {
      items.swapAt(last, Int(number(in: 0...Int64(last))))
    }
    return items
  }
}
