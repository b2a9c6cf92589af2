import Cells

/// A row of text whose parts look different.
struct Line {
  private var parts: [(text: String, style: Style)] = []

  init() {}
  init(_ text: String, _ role: Role = .text, _ attributes: Style.Attributes = []) {
    add(text, role, attributes)
  }

  /// The text alone.
  var text: String { parts.map(\.text).joined() }

  /// Columns the whole line takes.
  var width: Int { parts.reduce(0) { $0 + Width.of($1.text) } }

  mutating func add(_ text: String, _ role: Role = .text, _ attributes: Style.Attributes = []) {
    parts.append((text, Style(role, attributes)))
  }

  /// A register's name and its value.
  mutating func add(_ name: String, value: String) {
    if !parts.isEmpty { add(" ") }
    add(name + " ", .faint)
    add(value)
  }

  func draw(into surface: inout Surface, in rect: Rect, row: Int, column: Int = 0) {
    var column = column
    for part in parts {
      column = surface.write(part.text, in: rect, row: row, column: column, style: part.style)
    }
  }
}

/// Numbers as the panes write them.
enum Digits {
  /// Hexadecimal with leading zeros, `count` digits.
  static func hex(_ value: some BinaryInteger, _ count: Int) -> String {
    right(String(value, radix: 16), count, fill: "0")
  }

  /// `text` filled up on its left.
  static func right(_ text: String, _ width: Int, fill: Character = " ") -> String {
    String(repeating: fill, count: max(0, width - text.count)) + text
  }

  /// `text` filled up on its right.
  static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}

/// Sentences broken into rows.
enum Paragraph {
  /// `text` broken at blanks into rows of at most `width` columns; longer words are cut.
  static func rows(_ text: String, width: Int) -> [String] {
    guard width > 0 else { return [] }
    var rows: [String] = []
    var row = ""
    for word in text.split(separator: " ") {
      if row.isEmpty {
        row = String(word)
      } else if Width.of(row) + 1 + Width.of(word) <= width {
        row += " " + word
      } else {
        rows.append(row)
        row = String(word)
      }
    }
    return row.isEmpty ? rows : rows + [row]
  }

  /// As many whole words as there is room for, with a sign that there are more.
  static func cut(_ text: String, to width: Int) -> String {
    guard Width.of(text) > width else { return text }
    return (rows(text, width: width - 2).first ?? "") + " …"
  }
}
