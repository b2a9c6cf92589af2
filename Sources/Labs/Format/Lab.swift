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
  /// The modes it runs in.
  public let modes: [String]
  /// A built-in guest, or a source file in the lab's folder.
  public let image: String
  /// RAM in MiB.
  public let memory: Int
  /// How long the run may take, in seconds of the guest's time.
  public let seconds: Int
  let values: [LabValue]
  /// The lines that are typed on the first serial line, at once, each with a carriage return.
  let typed: [Template]
  public internal(set) var questions: [Question]
  /// The page: Markdown, in which a line ‘? name’ stands for a question.
  var page: [Template]

  /// The question with a name.
  public func question(_ id: String) -> Question? { questions.first { $0.id == id } }

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
  let answer: Answer
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
    /// What the student types must bring the guest into a state.
    case goal([Condition], model: [Template])
    /// Nothing to be graded.
    case card
  }

  struct Option: Sendable {
    var text: Template
    /// All of them hold: then the option is right.
    var when: [Condition]
  }

  struct Row: Sendable {
    var name: Template
    var cells: [Measure]
    var isHexadecimal: Bool
    var line: Int
  }

  /// Which events a student may cite.
  enum Evidence: Sendable {
    case one(Occurrence)
    case any(EventPattern, within: Window?)
  }
}
