import Testing

@testable import Labs

/// What is said about labs with mistakes in them.
@Suite struct LabReaderTests {
  /// A lab that is in order, with places to spoil.
  static func text(
    head: String = "", questions: String = Self.question, page: String = "? calls\n"
  ) -> String {
    """
    ---
    title: T
    summary: S
    modes: [emulation]
    image: ringlet
    values: {calls: {from: 3, to: 9}, op: {some: 2, of: [{name: cli, ring: 3}, {name: sti, ring: 1}]}}
    type: ["getpid {calls}", exit]
    \(head)
    questions:
    \(questions)
    ---
    \(page)
    """
  }

  static let question = """
      - id: calls
        ask: How many?
        number: {count: int 80h and eax 20}
    """

  private func problems(_ text: String) -> [LabProblem] {
    do throws(LabProblems) {
      _ = try LabReader.read(slug: "x", file: "x/lab.md", text: text)
      return []
    } catch {
      return error.problems
    }
  }

  @Test func aLabInOrderIsRead() throws {
    let lab = try LabReader.read(slug: "x", file: "x/lab.md", text: Self.text())
    #expect(lab.title == "T" && lab.questions.map(\.id) == ["calls"])
    #expect(lab.values(seed: 1)["op1.name"] != lab.values(seed: 1)["op2.name"])
  }

  @Test(arguments: [
    (Self.text(head: "colour: red"), 8, "‘colour’ is not a key of a lab"),
    (Self.text(head: "minutes: long"), 8, "‘long’ is not a whole number"),
    (Self.text(head: "memory: 5000"), 8, "5000 is out of range"),
    (Self.text(head: "title: U"), 2, "‘title’ is there twice"),
    (Self.text(head: "a: &b [c]"), 8, "anchors (&) and aliases (*)"),
    (Self.text(head: "a: [b"), 9, "this is not YAML"),
    (Self.text(page: "nothing"), 10, "question ‘calls’ is not on the page"),
    (Self.text(page: "? calls\n? sizes"), 15, "there is no question ‘sizes’"),
    (Self.text(page: "? calls\n{nothing}"), 15, "there is no value ‘nothing’"),
    ("no front matter", 1, "a lab begins with its front matter"),
  ]) func mistakesNameTheirLine(text: String, line: Int, what: String) throws {
    let problem = try #require(problems(text).first { $0.what.contains(what) }, "\(problems(text))")
    #expect(problem.line == line && !problem.remedy.isEmpty && problem.file == "x/lab.md")
  }

  @Test(arguments: [
    ("number: {count: int 80h and ring 7}", "expected a ring"),
    ("number: {count: exec 100h}", "not about events of the ledger"),
    ("number: {count: out 3f8h}", "device accesses are not kept"),
    ("number: {count: kind port_read or int 80h}", "device accesses are not kept"),
    ("number: {field: colour, of: iret}", "there is no field ‘colour’"),
    ("number: {field: eip}", "a field of which event?"),
    ("number: {register: eax}", "when is this to be looked at?"),
    ("number: {count: iret, field: eip}", "this measures two things"),
    ("number: {memory: 5, bytes: 3, at: end}", "3 bytes are no unit"),
    ("number: {count: iret, within: {first: iret}}", "a ‘first’ and a ‘last’"),
    ("number: {count: iret, run: other}", "there is no run ‘other’"),
    ("number: {bit: 9}", "a bit of what?"),
    ("number: {first difference: [emulation]}", "a difference is of two runs"),
    ("number: {quotient: [1]}", "a quotient is of two"),
    ("number: {divergence: eip}", "a divergence between which runs?"),
    ("number: {divergence: colour, between: [emulation]}", "there is no divergence ‘colour’"),
    ("number: 5\n    text: five", "this question has two answers"),
    ("points: 3", "this question has no answer"),
    ("number: 5\n    hint: See the #GP.", "the # begins a comment"),
    ("choice: [{text: a, when: [1, =, 1]}]", "1 options are no choice"),
    ("choice: [{text: a, when: [1, =, 1]}, {text: b}]", "nothing says when this option is right"),
    ("choice: [{text: a, when: [1, is, 1]}, {text: b, when: [1, =, 1]}]", "no comparison ‘is’"),
    ("table: {columns: [a, b], rows: [{name: r, cells: [1]}]}", "this row has 1 cells"),
    ("goal: {reach: [1, =, 1]}", "whether this goal can be reached"),
    ("program: {reach: [{name: a, when: [1, =, 1]}]}", "whether this can be written"),
    ("program: {model: a.c, reach: []}", "this program is to do nothing"),
    ("program: {model: a.c, reach: [{name: a}]}", "has a ‘name’ and a ‘when’"),
    ("tag: card\n    number: 5", "a card has no answer"),
    ("number: \"{sum}\"", "there is no value ‘sum’"),
  ]) func mistakesInAnswersAreFound(answer: String, what: String) {
    let question = "  - id: calls\n    ask: How many?\n    \(answer)"
    let found = problems(Self.text(questions: question))
    #expect(found.contains { $0.what.contains(what) }, "\(found)")
  }
}
