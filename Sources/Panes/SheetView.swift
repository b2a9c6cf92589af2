extension MachineView {
  /// A lab's page beside the machine, in parts: each goes up to a question.
  public struct Sheet: Equatable, Sendable {
    /// One part.
    public struct Part: Equatable, Sendable {
      /// A little Markdown: what to read, then the question.
      public var text: String
      /// The question's name; nil where there is none to be answered.
      public var question: String?
      /// The answer wants the number of an event that shows it.
      public var needsEvent: Bool
      /// What was answered, and what came of it; nil before.
      public var verdict: Verdict?
      public init(text: String, question: String?, needsEvent: Bool) {
        (self.text, self.question, self.needsEvent) = (text, question, needsEvent)
      }
    }

    /// What an answer is worth.
    public struct Verdict: Equatable, Sendable {
      /// As it was typed.
      public var answer: String
      public var isRight: Bool
      /// The explanation, or a hint.
      public var comment: String
      public init(answer: String, isRight: Bool, comment: String) {
        (self.answer, self.isRight, self.comment) = (answer, isRight, comment)
      }
    }

    /// The lab's name on the command line, its title, and the student's number.
    public var slug: String
    public var title: String
    public var seed: UInt64
    public var parts: [Part]
    public init(slug: String, title: String, seed: UInt64, parts: [Part]) {
      (self.slug, self.title, self.seed, self.parts) = (slug, title, seed, parts)
    }

    /// How many of the questions are answered well, and how many there are.
    public var score: (right: Int, of: Int) {
      let asked = parts.filter { $0.question != nil }
      return (asked.count { $0.verdict?.isRight == true }, asked.count)
    }
  }
}
