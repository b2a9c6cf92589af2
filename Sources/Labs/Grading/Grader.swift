import X86

/// Compares answers with what the machine says.
public struct Grader {
  public let lab: Lab
  public let values: DrawnValues
  /// The lab's own run.
  public let run: LabRun
  /// The right answers.
  public let solutions: [Solution]
  private let build: LabRun.Builder

  /// Runs the lab for a seed and finds the right answers.
  public init(_ lab: Lab, seed: UInt64, build: @escaping LabRun.Builder) throws(LabProblem) {
    self.lab = lab
    self.build = build
    values = lab.values(seed: seed)
    run = try LabRun(lab, values: values, build: build)
    solutions = try run.solutions()
  }

  /// The verdicts on a student's answers.
  public func grade(_ answers: Answers) throws(LabProblem) -> Report {
    var results: [Report.Result] = []
    for solution in solutions where solution.question.isObserved {
      results.append(try result(answers.answers[solution.question.id], solution))
    }
    let unknown = answers.answers.keys.filter { lab.question($0)?.isObserved != true }.sorted()
    return Report(lab: lab.slug, seed: values.seed, results: results, unknownQuestions: unknown)
  }

  private func result(_ answer: Answers.Answer?, _ solution: Solution) throws(LabProblem)
    -> Report.Result
  {
    let question = solution.question
    var result = Report.Result(
      id: question.id, points: question.points, earned: 0, verdict: .missing,
      comment: "not answered")
    guard let answer else { return result }
    if let refusal = refusal(of: answer, solution) {
      (result.verdict, result.comment) = (.refused, refusal)
      return result
    }
    let right = try share(answer.given, solution)
    result.earned = question.points * right.right / max(right.of, 1)
    result.verdict = right.right == right.of ? .right : .wrong
    result.comment =
      result.verdict == .right
      ? question.explanation?.filled(with: values) ?? "" : right.note + hint(solution)
    return result
  }

  /// Why the answer does not count, whatever it says: its evidence does not hold.
  private func refusal(of answer: Answers.Answer, _ solution: Solution) -> String? {
    for event in answer.events where run.event(event) == nil {
      return "event \(event) does not exist in this run; see ‘\(command("events"))’"
    }
    guard let accepted = solution.evidence else { return nil }
    if answer.events.isEmpty { return "no event is cited that shows it; add ‘event: NUMBER’" }
    // Sorted, as the ledger is.
    for event in answer.events where !accepted.contains(event) {
      return "event \(event) exists, but does not show this. \(hint(solution, namesEvent: false))"
    }
    return nil
  }

  private func command(_ name: String) -> String {
    "ringside lab \(name) \(lab.slug) --seed \(values.seed)"
  }

  private func hint(_ solution: Solution, namesEvent: Bool = true) -> String {
    var sentences: [String] = []
    if let hint = solution.question.hint { sentences.append(hint.filled(with: values)) }
    if namesEvent, let event = solution.evidence?.first {
      sentences.append("Look at event \(event): ‘\(command("events")) --around \(event)’.")
    } else if sentences.isEmpty {
      sentences.append("Look at the run again: ‘\(command("events"))’.")
    }
    return sentences.joined(separator: " ")
  }

  // MARK: Comparing

  /// How much of an answer is right, in parts.
  private struct Share {
    var right: Int
    var of = 1
    var note = ""

    init(_ isRight: Bool) { right = isRight ? 1 : 0 }
    init(right: Int, of: Int, note: String) { (self.right, self.of, self.note) = (right, of, note) }
  }

  private func share(_ given: Answers.Given, _ solution: Solution) throws(LabProblem) -> Share {
    switch (solution.right, given) {
    case (.number(let number, let isHexadecimal), .text(let text)):
      return Share(Int64(notation: Self.trimmed(text), hexadecimal: isHexadecimal) == number)
    case (.text(let right), .text(let text)):
      return Share(Self.trimmed(text).lowercased() == Self.trimmed(right).lowercased())
    case (.options(let options, let right, _), .text(let text)):
      return Share(Self.chosen([text], options) == right)
    case (.options(let options, let right, let several), .list(let texts)):
      return Share((several || texts.count == 1) && Self.chosen(texts, options) == right)
    case (.table(_, let rows), .table(let given)): return share(given, rows)
    case (.goal(let conditions, _), .list(let lines)):
      return try share(typing: lines, to: conditions)
    case (.goal(let conditions, _), .text(let line)):
      return try share(typing: [line], to: conditions)
    default: return Share(false)
    }
  }

  private func share(_ given: [String: [String]], _ rows: [Solution.Row]) -> Share {
    var right = 0
    var wrongRows: [String] = []
    for row in rows {
      let cells = given[row.name] ?? []
      let good = zip(cells, row.cells).count { cell, expected in
        Self.isSame(Self.trimmed(cell), expected, isHexadecimal: row.isHexadecimal)
      }
      right += cells.count == row.cells.count ? good : 0
      if good != row.cells.count || cells.count != row.cells.count { wrongRows.append(row.name) }
    }
    let total = rows.reduce(0) { $0 + $1.cells.count }
    let note =
      wrongRows.isEmpty
      ? ""
      : "\(right) of \(total) cells are right; look again at \(wrongRows.joined(separator: ", ")). "
    return Share(right: right, of: total, note: note)
  }

  /// The most that may be typed to reach a goal.
  static let lineLimit = (lines: 30, characters: 200)

  private func share(typing lines: [String], to conditions: [Condition]) throws(LabProblem) -> Share
  {
    let isShort =
      lines.count <= Self.lineLimit.lines
      && lines.allSatisfy { $0.utf8.count <= Self.lineLimit.characters }
    guard isShort else {
      return Share(
        right: 0, of: 1,
        note:
          "At most \(Self.lineLimit.lines) lines of \(Self.lineLimit.characters) bytes can be typed. "
      )
    }
    let attempt: LabRun
    do throws(LabProblem) {
      attempt = try LabRun(lab, values: values, typing: lines, build: build)
    } catch {
      return Share(right: 0, of: 1, note: "\(error.what). ")
    }
    do throws(LabFailure) {
      return Share(try Observer(run: attempt).holdAll(conditions))
    } catch {
      return Share(right: 0, of: 1, note: "\(error.what). ")
    }
  }

  private static func isSame(_ cell: String, _ expected: String, isHexadecimal: Bool) -> Bool {
    if let number = Int64(notation: expected, hexadecimal: isHexadecimal),
      let given = Int64(notation: cell, hexadecimal: isHexadecimal)
    {
      return given == number
    }
    return cell.lowercased() == expected.lowercased()
  }

  /// The options that are meant, by their letters or their texts; nil if one of them is neither.
  private static func chosen(_ texts: [String], _ options: [String]) -> Set<Int>? {
    var chosen: Set<Int> = []
    for text in texts {
      let text = trimmed(text)
      let index = options.indices.first { index in
        text.lowercased() == Solution.letter(index) || text == options[index]
      }
      guard let index else { return nil }
      chosen.insert(index)
    }
    return chosen
  }

  private static func trimmed(_ text: String) -> String {
    let isSpace: (Character) -> Bool = { $0.isWhitespace }
    guard let first = text.firstIndex(where: { !isSpace($0) }),
      let last = text.lastIndex(where: { !isSpace($0) })
    else { return "" }
    return String(text[first...last])
  }
}
