import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// `ringside lab` and `ringside grade` from outside.
@Suite struct LabCommandTests {
  private static let slug = "one-process-two-rings"

  /// Writes a text to a file, for as long as `body` runs.
  private func withFile<Result>(_ text: String, body: (String) throws -> Result) throws -> Result {
    try TemporaryFile(Array(text.utf8)).use(body)
  }

  private func model(seed: String) throws -> String {
    try Program(["lab", "show", Self.slug, "--seed", seed, "--model"]).output
  }

  @Test func labsAreListed() throws {
    let run = try Program(["lab", "list"])
    #expect(run.status == 0)
    #expect(run.output.contains("\(Self.slug) ") && !run.output.contains("has mistakes"))
  }

  @Test func aSheetHasItsValues() throws {
    let sheets = try ["1", "2"].map {
      try Program(["lab", "show", Self.slug, "--seed", $0]).output
    }
    #expect(sheets.allSatisfy { $0.hasPrefix("# One process, two rings\n") })
    #expect(sheets[0] != sheets[1] && !sheets[0].contains("{"))
    #expect(sheets[0].contains("**gate** (1 point)"))
  }

  /// The same lab in another language: other words, the same answers.
  @Test func aTranslatedPageIsInItsLanguageThroughout() throws {
    let show = ["lab", "show", Self.slug, "--seed", "5", "--language", "de"]
    let page = try Program(show)
    #expect(page.status == 0 && page.output.hasPrefix("# Ein Prozess, zwei Ringe\n"))
    for word in ["Answer", "Evidence", "predict first", "point)", "Seed 5, about"] {
      #expect(!page.output.contains(word), "\(word)")
    }
    #expect(try Program(show + ["--model"]).output == model(seed: "5"))
  }

  @Test(arguments: [
    ("calls: {ask: x, options: []}", "‘options’ does not belong to this question"),
    ("nothing: {ask: x}", "there is no question ‘nothing’"),
    ("calls: {text: x}", "‘text’ is not a key of a translated question"),
  ]) func mistakesInTranslationsAreFound(questions: String, what: String) throws {
    let folder = "/tmp/ringside-labs-\(getpid())-\(what.count)"
    defer { _ = try? Program(at: "/bin/rm", ["-r", folder]) }
    #expect(try Program(["lab", "new", "mine", "--labs", folder]).status == 0)
    let text = "---\ntitle: T\nquestions: {\(questions)}\n---\n? calls\n\n? think\n"
    try withFile(text) { file in
      _ = try Program(at: "/bin/cp", [file, "\(folder)/mine/lab.de.md"])
    }
    let run = try Program(["lab", "check", "\(folder)/mine"])
    #expect(run.status == 64 && run.errors.contains(what), "\(run.errors)")
  }

  @Test func modelAnswersGetFullMarksInEveryFormat() throws {
    for format in ["text", "json", "junit", "tap"] {
      let run = try withFile(try model(seed: "5")) { file in
        try Program([
          "grade", Self.slug, "--answers", file, "--seed", "5", "--format", format,
        ])
      }
      #expect(run.status == 0 && run.errors.isEmpty, "\(run.output)\(run.errors)")
    }
  }

  @Test func wrongAnswersEndWith1() throws {
    let text = "answers: {before: {answer: 0, event: 1}, gate: 3}"
    let run = try withFile(text) { file in
      try Program(["grade", Self.slug, "--answers", file, "--seed", "5"])
    }
    #expect(run.status == 1)
    #expect(run.output.contains("before   0/1 refused: event 1 exists, but does not show this"))
    #expect(run.output.contains("gate     0/1 refused: no event is cited"))
  }

  @Test func answersAreInARegularFile() throws {
    let pipe = "/tmp/ringside-answers-\(getpid())"
    try #require(mkfifo(pipe, 0o600) == 0)
    defer { unlink(pipe) }
    let run = try Program(["grade", Self.slug, "--answers", pipe])
    #expect(run.status == 64 && run.errors.contains("is a device, a pipe or a link"))
  }

  @Test func anotherStudentsAnswersAreRefused() throws {
    let run = try withFile(try model(seed: "5")) { file in
      try Program(["grade", Self.slug, "--answers", file, "--seed", "6"])
    }
    #expect(run.status == 64 && run.errors.contains("these answers are for seed 5"))
  }

  @Test func singleAnswersAreTriedAtOnce() throws {
    let events = try Program([
      "lab", "events", Self.slug, "--seed", "5", "--where", "int 80h and eax 20",
    ])
    let number = try #require(events.output.split(separator: " ").first)
    let right = try Program(["lab", "answer", Self.slug, "--seed", "5", "claim=x@\(number)"])
    #expect(right.status == 1 && right.output.contains("claim  0/1 wrong"))
  }

  @Test func aCourseKeyLocksTheModelAnswers() throws {
    let folder = "/tmp/ringside-labs-\(getpid())"
    defer { _ = try? Program(at: "/bin/rm", ["-r", folder]) }
    #expect(try Program(["lab", "new", "mine", "--labs", folder]).status == 0)
    #expect(try Program(["lab", "check", "\(folder)/mine"]).status == 0)
    #expect(try Program(["lab", "new", "mine", "--labs", folder]).status == 64)
    let show = ["lab", "show", "mine", "--labs", folder, "--model"]
    #expect(try Program(show).status == 0)
    let fingerprint = try Program(["lab", "key", "our secret"]).output
    try Array(fingerprint.utf8).withUnsafeBytes { bytes in
      let descriptor = open("\(folder)/course", O_WRONLY | O_CREAT, 0o600)
      try #require(write(descriptor, bytes.baseAddress, bytes.count) == bytes.count)
      close(descriptor)
    }
    #expect(try Program(show).status == 64)
    #expect(try Program(show + ["--course-key", "guessed"]).status == 64)
    let model = try Program(show + ["--course-key", "our secret", "--seed", "7"])
    let code = try Program(["lab", "key", "our secret", "--seed", "7"]).output
    #expect(model.status == 0 && model.output.contains("seed: \(code)"))
  }

  @Test(arguments: [
    ["lab", "show", "nowhere"], ["grade", "nowhere", "--answers", "/dev/null"],
    ["grade", slug, "--answers", "/nonexistent"], ["grade", slug, "--answers", "/dev/null"],
    ["grade", slug, "--answers", "/tmp"], ["grade", slug], ["lab", "check", "/nonexistent"],
    ["lab", "new", "Not A Name"], ["lab", "answer", slug, "before"],
    ["lab", "answer", slug, "before=3@x"], ["lab", "events", slug, "--where", "int and"],
    ["lab", "show", slug, "--language", "tlh"], ["grade", slug, "--seed", "-1"],
  ]) func mistakesEndWith64(arguments: [String]) throws {
    let run = try Program(arguments)
    #expect(run.status == 64 && run.output.isEmpty)
    #expect(run.errors.hasPrefix("ringside: "), "\(run.errors)")
  }
}
