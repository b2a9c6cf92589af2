import Cells
import Panes
import Predicates
import Testing
import X86

/// Typing a predicate, and reading an event's explanation.
struct PredicatePromptTests {
  private func play(
    _ keys: [Key], on view: MachineView = SampleView.paused()
  ) -> (commands: [Command], state: ScreenState) {
    var controller = ScreenController()
    let commands = keys.compactMap { controller.handle($0, view: view) }
    return (commands, controller.state)
  }

  private func text(_ text: String) -> [Key] { text.unicodeScalars.map { .character($0) } }

  @Test func aTypedPredicateIsSet() throws {
    let predicate = try Predicate(parsing: "#GP and cpl 3")
    let played = play(text("b#GP and cpl 4") + [.backspace] + text("3") + [.enter])
    #expect(played.commands == [.stopAt(predicate, runs: false)])
    #expect(played.state.breakpoint == predicate && played.state.prompt == nil)
    let again = play(text("b#GP and cpl 3") + [.enter] + text("c"))
    #expect(again.commands.last == .step(.predicate))
    // What is set is there to be changed; nothing means nowhere.
    let none = play(text("bhalt") + [.enter] + text("b") + [.control("u"), .enter])
    #expect(none.commands.last == .stopAt(nil, runs: false) && none.state.breakpoint == nil)
  }

  @Test func continueAsksForAPredicateAndRuns() throws {
    let played = play(text("chalt") + [.enter])
    #expect(played.commands == [.stopAt(try Predicate(parsing: "halt"), runs: true)])
    #expect(play(text("chalt") + [.escape]).commands.isEmpty)
    #expect(play(text("c") + [.enter]).commands == [.stopAt(nil, runs: false)])
  }

  @Test(arguments: [Size(width: 80, height: 24), Size(width: 40, height: 12)])
  func aMistakeStaysAndIsShown(size: Size) {
    let played = play(text("bfault #GQ") + [.enter])
    #expect(played.commands.isEmpty && played.state.prompt?.error?.position == 6)
    let surface = Screen.draw(
      SampleView.paused(), played.state, size: size, charset: .unicode)
    #expect(surface.text.contains("stop at: fault #GQ"))
    #expect(size.width < 80 || surface.text.contains("expected the name of a fault"))
    #expect(play(text("bfault #GQ") + [.enter, .backspace]).state.prompt?.error == nil)
  }

  @Test func wShowsTheWholeExplanation() throws {
    var fault = Transition(kind: .fault)
    (fault.sequence, fault.vector, fault.cause, fault.gate) = (99, 13, .cplAboveIOPL, 0x8E)
    fault.marks = [.errorCode, .is32Bit, .delivered, .stackSwitched]
    (fault.bytes, fault.byteCount, fault.fromCPL) = (0xFA, 1, 3)
    (fault.toSS, fault.toESP, fault.cs, fault.eip) = (0x10, 0x11_FFE8, 0x1B, 0x4000_01EC)
    var view = SampleView.paused()
    view.events.append(MachineView.Event(fault))
    let open = play(text("w"), on: view)
    #expect(open.state.showsWhy)
    let surface = Screen.draw(
      view, open.state, size: Size(width: 80, height: 24), charset: .unicode)
    try expectGolden(surface.text, "why-80x24")
    #expect(play(text("ww"), on: view).state.showsWhy == false)
    #expect(play(text("w") + [.up], on: view).state.showsWhy, "it follows the list")
    #expect(play(text("ws"), on: view).commands == [.step(.instruction)])
    #expect(!play(text("w"), on: MachineView()).state.showsWhy)
  }

  @Test func theRowSaysWhereTheMachineStopped() {
    var view = SampleView.paused()
    view.stoppedAt = "after event 7"
    let surface = Screen.draw(
      view, ScreenState(), size: Size(width: 80, height: 24), charset: .unicode)
    #expect(surface.text.contains("STOP after event 7"))
  }
}
