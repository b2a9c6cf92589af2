import ArgumentParser
import Labs
import Machine

/// `ringside grade`: what a student's answers are worth.
struct GradeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "grade", abstract: "Grade a file of answers to a lab.",
    discussion: """
      The right answers are found by running the lab's machine. Exit status: 0 for full marks, 1 \
      otherwise, 64 if the lab or the file cannot be used.
      """)

  @OptionGroup var lab: LabOptions
  @Option(help: ArgumentHelp("The file: see ‘ringside lab show --answers’.", valueName: "file"))
  var answers: String
  @Option(help: "How the verdicts are written: text, json, junit or tap.")
  var format = ReportWriting.text

  func run() throws {
    let answers = try AnswerFile.read(answers, for: lab)
    try AnswerFile.grade(answers, lab, as: format.form)
  }
}

/// The forms of a report, as words of the command line.
enum ReportWriting: String, ExpressibleByArgument, CaseIterable {
  case text, json, junit, tap

  var form: ReportFormat {
    switch self {
    case .text: .text
    case .json: .json
    case .junit: .junit
    case .tap: .tap
    }
  }
}

/// A student's answers on their way to the grader.
enum AnswerFile {
  static func read(_ path: String, for lab: LabOptions) throws(UserError) -> Answers {
    let text: String
    do throws(ImageError) {
      let file = try FileContents(path: path, onlyRegular: true)
      text = withExtendedLifetime(file) {
        String(decoding: file.bytes.prefix(Answers.sizeLimit + 1), as: UTF8.self)
      }
    } catch {
      if error.problem == .noFile { throw UserError(error.description) }
      throw UserError(
        "\(path): this file of answers cannot be read, or is empty; see what is there")
    }
    var answers: Answers
    do throws(LabProblems) {
      answers = try Answers.read(file: path, text: text)
      answers.folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    } catch {
      throw LabFiles.error(error)
    }
    if let name = answers.lab, name != lab.slug {
      throw UserError("\(path): these answers are for the lab ‘\(printable(name))’; name that one")
    }
    if let seed = answers.seed, seed != lab.seed, seed != lab.drawnSeed {
      throw UserError("\(path): these answers are for seed \(seed); give --seed \(seed)")
    }
    return answers
  }

  /// Prints the verdicts, and ends with 1 if not all is right.
  static func grade(_ answers: Answers, _ lab: LabOptions, as format: ReportFormat) throws {
    let grader = try lab.grader()
    let report: Report
    do throws(LabProblem) {
      report = try grader.grade(answers)
    } catch {
      throw UserError(error.description)
    }
    OutputSink.standardOutput.write(report.written(as: format))
    if !report.isPerfect { throw ExitCode(1) }
  }
}

extension LabCommand {
  struct Answer: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Try answers to single questions.",
      discussion: """
        Each ANSWER is NAME=VALUE, or NAME=VALUE@EVENT with the event that shows it. Several values \
        are separated by commas, the rows of a table by semicolons. The exit status is that of \
        ‘ringside grade’, for these questions.
        """)
    @OptionGroup var lab: LabOptions
    @Argument(help: "NAME=VALUE@EVENT …")
    var answers: [String]

    func run() throws {
      var given = Answers()
      let grader = try lab.grader()
      for text in answers { try Self.add(text, to: &given, grader) }
      let report: Report
      do throws(LabProblem) {
        report = try grader.grade(given).limited(to: Set(given.answers.keys))
      } catch {
        throw UserError(error.description)
      }
      OutputSink.standardOutput.write(report.written(as: .text))
      if !report.isPerfect || !report.unknownQuestions.isEmpty { throw ExitCode(1) }
    }

    private static func add(
      _ text: String, to answers: inout Answers, _ grader: Grader
    ) throws(UserError) {
      guard let sign = text.firstIndex(of: "=") else {
        throw UserError("\(text): write NAME=VALUE, or NAME=VALUE@EVENT")
      }
      let question = String(text[..<sign])
      answers.answers[question] = try parsed(
        String(text[text.index(after: sign)...]), rows: grader.rows(of: question))
    }

    /// An answer as people type it: VALUE, VALUE@EVENT, or several values with commas. For a table with
    /// these `rows`: their cells, with semicolons between rows, or all of them with commas.
    static func parsed(_ text: String, rows: [String] = []) throws(UserError) -> Answers.Answer {
      var value = text[...]
      var events: [UInt64] = []
      if let at = value.lastIndex(of: "@") {
        guard let event = UInt64(value[value.index(after: at)...]) else {
          throw UserError("\(text): behind the @ belongs the number of an event")
        }
        events = [event]
        value = value[..<at]
      }
      func items(_ text: Substring, _ separator: Character) -> [String] {
        text.split(separator: separator, omittingEmptySubsequences: false).map(String.init)
      }
      if rows.count > 1, value.contains(";") {
        let cells = items(value, ";").map { items($0[...], ",") }
        let table = Dictionary(zip(rows, cells), uniquingKeysWith: { first, _ in first })
        return Answers.Answer(.table(table), events: events)
      }
      let list = items(value, ",")
      return Answers.Answer(list.count == 1 ? .text(list[0]) : .list(list), events: events)
    }
  }
}
