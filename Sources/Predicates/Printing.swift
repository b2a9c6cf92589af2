/// Predicates as text. What is printed parses to the same predicate.
extension Predicate: CustomStringConvertible {
  /// The predicate in the language of Documentation/Predicates.md.
  public var description: String { text(within: .or) }

  private enum Binding: Int { case or, and, not }

  private func text(within outer: Binding) -> String {
    switch self {
    case .atom(let atom): return atom.description
    case .not(let inner): return "not " + inner.text(within: .not)
    case .and(let left, let right):
      let text = left.text(within: .and) + " and " + right.text(within: .not)
      return outer == .not ? "(\(text))" : text
    case .or(let left, let right):
      let text = left.text(within: .or) + " or " + right.text(within: .and)
      return outer == .or ? text : "(\(text))"
    }
  }
}

extension Atom: CustomStringConvertible {
  /// The word and its operand.
  public var description: String {
    switch operand {
    case .none: return word.rawValue
    case .range(let range): return word.rawValue + " " + Printing.range(range, word)
    case .name(let index):
      guard case .names(let names, _) = word.expects else { return word.rawValue }
      return word.rawValue + " " + names[index]
    case .rings(let from, let to): return word.rawValue + " \(ring(from))>\(ring(to))"
    }
  }

  private func ring(_ number: UInt8?) -> String { number.map { "\($0)" } ?? "*" }
}

enum Printing {
  static func number(_ value: UInt64, _ word: Word) -> String {
    switch word.expects {
    case .numbers(_, _, hexadecimal: false): "\(value)"
    case .faultName: "\(value)"
    default: "0x" + String(value, radix: 16)
    }
  }

  static func range(_ range: ValueRange, _ word: Word) -> String {
    if range.low == range.high {
      if word == .fault, let name = FaultNames.name(of: range.low) { return name }
      return number(range.low, word)
    }
    if case .numbers(_, range.high, _) = word.expects { return ">= " + number(range.low, word) }
    return number(range.low, word) + ".." + number(range.high, word)
  }
}
