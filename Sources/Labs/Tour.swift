public import Machine
public import Predicates

/// A walk over a running guest: cards of text, each at a moment of the run. The moments are reached by
/// running the machine, so what a card shows is what happened.
public struct Tour: Sendable, Equatable {
  /// What brings the machine from one card's moment to the next one's.
  public enum Step: Sendable, Equatable {
    /// Until this text is on the console.
    case wait(String)
    /// A line typed on the serial console, with Return.
    case type(String)
    /// Until something happens.
    case until(Predicate)
    /// So many instructions.
    case step(Int)
  }

  /// A question with options.
  public struct Question: Sendable, Equatable {
    public let ask: String
    public let options: [String]
    /// The place of the right one in `options`.
    public let right: Int
    /// Why.
    public let because: String
  }

  /// One card.
  public struct Card: Sendable, Equatable {
    public let title: String
    /// Markdown.
    public let text: String
    public let steps: [Step]
    /// The name of the pane it is about.
    public let pane: String?
    public let question: Question?
  }

  /// Its name, that of its file.
  public let name: String
  public let title: String
  public let summary: String
  public let minutes: Int
  /// A built-in guest.
  public let image: String
  /// How it is run.
  public let mode: Mode
  /// Options as on the command line, without the dashes: `lab-cpu`, `cpu`.
  public let options: [String: String]
  public let cards: [Card]
}

/// Reads a tour's file.
enum TourReader {
  private static let panes = [
    "console", "code", "rings", "registers", "stack", "pages", "monitor", "counters", "vmcb",
    "events",
  ]

  static func read(name: String, file: String, text: String) throws(LabProblems) -> Tour {
    let yaml = YAMLFile(name: file)
    let fields =
      yaml.parse(text)?.fields(
        ["title", "summary", "minutes", "image", "mode", "cpu", "lab-cpu", "cards"], of: "a tour")
      ?? [:]
    for key in ["title", "summary", "image", "cards"] where fields[key] == nil {
      yaml.report(1, "‘\(key)’ is missing", "add it")
    }
    let options = ["cpu", "lab-cpu"].compactMap { key in fields[key]?.text.map { (key, $0) } }
    let tour = Tour(
      name: name, title: fields["title"]?.text ?? "", summary: fields["summary"]?.text ?? "",
      minutes: Int(fields["minutes"]?.number ?? 2), image: fields["image"]?.text ?? "",
      mode: fields["mode"].map(mode) ?? .emulation,
      options: Dictionary(uniqueKeysWithValues: options),
      cards: (fields["cards"]?.items ?? []).compactMap(card))
    guard yaml.problems.isEmpty else { throw LabProblems(problems: yaml.problems) }
    return tour
  }

  private static func mode(_ node: YAMLNode) -> Mode {
    guard let text = node.text else { return .emulation }
    if let mode = Mode(named: text) { return mode }
    let modes = Mode.allCases.map(\.rawValue).joined(separator: ", ")
    node.report("there is no mode ‘\(text)’", "use one of \(modes)")
    return .emulation
  }

  private static func card(_ node: YAMLNode) -> Tour.Card? {
    guard let fields = node.fields(["title", "text", "do", "pane", "question"], of: "a card") else {
      return nil
    }
    let pane = fields["pane"]?.text
    if let pane, !panes.contains(pane) {
      node.report("there is no pane ‘\(pane)’", "use one of \(panes.joined(separator: ", "))")
    }
    return Tour.Card(
      title: fields["title"]?.text ?? "", text: fields["text"]?.text ?? "",
      steps: (fields["do"]?.items ?? []).compactMap(step), pane: pane,
      question: fields["question"].flatMap(question))
  }

  private static func step(_ node: YAMLNode) -> Tour.Step? {
    guard let (key, value) = node.entries?.first else { return nil }
    switch key {
    case "wait": return value.text.map { .wait($0) }
    case "type": return value.text.map { .type($0) }
    case "step": return value.number.map { .step(Int(clamping: $0)) }
    case "until":
      guard let text = value.text else { return nil }
      do throws(PredicateError) {
        return .until(try Predicate(parsing: text))
      } catch {
        value.report("this is no predicate: \(error.reason)", "see Documentation/Predicates.md")
        return nil
      }
    default:
      value.report("‘\(key)’ is not a step", "use wait, type, until or step")
      return nil
    }
  }

  private static func question(_ node: YAMLNode) -> Tour.Question? {
    guard let fields = node.fields(["ask", "options", "right", "because"], of: "a question"),
      let ask = fields["ask"]?.text, let options = fields["options"]?.items,
      let right = fields["right"]?.number, let because = fields["because"]?.text
    else {
      node.report("something is missing in a question", "write ask, options, right, because")
      return nil
    }
    guard (1...Int64(options.count)).contains(right), options.count <= 4 else {
      node.report("‘right’ counts the options from 1, and there are at most four", "correct it")
      return nil
    }
    return Tour.Question(
      ask: ask, options: options.compactMap(\.text), right: Int(right) - 1, because: because)
  }
}
