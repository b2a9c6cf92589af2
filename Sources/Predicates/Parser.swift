/// Why a text is no predicate, and the character that shows it.
public struct PredicateError: Error, Equatable, Sendable {
  /// The whole text.
  public var text: String
  /// The place of the first character that does not fit, counted in characters from 0.
  public var position: Int
  /// What was expected there, and what is there instead.
  public var reason: String

  /// The reason, the text, and a caret under the place.
  public var lines: [String] {
    // A tab or a line break in the text must not move the caret.
    let shown = String(text.map { $0.isWhitespace ? " " : $0 })
    return [reason, "  " + shown, "  " + String(repeating: " ", count: position) + "^"]
  }
}

extension Predicate {
  /// A predicate from its text.
  public init(parsing text: String) throws(PredicateError) {
    var parser = Parser(text)
    self = try parser.predicate()
  }
}

/// Recursive descent: `or` binds weakest, then `and`, then `not`.
private struct Parser {
  private let text: String
  private let tokens: [Token]
  private var place = 0
  private var depth = 0

  /// Longer or deeper than anybody writes; a limit keeps the stack safe.
  private static let longest = 2000
  private static let deepest = 64

  init(_ text: String) {
    self.text = text
    tokens = Tokens.cut(String(text.prefix(Self.longest + 1)))
  }

  private var token: Token { tokens[place] }

  private func failure(_ reason: String, at token: Token? = nil) -> PredicateError {
    PredicateError(text: text, position: (token ?? self.token).position, reason: reason)
  }

  private func expected(_ what: String) -> PredicateError {
    switch token.kind {
    case .broken(let reason): failure(reason)
    case .end: failure("expected \(what), but the text ends")
    default: failure("expected \(what), not ‘\(token.text)’")
    }
  }

  private func isWord(_ word: String) -> Bool { token.kind == .word(word) }

  mutating func predicate() throws(PredicateError) -> Predicate {
    if text.count > Self.longest {
      throw PredicateError(
        text: String(text.prefix(Self.longest)), position: Self.longest,
        reason: "a predicate has at most \(Self.longest) characters")
    }
    let result = try alternatives()
    guard token.kind == .end else { throw expected("‘and’, ‘or’ or the end") }
    return result
  }

  private mutating func alternatives() throws(PredicateError) -> Predicate {
    depth += 1
    defer { depth -= 1 }
    if depth > Self.deepest {
      throw failure("parentheses and ‘not’ go at most \(Self.deepest) deep")
    }
    var result = try conjunction()
    while isWord("or") {
      place += 1
      result = .or(result, try conjunction())
    }
    return result
  }

  private mutating func conjunction() throws(PredicateError) -> Predicate {
    var result = try negation()
    while isWord("and") {
      place += 1
      result = .and(result, try negation())
    }
    return result
  }

  private mutating func negation() throws(PredicateError) -> Predicate {
    guard isWord("not") else { return try primary() }
    depth += 1
    defer { depth -= 1 }
    if depth > Self.deepest {
      throw failure("parentheses and ‘not’ go at most \(Self.deepest) deep")
    }
    place += 1
    return .not(try negation())
  }

  private mutating func primary() throws(PredicateError) -> Predicate {
    switch token.kind {
    case .open:
      place += 1
      let inner = try alternatives()
      guard token.kind == .close else { throw expected("‘)’") }
      place += 1
      return inner
    case .fault: return .atom(Atom(.fault, try faultName()))
    case .word(let name):
      guard let word = Word(rawValue: name) else {
        throw failure(
          "expected a word such as fault, int, ring, cr3, port or exec, not ‘\(token.text)’")
      }
      place += 1
      return .atom(Atom(word, try operand(of: word)))
    default: throw expected("a word such as fault, int, ring, cr3, port or exec")
    }
  }

  // MARK: Operands

  private mutating func operand(of word: Word) throws(PredicateError) -> Atom.Operand {
    switch word.expects {
    case .nothing: return .none
    case .faultName:
      if case .fault = token.kind { return try faultName() }
      return try numbers(optional: true, limit: 0xFF, word)
    case .numbers(let optional, let limit, _):
      return try numbers(optional: optional, limit: limit, word)
    case .names(let names, let optional): return try name(from: names, optional: optional, word)
    case .rings: return try rings()
    }
  }

  private mutating func faultName() throws(PredicateError) -> Atom.Operand {
    guard let vector = FaultNames.vector(of: token.text) else {
      let names = FaultNames.all.map(\.name).filter { $0.hasPrefix("#") }.joined(separator: " ")
      throw failure("expected the name of a fault (\(names)), not ‘\(token.text)’")
    }
    place += 1
    return .range(ValueRange(UInt64(vector)))
  }

  private mutating func name(
    from names: [String], optional: Bool, _ word: Word
  ) throws(PredicateError) -> Atom.Operand {
    if case .word(let text) = token.kind, let index = names.firstIndex(of: text) {
      place += 1
      return .name(index)
    }
    if optional {
      switch token.kind {
      case .end, .close, .word("and"), .word("or"): return .none
      default: break
      }
    }
    let list = names.count <= 8 ? names.joined(separator: ", ") : "\(names[1]), \(names[2]), …"
    throw expected("a name behind ‘\(word.rawValue)’ (\(list))")
  }

  private mutating func numbers(
    optional: Bool, limit: UInt64, _ word: Word
  ) throws(PredicateError) -> Atom.Operand {
    switch token.kind {
    case .number:
      let first = try number(limit, word)
      switch token.kind {
      case .range:
        place += 1
        let endToken = token
        let last = try number(limit, word)
        if last < first { throw failure("a range begins before it ends", at: endToken) }
        return .range(ValueRange(first, last))
      case .plus:
        place += 1
        let sizeToken = token
        let size = try number(limit, word)
        guard size > 0, size - 1 <= limit - first else {
          throw failure("from ‘\(word.rawValue)’ on there are not so many", at: sizeToken)
        }
        return .range(ValueRange(first, first + size - 1))
      default: return .range(ValueRange(first))
      }
    case .comparison(let sign):
      place += 1
      let bound = token
      let value = try number(limit, word)
      switch sign {
      case "=": return .range(ValueRange(value))
      case "<=": return .range(ValueRange(0, value))
      case ">=": return .range(ValueRange(value, limit))
      case "<":
        if value == 0 { throw failure("nothing is below 0", at: bound) }
        return .range(ValueRange(0, value - 1))
      default:
        if value == limit { throw failure("nothing is above that", at: bound) }
        return .range(ValueRange(value + 1, limit))
      }
    case .end, .close, .word("and"), .word("or"):
      if optional { return .none }
      throw expected("a number behind ‘\(word.rawValue)’")
    default: throw expected("a number behind ‘\(word.rawValue)’")
    }
  }

  private mutating func number(_ limit: UInt64, _ word: Word) throws(PredicateError) -> UInt64 {
    guard case .number(let value) = token.kind else { throw expected("a number") }
    if value > limit {
      throw failure("behind ‘\(word.rawValue)’ numbers go up to \(Printing.number(limit, word))")
    }
    place += 1
    return value
  }

  /// Nothing, or `3>0`, `*>0`, `3>*`.
  private mutating func rings() throws(PredicateError) -> Atom.Operand {
    switch token.kind {
    case .number, .star: break
    default: return .none
    }
    let from = try ring()
    guard token.kind == .comparison(">") else { throw expected("‘>’ between the rings") }
    place += 1
    return .rings(from: from, to: try ring())
  }

  private mutating func ring() throws(PredicateError) -> UInt8? {
    switch token.kind {
    case .star:
      place += 1
      return nil
    case .number(let value) where value <= 3:
      place += 1
      return UInt8(value)
    default: throw expected("a ring, 0 to 3 or *")
    }
  }
}
