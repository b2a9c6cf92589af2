import X86

/// The right answer to a question for one student, found out by running the machine.
public struct Solution: Sendable {
  /// What is right.
  enum Right: Sendable {
    case number(Int64, isHexadecimal: Bool)
    case text(String)
    /// The options in this student's order, and which of them hold.
    case options([Option], right: Set<Int>, several: Bool)
    case table(columns: [String], rows: [Row])
    case goal([Condition], run: String?, model: [String])
    case program([Feat], run: String?, model: String)
    case card
  }

  struct Option: Sendable {
    var text: String
    /// What is said to whoever chooses it and is wrong.
    var hint: String?
    /// Where one sees whether it holds.
    var place: Cited?
  }

  struct Feat: Sendable {
    var name: String
    var when: [Condition]
    var hint: String?
  }

  struct Row: Sendable {
    var name: String
    var cells: [String]
    var isHexadecimal: Bool
    /// Where one sees each cell's value.
    var places: [Cited?]
  }

  /// Events of a run.
  struct Cited: Sendable {
    var run: String
    /// Their numbers, in their order; at least one.
    var events: [UInt64]
  }

  let question: Question
  let right: Right
  /// The events that may be cited; nil if none needs to be.
  let evidence: Cited?

  /// It is a file that a student writes, and no run of the lab's shows it.
  var isProgram: Bool { if case .program = right { true } else { false } }

  /// The right answer as a student would write it.
  public var model: Answers.Answer {
    let events = evidence.flatMap(\.events.first).map { [$0] } ?? []
    switch right {
    case .number(let number, let isHexadecimal):
      return Answers.Answer(
        .text(Self.written(number, isHexadecimal: isHexadecimal)), events: events)
    case .text(let text): return Answers.Answer(.text(text), events: events)
    case .options(_, let right, let several):
      let letters = right.isEmpty ? [Self.none] : right.sorted().map(Self.letter)
      return Answers.Answer(
        several ? .list(letters) : .text(letters.first ?? ""), events: events)
    case .table(_, let rows):
      let cells = rows.map { ($0.name, $0.cells) }
      return Answers.Answer(
        .table(Dictionary(cells, uniquingKeysWith: { first, _ in first })), events: events)
    case .goal(_, _, let model): return Answers.Answer(.list(model), events: events)
    case .program(_, _, let model): return Answers.Answer(.text(model), events: events)
    case .card: return Answers.Answer(.text(""))
    }
  }

  static func written(_ number: Int64, isHexadecimal: Bool) -> String {
    isHexadecimal ? String(number, radix: 16, uppercase: true) + "h" : String(number)
  }

  /// The answer when no option holds.
  static let none = "none"

  /// `a` for the first option.
  static func letter(_ index: Int) -> String {
    String(UnicodeScalar(UInt8(ascii: "a") + UInt8(index)))
  }
}

extension LabRuns {
  /// The right answers to all questions, in the lab's order.
  public func solutions() throws(LabProblem) -> [Solution] {
    let observer = Observer(run: try run(), runs: self)
    var solutions: [Solution] = []
    for question in lab.questions {
      do throws(LabFailure) {
        solutions.append(
          Solution(
            question: question, right: try right(question, observer),
            evidence: try question.evidence.flatMap(observer.cited)))
      } catch {
        throw LabProblem(
          file: lab.file, line: (error.line > 0 ? error.line : question.line) + 1,
          what: "question ‘\(question.id)’ with seed \(values.seed): \(error.what)",
          remedy: error.remedy)
      }
    }
    return solutions
  }

  private func right(
    _ question: Question, _ observer: Observer
  ) throws(LabFailure) -> Solution.Right {
    switch question.answer {
    case .number(let measure, let isHexadecimal):
      return .number(
        try observer.number(measure, isHexadecimal: isHexadecimal), isHexadecimal: isHexadecimal)
    case .text(let measure):
      switch try observer.observe(measure) {
      case .text(let text): return .text(text)
      case .number(let number): return .text(String(number))
      }
    case .choice(let options, let several):
      return try choice(options, several: several, question, observer)
    case .table(let columns, let rows):
      var solved: [Solution.Row] = []
      for row in rows { solved.append(try self.row(row, observer)) }
      return .table(columns: columns.map { $0.filled(with: values) }, rows: solved)
    case .goal(let conditions, let run, let model):
      return .goal(conditions, run: run, model: model.map { $0.filled(with: values) })
    case .program(let feats, let run, let model):
      return .program(
        feats.map { feat in
          Solution.Feat(
            name: feat.name.filled(with: values), when: feat.when,
            hint: feat.hint?.filled(with: values))
        }, run: run, model: model.filled(with: values))
    case .card: return .card
    }
  }

  private func choice(
    _ options: [Question.Option], several: Bool, _ question: Question, _ observer: Observer
  ) throws(LabFailure) -> Solution.Right {
    var generator = SeededGenerator(
      seed: values.seed, purpose: "\(lab.slug)/options/\(question.id)")
    var solved: [Solution.Option] = []
    var right: Set<Int> = []
    for option in generator.shuffled(options) {
      if try observer.holdAll(option.when) { right.insert(solved.count) }
      solved.append(
        Solution.Option(
          text: option.text.filled(with: values), hint: option.hint?.filled(with: values),
          place: try observer.place(of: option.when.flatMap { [$0.left, $0.right] })))
    }
    if !several && right.count != 1 {
      throw LabFailure(
        line: question.line, "\(right.count) of its options hold", "let exactly one of them hold")
    }
    return .options(solved, right: right, several: several)
  }

  private func row(_ row: Question.Row, _ observer: Observer) throws(LabFailure) -> Solution.Row {
    var solved = Solution.Row(
      name: row.name.filled(with: values), cells: [], isHexadecimal: row.isHexadecimal, places: [])
    for cell in row.cells {
      switch try observer.observe(cell) {
      case .text(let text): solved.cells.append(text)
      case .number(let number):
        solved.cells.append(Solution.written(number, isHexadecimal: row.isHexadecimal))
      }
      solved.places.append(try observer.place(of: [cell]))
    }
    return solved
  }
}

extension Observer {
  /// The events that may be cited; nil when nothing of the kind ever happened.
  fileprivate func cited(_ evidence: Question.Evidence) throws(LabFailure) -> Solution.Cited? {
    switch evidence {
    case .one(let occurrence):
      return Solution.Cited(run: run.plan.name, events: [try event(occurrence).sequence])
    case .any(let pattern, let window):
      let found = try events(matching: pattern, within: window).map(\.sequence)
      return found.isEmpty ? nil : Solution.Cited(run: run.plan.name, events: found)
    case .inRun(let name, let evidence): return try other(name).cited(evidence)
    }
  }

  /// Where one sees what the first of these measures that looks at events came to.
  fileprivate func place(of measures: [Measure]) throws(LabFailure) -> Solution.Cited? {
    for measure in measures {
      if let evidence = measure.evidence, let cited = try cited(evidence) { return cited }
    }
    return nil
  }
}
