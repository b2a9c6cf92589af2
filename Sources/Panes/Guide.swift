public import Machine
public import Predicates

/// A walk over a running guest, as the screen shows it: cards, each at a moment of the run.
public struct Guide: Equatable, Sendable {
  /// What brings the machine to a card's moment.
  public enum Step: Equatable, Sendable {
    /// Until this text is on the console.
    case wait(String)
    /// A line typed on the serial console.
    case type(String)
    /// Until something happens.
    case until(Predicate)
    /// So many instructions.
    case step(Int)
  }

  /// A question with options.
  public struct Question: Equatable, Sendable {
    public var ask: String
    public var options: [String]
    /// The place of the right one.
    public var right: Int
    public var because: String
    public init(ask: String, options: [String], right: Int, because: String) {
      (self.ask, self.options, self.right, self.because) = (ask, options, right, because)
    }
  }

  /// One card.
  public struct Card: Equatable, Sendable {
    public var title: String
    /// A little Markdown.
    public var text: String
    public var steps: [Step]
    /// The pane it is about.
    public var pane: Pane?
    public var question: Question?
    public init(
      title: String, text: String, steps: [Step] = [], pane: Pane? = nil, question: Question? = nil
    ) {
      (self.title, self.text, self.steps) = (title, text, steps)
      (self.pane, self.question) = (pane, question)
    }
  }

  /// What it is called on the command line.
  public var name: String
  public var title: String
  public var summary: String
  public var minutes: Int
  /// The guest and the way it is run.
  public var start: MachineChoice
  public var cards: [Card]

  public init(
    name: String, title: String, summary: String, minutes: Int, start: MachineChoice, cards: [Card]
  ) {
    (self.name, self.title, self.summary, self.minutes) = (name, title, summary, minutes)
    (self.start, self.cards) = (start, cards)
  }
}

/// Another machine than the present one: what of it differs from what the command line says.
public struct MachineChoice: Equatable, Sendable {
  /// A built-in guest; nil for the present one.
  public var image: String?
  /// nil for the present one.
  public var mode: Mode?
  /// Options by their names without dashes.
  public var options: [String: String]
  /// A lab, which says all of that itself.
  public var lab: LabChoice?

  public init(image: String? = nil, mode: Mode? = nil, options: [String: String] = [:]) {
    (self.image, self.mode, self.options) = (image, mode, options)
  }

  /// A lab's machine.
  public init(lab: LabChoice) {
    self.init()
    self.lab = lab
  }

  /// What is chosen when `next` is chosen after this: another guest, or this one in another mode.
  public func followed(by next: MachineChoice) -> MachineChoice {
    if next.image != nil || next.lab != nil { return next }
    var choice = self
    choice.mode = next.mode ?? mode
    choice.options.merge(next.options) { _, new in new }
    return choice
  }
}

/// A lab, and for whom.
public struct LabChoice: Equatable, Sendable {
  public var slug: String
  /// Draws this student's values.
  public var seed: UInt64
  /// The lecturer's key, another folder of labs, a translation; as on the command line.
  public var courseKey: String?
  public var folder: String?
  public var language: String?

  public init(_ slug: String, seed: UInt64 = 1) { (self.slug, self.seed) = (slug, seed) }
}

/// Where somebody is in a guide.
public struct GuidePlace: Equatable, Sendable {
  public let guide: Guide
  /// The card's place.
  public internal(set) var number = 0
  /// The option that was chosen; nil before.
  public internal(set) var answer: Int?
  /// The machine is where the card left it; otherwise the user has gone his own way.
  public internal(set) var isOnPath = true
  /// What the exchangeable place showed before the guide.
  let side: Pane

  init(_ guide: Guide, side: Pane) { (self.guide, self.side) = (guide, side) }

  /// The card.
  public var card: Guide.Card { guide.cards[number] }

  /// All that is to be done from the machine's start to this card.
  var stepsFromStart: [Guide.Step] { guide.cards[...number].flatMap(\.steps) }
}
