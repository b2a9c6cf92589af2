import Cells

/// A little Markdown as rows of cells: paragraphs, **bold**, `code`, *emphasis*, lists, headings, and
/// blocks that are indented by four blanks and stay as they are.
enum PageText {
  static func lines(_ text: String, width: Int) -> [Line] {
    var lines: [Line] = []
    var paragraph: [Substring] = []
    func close() {
      guard !paragraph.isEmpty else { return }
      lines += fold(paragraph.joined(separator: " "), width: width)
      paragraph = []
    }
    for row in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if row.hasPrefix("    ") {
        close()
        lines.append(Line(String(row.dropFirst(4)), .faint))
      } else if row.allSatisfy(\.isWhitespace) {
        close()
        if lines.last?.width ?? 0 > 0 { lines.append(Line()) }
      } else if row.hasPrefix("#") {
        close()
        lines.append(Line(String(row.drop { $0 == "#" || $0 == " " }), .title))
      } else {
        if row.hasPrefix("- ") || row.hasPrefix("|") { close() }
        paragraph.append(row.drop { $0 == " " })
      }
    }
    close()
    while lines.last?.width == 0 { lines.removeLast() }
    return lines
  }

  private enum Mark { case plain, strong, code, emphasis }

  /// Words with their marks, put into rows of at most `width` columns.
  private static func fold(_ text: String, width: Int) -> [Line] {
    var rows: [Line] = []
    var row = Line()
    var pieces: [(String, Mark)] = []
    var used = 0
    func put() {
      let length = pieces.reduce(0) { $0 + Width.of($1.0) }
      guard length > 0 else { return }
      if used > 0 && used + 1 + length > width {
        rows.append(row)
        (row, used) = (Line(), 0)
      }
      if used > 0 { row.add(" ") }
      for (piece, mark) in pieces {
        switch mark {
        case .plain: row.add(piece)
        case .strong: row.add(piece, .key)
        case .code: row.add(piece, .call)
        case .emphasis: row.add(piece, .text, .bold)
        }
      }
      used += (used > 0 ? 1 : 0) + length
      pieces = []
    }
    var mark = Mark.plain
    var piece = ""
    func end() {
      if !piece.isEmpty { pieces.append((piece, mark)) }
      piece = ""
    }
    var rest = Substring(text)
    while let character = rest.first {
      if rest.hasPrefix("**"), mark == .plain || mark == .strong {
        end()
        mark = mark == .strong ? .plain : .strong
        rest = rest.dropFirst(2)
        continue
      }
      rest = rest.dropFirst()
      switch character {
      case " ":
        end()
        put()
      case "`" where mark == .plain || mark == .code:
        end()
        mark = mark == .code ? .plain : .code
      case "*" where mark == .emphasis || mark == .plain && startsEmphasis(rest, after: piece):
        end()
        mark = mark == .emphasis ? .plain : .emphasis
      default: piece.append(character)
      }
    }
    end()
    put()
    return used > 0 ? rows + [row] : rows
  }

  /// Whether a star opens an emphasis: at a word's beginning, with its end to come.
  private static func startsEmphasis(_ rest: Substring, after piece: String) -> Bool {
    piece.isEmpty && rest.first.map { $0.isLetter || $0.isNumber } == true && rest.contains("*")
  }
}
