import Machine
import Testing

@testable import ringside

@Suite struct WatcherTests {
  private func watcher(send: [String] = [], keys: [String] = [], until: String? = nil) throws
    -> Watcher
  {
    try Watcher(sends: send, keys: keys, until: until)
  }

  private func inputs(_ watcher: inout Watcher, _ output: String, screen: [String] = [])
    -> [Journal.Input]
  {
    watcher.receive(Array(output.utf8))
    return watcher.check(screen: screen).inputs
  }

  @Test func aRuleIsUsedOnceWhenItsTextAppears() throws {
    var watcher = try watcher(send: ["login:=root\\n"])
    #expect(inputs(&watcher, "log") == [])
    #expect(inputs(&watcher, "in: ") == [.serial(Array("root\n".utf8))])
    #expect(inputs(&watcher, "login: ") == [])
  }

  @Test func severalRulesForOnePromptAnswerInTurn() throws {
    var watcher = try watcher(send: ["# $=one", "# $=two"])
    #expect(inputs(&watcher, "~ # ") == [.serial(Array("one".utf8))])
    #expect(inputs(&watcher, "one\r\n") == [])
    #expect(inputs(&watcher, "~ # ") == [.serial(Array("two".utf8))])
  }

  @Test func whatComesFirstIsAnsweredFirst() throws {
    var watcher = try watcher(send: ["# $=late", "ready=early"])
    #expect(
      inputs(&watcher, "ready\n# ")
        == [.serial(Array("early".utf8)), .serial(Array("late".utf8))])
  }

  @Test func theScreenCountsToo() throws {
    var watcher = try watcher(send: ["C>=x"], keys: ["C>=dir\\n"])
    #expect(inputs(&watcher, "", screen: ["C>"]) == [.serial(Array("x".utf8))])
    #expect(inputs(&watcher, "", screen: ["C>"]) == [], "the same prompt answers one rule")
    #expect(inputs(&watcher, "", screen: ["C>x"]) == [], "what is typed there is no new prompt")
    #expect(inputs(&watcher, "", screen: ["C>x", "C>"]) == [.keys("dir\n")])
  }

  @Test func aPromptOnLineAndScreenIsOnePrompt() throws {
    var watcher = try watcher(send: ["\\$=one", "\\$=two"])
    #expect(inputs(&watcher, "$ ", screen: ["$"]) == [.serial(Array("one".utf8))])
    #expect(inputs(&watcher, "one\n", screen: ["$ one"]) == [])
    #expect(inputs(&watcher, "", screen: ["$ one", "$"]) == [.serial(Array("two".utf8))])
  }

  @Test func controlSequencesAndCarriageReturnsDoNotCount() throws {
    var watcher = try watcher(until: "^~ # ok$")
    watcher.receive(Array("boot\r\n~ # \u{1B}[6n\u{1B}[1;32mok\u{1B}[m\r\n".utf8))
    #expect(watcher.check(screen: []).isDone)
  }

  @Test func untilSpansPiecesOfOutput() throws {
    var watcher = try watcher(until: "shell ready")
    for piece in ["ringside: sh", "ell re", "ad"] {
      watcher.receive(Array(piece.utf8))
      #expect(!watcher.check(screen: []).isDone)
    }
    watcher.receive(Array("y".utf8))
    #expect(watcher.check(screen: []).isDone)
  }

  @Test func untilSeesTheScreen() throws {
    var watcher = try watcher(until: "Hello")
    #expect(watcher.check(screen: ["", "Hello from ring 0"]).isDone)
  }

  @Test(arguments: [
    ("a=b\\n", [0x62, 0x0A] as [UInt8]), ("a=b=c", Array("b=c".utf8)),
    ("a=\\x1b\\e\\\\\\t\\r\\0", [0x1B, 0x1B, 0x5C, 0x09, 0x0D, 0x00]), ("a=", []),
  ]) func textsHaveEscapes(rule: String, bytes: [UInt8]) throws {
    var watcher = try watcher(send: [rule])
    #expect(inputs(&watcher, "a") == [.serial(bytes)])
  }

  @Test(arguments: ["login", "a=\\q", "a=\\", "a=\\x1", "([=x"])
  func rulesThatMakeNoSenseAreRefused(rule: String) {
    #expect(throws: UserError.self) { try watcher(send: [rule]) }
  }

  @Test(arguments: [
    ("x={f2}", "{f2}"), ("x=\\{f2}a\\n", "\u{F705}a\n"),
    ("x=\\{+leftShift}\\{up}\\{-leftShift}", "\u{F8FE}\u{F785}\u{F700}\u{F8FF}\u{F785}"),
    ("x=\\{+a}\\{-}", "\u{F8FE}a-"),
  ]) func keysHaveNames(rule: String, text: String) throws {
    var watcher = try watcher(keys: [rule])
    watcher.receive(Array("x".utf8))
    #expect(watcher.check(screen: []).inputs == [.keys(text)])
  }

  @Test(arguments: ["x=\\{nokey}", "x=\\{up", "x=\\q"])
  func unknownKeysAreRefused(rule: String) {
    #expect(throws: UserError.self) { try Watcher(sends: [], keys: [rule], until: nil) }
  }
}
