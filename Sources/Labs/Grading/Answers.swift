/// What a student answered, as read from a file or the command line.
public struct Answers: Sendable {
  /// One answer.
  public struct Answer: Sendable, Equatable {
    /// What was answered.
    public var given: Given
    /// The events that are cited.
    public var events: [UInt64] = []
    /// Where it stands in its file.
    public var line = 0

    /// An answer with the event that proves it.
    public init(_ given: Given, events: [UInt64] = []) {
      self.given = given
      self.events = events
    }
  }

  /// The forms that answers have.
  public enum Given: Sendable, Equatable {
    case text(String)
    case list([String])
    case table([String: [String]])
  }

  /// By the questions' names.
  public var answers: [String: Answer] = [:]
  /// The lab they are for, if the file says so.
  public var lab: String?
  /// The seed they are for, if the file says so.
  public var seed: UInt64?
  /// The folder with the files that they name, which then have no slash in their names; nil if they
  /// are named by path.
  public var folder: String?

  /// No answers.
  public init() {}

  /// The longest file of answers, in bytes.
  public static let sizeLimit = 1 << 16

  /// Reads a file of answers: YAML, of which JSON is a part.
  public static func read(file name: String, text: String) throws(LabProblems) -> Answers {
    let file = YAMLFile(name: name)
    var answers = Answers()
    if text.utf8.count > sizeLimit {
      file.report(0, "this file has more than \(sizeLimit) bytes", "answers are short")
    } else if let root = file.parse(text),
      let fields = root.fields(["lab", "seed", "answers"], of: "a file of answers")
    {
      answers.lab = fields["lab"]?.text
      if let seed = fields["seed"] {
        answers.seed = seed.number.flatMap { UInt64(exactly: $0) }
        if answers.seed == nil { seed.report("a seed is not negative", "use the sheet's seed") }
      }
      if fields["answers"] == nil {
        root.report("there are no answers in it", "write them below ‘answers:’, a line each")
      }
      for (id, value) in fields["answers"]?.entries ?? [] { answers.answers[id] = answer(value) }
    }
    guard file.problems.isEmpty else { throw LabProblems(problems: file.problems) }
    return answers
  }

  private static func answer(_ node: YAMLNode) -> Answer? {
    guard node.isMapping else { return given(node).map { with($0, node) } }
    guard let fields = node.fields(["answer", "event", "events"], of: "an answer") else {
      return nil
    }
    guard let given = fields["answer"].flatMap(given) else {
      node.report("the answer itself is missing", "write it as ‘answer: …’")
      return nil
    }
    var answer = with(given, node)
    for cited in [fields["event"], fields["events"]].compactMap({ $0 }) {
      for item in cited.isList ? cited.items ?? [] : [cited] {
        guard let number = item.number else { continue }
        guard let event = UInt64(exactly: number) else {
          item.report("events have numbers from 1", "copy it from ‘ringside lab events’")
          continue
        }
        answer.events.append(event)
      }
    }
    return answer
  }

  private static func with(_ given: Given, _ node: YAMLNode) -> Answer {
    var answer = Answer(given)
    answer.line = node.line
    return answer
  }

  private static func given(_ node: YAMLNode) -> Given? {
    if node.isList { return (node.items ?? []).map(\.text).allPresent.map { .list($0) } }
    guard node.isMapping else { return node.text.map { .text($0) } }
    var rows: [String: [String]] = [:]
    for (name, row) in node.entries ?? [] {
      rows[name] = (row.isList ? row.items ?? [] : [row]).map(\.text).allPresent
    }
    return .table(rows)
  }
}

extension [String?] {
  /// All of them, or nil if one is missing.
  fileprivate var allPresent: [String]? { contains { $0 == nil } ? nil : compactMap { $0 } }
}
