import Cells
import Machine
import Predicates
import Testing

@testable import Panes

/// The screen in words.
struct NarratorTests {
  private let state = ScreenState()

  @Test func aMachineIsToldWholeAtFirstAndThenWhatIsNew() throws {
    var narrator = Narrator()
    var view = SampleView.paused()
    let first = narrator.news(view, state)
    #expect(first[0].hasPrefix("ringlet in emulation: the processor is a program"))
    #expect(first.contains("console: lock ok"))
    #expect(first.contains("events 1 to 23 are not told; ‘events 24’ tells what is kept of them"))
    #expect(
      first.contains(
        "event 30: ring 3 to 0, #GP(0)  cli; why: CLI needs CPL <= IOPL; CPL is 3, IOPL is 0."))
    #expect(
      first.last
        == "paused at tick 4217: really in ring 0, the guest believes in ring 0; next 0008:00101a3b pushf ?SILENT"
    )
    #expect(narrator.news(view, state) == [])
    view.rings.real = 1
    view.clock.ticks += 1
    view.events.append(
      .init(sequence: 32, tick: 4218, kind: .back, text: "IRET", from: 0, to: 1, why: "So."))
    let next = narrator.news(view, state)
    #expect(next[0] == "event 32: ring 0 to 1, IRET; why: So.")
    #expect(next[1].contains("really in ring 1, the guest believes in ring 0, which differs;"))
    #expect(next.count == 2)
  }

  @Test func aWayBackTellsOnlyWhereItLed() {
    var narrator = Narrator()
    var view = SampleView.paused()
    _ = narrator.news(view, state)
    view.clock.ticks = 4100
    view.clock.latest = 4217
    view.events.removeLast(12)
    let lines = narrator.news(view, state)
    #expect(lines.count == 2 && lines[0].hasPrefix("before this: event 19: "))
    #expect(lines[1].hasPrefix("paused at tick 4100 of 4217: "))
  }

  @Test func aGuestThatIsIdleAHundredTimesASecondIsToldOnce() {
    var narrator = Narrator()
    var view = SampleView.running()
    #expect(narrator.news(view, state).contains("running"))
    view.runState = .idle
    #expect(narrator.news(view, state) == ["console: y", "idle: the guest waits"])
    for _ in 0..<3 {
      view.runState = .running
      #expect(narrator.news(view, state) == [])
      view.runState = .idle
      #expect(narrator.news(view, state) == [])
    }
    // When it has done something meanwhile, it waits again.
    view.textScreen?.cells[24 * 80 + 1] = .init(glyph: 0x21)
    #expect(narrator.news(view, state) == ["console: y!", "idle: the guest waits"])
  }

  @Test func onlyWholeLinesAreReadWhileMoreMayCome() {
    var reader = ConsoleReader()
    #expect(reader.news(["boot", "ready", "$ "], isStill: false) == ["boot", "ready"])
    #expect(reader.news(["boot", "ready", "$ "], isStill: true) == ["$ "])
    #expect(reader.news(["boot", "ready", "$ ls"], isStill: false) == [])
    #expect(
      reader.news(["boot", "ready", "$ ls", "a", "b", "$ "], isStill: true) == [
        "$ ls", "a", "b", "$ ",
      ])
    // Scrolled by two rows.
    #expect(
      reader.news(["$ ls", "a", "b", "$ pwd", "/", "$ "], isStill: true) == ["$ pwd", "/", "$ "])
    #expect(reader.news(["$ ls", "a", "b", "$ pwd", "/", "$ ", "  ", ""], isStill: true) == [])
    // A screen that was cleared is a new one.
    #expect(reader.news(["menu", "1 one"], isStill: true) == ["menu", "1 one"])
  }

  @Test func nothingOfAGuestsReachesATerminalRaw() {
    var view = SampleView.serial()
    view.serial.lines = ["\u{1B}[2J\u{9B}31m red", ""]
    let lines = Narrator(charset: .ascii).plain(view.serial.lines[0])
    #expect(lines == "?[2J?31m red")
  }

  // MARK: Commands

  private func obey(
    _ lines: [String], on view: MachineView = SampleView.paused(),
    _ controller: ScreenController = ScreenController()
  ) -> (replies: [ScreenController.Reply], state: ScreenState) {
    var controller = controller
    let replies = lines.map { controller.handle(line: $0, view: view) }
    return (replies, controller.state)
  }

  @Test(
    arguments: [
      (["s", "step"], .step(.instruction)),
      (["S", "step back", "step-back"], .travel(.back(.instruction))),
      (["n", "ring", "RING"], .step(.ringChange)), (["Home", "start"], .travel(.start)),
      (["r", "run", "Space"], .run), (["G", "latest"], .travel(.latest)), (["q", "quit"], .quit),
      (["wait ready"], .play([.wait("ready")], from: nil)), (["-", "slower"], .pace(100)),
    ] as [([String], Command)])
  func wordsAndKeysMeanTheSame(lines: [String], command: Command) {
    for line in lines { #expect(obey([line]).replies[0].commands == [command], "\(line)") }
  }

  @Test func whatACommandAsksForMayStandBehindIt() throws {
    let fault = try Predicate(parsing: "#GP and cpl 3")
    let stop = Command.stopAt(fault, runs: false)
    #expect(obey(["b #GP and cpl 3"]).replies[0].commands == [stop])
    #expect(obey(["break", "#GP and cpl 3"]).replies[1].commands == [stop])
    let mistaken = obey(["break #GP und", "#GP and cpl 3"])
    #expect(mistaken.replies[0].commands == [] && mistaken.state.prompt == nil)
    #expect(mistaken.replies[1].commands == [stop])
    #expect(
      obey(["mode full:trap"]).replies[0].commands == [.start(MachineChoice(mode: .fullTrap))])
    #expect(obey(["m", "c full:trap"]).replies[1].commands == [.goOn(.fullTrap)])
    #expect(obey(["m", "esc"]).state.menu == nil)
    #expect(obey(["m 99"]).replies[0].words.last?.contains("no ‘99’ in this list") == true)
    #expect(obey(["R", "n"]).replies[1].commands == [])
    #expect(obey(["reset", "y"]).replies[1].commands == [.reset])
    #expect(obey(["go 12"]).replies[0].commands == [.travel(.tick(4037))])
    #expect(obey(["why 12"]).replies[0].words.first?.hasPrefix("event 12: ") == true)
  }

  @Test func whatIsTypedReachesTheGuest() {
    let keys = obey(["type hi"]).replies[0].commands
    #expect(
      keys == [
        .guestKey(.character("h"), .text), .guestKey(.character("i"), .text),
        .guestKey(.enter, .text),
      ])
    #expect(obey(["key Ctrl-C"]).replies[0].commands == [.guestKey(.control("c"), .text)])
    let toggled = obey(["F12", "q", "F12", "q"])
    #expect(toggled.replies[1].commands.first == .guestKey(.character("q"), .text))
    #expect(toggled.replies[2].commands == [] && toggled.replies[3].commands == [.quit])
  }

  @Test func panesHelpAndUnknownWordsAreRead() {
    let registers = obey(["2"]).replies[0].words
    #expect(registers.first == "registers:" && registers.contains { $0.contains("00107fe8") })
    #expect(obey(["registers"]).replies[0].words == registers)
    #expect(obey(["code"]).replies[0].words.contains { $0.contains(">00101a3b") })
    #expect(obey(["console"]).replies[0].words.contains("  lock ok"))
    #expect(obey(["events 2"]).replies[0].words.count == 2)
    #expect(obey(["fetch"]).replies[0].words == ["no command ‘fetch’; ‘help’ lists them"])
    let help = obey(["help"]).replies[0].words.joined(separator: "\n")
    for (name, _) in Action.names { #expect(help.contains(name), "\(name)") }
    #expect(obey(["where"]).replies[0].words[0].hasPrefix("paused at tick 4217"))
  }

  @Test func everyKeyOfControlHasAWordOfItsOwn() {
    let actions = Set(Binding.control.flatMap { $0.keys.map(\.action) })
    #expect(actions == Set(Action.names.map(\.action)))
    #expect(Set(Action.names.map(\.name)).count == Action.names.count)
    for key in Binding.control.flatMap(\.keys).map(\.key) { #expect(Key(named: key.name) == key) }
  }

  @Test func aGuideIsReadCardByCard() {
    var catalogue = Catalogue()
    catalogue.guides = [
      Guide(
        name: "x", title: "X", summary: "", minutes: 1, start: MachineChoice(image: "ringlet"),
        cards: [
          .init(
            title: "Which ring?", text: "REAL is what **is**.", pane: .rings,
            question: .init(ask: "Which?", options: ["0", "3"], right: 0, because: "It is.")),
          .init(title: "Last", text: "That was all."),
        ])
    ]
    var controller = ScreenController(catalogue)
    var narrator = Narrator()
    let view = SampleView.paused()
    _ = narrator.news(view, controller.state)
    _ = controller.open(guide: "x")
    #expect(
      narrator.news(view, controller.state) == [
        "card 1 of 2: Which ring?", "REAL is what is.", "Which?", "  a 0", "  b 3",
        "space goes on, backspace back",
      ])
    _ = controller.handle(line: "a", view: view)
    #expect(narrator.news(view, controller.state) == ["right", "It is."])
    _ = controller.handle(line: "space", view: view)
    #expect(
      narrator.news(view, controller.state) == [
        "card 2 of 2: Last", "That was all.", "esc ends it",
      ])
  }
}
