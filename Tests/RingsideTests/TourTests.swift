import Labs
import Panes
import Testing

@testable import ringside

/// Tours, played on the machine without a terminal.
@Suite struct TourTests {
  private static let guides = (try? Catalogue.read().guides) ?? []

  @Test func thereAreTours() {
    #expect(Self.guides.count >= 3)
  }

  @Test func aCardMayBeAboutAnyPane() throws {
    try ReplayTests.withFolder { folder in
      var text = "title: t\nsummary: s\nimage: ringlet\ncards:\n"
      for pane in Pane.allCases { text += "  - {title: a, text: b, pane: \(pane)}\n" }
      let script = "mkdir $0/tours && printf '%s' \"$1\" > $0/tours/x.yaml"
      _ = try Program(at: "/bin/sh", ["-c", script, folder, text])
      let tours = try Shelf(folder: folder).tours()
      #expect(tours.first?.cards.map(\.pane) == Pane.allCases.map { "\($0)" })
    }
  }

  /// Each card's moment comes, on the way from the first card and when one returns to it.
  @Test(arguments: guides.map(\.name))
  func everyCardOfATourHasItsMoment(name: String) throws {
    let guide = try #require(Self.guides.first { $0.name == name })
    try withScreen("hello") { mailbox in
      func view(_ command: Command) throws -> MachineView {
        while mailbox.takeView() != nil {}
        mailbox.send(command)
        return try mailbox.view(within: 60)
      }
      _ = try mailbox.view()
      var ticks: [UInt64] = []
      for (place, card) in guide.cards.enumerated() {
        let view = try view(.play(card.steps, from: place == 0 ? guide.start : nil))
        #expect(view.remark == nil && view.mode == guide.start.mode)
        ticks.append(view.clock.ticks)
      }
      #expect(ticks == ticks.sorted())
      let middle = guide.cards.count / 2
      let again = try view(.play(guide.cards[...middle].flatMap(\.steps), from: guide.start))
      #expect(again.clock.ticks == ticks[middle])
    }
  }
}
