import Machine
import Testing
import X86

@testable import Labs

/// Labs about several runs of one guest: bare, and under a monitor.
@Suite struct RunsTests {
  private static func lab(_ questions: String) throws -> Lab {
    let ids = questions.split(separator: "\n").filter { $0.hasPrefix("  - id: ") }
    let page = ids.map { "? " + $0.dropFirst(8) }.joined(separator: "\n")
    return try LabMachine.read(
      """
      ---
      title: T
      summary: S
      image: redpill
      memory: "{size}"
      seconds: 1
      runs: {vm: {mode: "full:trap"}, bare: {mode: emulation, cpu: pentium}}
      values: {size: {from: 2, to: 6}}
      type: [cli, pushf, "mov r,cs", go, exit]
      questions:
      \(questions)
      ---
      \(page)

      """)
  }

  private func grader(_ questions: String) throws -> Grader {
    try Grader(Self.lab(questions), seed: 3, build: try LabMachine.builder())
  }

  private func verdict(_ answer: Answers.Answer, _ grader: Grader) throws -> Report.Result {
    try grader.result(answer, try #require(grader.solutions.first), folder: nil)
  }

  @Test(
    arguments: [
      ("number: {console: ' 2 pushf +=(.*)', run: vm}", 200),
      ("hexadecimal: {console: ' 2 pushf +=(.*)', run: vm}", 0x200),
      ("number: {console: ' 2 pushf +=(.*)', run: bare}", 0),
      ("number: {first difference: [bare, vm]}", 7),
      (
        "number: {count: 'fault #GP and error 0', within: {first: int 30h and eax 1, until: int 31h}}",
        1
      ),
      (
        "number: {count: 'fault #GP and error 0', within: {first: int 30h, nth: 2, until: int 31h}}",
        0
      ),
      ("number: {bit: 9, of: {register: eflags, after: int 31h and eax 1}}", 0),
      ("number: {bit: 9, of: {real register: eflags, after: int 31h and eax 1}}", 1),
      ("number: {register: cpl, before: 'fault #GP and cpl 1'}", 0),
      ("number: {real register: cpl, before: 'fault #GP and cpl 1'}", 1),
      ("number: {real register: cpl, before: int 30h, run: bare}", 0),
      ("number: {field: from believed ring, of: 'fault #GP and cpl 1'}", 0),
      ("number: {counter: interpreted}", 64),
      ("number: {quotient: [17, 5]}", 3),
    ] as [(String, Int64)])
  func measuresAskTheRunTheyName(answer: String, expected: Int64) throws {
    let grader = try grader("  - id: a\n    ask: x\n    \(answer)")
    guard case .number(let number, _) = try #require(grader.solutions.first).right else {
      Issue.record("not a number")
      return
    }
    #expect(number == expected)
  }

  @Test func theSetupIsTheRunsOwn() throws {
    let lab = try Self.lab("  - id: a\n    ask: x\n    number: 5")
    let runs = LabRuns(lab, values: lab.values(seed: 3), build: try LabMachine.builder())
    #expect(try runs.run().counters.contains { $0.name == "traps" && $0.count > 0 })
    #expect(try runs.run(named: "bare").counters.isEmpty)
    #expect(throws: LabProblem.self) { try runs.run(named: "none") }
    let plan = try lab.machine(of: "bare", values: runs.values)
    #expect(plan.configuration.profile.name == "pentium" && plan.configuration.mode == .emulation)
    #expect(String(plan.configuration.memory) == runs.values["size"])
  }

  @Test func evidenceIsLookedUpInTheRunOfTheQuestion() throws {
    let grader = try grader("  - id: a\n    ask: x\n    number: {count: int 30h, run: bare}")
    let solution = try #require(grader.solutions.first)
    #expect(solution.evidence?.run == "bare")
    #expect(try verdict(solution.model, grader).verdict == .right)
    let elsewhere = try grader.runs.run().events.first { $0.kind == .softwareInterrupt }
    let wrong = Answers.Answer(solution.model.given, events: [try #require(elsewhere).sequence])
    let result = try verdict(wrong, grader)
    #expect(result.verdict == .refused && result.comment.contains("--run bare"))
    #expect(grader.sheet.contains("an event of the run `bare`"))
  }

  @Test func aTableCanBeAnsweredInTheOrderOfReading() throws {
    let grader = try grader(
      """
        - id: a
          ask: x
          table:
            columns: [one, two]
            rows: [{name: r, cells: [1, 2]}, {name: s, cells: [3, {count: int 30h}]}]
      """)
    #expect(try verdict(.init(.list(["1", "2", "3", "3"])), grader).verdict == .right)
    let wrong = try verdict(.init(.list(["1", "2", "3", "4"])), grader)
    #expect(wrong.earned == 3 && wrong.comment.contains("look again at s"))
    #expect(wrong.comment.contains("Look at event"))
    #expect(try verdict(.init(.list(["1", "2", "3"])), grader).earned == 0)
  }

  @Test func whoeverChoosesWronglyIsToldWhy() throws {
    let grader = try grader(
      """
        - id: a
          ask: x
          choices:
            - {text: right, when: [{count: int 30h}, "=", 3]}
            - {text: wrong, when: [{count: int 30h}, "=", 4], hint: Count again.}
      """)
    guard case .options(let options, let right, _) = try #require(grader.solutions.first).right
    else {
      Issue.record("not options")
      return
    }
    let letters = options.indices.map(Solution.letter)
    #expect(right.count == 1)
    let both = try verdict(.init(.list(letters)), grader)
    #expect(both.verdict == .wrong && both.comment.hasPrefix("Count again. Look at event"))
    #expect(
      try verdict(.init(.text("q")), grader).comment.hasPrefix("Answer with letters, a to b."))
    #expect(try verdict(.init(.text("none")), grader).verdict == .wrong)
  }

  @Test func noneIsAnAnswer() throws {
    let grader = try grader(
      "  - id: a\n    ask: x\n    choices: [{text: a, when: [1, =, 2]}, {text: b, when: [2, =, 1]}]"
    )
    #expect(try verdict(.init(.text(" None ")), grader).verdict == .right)
    #expect(try verdict(.init(.text("a")), grader).verdict == .wrong)
  }

  @Test(arguments: [
    ("runs: {x: {mode: sideways}}\nimage: ringlet", "there is no mode ‘sideways’"),
    ("runs: {x: {}}\nimage: ringlet", "a run has a ‘mode’"),
    ("runs: {x: {mode: emulation}}", "‘image’ is missing"),
    ("runs: {x: {mode: emulation, lab-cpu: virtualizable}}\nimage: ringlet", "no other processor"),
    ("runs: {x: {mode: para, syscalls: loud}}\nimage: ringlet", "cannot go the way ‘loud’"),
    ("runs: {x: {mode: emulation, syscalls: bounce}}\nimage: ringlet", "only a hypervisor"),
    ("runs: {x: {mode: emulation, cpu: z80}}\nimage: ringlet", "there is no processor ‘z80’"),
    ("runs: {x: {mode: emulation}}\nmodes: [emulation]\nimage: ringlet", "‘modes’ or ‘runs’"),
    ("image: ringlet", "‘modes’ is missing"), ("modes: []\nimage: ringlet", "a lab has a run"),
  ]) func mistakesInRunsAreFound(head: String, what: String) {
    let text = """
      ---
      title: T
      summary: S
      \(head)
      questions: [{id: a, ask: x, number: 5}]
      ---
      ? a
      """
    #expect {
      try LabMachine.read(text)
    } throws: { error in
      (error as? LabProblems)?.problems.contains { $0.what.contains(what) } == true
    }
  }
}
