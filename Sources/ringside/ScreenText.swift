import Cells
import Chipset

/// The PC's text screen as Unicode.
enum ScreenText {
  /// Its rows without the spaces at their ends.
  static func lines(of screen: TextScreen) -> [String] {
    (0..<screen.rows).map { row in
      let start = row * screen.columns
      let cells = screen.cells[min(start, screen.cells.count)...].prefix(screen.columns)
      var text = String.UnicodeScalarView()
      text.append(contentsOf: cells.map { CP437.scalar($0.character) })
      while text.last == " " { text.removeLast() }
      return String(text)
    }
  }
}
