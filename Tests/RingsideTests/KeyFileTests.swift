import Cells
import Panes
import Testing

@testable import ringside

/// The file of keys.
@Suite struct KeyFileTests {
  @Test func aFileChangesTheKeysItNames() throws {
    let text =
      "# mine\nstep: F7\nring: [n, \"=\"]   # two\ncompare: none\n\"zoom\": '-'\nslower: F3\n"
    let expected = try KeyMap([
      .init("step", ["F7"]), .init("ring", ["n", "="]), .init("compare", []), .init("zoom", ["-"]),
      .init("slower", ["F3"]),
    ])
    #expect(try KeyFile.map(text: text, file: "keys.yaml") == expected)
    for empty in ["", "\n\n", "# nothing\n"] {
      #expect(try KeyFile.map(text: empty, file: "keys.yaml") == .usual)
    }
  }

  @Test func whatTheProgramPrintsCanBeItsFile() throws {
    #expect(
      try KeyFile.map(text: KeyMap.usual.settings, file: "x").settings == KeyMap.usual.settings)
  }

  @Test(arguments: [
    ("step: F7\nleap: x\n", 2, "no action ‘leap’; ‘ringside keys’ lists them"),
    ("\nstep: F77\n", 2, "no key ‘F77’; write"),
    ("step: n\n", 1, "‘n’ is the key of ‘ring’ too; give"),
    ("zoom: F5\nslower: -\n", 2, "put signs into quotes"), ("step: F7\nstep: F8\n", 2, "twice"),
    ("- step\n", 1, "‘key: value’"), ("step: {a: b}\n", 1, "a text or number belongs here"),
  ])
  func aMistakeIsNamedWithFileLineAndRemedy(text: String, line: Int, words: String) {
    let error = #expect(throws: UserError.self) {
      _ = try KeyFile.map(text: text, file: "/x/keys.yaml")
    }
    #expect(
      error?.description.hasPrefix("/x/keys.yaml:\(line): ") == true, "\(error?.description ?? "")")
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }

  @Test func theUsersKeysArePrintedAsTheyAre() throws {
    try ReplayTests.withFolder { folder in
      let script = """
        mkdir $0/ringside && echo 'step: [F7, s]' > $0/ringside/keys.yaml
        XDG_CONFIG_HOME=$0 \(try Program.path) keys
        """
      let printed = try Program(at: "/bin/sh", ["-c", script, folder])
      #expect(printed.status == 0)
      let lines = printed.output.split(separator: "\n")
      #expect(lines.contains { $0.hasPrefix("step: ") && $0.hasSuffix(" [F7, s]") })
      #expect(lines.contains { $0.hasPrefix("slower: ") && $0.hasSuffix(" \"-\"") })
    }
  }

  /// The program says so before it touches anything, with the status for mistakes of the user's.
  @Test func theProgramEndsWithTheMistake() throws {
    try ReplayTests.withFolder { folder in
      let script = """
        mkdir $0/ringside && echo 'step: F77' > $0/ringside/keys.yaml
        XDG_CONFIG_HOME=$0 \(try Program.path) demo --record $0/run --plain
        """
      let ended = try Program(at: "/bin/sh", ["-c", script, folder])
      #expect(ended.status == 64 && ended.output == "")
      #expect(
        ended.errors.hasPrefix("ringside: \(folder)/ringside/keys.yaml:1: there is no key ‘F77’"))
      #expect(try Program(at: "/bin/ls", [folder]).output == "ringside\n")
    }
  }
}
