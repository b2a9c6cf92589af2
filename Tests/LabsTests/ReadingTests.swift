import Foundation
import Testing

@testable import Labs

/// Cards and tours as files.
@Suite struct ReadingTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  @Test func everyCardHasTextAndSources() throws {
    let cards = try Shelf(folder: Self.root).cards()
    for card in cards {
      #expect(!card.title.isEmpty && !card.summary.isEmpty && card.page.count > 300)
      #expect(!card.sources.isEmpty)
      // Two screens of 80x24 at most.
      #expect(card.page.split(separator: "\n", omittingEmptySubsequences: false).count <= 36)
    }
  }

  /// What a lecture on virtualization names beside the modes that run here.
  @Test(
    arguments: [
      "partitioning", "emulators", "api-layers", "application-virtualization", "containers",
      "storage", "vlan", "history", "reasons", "hypervisor-types", "kvm", "rings",
      "full-virtualization", "paravirtualization", "hardware-assistance", "emulation", "glossary",
    ])
  func aConceptHasItsCard(name: String) throws {
    #expect(try Shelf(folder: Self.root).cards().contains { $0.name == name })
  }

  @Test func everyTourHasCardsThatFit() throws {
    let tours = try Shelf(folder: Self.root).tours()
    #expect(tours.contains { $0.name == "tour" })
    for tour in tours {
      #expect(!tour.cards.isEmpty)
      for card in tour.cards {
        #expect(!card.title.isEmpty && card.title.count < 30)
        #expect(card.text.count < 600, "\(tour.name): \(card.title)")
      }
    }
  }

  @Test func mistakesInATourAreToldWithLineAndRemedy() throws {
    func mistake(_ card: String) throws -> LabProblem {
      let text = "title: t\nsummary: s\nimage: ringlet\ncards:\n  - title: a\n    text: b\n" + card
      let error = #expect(throws: LabProblems.self) {
        _ = try TourReader.read(name: "x", file: "x.yaml", text: text)
      }
      return try #require(error?.problems.first)
    }
    let mode = try mistake("mode: ful\n")
    #expect(mode.line == 7 && mode.what.contains("ful") && mode.remedy.contains("full:trap"))
    let step = try mistake("    do:\n      - jump: 3\n")
    #expect(step.line == 8 && step.what.contains("jump") && step.remedy.contains("until"))
    let predicate = try mistake("    do:\n      - until: \"fault #GQ\"\n")
    #expect(predicate.what.contains("predicate"))
    #expect(try mistake("    pane: kitchen\n").remedy.contains("registers"))
    let question = try mistake(
      "    question:\n      ask: q\n      options: [x]\n      right: 2\n      because: b\n")
    #expect(question.what.contains("counts the options from 1"))
  }
}
