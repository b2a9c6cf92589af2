import Cells
import Machine
import Narration
import Testing
import X86

@testable import Panes

struct ControllerTests {
  private func play(
    _ keys: [Key], on view: MachineView = SampleView.paused()
  ) -> (commands: [Command], state: ScreenState) {
    var controller = ScreenController()
    let commands = keys.compactMap { controller.handle($0, view: view) }
    return (commands, controller.state)
  }

  @Test(
    arguments: [
      ("r", .run), ("p", .pause), (" ", .run), ("G", .travel(.latest)),
      ("k", .saveSnapshot), ("q", .quit), ("\u{1A}", .suspend), ("\u{C}", .redraw),
    ] as [(Unicode.Scalar, Command)])
  func controlKeysDriveTheMachine(key: Unicode.Scalar, command: Command) {
    #expect(play([.character(key)]).commands == [command])
  }

  /// A small letter goes forward to a goal, its capital back.
  @Test(
    arguments: [
      ("s", .instruction), ("n", .ringChange), ("t", .trap), ("o", .over), ("u", .out),
      ("h", .hypercall), ("x", .exit),
    ] as [(Character, StepGoal)])
  func lettersStepAndCapitalsStepBack(letter: Character, goal: StepGoal) {
    let keys = [letter, Character(letter.uppercased())].map { character in
      Key.character(character.unicodeScalars.first ?? " ")
    }
    #expect(play(keys).commands == [.step(goal), .travel(.back(goal))])
  }

  /// What e opens takes a change by name, says so if it is none, and is there only with a VMCB.
  @Test func theVMCBIsChangedByName() throws {
    func typed(_ text: String) -> [Key] {
      [.character("e")] + text.unicodeScalars.map { .character($0) } + [.enter]
    }
    let view = ControlBlockPaneTests.view()
    let clear = try #require(ControlBlockEdit(parsing: "HLT=0"))
    #expect(clear.field == .interceptControls && clear.applied(to: 0x0100_0001) == 1)
    #expect(play(typed("HLT=0"), on: view).commands == [.edit(clear)])
    let mistaken = play(typed("HALT=0"), on: view)
    #expect(mistaken.commands == [] && mistaken.state.fieldPrompt?.isMistaken == true)
    #expect(play(typed("ASID=1") + [.escape], on: view).state.fieldPrompt == nil)
    #expect(play([.character("e")]).state.notice?.contains("VMCB") == true)
  }

  @Test func noKeyHasTwoMeanings() {
    var actions: [Key: Action] = [:]
    for (key, action) in Binding.control.flatMap(\.keys).map({ ($0.key, $0.action) }) {
      #expect(actions[key] == nil || actions[key] == action)
      actions[key] = action
    }
  }

  @Test func tabGoesThroughThePanesAndZoomEnlargesTheOneInFocus() {
    #expect(play([.tab]).state.focus == .console)
    #expect(play([.tab, .tab, .tab]).state.focus == .rings)
    #expect(play([.backTab]).state.focus == .events)
    #expect(play(Array(repeating: .tab, count: 5)).state.focus == .console)
    #expect(play([.character("z")]).state.zoomed == .console)
    #expect(play([.backTab, .character("z")]).state.zoomed == .events)
    #expect(play([.character("4")]).state.focus == .pages)
    #expect(play([.character("4"), .character("z")]).state.zoomed == .pages)
    #expect(play([.character("4"), .tab, .backTab]).state.focus == .pages)
    #expect(play([.character("z"), .character("z")]).state.zoomed == nil)
  }

  @Test func aFrozenPictureStaysWhileTheMachineGoesOn() {
    var controller = ScreenController()
    let first = SampleView.paused()
    _ = controller.handle(.character("f"), view: first)
    #expect(controller.shown(SampleView.running()) == first)
    #expect(controller.handle(.character(" "), view: SampleView.running()) == .pause)
    _ = controller.handle(.character("f"), view: SampleView.running())
    #expect(controller.shown(SampleView.running()) == SampleView.running())
  }

  @Test func aGuessIsAskedForBeforeTheStepAndToldAfterIt() {
    var controller = ScreenController()
    let before = SampleView.paused()
    let keys = [Key.character("P"), .character("s")]
    #expect(keys.compactMap { controller.handle($0, view: before) } == [])
    let asking = Screen.draw(
      before, controller.state, size: Size(width: 80, height: 24), charset: .unicode)
    #expect(asking.text.contains("what will be?") && !asking.text.contains("?SILENT"))
    #expect(controller.handle(.character("3"), view: before) == .step(.instruction))
    controller.see(before)
    #expect(controller.state.notice == nil, "the machine has not gone on yet")
    var after = before
    after.clock.ticks += 1
    controller.see(after)
    #expect(controller.state.notice?.hasPrefix("You said ring 3; nothing changed") == true)
    _ = controller.handle(.character("s"), view: after)
    _ = controller.handle(.character("0"), view: after)
    after.clock.ticks += 1
    controller.see(after)
    #expect(controller.state.notice?.hasPrefix("Right") == true)
    _ = controller.handle(.character("s"), view: after)
    _ = controller.handle(.escape, view: after)
    #expect(controller.state.prediction == nil)
  }

  @Test func aGuessIsAboutAMachineThatStandsStill() {
    let keys = [Key.character("P"), .character("s")]
    let running = play(keys, on: SampleView.running())
    #expect(running.commands == [.pause] && running.state.prediction == nil)
    #expect(running.state.notice?.hasPrefix("Paused") == true)
  }

  /// Its cards choose panes; the user's own choice is what is left when it ends, or remembered.
  @Test func aGuideGivesThePaneBack() {
    var catalogue = Catalogue()
    let cards = [Pane.rings, .stack].map { Guide.Card(title: "", text: "", pane: $0) }
    catalogue.guides = [
      Guide(
        name: "x", title: "", summary: "", minutes: 1, start: MachineChoice(image: "ringlet"),
        cards: cards)
    ]
    var controller = ScreenController(catalogue)
    controller.restore(side: .pages)
    _ = controller.open(guide: "x")
    _ = controller.open(guide: "x", card: 2)
    #expect(controller.state.side == .stack && controller.chosenSide == .pages)
    var other = controller
    _ = controller.handle(.escape, view: SampleView.paused())
    #expect(controller.state.side == .pages && controller.chosenSide == .pages)
    _ = other.open(lab: LabChoice("x"))
    #expect(other.state.side == .pages)
  }

  @Test func answersAreTypedAndCiteTheChosenEvent() {
    let view = SampleView.lab()
    let text = "3".unicodeScalars.map { Key.character($0) }
    let first = play([.character("a")] + text + [.enter], on: view)
    #expect(first.commands == [.answer("3", to: "often")])
    let second = play([.pageDown, .up, .up, .character("a")] + text + [.enter], on: view)
    #expect(second.commands == [.answer("3@30", to: "gate")])
    let third = play([.pageDown, .pageDown, .character("a")], on: view)
    #expect(third.state.notice?.contains("Nothing is asked") == true)
    #expect(play([.character("a"), .character("5"), .escape], on: view).commands == [])
    #expect(play([.character("l")], on: view).state.hidesSheet)
  }

  @Test func modesCanBeStartedContinuedAndCompared() {
    var catalogue = Catalogue()
    catalogue.modes = ["ringlet": [.emulation, .fullTrap, .para], "demo": [.para]]
    func play(_ keys: [Key], guest: String = "ringlet") -> [Command] {
      var controller = ScreenController(catalogue)
      var view = SampleView.paused()
      view.guest = guest
      return keys.compactMap { controller.handle($0, view: view) }
    }
    let start = Command.start(MachineChoice(mode: .fullTrap))
    #expect(play([.character("m"), .down, .enter]) == [start])
    #expect(play([.character("m"), .character("2")]) == [start])
    #expect(play([.character("m"), .down, .character("c")]) == [.goOn(.fullTrap)])
    #expect(play([.character("m"), .character("3")]) == [])
    #expect(play([.character("="), .enter]) == [.compare(.fullTrap)])
    // What fits is a matter of the guest that runs now.
    #expect(play([.character("m"), .character("2")], guest: "demo") == [])
    #expect(play([.character("="), .enter], guest: "demo") == [.compare(.para)])
    #expect(play([.character("m"), .character("3")], guest: "mine.elf").count == 1)
  }

  @Test func slowMotionHasSteps() {
    #expect(play([.character("-")]).commands == [.pace(100)])
    #expect(play([.character("-"), .character("-"), .character("+")]).state.pace == 100)
    #expect(play([.character("+")]).commands == [.pace(nil)])
    #expect(play(Array(repeating: .character("-"), count: 9)).state.pace == 1)
  }

  @Test func spacePausesARunningMachine() {
    #expect(play([.character(" ")], on: SampleView.running()).commands == [.pause])
  }

  @Test(arguments: [Key.function(12), .control("]")])
  func bothToggleKeysGiveTheKeysToTheGuestAndBack(toggle: Key) {
    let played = play([
      toggle, .character("q"), .control("c"), .control("z"), toggle, .character("q"),
    ])
    #expect(
      played.commands == [
        .guestKey(.character("q"), .text), .guestKey(.control("c"), .text),
        .guestKey(.control("z"), .text), .quit,
      ])
    #expect(played.state.input == .control)
  }

  @Test func guestKeysGoToTheShownConsole() {
    let played = play([.function(12), .enter], on: SampleView.serial())
    #expect(played.commands == [.guestKey(.enter, .serial)])
  }

  @Test func theConsoleCanBeChosen() {
    let played = play([.character("v"), .function(12), .enter])
    #expect(played.commands == [.guestKey(.enter, .serial)])
    #expect(played.state.chosenConsole == .serial)
  }

  @Test func resetAsksFirst() {
    #expect(play([.character("R"), .character("n")]).commands == [])
    #expect(play([.character("R"), .enter, .character("y")]).commands == [])
    #expect(play([.character("R"), .character("y")]).commands == [.reset])
  }

  @Test func aStoppedMachineDoesNotRun() {
    var view = SampleView.paused()
    view.runState = .stopped("triple fault")
    let played = play(
      [.character("r"), .character("s"), .character("n"), .character(" ")], on: view)
    #expect(played.commands == [])
    #expect(played.state.notice?.contains("triple fault") == true)
  }

  @Test func eventsAreChosenFromTheNewestBackwards() {
    let view = SampleView.paused()
    #expect(play([.up]).state.selectedEvent == 31)
    #expect(play([.up, .up]).state.selectedEvent == 30)
    #expect(play([.up, .up, .down]).state.selectedEvent == 31)
    #expect(play([.up, .down]).state.selectedEvent == nil)
    #expect(play([.up, .up, .end]).state.selectedEvent == nil)
    #expect(
      play(Array(repeating: .up, count: 99)).state.selectedEvent == view.events[0].sequence)
  }

  @Test func theMomentOfAChosenEventCanBeGoneTo() {
    let event = SampleView.paused().events[22]
    #expect(play([.up, .up, .character("g")]).commands == [.travel(.tick(event.tick + 1))])
    #expect(play([.character("g")]).commands == [])
    #expect(play([.character("g")]).state.notice?.contains("Choose") == true)
    #expect(play([.home]).commands == [.travel(.start)])
  }

  @Test func aStoppedMachineCanBeSentBack() {
    var view = SampleView.paused()
    view.runState = .stopped("triple fault")
    #expect(
      play([.character("S"), .home], on: view).commands == [
        .travel(.back(.instruction)), .travel(.start),
      ])
  }

  @Test func theStatusLineSaysWhereInTimeTheMachineIs() {
    func status(_ change: (inout MachineView) -> Void) -> String {
      var view = SampleView.paused()
      change(&view)
      let size = Size(width: 100, height: 24)
      let text = Screen.draw(view, ScreenState(), size: size, charset: .unicode).text
      return text.split(separator: "\n").first.map(String.init) ?? ""
    }
    #expect(status { $0.clock.latest = 4217 }.contains("| t 4217 |"))
    #expect(status { $0.clock.latest = 9000 }.contains("| t 4217 of 9000 |"))
    #expect(
      status { $0.runState = .travelling(percent: 43, seconds: 7) }.contains("RE-RUN 43%, 7 s"))
  }

  @Test func theChosenEventIsExplained() {
    let state = play([.up, .up]).state
    let surface = Screen.draw(
      SampleView.paused(), state, size: Size(width: 80, height: 24), charset: .unicode)
    #expect(surface.text.contains("WHY 30 CLI needs CPL <= IOPL; CPL is 3, IOPL is 0."))
  }

  @Test func theHelpClosesAndACommandStillWorks() {
    #expect(play([.character("?"), .character("q")]).commands == [])
    #expect(play([.character("?"), .character("s")]).commands == [.step(.instruction)])
    #expect(play([.function(1), .down, .down]).state.helpRow == 2)
    #expect(play([.function(1), .function(12)]).state.helpRow == nil)
  }

  @Test func anUnknownKeyPointsToTheHelp() {
    #expect(play([.character("é")]).state.notice?.contains("?") == true)
    #expect(play([.control("c")]).commands == [])
    #expect(play([.control("c")]).state.notice?.contains("q quits") == true)
  }
}
