import Machine

/// Waits for texts: what `--send`, `--keys` and `--until` ask for.
///
/// Looks at the serial line's output as a stream without control sequences, and at the text screen
/// by rows. Each rule is used once. What a rule matched is used up for the others: several rules
/// for the same prompt answer it one after the other.
struct Watcher {
  struct Rule {
    var regex: Regex<AnyRegexOutput>
    var input: Journal.Input
  }

  /// How far back a match can begin before the newest output, in bytes.
  private static let window = 2048

  private var rules: [Rule] = []
  private let until: Regex<AnyRegexOutput>?
  /// Serial output not used up by a rule, and all of it for `until`; the end of either.
  private var fresh: [UInt8] = []
  private var recent: [UInt8] = []
  private var hasNews = false
  private var plain = PlainText()
  private var lastScreen: [String] = []
  /// Rows that were on the screen when a rule was used, how often each: these are not news.
  private var seenRows: [String: Int] = [:]

  init(sends: [String], keys: [String], until: String?) throws(UserError) {
    self.until = try until.map { pattern throws(UserError) in
      try Self.regex(pattern, option: "--until")
    }
    for text in sends {
      let (regex, rest) = try Self.split(text, option: "--send")
      guard let bytes = Escapes.bytes(rest) else {
        throw UserError("--send \(text): a backslash stands before n r t b e 0 \\ or xHH")
      }
      rules.append(Rule(regex: regex, input: .serial(bytes)))
    }
    for text in keys {
      let (regex, rest) = try Self.split(text, option: "--keys")
      guard let typed = Escapes.keys(rest) else {
        throw UserError(
          "--keys \(text): a backslash stands before n r t b e 0 \\ xHH or a key's name, as {f2}")
      }
      rules.append(Rule(regex: regex, input: .keys(typed)))
    }
  }

  private static func split(_ text: String, option: String) throws(UserError)
    -> (Regex<AnyRegexOutput>, String)
  {
    guard let separator = text.firstIndex(of: "=") else {
      throw UserError("\(option) \(text): write REGEX=TEXT, as in \(option) 'login:=root\\n'")
    }
    let rest = String(text[text.index(after: separator)...])
    return (try regex(String(text[..<separator]), option: option), rest)
  }

  private static func regex(_ pattern: String, option: String) throws(UserError)
    -> Regex<AnyRegexOutput>
  {
    do {
      return try Regex(pattern).matchingSemantics(.unicodeScalar).anchorsMatchLineEndings()
    } catch {
      throw UserError("\(option) \(pattern): this is not a regular expression that Swift knows")
    }
  }

  /// Whether any rule still waits.
  var hasRules: Bool { !rules.isEmpty }
  /// Whether there is anything to look for.
  var isWatching: Bool { hasRules || until != nil }

  /// Takes output of the serial line in.
  mutating func receive(_ bytes: [UInt8]) {
    guard isWatching, !bytes.isEmpty else { return }
    let text = plain.filter(bytes)
    if hasRules { fresh += text }
    if until != nil { recent += text }
    hasNews = true
  }

  /// Looks for the texts. Returns the inputs of the rules that are used now, in order, and whether
  /// `until` appeared.
  mutating func check(screen: [String]) -> (inputs: [Journal.Input], isDone: Bool) {
    let screenChanged = screen != lastScreen
    guard hasNews || screenChanged else { return ([], false) }
    hasNews = false
    lastScreen = screen
    var isDone = false
    if let until {
      isDone =
        String(decoding: recent, as: UTF8.self).firstMatch(of: until) != nil
        || screen.joined(separator: "\n").firstMatch(of: until) != nil
      recent.removeFirst(max(0, recent.count - Self.window))
    }
    var inputs: [Journal.Input] = []
    while let input = nextSerialMatch() ?? nextScreenMatch(screen) {
      inputs.append(input)
      seenRows = Dictionary(screen.map { ($0, 1) }, uniquingKeysWith: +)
    }
    forgetRows(notOn: screen)
    fresh.removeFirst(max(0, fresh.count - Self.window))
    return (inputs, isDone)
  }

  /// Uses the rule whose match begins first in the serial output.
  private mutating func nextSerialMatch() -> Journal.Input? {
    guard hasRules, !fresh.isEmpty else { return nil }
    let text = String(decoding: fresh, as: UTF8.self)
    var best: (rule: Int, range: Range<String.Index>)?
    for (index, rule) in rules.enumerated() {
      guard let range = text.firstMatch(of: rule.regex)?.range else { continue }
      if let found = best, found.range.lowerBound <= range.lowerBound { continue }
      best = (index, range)
    }
    guard let best else { return nil }
    let used = text.utf8.distance(from: text.startIndex, to: best.range.upperBound)
    fresh.removeFirst(min(used, fresh.count))
    return rules.remove(at: best.rule).input
  }

  /// Uses the first rule that matches in rows that are new since the last use.
  private mutating func nextScreenMatch(_ screen: [String]) -> Journal.Input? {
    guard hasRules else { return nil }
    var seen = seenRows
    let news = screen.compactMap { row -> Substring? in
      guard let known = Self.knownPart(of: row, in: seen) else { return row[...] }
      seen[known, default: 0] -= 1
      return known == row ? nil : row.dropFirst(known.count)
    }
    let text = news.joined(separator: "\n")
    guard !text.isEmpty,
      let index = rules.firstIndex(where: { text.firstMatch(of: $0.regex) != nil })
    else { return nil }
    return rules.remove(at: index).input
  }

  /// The row that was there before and that `row` is, or has grown from: a prompt with an answer
  /// typed behind it is still the same prompt.
  private static func knownPart(of row: String, in seen: [String: Int]) -> String? {
    if let count = seen[row], count > 0 { return row }
    return seen.filter { $0.value > 0 && !$0.key.isEmpty && row.hasPrefix($0.key) }
      .keys.max { $0.count < $1.count }
  }

  /// A row that left the screen is news when it comes again.
  private mutating func forgetRows(notOn screen: [String]) {
    for (row, count) in seenRows {
      let present = screen.count { $0 == row || !row.isEmpty && $0.hasPrefix(row) }
      seenRows[row] = min(count, present)
    }
  }
}

/// Takes carriage returns and control sequences (ECMA-48) out of terminal output.
private struct PlainText {
  private enum Mode { case text, escape, sequence }
  private var mode = Mode.text

  mutating func filter(_ bytes: [UInt8]) -> [UInt8] {
    bytes.filter { byte in
      switch mode {
      case .text:
        if byte == 0x1B { mode = .escape }
        return byte != 0x1B && byte != 0x0D && byte != 0
      case .escape: mode = byte == UInt8(ascii: "[") ? .sequence : .text
      case .sequence: if (0x40...0x7E).contains(byte) { mode = .text }
      }
      return false
    }
  }
}
