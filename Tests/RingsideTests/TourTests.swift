import Panes
import Testing

@testable import ringside

/// Tours, played on the machine without a terminal.
@Suite struct TourTests {
  private static let guides = (try? Catalogue.read(guest: "ringlet").guides) ?? []

  @Test func thereAreTours() {
    #expect(Self.guides.count >= 3)
  }

  /// Each card's moment comes, on the way from the first card and when one returns to it.
  @Test(arguments: guides.map(\.name))
  func everyCardOfATourHasItsMoment(name: String) throws {
    let guide = try #require(Self.guides.first { $0.name == name })
    let mailbox = ScreenMailbox()
    let thread = HostThread {
      let session = ScreenMachine.Session(startsPaused: true)
      ScreenMachine.serve(mailbox, session) { choice throws(UserError) in
        var options = MachineOptions.usual
        options.mode = choice.mode ?? options.mode
        options.labCpu = choice.options["lab-cpu"]
        options.cpu = choice.options["cpu"] ?? options.cpu
        return try options.build(image: choice.image ?? "hello")
      }
    }
    defer {
      mailbox.close()
      thread.join()
    }
    func view(_ command: Command) throws -> MachineView {
      while mailbox.takeView() != nil {}
      mailbox.send(command)
      let end = HostClock.now + 60
      while HostClock.now < end {
        if let view = mailbox.takeView() { return view }
        mailbox.forScreen.wait(0.1)
      }
      return try #require(nil as MachineView?, "no view came")
    }
    while mailbox.takeView() == nil { mailbox.forScreen.wait(1) }
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
