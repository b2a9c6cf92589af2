/// A text with `{name}` in it, for which a drawn value is put in. Braces around anything else stay.
struct Template: Sendable, Equatable {
  let text: String
  /// Where it is written, for mistakes that show only when values are put in.
  let line: Int

  private enum Piece { case literal(Substring), name(Substring) }

  /// The names it wants values for.
  var names: [String] {
    Self.pieces(of: text).compactMap { if case .name(let name) = $0 { String(name) } else { nil } }
  }

  /// The text with values in it.
  func filled(with values: DrawnValues) -> String { filled { values[$0] } }

  /// The text with whatever each name gives; a name that gives nothing stays.
  func filled(with value: (String) -> String?) -> String {
    Self.pieces(of: text).map { piece in
      switch piece {
      case .literal(let text): String(text)
      case .name(let name): value(String(name)) ?? "{\(name)}"
      }
    }.joined()
  }

  private static func pieces(of text: String) -> [Piece] {
    var pieces: [Piece] = []
    var rest = text[...]
    while let open = rest.firstIndex(of: "{") {
      let inside = rest[rest.index(after: open)...]
      let end = inside.firstIndex { !($0.isLetter || $0.isNumber || $0 == "." || $0 == "-") }
      guard let end, inside[end] == "}", end > inside.startIndex, inside.first?.isLetter == true
      else {
        pieces.append(.literal(rest[...open]))
        rest = inside
        continue
      }
      pieces.append(.literal(rest[..<open]))
      pieces.append(.name(inside[..<end]))
      rest = inside[inside.index(after: end)...]
    }
    pieces.append(.literal(rest))
    return pieces
  }
}
