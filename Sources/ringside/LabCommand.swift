import ArgumentParser
import Labs
import Machine
import Panes
import Predicates
import X86

/// `ringside lab …`: exercise sheets that the machine answers.
struct LabCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lab", abstract: "Read labs, do them, write them.",
    subcommands: [
      Open.self, List.self, Show.self, Console.self, Events.self, Look.self, Counts.self, Diff.self,
      Answer.self, New.self, Check.self, Key.self,
    ], defaultSubcommand: Open.self)

  struct Open: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Do a lab on the screen: its page beside the machine (the default).")
    @OptionGroup var options: LabOptions
    @Flag(help: "No screen: lines of text, see ‘ringside help screen’.")
    var plain = false

    func run() throws {
      // Mistakes in it are told before the screen opens.
      _ = try options.lab()
      try ScreenCommand.open(lab: options.choice, plain: plain)
    }
  }
}

/// Which lab, and for whom.
struct LabOptions: ParsableArguments {
  @Argument(help: "The lab's name: see ‘ringside lab list’.")
  var slug: String
  @Option(help: ArgumentHelp("The number that draws this student's values.", valueName: "number"))
  var seed: UInt64 = 1
  @Option(help: ArgumentHelp("The lecturer's key, for a course that has one.", valueName: "words"))
  var courseKey: String?
  @Option(help: ArgumentHelp("Another place to look for labs.", valueName: "folder"))
  var labs: String?
  @Option(help: ArgumentHelp("A translation, as ‘de’.", valueName: "code"))
  var language: String?

  /// The same for the screen, too.
  var choice: LabChoice {
    var choice = LabChoice(slug, seed: seed)
    (choice.courseKey, choice.folder, choice.language) = (courseKey, labs, language)
    return choice
  }

  /// What draws the values.
  var drawnSeed: UInt64 { choice.drawnSeed }

  /// Whether the model answers may be shown: `labs/course` may ask for a key.
  func mayShowAnswers() throws(UserError) -> Bool {
    guard let fingerprint = try LabFiles.library(labs).courseFingerprint else { return true }
    return courseKey.map { CourseKey($0).fingerprint } == fingerprint
  }

  /// The lab.
  func lab() throws(UserError) -> Lab { try choice.lab() }

  /// The lab with its run and its answers.
  func grader() throws(UserError) -> Grader {
    let lab = try lab()
    do throws(LabProblem) {
      return try Grader(lab, seed: drawnSeed, build: LabMachines().machine)
    } catch {
      throw UserError(error.description)
    }
  }
}

/// Which of a lab's runs.
struct RunOptions: ParsableArguments {
  @Option(
    name: .customLong("run"),
    help: ArgumentHelp("One of the lab's runs; its first without this.", valueName: "name"))
  var name: String?

  /// The run, made for one student.
  func run(of options: LabOptions) throws(UserError) -> LabRun {
    let lab = try options.lab()
    do throws(LabProblem) {
      let values = lab.values(seed: options.drawnSeed)
      return try LabRuns(lab, values: values, build: LabMachines().machine).run(named: name)
    } catch {
      throw UserError(error.description)
    }
  }
}

/// Where labs lie, and how their mistakes are told.
enum LabFiles {
  static func library(_ folder: String?) throws(UserError) -> LabLibrary {
    if let folder { return LabLibrary(folder: folder) }
    guard let guests = GuestLibrary(program: CommandLine.arguments[0]) else {
      throw UserError("labs: not found; run Ringside in its own folder, or give --labs")
    }
    return LabLibrary(beside: guests)
  }

  /// All mistakes as one error: the last of them, with those before it on standard error.
  static func error(_ problems: LabProblems) -> UserError {
    for problem in problems.problems.dropLast() { report(problem.description) }
    return UserError(problems.problems.last?.description ?? "the lab cannot be read")
  }
}

extension LabCommand {
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the labs.")
    @Option(help: ArgumentHelp("Another place to look for labs.", valueName: "folder"))
    var labs: String?

    func run() throws {
      let library = try LabFiles.library(labs)
      let width = library.slugs.map(\.count).max() ?? 0
      for slug in library.slugs {
        let name = slug.padded(to: width)
        do throws(LabProblems) {
          let lab = try library.lab(slug)
          OutputSink.standardOutput.write("\(name)  \(lab.minutes) min  \(lab.summary)\n")
        } catch {
          OutputSink.standardOutput.write("\(name)  has mistakes: see ‘ringside lab check’\n")
        }
      }
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print a lab's page with one student's values.")
    @OptionGroup var lab: LabOptions
    @Flag(help: "Print an empty file of answers instead.")
    var answers = false
    @Flag(help: "Print the model answers instead.")
    var model = false

    func run() throws {
      if model, try !lab.mayShowAnswers() {
        throw UserError("--model: this course has a key; give it with --course-key")
      }
      let grader = try lab.grader()
      OutputSink.standardOutput.write(
        answers || model ? grader.answerFile(withAnswers: model) : grader.sheet)
    }
  }

  struct Console: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print what the guest printed in a lab's run.")
    @OptionGroup var lab: LabOptions
    @OptionGroup var which: RunOptions

    func run() throws { OutputSink.standardOutput.write(try which.run(of: lab).console + "\n") }
  }

  struct Events: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the ledger of a lab's run, an event a line.")
    @OptionGroup var lab: LabOptions
    @OptionGroup var which: RunOptions
    @Option(help: ArgumentHelp("Only this event and ten on each side.", valueName: "number"))
    var around: UInt64?
    @Option(help: ArgumentHelp("From this event on.", valueName: "number"))
    var first: UInt64 = 0
    @Option(help: ArgumentHelp("Up to this event.", valueName: "number"))
    var last = UInt64.max
    @Option(help: ArgumentHelp("Only those of which this is true.", valueName: "predicate"))
    var `where`: String?

    func run() throws {
      let range =
        around.map { $0 - min($0, 10)...($0 &+ 10 < $0 ? .max : $0 + 10) }
        ?? first...max(first, last)
      let filter = try Self.predicate(`where`)
      var text = ""
      for event in try which.run(of: lab).events where range.contains(event.sequence) {
        if filter?.matches(Moment(event)) != false { text += EventList.line(of: event) }
      }
      OutputSink.standardOutput.write(text)
    }

    private static func predicate(_ text: String?) throws(UserError) -> CompiledPredicate? {
      guard let text else { return nil }
      do throws(PredicateError) {
        return CompiledPredicate(try Predicate(parsing: text), default: .event)
      } catch {
        throw UserError("--where: " + error.lines.joined(separator: "\n"))
      }
    }
  }

  struct Counts: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the totals of a lab's run, and what its monitor has counted.")
    @OptionGroup var lab: LabOptions
    @OptionGroup var which: RunOptions

    func run() throws {
      let run = try which.run(of: lab)
      let totals = RunTotal.allCases.map { ($0.rawValue, String(run.total($0))) }
      for (name, count) in totals + run.counters.map({ ($0.name, String($0.count)) }) {
        OutputSink.standardOutput.write("\(name): \(count)\n")
      }
    }
  }

  struct Key: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print what a course's key stands for.",
      discussion: """
        Without --seed, its fingerprint, for the file ‘labs/course’: model answers are then printed \
        only with the key. With --seed, the seed that a student of that number is given.
        """)
    @Argument(help: "The key: words that only the lecturer knows.")
    var words: String
    @Option(help: ArgumentHelp("A student's number.", valueName: "number"))
    var seed: UInt64?

    func run() {
      let key = CourseKey(words)
      let text = seed.map { String(key.seed(for: $0)) } ?? key.fingerprint
      OutputSink.standardOutput.write(text + "\n")
    }
  }

  struct New: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make the folder of a new lab, with a page to start from.")
    @Argument(help: "The lab's name: small letters, digits and dashes.")
    var slug: String
    @Option(help: ArgumentHelp("The folder to make it in.", valueName: "folder"))
    var labs = "labs"

    func run() throws {
      guard slug.first?.isLetter == true,
        slug.allSatisfy({ $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-") })
      else { throw UserError("\(slug): use small letters, digits and dashes, a letter first") }
      let folder = "\(labs)/\(slug)"
      guard !FileContents.exists(folder) else {
        throw UserError("\(folder): this is there already")
      }
      try HostFolder.make(folder)
      try OutputSink(path: "\(folder)/lab.md").write(NewLab.text(slug: slug))
      report("\(folder)/lab.md is there; change it, then ‘ringside lab check \(folder)’")
    }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Find the mistakes in labs, and prove that their answers can be told apart.",
      discussion: """
        Reads each lab, runs it with ten seeds, and demands that its model answers get full marks \
        and wrong ones do not. Each mistake is a line with file, line number and remedy.
        """)
    @Argument(help: "Folders of labs; without any, all that come with Ringside.")
    var folders: [String] = []

    func run() throws {
      var folders = folders
      if folders.isEmpty {
        let library = try LabFiles.library(nil)
        folders = library.slugs.map { "\(library.folder)/\($0)" }
      }
      var problems: [LabProblem] = []
      for folder in folders {
        let mistakes = mistakes(in: folder)
        problems += mistakes
        if mistakes.isEmpty { OutputSink.standardOutput.write("\(folder): good\n") }
      }
      if !problems.isEmpty { throw LabFiles.error(LabProblems(problems: problems)) }
    }

    private func mistakes(in folder: String) -> [LabProblem] {
      do throws(LabProblems) {
        let lab = try LabLibrary.read(folder: folder)
        for language in LabLibrary.languages(ofLabIn: folder) {
          _ = try LabLibrary.read(folder: folder, language: language)
        }
        return LabCheck.mistakes(in: lab, build: LabMachines().machine)
      } catch {
        return error.problems
      }
    }
  }
}
