import Labs
import Machine
import Panes

/// What the screen can open, read from the folders beside the built-in guests.
extension Catalogue {
  /// A mistake in a tour or a card ends the program with its place: these files come with Ringside.
  static func read() throws(UserError) -> Catalogue {
    var catalogue = Catalogue()
    guard let library = GuestLibrary(program: CommandLine.arguments[0]) else { return catalogue }
    do throws(LabProblems) {
      let shelf = Shelf(beside: library)
      catalogue.guides = try shelf.tours().map(Guide.init)
      catalogue.pages = try shelf.cards().sorted { $0.title < $1.title }.map { card in
        Page(
          name: card.name, title: card.title, summary: card.summary, text: card.page,
          sources: card.sources)
      }
    } catch {
      throw LabFiles.error(error)
    }
    catalogue.labs = entries(of: LabLibrary(beside: library))
    for guest in library.entries {
      let names = guest.modes.split(separator: ",").map { $0.filter { $0 != " " } }
      // The list names modes or families of modes.
      catalogue.modes[guest.name] = Mode.allCases.filter { mode in
        names.contains(mode.rawValue) || names.contains(mode.family.rawValue)
      }
    }
    return catalogue
  }

  /// Labs are edited by lecturers: one with mistakes is no reason to do without the others.
  static func entries(of labs: LabLibrary) -> [Entry] {
    labs.slugs.map { slug in
      do throws(LabProblems) {
        let lab = try labs.lab(slug)
        return Entry(name: slug, title: lab.title, detail: "\(lab.minutes) min")
      } catch {
        return Entry(name: slug, title: slug, detail: "has mistakes: see ‘ringside lab check’")
      }
    }
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
