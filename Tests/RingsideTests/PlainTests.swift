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

  @Test func whenTheLinesEndTheProgramDoes() throws {
    let ended = try Self.run("demo --plain --paused", ["n", "n"])
    #expect(ended.status == 0)
    #expect(ended.output.contains("event 1: ring 0 to 3, IRET"))
    #expect(ended.output.contains("event 2: ring 3 to 0, INT 80h"))
    let nobody = try Self.run("demo --plain --paused | head -n 1", ["n"])
    #expect(nobody.output.split(separator: "\n").count == 1)
  }
}
