import X86

/// Proves that a lab works: that its model answers pass and wrong ones fail, seed by seed.
public enum LabCheck {
  /// The seeds that a check tries.
  public static let seeds: ClosedRange<UInt64> = 1...10

  /// The mistakes of a lab, none if it works. `build` makes its machine.
  public static func mistakes(
    in lab: Lab, seeds: ClosedRange<UInt64> = seeds, build: @escaping LabRun.Builder
  ) -> [LabProblem] {
    var answersBySeed: [String: Set<String>] = [:]
    for seed in seeds {
      do throws(LabProblem) {
        let grader = try Grader(lab, seed: seed, build: build)
        for plan in lab.runs { _ = try grader.runs.run(named: plan.name) }
        let mistakes = try check(grader)
        if !mistakes.isEmpty { return mistakes }
        for solution in grader.solutions {
          answersBySeed[solution.question.id, default: []].insert("\(solution.model)")
        }
      } catch {
        return [error]
      }
    }
    guard seeds.count > 1, !lab.values.isEmpty else { return [] }
    let differs = answersBySeed.values.contains { $0.count > 1 }
    return differs
      ? []
      : [
        LabProblem(
          file: lab.file, what: "no answer depends on the seed, so one student can copy another's",
          remedy: "use the values that are drawn in what is typed or asked")
      ]
  }

  /// Grades the model answers and, one question at a time, wrong ones.
  private static func check(_ grader: Grader) throws(LabProblem) -> [LabProblem] {
    var model = Answers()
    for solution in grader.solutions { model.answers[solution.question.id] = solution.model }
    let report = try grader.grade(model)
    if let failed = report.results.first(where: { $0.verdict != .right }) {
      return [
        problem(
          grader, failed.id, "its model answer is \(failed.verdict.rawValue): \(failed.comment)",
          "let the question ask what its answer measures")
      ]
    }
    for solution in grader.solutions where solution.question.isObserved {
      for wrong in try wrongAnswers(to: solution, grader) {
        let result = try grader.result(wrong, solution)
        guard result.verdict == .right else { continue }
        return [
          problem(
            grader, result.id, "the wrong answer \(wrong.given) passes",
            "tighten what is measured, or what it is compared with")
        ]
      }
    }
    return []
  }

  private static func problem(
    _ grader: Grader, _ id: String, _ what: String, _ remedy: String
  ) -> LabProblem {
    LabProblem(
      file: grader.lab.file, line: (grader.lab.question(id)?.line ?? 0) + 1,
      what: "question ‘\(id)’ with seed \(grader.values.seed): \(what)", remedy: remedy)
  }

  /// Answers that are wrong in all the ways that a form allows, by a little and by much.
  private static func wrongAnswers(
    to solution: Solution, _ grader: Grader
  ) throws(LabProblem) -> [Answers.Answer] {
    let model = solution.model
    var wrong = wrongTexts(solution).map { Answers.Answer($0, events: model.events) }
    if let accepted = solution.evidence {
      let events = try grader.runs.run(named: accepted.run).events
      wrong.append(Answers.Answer(model.given))
      let last = events.last?.sequence ?? 0
      wrong.append(Answers.Answer(model.given, events: [last + 1]))
      wrong.append(Answers.Answer(model.given, events: [.max]))
      let others = events.lazy.map(\.sequence).filter { !accepted.events.contains($0) }
      if let other = others.first { wrong.append(Answers.Answer(model.given, events: [other])) }
    }
    return wrong
  }

  private static func wrongTexts(_ solution: Solution) -> [Answers.Given] {
    let nonsense: [Answers.Given] = [.text(""), .text("?"), .list([]), .table([:])]
    switch solution.right {
    case .number(let number, let isHexadecimal):
      return nonsense
        + [number &+ 1, number &- 1, ~number].map {
          .text(Solution.written($0, isHexadecimal: isHexadecimal))
        }
    case .text(let text): return nonsense + [.text(text + "x"), .text(String(text.dropLast()))]
    case .options(let options, let right, let several):
      guard several else {
        return nonsense
          + options.indices.filter { !right.contains($0) }.map { .text(Solution.letter($0)) }
          + [.list(options.indices.map(Solution.letter))]
      }
      // Every set that differs in one option.
      return (right.isEmpty ? [.text("?")] : nonsense + [.text(Solution.none)])
        + options.indices.map { index in
          .list(right.symmetricDifference([index]).sorted().map(Solution.letter))
        }
    case .table(_, let rows):
      return nonsense
        + rows.indices.map { index in
          let changed = rows.enumerated().map { place, row in
            (row.name, place == index ? row.cells.map { $0 + "1" } : row.cells)
          }
          return .table(Dictionary(changed, uniquingKeysWith: { first, _ in first }))
        }
    case .goal: return [.text(""), .list([]), .table([:])]
    case .card: return []
    }
  }
}
