import X86

/// A predicate made ready to be asked often: a list of tests with jumps, and what need not be asked
/// about at all.
public struct CompiledPredicate: Sendable {
  /// What the user wrote.
  public let predicate: Predicate
  /// Moments of these kinds must be shown to it; it is never true of others.
  public let asksEvents: Bool
  public let asksInstructions: Bool
  public let asksAccesses: Bool
  /// The kinds of events of which it can be true.
  public let kinds: KindSet
  /// The linear addresses of instructions of which it can be true; nil: any.
  public let places: [ValueRange]?
  /// The linear addresses of memory accesses of which it can be true.
  public let accessed: [ValueRange]
  /// A word of it is about port and memory-mapped accesses or interrupt edges, which the ledger keeps
  /// only when asked.
  public let asksAccessEvents: Bool
  /// It has to know the class of an instruction.
  public let needsSensitivity: Bool

  private let tests: [Test]

  private struct Test: Sendable {
    var atom: Atom
    var whenTrue: Int
    var whenFalse: Int
  }

  private static let yes = -1
  private static let no = -2

  /// Compiles a predicate. `default` says what it is about if none of its words says so.
  public init(_ predicate: Predicate, default subject: Word.Subject) {
    self.predicate = predicate
    let atoms = predicate.atoms
    let subjects = atoms.map(\.word.subject).filter { $0 != .state }
    asksEvents = subjects.isEmpty ? subject == .event : subjects.contains(.event)
    asksInstructions =
      subjects.isEmpty ? subject == .instruction : subjects.contains(.instruction)
    asksAccesses = subjects.contains(.access)
    let named = atoms.map(Self.accessKinds).reduce(KindSet()) { $0.union($1) }
    asksAccessEvents = !named.isEmpty
    kinds = asksEvents ? Self.kinds(predicate).subtracting(.accesses).union(named) : []
    places = asksInstructions ? Self.places(predicate) : []
    accessed = atoms.compactMap { atom in
      guard atom.word.subject == .access, case .range(let range) = atom.operand else { return nil }
      return range
    }
    needsSensitivity = atoms.contains { $0.word == .sensitive }
    var tests: [Test] = []
    _ = Self.compile(predicate, into: &tests, whenTrue: Self.yes, whenFalse: Self.no)
    self.tests = tests
  }

  /// Whether it is true of a moment.
  public func matches(_ moment: Moment) -> Bool {
    switch moment.subject {
    case .event where asksEvents, .instruction where asksInstructions, .access where asksAccesses:
      break
    default: return false
    }
    var place = tests.count - 1
    while place >= 0 {
      let test = tests[place]
      place = test.atom.matches(moment) ? test.whenTrue : test.whenFalse
    }
    return place == Self.yes
  }

  /// Appends the tests, last first, so that every jump goes to a test that is already there. Returns
  /// where to begin.
  private static func compile(
    _ predicate: Predicate, into tests: inout [Test], whenTrue: Int, whenFalse: Int
  ) -> Int {
    switch predicate {
    case .atom(let atom):
      tests.append(Test(atom: atom, whenTrue: whenTrue, whenFalse: whenFalse))
      return tests.count - 1
    case .not(let inner):
      return compile(inner, into: &tests, whenTrue: whenFalse, whenFalse: whenTrue)
    case .and(let left, let right):
      let second = compile(right, into: &tests, whenTrue: whenTrue, whenFalse: whenFalse)
      return compile(left, into: &tests, whenTrue: second, whenFalse: whenFalse)
    case .or(let left, let right):
      let second = compile(right, into: &tests, whenTrue: whenTrue, whenFalse: whenFalse)
      return compile(left, into: &tests, whenTrue: whenTrue, whenFalse: second)
    }
  }

  /// The kinds of accesses that a word names.
  private static func accessKinds(_ atom: Atom) -> KindSet {
    switch atom.word {
    case .in, .out, .port, .mmio, .edge, .any: atom.word.kinds.intersection(.accesses)
    case .kind:
      if case .name(let index) = atom.operand {
        KindSet(TransitionKind.allCases[index]).intersection(.accesses)
      } else {
        []
      }
    default: []
    }
  }

  /// The kinds of events of which a predicate can be true.
  private static func kinds(_ predicate: Predicate) -> KindSet {
    switch predicate {
    case .atom(let atom):
      switch atom.word.subject {
      case .state: return .all
      case .event:
        guard atom.word == .kind, case .name(let index) = atom.operand else {
          return atom.word.kinds
        }
        return KindSet(TransitionKind.allCases[index])
      case .instruction, .access: return []
      }
    case .not: return .all
    case .and(let left, let right): return kinds(left).intersection(kinds(right))
    case .or(let left, let right): return kinds(left).union(kinds(right))
    }
  }

  /// The addresses of instructions of which a predicate can be true; nil: any.
  private static func places(_ predicate: Predicate) -> [ValueRange]? {
    switch predicate {
    case .atom(let atom):
      switch atom.word.subject {
      case .event, .access: return []
      case .state: return nil
      case .instruction:
        guard case .range(let range) = atom.operand else { return nil }
        return [range]
      }
    case .not: return nil
    case .and(let left, let right): return places(left) ?? places(right)
    case .or(let left, let right):
      guard let first = places(left), let second = places(right) else { return nil }
      return first + second
    }
  }

  /// The first tick at which it can be true, when `instructions` have been executed at `now`.
  public func earliestTick(now: UInt64, instructions: UInt64) -> UInt64 {
    Self.earliest(predicate, now, instructions)
  }

  private static func earliest(
    _ predicate: Predicate, _ now: UInt64, _ instructions: UInt64
  ) -> UInt64 {
    switch predicate {
    case .atom(let atom):
      guard case .range(let range) = atom.operand else { return 0 }
      switch atom.word {
      case .tick, .guesttick: return range.low
      case .instruction:
        let missing = range.low - min(range.low, instructions)
        return missing == 0 ? 0 : now.addingReportingOverflow(missing).partialValue
      default: return 0
      }
    case .not: return 0
    case .and(let left, let right):
      return max(earliest(left, now, instructions), earliest(right, now, instructions))
    case .or(let left, let right):
      return min(earliest(left, now, instructions), earliest(right, now, instructions))
    }
  }
}
