import Testing
import X86

@testable import Predicates

/// The language of predicates: what parses, what does not and where, and that text goes round.
@Suite struct PredicateParsingTests {
  private func parse(_ text: String) throws -> Predicate { try Predicate(parsing: text) }

  @Test func andBindsCloserThanOr() throws {
    let (a, b, c) = (Atom(.halt), Atom(.reset), Atom(.task))
    #expect(try parse("halt or reset and task") == .or(.atom(a), .and(.atom(b), .atom(c))))
    #expect(try parse("(halt or reset) and task") == .and(.or(.atom(a), .atom(b)), .atom(c)))
    #expect(try parse("not halt and task") == .and(.not(.atom(a)), .atom(c)))
    #expect(try parse("not not halt") == .not(.not(.atom(a))))
  }

  @Test(
    arguments: [
      ("#GP", Atom(.fault, .range(ValueRange(13)))),
      ("fault #gp", Atom(.fault, .range(ValueRange(13)))),
      ("FAULT 14", Atom(.fault, .range(ValueRange(14)))), ("fault", Atom(.fault)),
      ("int 80h", Atom(.int, .range(ValueRange(0x80)))),
      ("int 0x80", Atom(.int, .range(ValueRange(0x80)))),
      ("int 128", Atom(.int, .range(ValueRange(0x80)))),
      ("port 3f8h..3ffh", Atom(.port, .range(ValueRange(0x3F8, 0x3FF)))),
      ("port 0x3f8+8", Atom(.port, .range(ValueRange(0x3F8, 0x3FF)))),
      ("cpl < 3", Atom(.cpl, .range(ValueRange(0, 2)))),
      ("cpl > 0", Atom(.cpl, .range(ValueRange(1, 3)))),
      ("tick >= 1_000_000", Atom(.tick, .range(ValueRange(1_000_000, .max)))),
      ("cpl = 1", Atom(.cpl, .range(ValueRange(1)))),
      ("ring 3>0", Atom(.ring, .rings(from: 3, to: 0))),
      ("ring * > 0", Atom(.ring, .rings(from: nil, to: 0))), ("vring", Atom(.vring)),
      ("cause cpl_above_iopl", Atom(.cause, .name(Int(Cause.cplAboveIOPL.rawValue)))),
      ("kind cr3_load", Atom(.kind, .name(Int(TransitionKind.cr3Load.rawValue)))),
      ("sensitive silent", Atom(.sensitive, .name(2))), ("sensitive", Atom(.sensitive)),
      ("write 0xb8000+4000", Atom(.write, .range(ValueRange(0xB8000, 0xB8F9F)))),
    ] as [(String, Atom)])
  func wordsTakeTheirOperands(text: String, atom: Atom) throws {
    #expect(try parse(text) == .atom(atom))
  }

  @Test(
    arguments: [
      ("", 0, "but the text ends"), ("fault #GQ", 6, "#GP"), ("fault 256", 6, "up to"),
      ("#GP and", 7, "but the text ends"), ("#GP cpl 1", 4, "‘and’, ‘or’ or the end"),
      ("(halt", 5, "‘)’"), ("halt)", 4, "or the end"), ("cpl", 3, "a number"),
      ("cpl 4", 4, "up to 3"), ("port 9..3", 8, "begins"), ("ring 3", 6, "‘>’"),
      ("ring 5>0", 5, "0 to 3 or *"), ("cause nonsense", 6, "cpl_not_zero"), ("flt", 0, "a word"),
      ("int 80x", 4, "not a number"), ("tick >= 99999999999999999999", 8, "too large"),
      ("halt & reset", 5, "means nothing"), ("cpl < 0", 6, "below 0"), ("cpl > 3", 6, "above"),
      ("write", 5, "a number"), ("exec 0x1+0", 9, "not so many"), ("12", 0, "a word"),
    ] as [(String, Int, String)])
  func mistakesAreShownAtTheirPlace(text: String, position: Int, part: String) {
    do throws(PredicateError) {
      let predicate = try Predicate(parsing: text)
      Issue.record("‘\(text)’ parses as \(predicate)")
    } catch {
      #expect(error.position == position, "\(error.lines.joined(separator: "\n"))")
      #expect(error.reason.contains(part), "\(error.reason)")
      #expect(error.lines.count == 3 && error.lines[2].count == position + 3)
    }
  }

  @Test func whatIsPrintedParsesToTheSame() throws {
    var random = Generator(state: 1)
    for _ in 0..<4000 {
      let predicate = Predicate.any(depth: 4, &random)
      let text = predicate.description
      guard text.count < 2000 else { continue }
      #expect(try parse(text) == predicate, "\(text)")
    }
  }

  /// Anything at all either parses or is refused with a place inside it.
  @Test func noTextBreaksTheParser() {
    var random = Generator(state: 2)
    let pieces =
      Word.allCases.map(\.rawValue)
      + [
        "and", "or", "not", "(", ")", "..", "+", "*", "<", ">=", "=", "#GP", "#", "0x", "80h", "3",
      ]
      + ["99999999999999999999", "é", "\t", "\n", "\"", "cpl_not_zero", "\u{0}", "日", "_", "h"]
    for round in 0..<20_000 {
      var text = ""
      for _ in 0..<Int.random(in: 0...12, using: &random) {
        text += pieces.randomElement(using: &random) ?? ""
        if round % 3 != 0 { text += " " }
      }
      do throws(PredicateError) {
        let predicate = try Predicate(parsing: text)
        #expect(try Predicate(parsing: predicate.description) == predicate)
      } catch {
        #expect(error.position <= text.count && !error.reason.isEmpty)
      }
    }
  }

  @Test func depthAndLengthAreLimited() {
    let deep = String(repeating: "(", count: 500) + "halt" + String(repeating: ")", count: 500)
    for text in [
      deep, String(repeating: "not ", count: 400) + "halt",
      String(repeating: "halt or ", count: 1000) + "halt",
    ] {
      #expect(throws: PredicateError.self) { try Predicate(parsing: text) }
    }
  }
}

/// Numbers that repeat in every run.
struct Generator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ state >> 29
  }
}

extension Predicate {
  /// Any predicate that can be written.
  static func any(depth: Int, _ random: inout Generator) -> Predicate {
    switch depth == 0 ? 0 : Int.random(in: 0..<5, using: &random) {
    case 1: return .not(any(depth: depth - 1, &random))
    case 2: return .and(any(depth: depth - 1, &random), any(depth: depth - 1, &random))
    case 3: return .or(any(depth: depth - 1, &random), any(depth: depth - 1, &random))
    default:
      let word = Word.allCases.randomElement(using: &random) ?? .fault
      return .atom(Atom(word, operand(of: word, &random)))
    }
  }

  private static func operand(of word: Word, _ random: inout Generator) -> Atom.Operand {
    let omits = Bool.random(using: &random)
    switch word.expects {
    case .nothing: return .none
    case .faultName: return omits ? .none : range(20, &random)
    case .numbers(let optional, let limit, _):
      return optional && omits ? .none : range(limit, &random)
    case .names(let names, let optional):
      return optional && omits ? .none : .name(Int.random(in: 0..<names.count, using: &random))
    case .rings:
      return omits ? .none : .rings(from: ring(&random), to: ring(&random))
    }
  }

  private static func ring(_ random: inout Generator) -> UInt8? {
    Bool.random(using: &random) ? nil : UInt8.random(in: 0...3, using: &random)
  }

  private static func range(_ limit: UInt64, _ random: inout Generator) -> Atom.Operand {
    let low = UInt64.random(in: 0...limit, using: &random)
    switch Int.random(in: 0..<3, using: &random) {
    case 0: return .range(ValueRange(low))
    case 1: return .range(ValueRange(low, limit))
    default: return .range(ValueRange(low, UInt64.random(in: low...limit, using: &random)))
    }
  }
}
