import Testing

@testable import Labs

/// Files that students hand in, well meant or not.
@Suite struct AnswersTests {
  @Test func allFormsAreRead() throws {
    let answers = try Answers.read(
      file: "a",
      text: """
        lab: x
        seed: 5
        answers:
          one: {answer: 3, event: 17}
          two: 80h
          three: {answer: [a, c], events: [1, 2]}
          four: {answer: {first row: [1, GP0], second: 2}}
        """)
    #expect(answers.lab == "x" && answers.seed == 5)
    #expect(answers.answers["one"]?.given == .text("3"))
    #expect(answers.answers["one"]?.events == [17])
    #expect(answers.answers["two"]?.given == .text("80h"))
    #expect(answers.answers["three"]?.given == .list(["a", "c"]))
    #expect(answers.answers["three"]?.events == [1, 2])
    #expect(
      answers.answers["four"]?.given == .table(["first row": ["1", "GP0"], "second": ["2"]]))
  }

  @Test func jsonIsReadToo() throws {
    let answers = try Answers.read(
      file: "a", text: #"{"answers": {"one": {"answer": "3", "event": 17}}}"#)
    #expect(answers.answers["one"]?.events == [17])
  }

  @Test(arguments: [
    "", "answers", "answers: 5", "answers: {a: {}}", "answers: {a: {answer: {b: {c: d}}}}",
    "answers: {a: {answer: 1, event: -1}}", "answers: {a: {answer: 1, event: x}}", "seed: -4",
    "answers: {a: 1, a: 2}", "answers: {a: *b}", "x: &a [*a, *a]", "\u{0}", "answers: {a: [[1]]}",
    String(repeating: "[", count: 5000), String(repeating: "a: ", count: 3000),
    String(repeating: "x", count: 1 << 17), "- a\n- b", "? [a, b]\n: c", "{]", "\t- a",
  ]) func hostileFilesGetASentence(text: String) {
    #expect(throws: LabProblems.self) { try Answers.read(file: "a", text: text) }
  }
}
