import Labs
import Machine
import Testing

@testable import ringside

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The labs that come with Ringside, on the machines that they are done on.
@Suite struct LabProofTests {
  static let slugs: [String] = (try? LabFiles.library(nil).slugs) ?? []

  /// In all of its runs and for ten seeds: full marks for model answers, and what wrong ones are worth.
  @Test(arguments: slugs) func everyLabProvesItself(slug: String) throws {
    let lab = try LabFiles.library(nil).lab(slug)
    let mistakes = LabCheck.mistakes(in: lab, build: LabMachines().machine)
    #expect(mistakes.isEmpty, "\(mistakes.map(\.description))")
    for language in LabLibrary.languages(ofLabIn: "\(try LabFiles.library(nil).folder)/\(slug)") {
      #expect(throws: Never.self) { try LabFiles.library(nil).lab(slug, language: language) }
    }
  }

  @Test func thereAreLabs() { #expect(Self.slugs.count >= 17) }

  /// A kernel ported half counts half, whatever is the matter with the other one.
  @Test func aPortIsGradedByWhatItDoes() throws {
    let library = try LabFiles.library(nil)
    let folder = "\(library.folder)/port-by-hand"
    let grader = try Grader(
      try library.lab("port-by-hand"), seed: 3, build: LabMachines().machine)
    func text(_ name: String) throws -> String {
      let file = try FileContents(path: "\(folder)/\(name)")
      return withExtendedLifetime(file) { String(decoding: file.bytes, as: UTF8.self) }
    }
    let model = try text("ported.c")
    let all = try points(for: model, grader)
    #expect(all == 14)
    #expect(try points(for: model + "static int later;\nstatic void soon(void) {}\n", grader) == 14)
    for (change, points) in [
      (("!shared_info.processors[0].upcall_mask", "1"), 12),
      (("to_machine(page)", "page"), 6), (("FLAT_KERNEL_CS, inv", "8, inv"), 2),
      (("SCHEDOP_SHUTDOWN", "99"), 10), (("include", "oops"), 0),
      (("start_info = information;", "for (;;) {}"), 0),
    ] {
      let parts = model.split(separator: change.0, maxSplits: 1).map(String.init)
      let source = try #require(parts.count == 2 ? parts[0] + change.1 + parts[1] : nil)
      #expect(try self.points(for: source, grader) == points, "\(change)")
    }
    #expect(try points(for: try text("seam.c"), grader) == 0)
  }

  /// What a compiler would read for ever, and what is no source at all.
  @Test(arguments: [
    "", "#include \"/dev/tty\"", "#include \"/dev/zero\"",
    "__asm__(\".incbin \\\"/dev/zero\\\"\");", "\u{0}\u{FF}", String(repeating: " ", count: 70_000),
  ]) func hostileSourcesAreWorthNothing(source: String) throws {
    let grader = try Grader(
      try LabFiles.library(nil).lab("port-by-hand"), seed: 3, build: LabMachines().machine)
    #expect(try points(for: source, grader) == 0)
  }

  /// The model is within reach of the compiler, but no hand-in may include it, nor another's file.
  @Test func handInsIncludeOnlyHeaders() throws {
    let library = try LabFiles.library(nil)
    let grader = try Grader(
      try library.lab("port-by-hand"), seed: 3, build: LabMachines().machine)
    let model = "\(library.folder)/port-by-hand/ported.c"
    for source in [
      "#include \"port-by-hand/ported.c\"\n", "#include \"\(model)\"\n",
      "# 1 \"x.h\" 3\n#include \"port-by-hand/ported.c\"\n",
      "#include \"port-by-hand/../port-by-hand/ported.c\"\n",
    ] { #expect(try points(for: source, grader) == 0, "\(source)") }
  }

  /// A link might lead to another's file, and a pipe never ends.
  @Test func handInsAreRegularFiles() throws {
    let grader = try Grader(
      try LabFiles.library(nil).lab("port-by-hand"), seed: 3, build: LabMachines().machine)
    let base = "/tmp/ringside-hand-in-\(getpid())"
    let (link, pipe) = (base + "-link.c", base + "-pipe.c")
    defer {
      unlink(link)
      unlink(pipe)
    }
    try #require(symlink("/etc/passwd", link) == 0)
    try #require(mkfifo(pipe, 0o600) == 0)
    for path in [link, pipe] {
      var answers = Answers()
      answers.answers["port"] = Answers.Answer(.text(path))
      let result = try grader.grade(answers).results.first { $0.id == "port" }
      #expect(result?.earned == 0 && result?.comment.contains("a pipe or a link") == true)
    }
  }

  /// The lecturer's page lists each lab twice, by what it is and by what it is for, with its time.
  @Test func theReadmeKnowsEveryLab() throws {
    let library = try LabFiles.library(nil)
    let file = try FileContents(path: library.folder + "/README.md")
    let readme = withExtendedLifetime(file) { String(decoding: file.bytes, as: UTF8.self) }
    let rows = readme.split(separator: "\n").compactMap { line in
      line.firstMatch(of: /`([a-z0-9-]+)` \| (\d+) \|/).map { (String($0.1), Int($0.2)) }
    }
    for slug in Self.slugs {
      let minutes = try library.lab(slug).minutes
      #expect(rows.filter { $0.0 == slug }.map(\.1) == [minutes, minutes], "\(slug)")
    }
    #expect(rows.count == 2 * Self.slugs.count)
  }

  /// The example that the page on labs begins with is a right answer.
  @Test func theExampleOfTheReadmeIsRight() throws {
    let file = try FileContents(path: try LabFiles.library(nil).folder + "/README.md")
    let readme = withExtendedLifetime(file) { String(decoding: file.bytes, as: UTF8.self) }
    let start = "ringside lab answer one-process-two-rings "
    let line = try #require(readme.split(separator: "\n").first { $0.hasPrefix(start) })
    let run = try Program(line.split(separator: " ").dropFirst().map(String.init))
    #expect(run.status == 0, "\(line): \(run.output)\(run.errors)")
  }

  /// A card sends its reader to labs that there are.
  @Test func cardsNameLabs() throws {
    let named = try ReadingFiles.shelf().cards().flatMap { card in
      card.page.split(separator: "\n").filter { $0.hasPrefix("Labs: ") }
        .flatMap { $0.matches(of: /`([^`]+)`/).map { String($0.1) } }
    }
    #expect(named.count >= 10 && named.allSatisfy(Self.slugs.contains))
  }

  /// What a page tells its reader to type can be typed. (Words in capitals stand for numbers.)
  @Test(arguments: slugs) func commandsOnPagesWork(slug: String) throws {
    let grader = try Grader(
      try LabFiles.library(nil).lab(slug), seed: 1, build: LabMachines().machine)
    let lines = grader.sheet.split(separator: "\n").filter { line in
      line.hasPrefix("    ringside lab ") || line.hasPrefix("    ringside translation ")
    }
    let program = try Program.path
    for line in lines where !line.contains(" answer ") && !line.contains(/\ [A-Z]+\b/) {
      let run = try Program(at: "/bin/sh", ["-c", "ringside() { \(program) \"$@\"; };\(line)"])
      // A comparison that finds a difference says so.
      #expect([0, 65].contains(run.status) && !run.output.isEmpty, "\(line): \(run.errors)")
    }
  }

  private func points(for source: String, _ grader: Grader) throws -> Int? {
    try TemporaryFile(Array(source.utf8), suffix: ".c").use { path in
      var answers = Answers()
      answers.answers["port"] = Answers.Answer(.text(path))
      return try grader.grade(answers).results.first { $0.id == "port" }?.earned
    }
  }
}
