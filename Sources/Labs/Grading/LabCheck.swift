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

  /// Grades the model answers, by way of the file that they would be handed in as, and, one question
  /// at a time, wrong ones.
  private static func check(_ grader: Grader) throws(LabProblem) -> [LabProblem] {
    let folder = grader.lab.file.lastIndex(of: "/").map { String(grader.lab.file[..<$0]) } ?? "."
    var model: Answers
    do throws(LabProblems) {
      model = try Answers.read(
        file: grader.lab.file, text: grader.answerFile(withAnswers: true))
    } catch {
      return error.problems
    }
    model.folder = folder
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
        let result = try grader.result(wrong.answer, solution, folder: folder)
        if result.verdict != .right && result.earned == wrong.marks ?? result.earned { continue }
        return [
          problem(
            grader, result.id,
            "the wrong answer \(wrong.answer.given) "
              + (result.verdict == .right
                ? "passes" : "gets \(result.earned) points and not \(wrong.marks ?? 0)"),
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

  /// An answer that is wrong, and what it is worth nevertheless.
  private struct Wrong {
    var answer: Answers.Answer
    /// Nil if that is not known.
    var marks: Int? = 0
  }

  /// Answers that are wrong in all the ways that a form allows, by a little and by much.
  private static func wrongAnswers(
    to solution: Solution, _ grader: Grader
  ) throws(LabProblem) -> [Wrong] {
    let model = solution.model
    var wrong = wrongTexts(solution).map { Wrong(answer: Answers.Answer($0, events: model.events)) }
    wrong += wrongRows(solution)
    if case .program(_, let run, _) = solution.right,
      let image = grader.lab.run(named: run)?.image, image.contains(".")
    {
      // What the student starts from, as it is.
      wrong.append(Wrong(answer: Answers.Answer(.text(image), events: model.events), marks: nil))
    }
    if let accepted = solution.evidence {
      let events = try grader.runs.run(named: accepted.run).events
      let last = events.last?.sequence ?? 0
      let other = events.lazy.map(\.sequence).first { !accepted.events.contains($0) }
      for cited in [[], [last + 1], [.max]] + (other.map { [[$0]] } ?? []) {
        wrong.append(Wrong(answer: Answers.Answer(model.given, events: cited)))
      }
    }
    return wrong
  }

  /// For a table, each row wrong by itself: the others count.
  private static func wrongRows(_ solution: Solution) -> [Wrong] {
    guard case .table(_, let rows) = solution.right else { return [] }
    let total = rows.reduce(0) { $0 + $1.cells.count }
    return rows.indices.map { index in
      let changed = rows.enumerated().map { place, row in
        (row.name, place == index ? row.cells.map { $0 + "1" } : row.cells)
      }
      let table = Dictionary(changed, uniquingKeysWith: { first, _ in first })
      return Wrong(
        answer: Answers.Answer(.table(table), events: solution.model.events),
        marks: solution.question.points * (total - rows[index].cells.count) / max(total, 1))
    }
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
    case .table: return nonsense
    case .goal: return [.text(""), .list([]), .table([:])]
    case .program: return nonsense + [.text("lab.md")]
    case .card: return []
    }
  }
}
