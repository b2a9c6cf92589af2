/// A condition on what happens in a machine: one syntax for breakpoints, filters, labs and the
/// screen. Documentation/Predicates.md has the grammar.
public indirect enum Predicate: Equatable, Sendable {
  /// One word with its operand.
  case atom(Atom)
  /// What the other is not.
  case not(Predicate)
  /// Both.
  case and(Predicate, Predicate)
  /// Either.
  case or(Predicate, Predicate)

  /// All atoms, from left to right.
  public var atoms: [Atom] {
    switch self {
    case .atom(let atom): [atom]
    case .not(let inner): inner.atoms
    case .and(let left, let right), .or(let left, let right): left.atoms + right.atoms
    }
  }
}

/// A word and what stands behind it: `fault #GP`, `port 0x3f8`, `cpl 3`.
public struct Atom: Equatable, Sendable {
  /// The word.
  public var word: Word
  /// What stands behind it.
  public var operand: Operand

  /// A word with its operand; whether they go together is the parser's concern.
  public init(_ word: Word, _ operand: Operand = .none) {
    self.word = word
    self.operand = operand
  }

  /// What may stand behind a word.
  public enum Operand: Equatable, Sendable {
    /// Nothing.
    case none
    /// A number or a range of numbers.
    case range(ValueRange)
    /// A name from a list, by its place in it.
    case name(Int)
    /// Rings before and after; nil stands for any.
    case rings(from: UInt8?, to: UInt8?)
  }
}

/// Numbers from `low` to `high`, both included.
public struct ValueRange: Equatable, Sendable {
  /// The first.
  public var low: UInt64
  /// The last, not below the first.
  public var high: UInt64

  /// From `low` to `high`.
  public init(_ low: UInt64, _ high: UInt64) {
    precondition(low <= high, "a range begins before it ends")
    (self.low, self.high) = (low, high)
  }

  /// One number.
  public init(_ value: UInt64) { self.init(value, value) }

  /// Whether a number lies in it.
  public func contains(_ value: UInt64) -> Bool { low <= value && value <= high }

  /// Whether any of `size` numbers from `first` on lies in it.
  public func overlaps(_ first: UInt64, size: UInt64) -> Bool {
    first <= high && first + (size - 1) >= low
  }
}
