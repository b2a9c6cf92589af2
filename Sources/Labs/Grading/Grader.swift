import X86

/// Compares answers with what the machine says.
public struct Grader {
  public let lab: Lab
  public let values: DrawnValues
  /// What is asked, the lab's own run first.
  public let runs: LabRuns
  /// The right answers.
  public let solutions: [Solution]

  /// Runs the lab for a seed and finds the right answers.
  public init(_ lab: Lab, seed: UInt64, build: @escaping LabRun.Builder) throws(LabProblem) {
    self.lab = lab
    values = lab.values(seed: seed)
    runs = LabRuns(lab, values: values, build: build)
    solutions = try runs.solutions()
  }

  /// The verdicts on a student's answers.
  public func grade(_ answers: Answers) throws(LabProblem) -> Report {
    var results: [Report.Result] = []
    for solution in solutions where solution.question.isObserved {
      results.append(
        try result(answers.answers[solution.question.id], solution, folder: answers.folder))
    }
    let unknown = answers.answers.keys.filter { lab.question($0)?.isObserved != true }.sorted()
    return Report(lab: lab.slug, seed: values.seed, results: results, unknownQuestions: unknown)
  }

  /// The verdict on one answer. Files that it names lie in a folder, or are named by path.
  func result(
    _ answer: Answers.Answer?, _ solution: Solution, folder: String?
  ) throws(LabProblem) -> Report.Result {
    let question = solution.question
    var result = Report.Result(
      id: question.id, points: question.points, earned: 0, verdict: .missing,
      comment: "not answered")
    guard let answer else { return result }
    if let refusal = try refusal(of: answer, solution) {
      (result.verdict, result.comment) = (.refused, refusal)
      return result
    }
    let right = try share(answer.given, solution, folder: folder)
    result.earned = question.points * right.right / max(right.of, 1)
    result.verdict = right.right == right.of ? .right : .wrong
    result.comment =
      result.verdict == .right
      ? question.explanation?.filled(with: values) ?? ""
      : right.note + hint(solution, place: solution.evidence ?? right.place)
    return result
  }

  /// Why the answer does not count, whatever it says: its evidence does not hold.
  private func refusal(
    of answer: Answers.Answer, _ solution: Solution
  ) throws(LabProblem) -> String? {
    let run = try runs.run(named: solution.evidence?.run)
    for event in answer.events where run.event(event) == nil {
      return "event \(event) does not exist in this run; see ‘\(command(run.plan.name))’"
    }
    guard let accepted = solution.evidence else { return nil }
    if answer.events.isEmpty {
      return "no event is cited that shows it; write it as ANSWER@NUMBER, in a file ‘event: NUMBER’"
    }
    for event in answer.events where !accepted.events.contains(event) {
      return "event \(event) exists, but does not show this. \(hint(solution, place: nil))"
    }
    return nil
  }

  /// The command that lists a run's events.
  private func command(_ run: String) -> String {
    let name = lab.runs.count > 1 && run != lab.runs.first?.name ? " --run \(run)" : ""
    return "ringside lab events \(lab.slug) --seed \(values.seed)\(name)"
  }

  /// The lab's own hint, and the first event of a place to look at.
  private func hint(_ solution: Solution, place: Solution.Cited?) -> String {
    var sentences: [String] = []
    if let hint = solution.question.hint { sentences.append(hint.filled(with: values)) }
    if let place, let event = place.events.first {
      sentences.append("Look at event \(event): ‘\(command(place.run)) --around \(event)’.")
    } else if sentences.isEmpty, !solution.isProgram {
      let run = solution.evidence?.run ?? lab.runs.first?.name ?? ""
      sentences.append("Look at the run again: ‘\(command(run))’.")
    }
    return sentences.joined(separator: " ")
  }

  // MARK: Comparing

  /// How much of an answer is right, in parts.
  private struct Share {
    var right: Int
    var of = 1
    /// What is to be said of what is wrong.
    var note = ""
    /// Where one sees that it is.
    var place: Solution.Cited?

    init(_ isRight: Bool) { right = isRight ? 1 : 0 }
    init(right: Int, of: Int, note: String) { (self.right, self.of, self.note) = (right, of, note) }
  }

  private func share(
    _ given: Answers.Given, _ solution: Solution, folder: String?
  ) throws(LabProblem) -> Share {
    switch (solution.right, given) {
    case (.number(let number, let isHexadecimal), .text(let text)):
      return Share(Int64(notation: Self.trimmed(text), hexadecimal: isHexadecimal) == number)
    case (.text(let right), .text(let text)):
      return Share(Self.trimmed(text).lowercased() == Self.trimmed(right).lowercased())
    case (.options(let options, let right, let several), .text(let text)):
      return share(choosing: [text], of: options, right, several: several)
    case (.options(let options, let right, let several), .list(let texts)):
      return share(choosing: texts, of: options, right, several: several)
    case (.table(_, let rows), .table(let given)): return share(given, rows)
    case (.table(_, let rows), .list(let cells)): return share(Self.rows(cells, like: rows), rows)
    case (.table(_, let rows), .text(let cell)): return share(Self.rows([cell], like: rows), rows)
    case (.goal(let conditions, let run, _), .list(let lines)):
      return try share(typing: lines, in: run, to: conditions)
    case (.goal(let conditions, let run, _), .text(let line)):
      return try share(typing: [line], in: run, to: conditions)
    case (.program(let feats, let run, _), .text(let name)):
      return try share(handingIn: Self.trimmed(name), of: folder, to: run, feats)
    default: return Share(false)
    }
  }

  private func share(
    choosing texts: [String], of options: [Solution.Option], _ right: Set<Int>, several: Bool
  ) -> Share {
    guard let chosen = Self.chosen(texts, options), several || texts.count == 1 else {
      var share = Share(false)
      let last = Solution.letter(options.count - 1)
      share.note =
        several ? "Answer with letters, a to \(last). " : "Answer with one letter, a to \(last). "
      return share
    }
    var share = Share(chosen == right)
    let wrong = chosen.subtracting(right).sorted()
    share.note = wrong.compactMap { options[$0].hint }.map { $0 + " " }.joined()
    let missing = right.subtracting(chosen).sorted()
    share.place = (wrong + missing).lazy.compactMap { options[$0].place }.first
    return share
  }

  /// A table's cells in the order of reading, put into its rows; nothing if their number is another.
  private static func rows(
    _ cells: [String], like rows: [Solution.Row]
  ) -> [String: [String]] {
    guard cells.count == rows.reduce(0, { $0 + $1.cells.count }) else { return [:] }
    var rest = cells[...]
    return rows.reduce(into: [:]) { given, row in
      given[row.name] = Array(rest.prefix(row.cells.count))
      rest = rest.dropFirst(row.cells.count)
    }
  }

  private func share(_ given: [String: [String]], _ rows: [Solution.Row]) -> Share {
    var right = 0
    var wrongRows: [String] = []
    var place: Solution.Cited?
    for row in rows {
      let cells = given[row.name] ?? []
      let verdicts = zip(cells, row.cells).map { cell, expected in
        Self.isSame(Self.trimmed(cell), expected, isHexadecimal: row.isHexadecimal)
      }
      let good = verdicts.count { $0 }
      if place == nil, let wrong = verdicts.firstIndex(of: false) { place = row.places[wrong] }
      right += cells.count == row.cells.count ? good : 0
      if good != row.cells.count || cells.count != row.cells.count { wrongRows.append(row.name) }
    }
    let total = rows.reduce(0) { $0 + $1.cells.count }
    let note =
      wrongRows.isEmpty
      ? ""
      : "\(right) of \(total) cells are right; look again at \(wrongRows.joined(separator: ", ")). "
    var share = Share(right: right, of: total, note: note)
    share.place = place
    return share
  }

  /// The most that may be typed to reach a goal.
  static let lineLimit = (lines: 30, characters: 200)

  private func share(
    typing lines: [String], in run: String?, to conditions: [Condition]
  ) throws(LabProblem) -> Share {
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
      attempt = try runs.run(named: run, typing: lines)
    } catch {
      return Share(right: 0, of: 1, note: "\(error.what). ")
    }
    do throws(LabFailure) {
      return Share(try Observer(run: attempt, runs: runs).holdAll(conditions))
    } catch {
      return Share(right: 0, of: 1, note: "\(error.what). ")
    }
  }

  private func share(
    handingIn name: String, of folder: String?, to run: String?, _ feats: [Solution.Feat]
  ) throws(LabProblem) -> Share {
    guard folder == nil || !name.contains("/"), !name.isEmpty else {
      let note = "Answer with the name of a file that lies beside your answers. "
      return Share(right: 0, of: feats.count, note: note)
    }
    let attempt: LabRun
    do throws(LabProblem) {
      attempt = try runs.run(named: run, submitting: folder.map { "\($0)/\(name)" } ?? name)
    } catch {
      return Share(right: 0, of: feats.count, note: "\(error.what). ")
    }
    let observer = Observer(run: attempt, runs: runs)
    // What cannot be observed has not been done.
    let missing = feats.filter { (try? observer.holdAll($0.when)) != true }
    guard let first = missing.first else {
      return Share(right: feats.count, of: feats.count, note: "")
    }
    let names = missing.map { "‘\($0.name)’" }.joined(separator: ", ")
    return Share(
      right: feats.count - missing.count, of: feats.count,
      note: "Not yet: \(names). \(first.hint.map { $0 + " " } ?? "")")
  }

  private static func isSame(_ cell: String, _ expected: String, isHexadecimal: Bool) -> Bool {
    if let number = Int64(notation: expected, hexadecimal: isHexadecimal),
      let given = Int64(notation: cell, hexadecimal: isHexadecimal)
    {
      return given == number
    }
    return cell.lowercased() == expected.lowercased()
  }

  /// The options that are meant, by their letters or their texts, or ‘none’; nil if one of them is
  /// neither.
  private static func chosen(_ texts: [String], _ options: [Solution.Option]) -> Set<Int>? {
    var chosen: Set<Int> = []
    if texts.count == 1, trimmed(texts[0]).lowercased() == Solution.none { return chosen }
    for text in texts {
      let text = trimmed(text)
      let index = options.indices.first { index in
        text.lowercased() == Solution.letter(index) || text == options[index].text
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
