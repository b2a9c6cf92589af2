/// What a page says besides the lab's own texts, in the language of these. Languages that are not
/// here get it in English.
enum SheetWords: Sendable {
  case english, german

  init(language: String) { self = language == "de" ? .german : .english }

  private func say(_ english: String, _ german: String) -> String {
    switch self {
    case .english: english
    case .german: german
    }
  }

  func opening(seed: UInt64, minutes: Int) -> String {
    say("Seed \(seed), about \(minutes) minutes", "Seed \(seed), etwa \(minutes) Minuten")
  }
  var guest: String { say("guest", "Gast") }
  func runs(_ count: Int) -> String {
    say("This page is about \(count) runs:", "Diese Seite handelt von \(count) Läufen:")
  }
  /// Before the lines that a lab types, in some of its runs if these are named.
  func typed(in runs: [String]) -> String {
    let place = runs.isEmpty ? "" : " in " + runs.joined(separator: ", ")
    return say("Typed\(place):", "Getippt wird\(place):")
  }
  func points(_ count: Int) -> String {
    count == 1 ? say("1 point", "1 Punkt") : say("\(count) points", "\(count) Punkte")
  }
  var predictFirst: String { say("predict first", "erst vorhersagen") }
  var card: String { say("card", "zum Lesen") }

  var hexadecimal: String {
    say("Answer: a hexadecimal number.", "Antwort: eine hexadezimale Zahl.")
  }
  var number: String { say("Answer: a number.", "Antwort: eine Zahl.") }
  var word: String { say("Answer: a word.", "Antwort: ein Wort.") }
  var letter: String { say("Answer: a letter.", "Antwort: ein Buchstabe.") }
  var letters: String {
    say(
      "Answer: the letters of all that are right, or none.",
      "Antwort: die Buchstaben von allem, was stimmt, oder none.")
  }
  var lines: String {
    say("Answer: the lines to type.", "Antwort: die Zeilen, die zu tippen sind.")
  }
  var file: String {
    say("Answer: the name of your source file.", "Antwort: der Name Ihrer Quelldatei.")
  }
  /// The run is named where there are several.
  func evidence(run: String?) -> String {
    say(
      "Evidence: the number of an event\(run.map { " of the run `\($0)`" } ?? "") that shows it.",
      "Beleg: die Nummer eines Ereignisses\(run.map { " des Laufs `\($0)`" } ?? ""), das es zeigt.")
  }
}
