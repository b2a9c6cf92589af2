/// Text and fills. Rows and columns count from the rectangle's own corner, and nothing is
/// drawn outside it.
extension Surface {
  /// Writes `text` on one row of `rect` and returns the column after it. Text that does not fit is
  /// cut; a wide character is never halved.
  @discardableResult
  public mutating func write(
    _ text: some StringProtocol, in rect: Rect, row: Int, column: Int = 0,
    style: Style = Style(.text)
  ) -> Int {
    var column = column
    for scalar in text.unicodeScalars {
      guard let shown = charset.shown(scalar) else { continue }
      let width = Width.of(shown)
      if column + width > rect.width { return column }
      let point = Point(x: rect.x + column, y: rect.y + row)
      if rect.contains(point) { put(shown, at: point, style: style) }
      column += width
    }
    return column
  }

  /// Writes `text` so that it ends at the right edge of `rect`, cut on its left if need be.
  public mutating func writeRight(
    _ text: String, in rect: Rect, row: Int, style: Style = Style(.text)
  ) {
    var text = Substring(text)
    while Width.of(text) > rect.width { text = text.dropFirst() }
    write(text, in: rect, row: row, column: rect.width - Width.of(text), style: style)
  }

  /// Fills `rect` with blanks of `style`.
  public mutating func fill(_ rect: Rect, style: Style = Style(.text)) {
    for y in rect.y..<rect.y + rect.height {
      for x in rect.x..<rect.x + rect.width { put(" ", at: Point(x: x, y: y), style: style) }
    }
  }

  /// Gives one whole row of `rect` a style, keeping what is written there.
  public mutating func restyle(_ rect: Rect, row: Int, style: Style) {
    guard (0..<rect.height).contains(row) else { return }
    for x in rect.x..<rect.x + rect.width { restyle(at: Point(x: x, y: rect.y + row), style) }
  }
}
