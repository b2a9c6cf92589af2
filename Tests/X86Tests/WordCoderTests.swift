import Testing
import X86

/// States as words: what is written is read again, and damaged words are refused.
@Suite struct WordCoderTests {
  /// One of everything that a coder knows.
  private struct State: Equatable {
    var numbers: [UInt32] = []
    var present: UInt8?
    var missing: UInt8?
    var runs = [UInt16](repeating: 0, count: 1000)

    mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
      coder.numbers(&numbers)
      coder.optional(&present, empty: 0) { $0.field(&$1) }
      coder.optional(&missing, empty: 0) { $0.field(&$1) }
      coder.runs(&runs, empty: 0) { $0.field(&$1) }
    }

    init() {}

    init?(_ words: [UInt64]) {
      var coder = WordReader(words)
      exchange(&coder)
      guard coder.isComplete else { return nil }
    }

    var words: [UInt64] {
      var (copy, coder) = (self, WordWriter())
      copy.exchange(&coder)
      return coder.words
    }
  }

  @Test func aListOfMoreThan65536ElementsIsWhole() {
    var state = State()
    state.numbers = (0..<70_000).map { $0 * 3 }
    #expect(State(state.words) == state)
    state.numbers = [UInt32](repeating: 7, count: 65_536)
    #expect(State(state.words) == state)
  }

  @Test func valuesThatAreMissingStayAway() {
    var state = State()
    state.present = 9
    state.runs[500] = 3
    #expect(state.words == [0, 1, 9, 0, 3, 500, 0, 1, 3, 499, 0])
    #expect(State(state.words) == state)
  }

  /// Lengths that would be too much, alone or in sum, are refused without anything being made of them.
  @Test(arguments: [UInt64.max, 1 << 63, UInt64(Int.max), 1 << 32, 0xFFFF_FFFF, 1001, 0])
  func lengthsThatCannotBeAreRefused(length: UInt64) {
    #expect(State([length, 1, 2, 3]) == nil)
    #expect(State([0, 0, 0, length, 1000]) == nil)
    #expect(State([0, 0, 0, 2, length, 1, length, 2]) == nil)
    #expect(State([0, 0, 0, 2, 999, 1, length, 2]) == nil)
    #expect(State([0, 0, 0, 1, length, 1]) == nil)
    #expect(State([0, 2, 0, 0, 1, 1000, 0]) == nil)
  }
}
