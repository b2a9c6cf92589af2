/// A lab's page as one student gets it.
extension Grader {
  /// A part of the page: what is to be read, up to and with a question.
  public struct Part: Sendable, Equatable {
    /// Markdown.
    public let text: String
    /// The name of its question, if the machine can tell the answer.
    public let question: String?
    /// The answer has to cite an event.
    public let needsEvent: Bool
  }

  /// The page in Markdown, with the seed's values and the questions in their places.
  public var sheet: String {
    var lines = ["# \(lab.title)", ""]
    lines += head
    lines.append("")
    for part in parts {
      lines += part.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
    return Self.trimmed(Paragraphs.wrapped(lines, width: 80)) + "\n"
  }

  /// The page in parts.
  public var parts: [Part] {
    var parts: [Part] = []
    var lines: [String] = []
    for line in lab.page {
      guard let id = Lab.questionID(in: line.text),
        let solution = solutions.first(where: { $0.question.id == id })
      else {
        lines.append(line.filled(with: values))
        continue
      }
      lines += question(solution)
      let isAsked = solution.question.isObserved
      parts.append(
        Part(
          text: lines.joined(separator: "\n"), question: isAsked ? id : nil,
          needsEvent: solution.evidence != nil))
      lines = []
    }
    if lines.contains(where: { !$0.isEmpty }) {
      parts.append(Part(text: Self.trimmed(lines), question: nil, needsEvent: false))
    }
    return parts
  }

  /// The lines that the lab types in its own run.
  public var typed: [String] { lab.runs.first?.typed.map { $0.filled(with: values) } ?? [] }

  /// The rows of a question that is answered by a table.
  public func rows(of question: String) -> [String] {
    guard let solution = solutions.first(where: { $0.question.id == question }),
      case .table(_, let rows) = solution.right
    else { return [] }
    return rows.map(\.name)
  }

  private static func trimmed(_ lines: [String]) -> String {
    let end = lines.lastIndex { !$0.isEmpty }.map { $0 + 1 } ?? 0
    return lines[..<end].joined(separator: "\n")
  }

  /// What the page is about: the runs, and what is typed in them.
  private var head: [String] {
    let opening = lab.words.opening(seed: values.seed, minutes: lab.minutes)
    var lines: [String] = []
    if let run = lab.runs.first, lab.runs.count == 1 {
      lines.append(
        "\(opening), \(lab.words.guest) `\(run.image)`, `\(run.options(with: values))`.")
    } else {
      lines += ["\(opening). \(lab.words.runs(lab.runs.count))", ""]
      lines += lab.runs.map { run in
        "- `\(run.name)`: \(lab.words.guest) `\(run.image)`, `\(run.options(with: values))`"
      }
    }
    var rest = lab.runs.map { run in (run.name, run.typed.map { $0.filled(with: values) }) }
    while let (_, typed) = rest.first {
      let names = rest.filter { $0.1 == typed }.map { "`\($0.0)`" }
      rest.removeAll { $0.1 == typed }
      guard !typed.isEmpty else { continue }
      lines += ["", lab.words.typed(in: lab.runs.count == 1 ? [] : names), ""]
      lines += typed.map { "    \($0)" }
    }
    return lines
  }

  private func question(_ solution: Solution) -> [String] {
    let question = solution.question
    let words = lab.words
    let worth = words.points(question.points)
    let tag =
      question.isObserved
      ? (question.isPrediction ? words.predictFirst + ", " : "") + worth : words.card
    var lines = ["**\(question.id)** (\(tag)) \(question.ask.filled(with: values))", ""]
    switch solution.right {
    case .number(_, let isHexadecimal):
      lines.append(isHexadecimal ? words.hexadecimal : words.number)
    case .text: lines.append(words.word)
    case .options(let options, _, let several):
      lines += options.enumerated().map { "- \(Solution.letter($0)) \($1.text)" }
      lines += ["", several ? words.letters : words.letter]
    case .table(let columns, let rows):
      lines.append("| | " + columns.joined(separator: " | ") + " |")
      lines.append("|---|" + columns.map { _ in "---|" }.joined())
      lines += rows.map { "| \($0.name) |" + $0.cells.map { _ in " |" }.joined() } + [""]
    case .goal: lines.append(words.lines)
    case .program(let feats, _, _):
      lines += feats.map { "- \($0.name)" } + ["", words.file]
    case .card:
      if let explanation = question.explanation { lines.append(explanation.filled(with: values)) }
    }
    if let evidence = solution.evidence {
      lines.append(words.evidence(run: lab.runs.count > 1 ? evidence.run : nil))
    }
    return lines
  }

  /// A file of answers with all places to be filled, or with the model answers.
  public func answerFile(withAnswers: Bool) -> String {
    var lines = ["lab: \(lab.slug)", "seed: \(values.seed)", "answers:"]
    for solution in solutions where solution.question.isObserved {
      let model = solution.model
      lines.append("  \(solution.question.id):")
      switch model.given {
      case .table(let rows):
        lines.append("    answer:")
        guard case .table(_, let solved) = solution.right else { continue }
        for row in solved {
          let cells = withAnswers ? rows[row.name] ?? [] : row.cells.map { _ in "" }
          lines.append("      \(quoted(row.name)): [\(cells.map(quoted).joined(separator: ", "))]")
        }
      case .list(let items):
        let items = withAnswers ? items : []
        lines.append("    answer: [\(items.map(quoted).joined(separator: ", "))]")
      case .text(let text): lines.append("    answer: \(quoted(withAnswers ? text : ""))")
      }
      if solution.evidence != nil {
        lines.append("    event: \(withAnswers ? model.events.first.map(String.init) ?? "" : "0")")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
