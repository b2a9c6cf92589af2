import Labs
import Machine
import Panes

/// What the screen can open, read from the folders beside the built-in guests.
extension Catalogue {
  /// A mistake in a file ends the program with its place: these files come with Ringside.
  static func read(guest: String?) throws(UserError) -> Catalogue {
    var catalogue = Catalogue()
    guard let library = GuestLibrary(program: CommandLine.arguments[0]) else { return catalogue }
    let labs = LabLibrary(beside: library)
    do throws(LabProblems) {
      let shelf = Shelf(beside: library)
      catalogue.guides = try shelf.tours().map(Guide.init)
      catalogue.pages = try shelf.cards().sorted { $0.title < $1.title }.map { card in
        Page(
          name: card.name, title: card.title, summary: card.summary, text: card.page,
          sources: card.sources)
      }
      for slug in labs.slugs {
        let lab = try labs.lab(slug)
        catalogue.labs.append(Entry(name: slug, title: lab.title, detail: "\(lab.minutes) min"))
      }
    } catch {
      throw LabFiles.error(error)
    }
    let entry = library.entries.first { $0.name == guest }
    let allowed = entry?.modes.split(separator: ",").map { String($0.filter { $0 != " " }) }
    for mode in Mode.allCases {
      // The list may name a mode or a family of modes.
      let names = [mode.rawValue, String(mode.rawValue.prefix { $0 != ":" })]
      let fits = allowed.map { allowed in names.contains { allowed.contains($0) } } ?? true
      catalogue.modes.append(
        Entry(
          name: mode.rawValue, title: mode.rawValue,
          detail: fits ? "" : "not for this guest"))
    }
    return catalogue
  }
}

extension Guide {
  fileprivate init(_ tour: Tour) {
    self.init(
      name: tour.name, title: tour.title, summary: tour.summary, minutes: tour.minutes,
      start: MachineChoice(image: tour.image, mode: tour.mode, options: tour.options),
      cards: tour.cards.map(Card.init))
  }
}

extension Guide.Card {
  fileprivate init(_ card: Tour.Card) {
    self.init(
      title: card.title, text: card.text, steps: card.steps.map(Guide.Step.init),
      pane: Pane.allCases.first { "\($0)" == card.pane },
      question: card.question.map { question in
        Guide.Question(
          ask: question.ask, options: question.options, right: question.right,
          because: question.because)
      })
  }
}

extension Guide.Step {
  fileprivate init(_ step: Tour.Step) {
    self =
      switch step {
      case .wait(let text): .wait(text)
      case .type(let line): .type(line)
      case .until(let predicate): .until(predicate)
      case .step(let count): .step(count)
      }
  }
}
