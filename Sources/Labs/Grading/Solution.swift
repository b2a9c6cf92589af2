import X86

/// The right answer to a question for one student, found out by running the machine.
public struct Solution: Sendable {
  /// What is right.
  enum Right: Sendable {
    case number(Int64, isHexadecimal: Bool)
    case text(String)
    /// The options in this student's order, and which of them hold.
    case options([String], right: Set<Int>, several: Bool)
    case table(columns: [String], rows: [Row])
    case goal([Condition], model: [String])
    case card
  }

  struct Row: Sendable {
    var name: String
    var cells: [String]
    var isHexadecimal: Bool
  }

  let question: Question
  let right: Right
  /// The numbers of the events that may be cited; nil if none needs to be.
  let evidence: [UInt64]?

  /// The right answer as a student would write it.
  public var model: Answers.Answer {
    let events = evidence.flatMap(\.first).map { [$0] } ?? []
    switch right {
    case .number(let number, let isHexadecimal):
      return Answers.Answer(
        .text(Self.written(number, isHexadecimal: isHexadecimal)), events: events)
    case .text(let text): return Answers.Answer(.text(text), events: events)
    case .options(_, let right, let several):
      let letters = right.sorted().map(Self.letter)
      return Answers.Answer(
        several ? .list(letters) : .text(letters.first ?? ""), events: events)
    case .table(_, let rows):
      let cells = rows.map { ($0.name, $0.cells) }
      return Answers.Answer(
        .table(Dictionary(cells, uniquingKeysWith: { first, _ in first })), events: events)
    case .goal(_, let model): return Answers.Answer(.list(model), events: events)
    case .card: return Answers.Answer(.text(""))
    }
  }

  static func written(_ number: Int64, isHexadecimal: Bool) -> String {
    isHexadecimal ? String(number, radix: 16, uppercase: true) + "h" : String(number)
  }

  /// `a` for the first option.
  static func letter(_ index: Int) -> String {
    String(UnicodeScalar(UInt8(ascii: "a") + UInt8(index)))
  }
}

extension LabRun {
  /// The right answers to all questions, in the lab's order.
  public func solutions() throws(LabProblem) -> [Solution] {
    var solutions: [Solution] = []
    for question in lab.questions { solutions.append(try solution(of: question)) }
    return solutions
  }

  private func solution(of question: Question) throws(LabProblem) -> Solution {
    do throws(LabFailure) {
      return Solution(
        question: question, right: try right(question), evidence: try evidence(question))
    } catch {
      throw LabProblem(
        file: lab.file, line: (error.line > 0 ? error.line : question.line) + 1,
        what: "question ‘\(question.id)’ with seed \(values.seed): \(error.what)",
        remedy: error.remedy)
    }
  }

  private func right(_ question: Question) throws(LabFailure) -> Solution.Right {
    let observer = Observer(run: self)
    switch question.answer {
    case .number(let measure, let isHexadecimal):
      return .number(try observer.number(measure), isHexadecimal: isHexadecimal)
    case .text(let measure):
      switch try observer.observe(measure) {
      case .text(let text): return .text(text)
      case .number(let number): return .text(String(number))
      }
    case .choice(let options, let several):
      return try choice(options, several: several, question)
    case .table(let columns, let rows):
      var solved: [Solution.Row] = []
      for row in rows { solved.append(try self.row(row)) }
      return .table(columns: columns.map { $0.filled(with: values) }, rows: solved)
    case .goal(let conditions, let model):
      return .goal(conditions, model: model.map { $0.filled(with: values) })
    case .card: return .card
    }
  }

  private func choice(_ options: [Question.Option], several: Bool, _ question: Question)
    throws(LabFailure) -> Solution.Right
  {
    let observer = Observer(run: self)
    var generator = SeededGenerator(
      seed: values.seed, purpose: "\(lab.slug)/options/\(question.id)")
    let options = generator.shuffled(options)
    var right: Set<Int> = []
    for (index, option) in options.enumerated() where try observer.holdAll(option.when) {
      right.insert(index)
    }
    if !several && right.count != 1 {
      throw LabFailure(
        line: question.line, "\(right.count) of its options hold", "let exactly one of them hold")
    }
    return .options(options.map { $0.text.filled(with: values) }, right: right, several: several)
  }

  private func row(_ row: Question.Row) throws(LabFailure) -> Solution.Row {
    let observer = Observer(run: self)
    var cells: [String] = []
    for cell in row.cells {
      switch try observer.observe(cell) {
      case .text(let text): cells.append(text)
      case .number(let number):
        cells.append(Solution.written(number, isHexadecimal: row.isHexadecimal))
      }
    }
    return Solution.Row(
      name: row.name.filled(with: values), cells: cells, isHexadecimal: row.isHexadecimal)
  }

  private func evidence(_ question: Question) throws(LabFailure) -> [UInt64]? {
    let observer = Observer(run: self)
    switch question.evidence {
    case nil: return nil
    case .one(let occurrence): return [try observer.event(occurrence).sequence]
    case .any(let pattern, let window):
      let found = try observer.events(matching: pattern, within: window).map(\.sequence)
      // Of something that never happened there is nothing to cite.
      return found.isEmpty ? nil : found
    }
  }
}
