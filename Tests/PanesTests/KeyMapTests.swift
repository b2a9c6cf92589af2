import Cells
import Testing

@testable import Panes

/// The user's own keys.
struct KeyMapTests {
  private static let changes: [KeyMap.Change] = [
    .init("step", ["F7"]), .init("step-back", ["Ctrl-P"]), .init("ring", ["s", "n"]),
    .init("guest", ["F9"]), .init("help", ["H"]), .init("hypercall-back", []),
    .init("zoom", ["Enter"]),
  ]

  @Test func aChangedKeyTakesThePlaceOfTheUsualOne() throws {
    var controller = ScreenController(keys: try KeyMap(Self.changes))
    let view = SampleView.paused()
    #expect(controller.handle(.function(7), view: view) == .step(.instruction))
    #expect(controller.handle(.character("s"), view: view) == .step(.ringChange))
    #expect(controller.handle(.character("n"), view: view) == .step(.ringChange))
    #expect(controller.handle(.character("S"), view: view) == nil)
    #expect(controller.handle(.control("p"), view: view) == .travel(.back(.instruction)))
    #expect(controller.handle(.character("t"), view: view) == .step(.trap), "the rest stays")
    _ = controller.handle(.character("H"), view: view)
    #expect(controller.state.helpRow == 0)
    _ = controller.handle(.character("H"), view: view)
    #expect(controller.state.helpRow == nil)
    _ = controller.handle(.function(9), view: view)
    #expect(controller.handle(.function(12), view: view) == .guestKey(.function(12), .text))
  }

  @Test func statusHelpKeyLineAndRemarksNameTheChangedKeys() throws {
    var controller = ScreenController(keys: try KeyMap(Self.changes))
    let view = SampleView.paused()
    func text() -> String {
      Screen.draw(view, controller.state, size: Size(width: 100, height: 60), charset: .unicode)
        .text
    }
    #expect(
      text().contains("CONTROL  F9 guest") && text().contains(" F7 step  Ctrl-P back  s ring"))
    #expect(text().contains("part (Enter: all)"))
    _ = controller.handle(.character("H"), view: view)
    let help = text()
    #expect(help.contains("F7, Ctrl-P") && help.contains("s, n, N") && !help.contains("F12"))
    #expect(help.contains("Enter shows all") && help.contains("F9 gives it the keys"))
    _ = controller.handle(.character("H"), view: view)
    controller.welcome(view: view)
    #expect(text().contains("H lists the keys"))
    _ = controller.handle(.escape, view: view)
    _ = controller.handle(.escape, view: view)
    #expect(text().contains(" H shows the keys."))
  }

  @Test(
    arguments: [
      ("jump", ["x"], "no action ‘jump’"), ("step", ["F13"], "no key ‘F13’"),
      ("step", ["n"], "‘n’ is the key of ‘ring’ too; give ‘ring’ another one here, or none"),
      ("guest", ["g"], "a guest could not be given that character"), ("quit", [], "needs a key"),
    ] as [(String, [String], String)])
  func aMistakeIsNamedWithItsLineAndRemedy(action: String, keys: [String], words: String) {
    let mistake = #expect(throws: KeyMap.Mistake.self) {
      _ = try KeyMap([.init("zoom", ["F5"], line: 1), .init(action, keys, line: 3)])
    }
    #expect(mistake?.line == 3)
    let said = "\(mistake?.what ?? ""); \(mistake?.remedy ?? "")"
    #expect(said.contains(words))
  }

  /// Keys can be exchanged, and what is printed as a file is the table itself.
  @Test func theTablePrintedIsTheTableRead() throws {
    let exchanged = try KeyMap([.init("step", ["n"]), .init("ring", ["s"])])
    #expect(exchanged.action(for: .character("n")) == .forward(.instruction))
    for map in [KeyMap.usual, try KeyMap(Self.changes), exchanged] {
      let changes = map.settings.split(separator: "\n").map { line in
        let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
        let names = parts[1].trimmingPrefix { $0 == " " }
          .trimmingPrefix("[").split(separator: ", ").map { name in
            String(name).replacing("]", with: name.contains("\"") ? "]" : "")
          }
          .map { String($0.trimmingPrefix("\"")) }.map { $0.prefix { $0 != "\"" } }.map(String.init)
        return KeyMap.Change(parts[0], names == ["none"] ? [] : names)
      }
      let read = try KeyMap(changes)
      for (_, action) in Action.names {
        let keys = { (map: KeyMap) in
          Set(map.rows.flatMap(\.keys).filter { $0.action == action }.map(\.key))
        }
        #expect(keys(read) == keys(map), "\(action)")
      }
    }
  }

  @Test func namesOfKeysAreUnderstoodAsPeopleWriteThem() {
    let names: [(String, Key)] = [
      ("space", .character(" ")), ("^L", .control("l")), ("ctrl-]", .control("]")),
      ("PageUp", .pageUp), ("Return", .enter), ("f12", .function(12)), ("Ctrl-I", .tab),
      ("é", .character("é")),
    ]
    for (name, key) in names { #expect(Key(named: name) == key, "\(name)") }
    for name in ["", "F0", "F13", "ctrl-", "ctrl-ab", "hyper-x", " "] {
      #expect(Key(named: name) == nil, "\(name)")
    }
  }
}
