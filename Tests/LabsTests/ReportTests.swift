import Testing

@testable import Labs

@Suite struct ReportTests {
  private let report = Report(
    lab: "x", seed: 5,
    results: [
      .init(id: "one", points: 1, earned: 1, verdict: .right, comment: ""),
      .init(id: "two", points: 3, earned: 0, verdict: .wrong, comment: "Look at \"<3>\"."),
    ], unknownQuestions: ["three"])

  @Test func textHasALineForEachQuestion() {
    #expect(
      report.written(as: .text) == """
        one  1/1 right
        two  0/3 wrong: Look at "<3>".
        three: this lab has no such question to be graded
        x, seed 5: 1 of 4 points

        """)
  }

  @Test func otherFormsEscapeWhatTheyMust() {
    #expect(report.written(as: .json).contains(#""comment": "Look at \"<3>\".""#))
    #expect(report.written(as: .junit).contains("message=\"Look at &quot;&lt;3&gt;&quot;.\""))
    #expect(report.written(as: .junit).contains("tests=\"2\" failures=\"1\""))
    #expect(
      report.written(as: .tap).hasPrefix("TAP version 13\n1..2\nok 1 - one\nnot ok 2 - two\n"))
  }
}
