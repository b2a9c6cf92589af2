import Testing
import X86

@testable import Labs

/// Verdicts on single answers.
@Suite struct GraderTests {
  private func grader(_ seed: UInt64 = 3) throws -> Grader {
    try Grader(
      LabMachine.read(NewLab.text(slug: "x")), seed: seed, build: try LabMachine.builder())
  }

  private func result(_ answer: Answers.Answer?, _ grader: Grader) throws -> Report.Result {
    var answers = Answers()
    answers.answers["calls"] = answer
    return try #require(try grader.grade(answers).results.first)
  }

  @Test func evidenceIsDemandedAndVerified() throws {
    let grader = try grader()
    let model = grader.solutions[0].model
    #expect(try result(model, grader).verdict == .right)
    let last = try #require(grader.runs.run().events.last?.sequence)
    for (events, what) in [
      ([], "no event is cited"), ([last + 1], "does not exist"), ([0], "does not exist"),
      ([.max], "does not exist"), ([1], "does not show this"),
    ] as [([UInt64], String)] {
      let refused = try result(Answers.Answer(model.given, events: events), grader)
      #expect(refused.verdict == .refused && refused.earned == 0)
      #expect(refused.comment.contains(what), "\(refused.comment)")
    }
  }

  @Test func aWrongAnswerGetsAHintThatNamesAnEvent() throws {
    let grader = try grader()
    let model = grader.solutions[0].model
    let wrong = try result(Answers.Answer(.text("1"), events: model.events), grader)
    #expect(wrong.verdict == .wrong)
    #expect(wrong.comment.contains("getpid is system call 20"))
    #expect(wrong.comment.contains("Look at event \(model.events[0])"))
    #expect(!wrong.comment.contains("\(model.given)"))
  }

  @Test(
    arguments: [
      .text(""), .text("99999999999999999999"), .text("0x"), .text("-"), .text("\u{0}\u{FFFF}"),
      .list([]), .list(["1", "2"]), .table(["a": []]), .text(String(repeating: "9", count: 60000)),
    ] as [Answers.Given]) func strangeAnswersAreWrong(given: Answers.Given) throws
  {
    let grader = try grader()
    let events = grader.solutions[0].model.events
    #expect(try result(Answers.Answer(given, events: events), grader).verdict == .wrong)
  }

  @Test func cardsAndUnknownQuestionsAreNotGraded() throws {
    var answers = Answers()
    answers.answers = ["think": .init(.text("x")), "nothing": .init(.text("y"))]
    let report = try grader().grade(answers)
    #expect(report.results.map(\.id) == ["calls"] && report.results[0].verdict == .missing)
    #expect(report.unknownQuestions == ["nothing", "think"])
  }

  /// Endless loops and floods of input end at the run's own limit.
  @Test func whatIsTypedForAGoalCannotRunForEver() throws {
    let question = """
        - id: calls
          ask: Do it.
          goal: {reach: [{count: "cr3"}, ">=", 1000000], model: [exit]}
      """
    let text = LabReaderTests.text(head: "seconds: 1", questions: question)
    let grader = try Grader(LabMachine.read(text), seed: 1, build: try LabMachine.builder())
    for lines in [
      ["spin 1000000"], Array(repeating: "spin 100 &", count: 30), ["\u{0}\u{1}\u{3}\u{4}\u{1B}[A"],
      Array(repeating: "x", count: 31), [String(repeating: "x", count: 201)],
    ] {
      #expect(try result(Answers.Answer(.list(lines)), grader).verdict == .wrong)
    }
  }
}
