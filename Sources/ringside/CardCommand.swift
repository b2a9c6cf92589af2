import ArgumentParser
import Labs
import Machine

/// `ringside card NAME`: a page about a concept, without the screen.
struct CardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "card", abstract: "Print a card about a concept; without a name, list them.",
    discussion: "On the screen, i opens the same cards.")

  @Argument(help: "The card's name.")
  var name: String?

  func run() throws {
    let cards = try ReadingFiles.shelf().cards()
    guard let name else {
      let column = cards.map(\.name.count).max() ?? 0
      for card in cards {
        let name = card.name.padded(to: column)
        OutputSink.standardOutput.write("\(name)  \(card.title): \(card.summary)\n")
      }
      return
    }
    guard let card = cards.first(where: { $0.name == name }) else {
      throw UserError("card \(name): there is no such card; ‘ringside card’ lists them")
    }
    let sources = card.sources.map { "Source: \($0)\n" }.joined()
    OutputSink.standardOutput.write("# \(card.title)\n\(card.page)\n\(sources)")
  }
}

/// `ringside tour [NAME]`: the screen with a guide.
struct TourCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tour", abstract: "Follow a tour or a demo on the screen.",
    discussion: """
      Space goes on, Backspace back; look around with any other key, and . returns. --list names them.
      """)

  @Argument(help: "The tour's name.")
  var name = "tour"
  @Option(help: ArgumentHelp("The card to begin with, from 1.", valueName: "number"))
  var card = 1
  @Flag(help: "List the tours instead.")
  var list = false
  @Flag(help: "No screen: lines of text, see ‘ringside help screen’.")
  var plain = false

  func run() throws {
    let tours = try ReadingFiles.shelf().tours()
    if list {
      let column = tours.map(\.name.count).max() ?? 0
      for tour in tours {
        let name = tour.name.padded(to: column)
        OutputSink.standardOutput.write("\(name)  \(tour.title): \(tour.summary)\n")
      }
      return
    }
    guard let tour = tours.first(where: { $0.name == name }) else {
      throw UserError("tour \(name): there is no such tour; ‘ringside tour --list’ names them")
    }
    guard (1...tour.cards.count).contains(card) else {
      throw UserError("--card \(card): this tour has cards 1 to \(tour.cards.count)")
    }
    try ScreenCommand.open(guide: name, card: card, plain: plain)
  }
}

/// Where cards and tours lie.
enum ReadingFiles {
  static func shelf() throws(UserError) -> ReadingShelf {
    guard let library = GuestLibrary(program: CommandLine.arguments[0]) else {
      throw UserError("cards and tours: not found; run Ringside in its own folder")
    }
    return ReadingShelf(Shelf(beside: library))
  }
}

/// The shelf, with mistakes as the user's.
struct ReadingShelf {
  private let shelf: Shelf
  init(_ shelf: Shelf) { self.shelf = shelf }

  func cards() throws(UserError) -> [ConceptCard] {
    do throws(LabProblems) { return try shelf.cards() } catch { throw LabFiles.error(error) }
  }

  func tours() throws(UserError) -> [Tour] {
    do throws(LabProblems) { return try shelf.tours() } catch { throw LabFiles.error(error) }
  }
}
