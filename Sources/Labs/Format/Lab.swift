public import Machine

/// A lab: a page that leads through a guest, and questions that the machine answers.
public struct Lab: Sendable {
  /// Its folder's name, by which it is called everywhere.
  public let slug: String
  /// Its file, as the user sees it.
  public let file: String
  public internal(set) var title: String
  /// What it is about, in a line.
  public internal(set) var summary: String
  /// How long it takes.
  public let minutes: Int
  /// The runs that its questions are about, its own first.
  public let runs: [RunPlan]
  let values: [LabValue]
  public internal(set) var questions: [Question]
  /// The program's own words on the page.
  var words = SheetWords.english
  /// The page: Markdown, in which a line ‘? name’ stands for a question.
  var page: [Template]

  /// The question with a name.
  public func question(_ id: String) -> Question? { questions.first { $0.id == id } }

  /// The modes that its runs are made in, each once.
  public var modes: [Mode] {
    runs.reduce(into: []) { modes, run in
      if !modes.contains(run.mode) { modes.append(run.mode) }
    }
  }

  /// The run with a name; the lab's own without one.
  func run(named name: String?) -> RunPlan? {
    name.map { name in runs.first { $0.name == name } } ?? runs.first
  }

  /// What a seed gives to a student.
  public func values(seed: UInt64) -> DrawnValues {
    DrawnValues(seed: seed, lab: slug, values: values)
  }
}

/// One question of a lab.
public struct Question: Sendable {
  /// What it is called in a file of answers.
  public let id: String
  let line: Int
  /// To be answered before the run is looked at.
  let isPrediction: Bool
  var ask: Template
  var hint: Template?
  /// What is said once it was answered.
  var explanation: Template?
  let points: Int
  var answer: Answer
  /// The events that prove it; nil if there are none to cite.
  let evidence: Evidence?

  /// Whether the machine can tell; a card is read and not graded.
  public var isObserved: Bool { if case .card = answer { false } else { true } }

  /// The kinds of answers.
  enum Answer: Sendable {
    case number(Measure, isHexadecimal: Bool)
    case text(Measure)
    /// Options, of which one holds, or any number.
    case choice([Option], several: Bool)
    case table(columns: [Template], rows: [Row])
    /// What the student types in a run must bring the guest into a state.
    case goal([Condition], run: String?, model: [Template])
    /// A source file that the student writes is the guest of a run, and does what is wanted of it.
    case program([Feat], run: String?, model: Template)
    /// Nothing to be graded.
    case card
  }

  struct Option: Sendable {
    var text: Template
    /// All of them hold: then the option is right.
    var when: [Condition]
    /// What is said to whoever chooses it and is wrong.
    var hint: Template?
  }

  /// One of the things that a student's program is to do.
  struct Feat: Sendable {
    /// What it is called on the page and in the verdict.
    var name: Template
    /// All of them hold: then it has been done.
    var when: [Condition]
    /// What is said if it has not.
    var hint: Template?
  }

  struct Row: Sendable {
    var name: Template
    var cells: [Measure]
    var isHexadecimal: Bool
    var line: Int
  }

  /// Which events a student may cite.
  indirect enum Evidence: Sendable {
    case one(Occurrence)
    case any(EventPattern, within: Window?)
    /// Those of another run than the lab's own.
    case inRun(String, Evidence)
  }
}
