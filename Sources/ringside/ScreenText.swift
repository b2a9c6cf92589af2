import Cells
import Chipset

/// The PC's text screen as Unicode.
enum ScreenText {
  /// Its rows without the spaces at their ends.
  static func lines(of screen: TextScreen) -> [String] {
    (0..<screen.rows).map { row in
      let start = row * screen.columns
      let cells = screen.cells[min(start, screen.cells.count)...].prefix(screen.columns)
      // 0, 20h and FFh all look empty.
      let end = cells.lastIndex { ![0, 0x20, 0xFF].contains($0.character) }
      guard let end else { return "" }
      return cells[...end].reduce(into: "") { text, cell in
        text.unicodeScalars.append(CP437.scalar(cell.character))
      }
    }
  }
}
