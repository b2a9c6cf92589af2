import Panes
import Testing

@testable import ringside

@Suite struct ScreenSettingsTests {
  @Test func theChosenPaneIsRemembered() throws {
    try TemporaryFile([]).use { file in
      let path = file + ".settings/ringside/screen"
      #expect(try ScreenSettings(path: path) == ScreenSettings())
      var settings = ScreenSettings()
      settings.pane = .pages
      settings.write(path: path)
      let text = try Program(at: "/bin/cat", [path]).output
      #expect(try ScreenSettings(text: text, file: path) == settings)
      _ = try Program(at: "/bin/rm", ["-rf", file + ".settings"])
    }
  }

  @Test(arguments: [
    ("pane = kitchen", 1, "kitchen"), ("# words\n\npane: rings", 3, "no setting"),
    ("pane = stack\ncolour = red", 2, "colour"),
  ])
  func aMistakeIsNamedWithItsLine(text: String, line: Int, word: String) {
    let error = #expect(throws: UserError.self) {
      _ = try ScreenSettings(text: text, file: "screen")
    }
    #expect(error?.description.hasPrefix("screen:\(line):") == true)
    #expect(error?.description.contains(word) == true)
  }
}
