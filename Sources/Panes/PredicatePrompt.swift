import Cells
public import Predicates

/// The row in which a predicate is typed: what the machine is to stop at.
public struct PredicatePrompt: Equatable, Sendable {
  /// What has been typed.
  public var text: String
  /// Why the text is no predicate, since Enter was pressed; nil while it is being typed.
  public var error: PredicateError?
  /// Enter also lets the machine run.
  public var runs: Bool

  /// Longer than any terminal shows; the rest of a paste is dropped.
  private static let longest = 500

  /// What a key came to.
  enum Outcome: Equatable {
    case editing, cancelled
    /// The predicate; nil for none at all.
    case entered(Predicate?)
  }

  /// Takes a key.
  mutating func handle(_ key: Key) -> Outcome {
    error = nil
    switch key {
    case .escape, .control("c"), .control("g"): return .cancelled
    case .backspace: if !text.isEmpty { text.removeLast() }
    case .control("u"): text = ""
    case .enter:
      if text.allSatisfy(\.isWhitespace) { return .entered(nil) }
      do throws(PredicateError) {
        return .entered(try Predicate(parsing: text))
      } catch {
        self.error = error
      }
    case .character(let scalar) where scalar.value >= 0x20 && scalar.value != 0x7F:
      if text.count < Self.longest { text.unicodeScalars.append(scalar) }
    default: break
    }
    return .editing
  }

  /// Draws the text with a cursor, or with the character that does not fit marked.
  func draw(into surface: inout Surface, in rect: Rect, row: Int) {
    let label = runs ? " run until: " : " stop at: "
    let room = max(1, rect.width - label.count - 1)
    // The end of a long text is what is being typed; a mistake has to be seen as well.
    let characters = Array(text)
    let focus = error?.position ?? characters.count
    let first = max(0, min(focus, characters.count) - room + 1)
    var column = surface.write(label, in: rect, row: row, style: Style(.title, .bold))
    for (place, character) in characters.enumerated().dropFirst(first).prefix(room) {
      let isMistake = error?.position == place
      column = surface.write(
        String(character), in: rect, row: row, column: column,
        style: isMistake ? Style(.alert, [.bold, .reverse]) : Style(.text))
    }
    let atEnd = error.map { $0.position >= characters.count } ?? true
    if atEnd {
      surface.write(" ", in: rect, row: row, column: column, style: Style(.text, .reverse))
    }
  }

  /// What stands below: the mistake, or what the keys do.
  var remark: Line {
    guard let error else {
      var line = Line("Enter", .key)
      line.add(" sets  ")
      line.add("Esc", .key)
      line.add(" leaves  empty: stop nowhere  e.g. #GP and cpl 3, exec 0x100000")
      return line
    }
    return Line(error.reason, .alert)
  }
}
