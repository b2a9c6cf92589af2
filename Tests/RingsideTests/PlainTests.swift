import Testing

/// The whole program as lines of text: commands in, what happened out.
@Suite struct PlainTests {
  private static func run(_ words: String, _ lines: [String]) throws -> Program {
    let text = lines.map { $0 + "\n" }.joined()
    return try Program(
      at: "/bin/sh",
      ["-c", "printf '%s' \"$0\" | timeout 60 \(try Program.path) \(words)", text])
  }

  @Test func aSessionIsToldOnAPipe() throws {
    let told = try Self.run(
      "ringlet --plain", ["type cli", "pause", "T", "why", "mode full:trap", "where", "quit"])
    #expect(told.status == 0 && told.errors == "")
    let lines = told.output.split(separator: "\n").map(String.init)
    #expect(lines[0].hasPrefix("ringlet in emulation: the processor is a program"))
    let places = [
      "console: shell ready, try help", "idle: the guest waits",
      "console: cli              #GP(0000)",
      "ringlet in full:trap: the guest's kernel is in ring 1",
    ].map { wanted in lines.firstIndex { $0.hasPrefix(wanted) } }
    #expect(
      !places.contains(nil) && places.compactMap(\.self) == places.compactMap(\.self).sorted())
    // The last trap of all that the program has tried.
    let back = try #require(lines.first { $0.hasPrefix("before this: event ") })
    #expect(back.contains(": ring 3 to 0, #GP(0) ") && back.contains("; why: "))
    #expect(lines.contains { $0.hasPrefix("stopped (") && $0.contains("really in ring 1") })
    // Nothing but text.
    #expect(told.output.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x0A })
  }

  @Test func aTourAndALabAreReadToo() throws {
    let tour = try Self.run("tour --plain", ["space", "backspace", "esc", "q"])
    #expect(tour.status == 0)
    #expect(tour.output.contains("card 1 of 6: A whole PC\n"))
    #expect(tour.output.contains("card 2 of 6: "))
    #expect(tour.output.contains("The tour has ended"))
    let lab = try Self.run(
      "lab one-process-two-rings --seed 7 --plain", ["page down", "answer 3", "q"])
    #expect(lab.status == 0 && lab.output.contains("part 2 of "))
    #expect(lab.output.contains("not yet: 3\n") && lab.output.contains("Cite an event"))
  }

  /// On a terminal a line is taken at once, also while the guest runs, and nothing is drawn.
  @Test(.enabled(if: TestTerminal.tmux != nil, "tmux is not installed"))
  func aTerminalIsServedLineByLine() throws {
    let terminal = try TestTerminal(100, 30)
    try terminal.start("demo --plain --paused")
    try terminal.wait { $0.contains("paused at tick 0: ") }
    try terminal.type("step\n")
    try terminal.wait { $0.contains("paused at tick 1: ") }
    try terminal.type("run\n")
    try terminal.wait { $0.contains("idle: the guest waits") }
    try terminal.type("pause\n2\n")
    let picture = try terminal.wait { $0.contains("registers:") }
    #expect(!picture.contains("│") && !picture.contains("CONTROL"))
    try terminal.type("q\n")
    try terminal.wait { $0.contains("status=0") }
  }

  @Test func aGuestsEndEndsTheWaiting() throws {
    let told = try Self.run("hello --plain --paused", ["wait Godot", "where"])
    #expect(told.status == 0 && told.output.contains("console: Hello from ring 0\n"))
    #expect(told.output.contains("What is waited for here has not come"))
    let places = told.output.split(separator: "\n").filter {
      $0.hasPrefix("stopped (halted for good) ")
    }
    #expect(places.count == 2, "after the waiting, and when asked")
  }

  @Test func whenTheLinesEndTheProgramDoes() throws {
    let ended = try Self.run("demo --plain --paused", ["n", "n"])
    #expect(ended.status == 0)
    #expect(ended.output.contains("event 787: ring 0 to 3, IRET to 001B:"))
    #expect(ended.output.contains("\nevent 788: ring 3 to 0, INT 80h eax=2; why: "))
    let nobody = try Self.run("demo --plain --paused | head -n 1", ["n"])
    #expect(nobody.output.split(separator: "\n").count == 1)
  }
}
