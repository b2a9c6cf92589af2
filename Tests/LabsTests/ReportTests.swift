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

  @Test func nothingThatAStudentWroteReachesTheTerminalAsAControl() {
    let hostile = Report(
      lab: "x", seed: 5,
      results: [
        .init(id: "one", points: 1, earned: 0, verdict: .wrong, comment: "a\u{1B}]0;x\u{7}\nok 2")
      ], unknownQuestions: ["\u{1B}[31m", "\u{9B}1m"])
    #expect(
      hostile.written(as: .text) == """
        one  0/1 wrong: a\\u001b]0;x\\u0007 ok 2
        \\u001b[31m: this lab has no such question to be graded
        \\u009b1m: this lab has no such question to be graded
        x, seed 5: 0 of 1 points

        """)
    for format in ReportFormat.allCases {
      #expect(
        !hostile.written(as: format).unicodeScalars.contains {
          $0 != "\n" && $0.properties.generalCategory == .control
        }, "\(format)")
    }
  }

  @Test func otherFormsEscapeWhatTheyMust() {
    #expect(report.written(as: .json).contains(#""comment": "Look at \"<3>\".""#))
    #expect(report.written(as: .junit).contains("message=\"Look at &quot;&lt;3&gt;&quot;.\""))
    #expect(report.written(as: .junit).contains("tests=\"2\" failures=\"1\""))
    #expect(
      report.written(as: .tap).hasPrefix("TAP version 13\n1..2\nok 1 - one\nnot ok 2 - two\n"))
  }
}
