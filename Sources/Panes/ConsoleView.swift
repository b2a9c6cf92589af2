import Cells

extension MachineView {
  /// A PC text screen.
  public struct TextScreen: Equatable, Sendable {
    /// Characters in a row, 80 as a rule.
    public var columns: Int
    /// Rows, 25 as a rule.
    public var rows: Int
    /// Character and attribute bytes, row by row.
    public var cells: [Cell]
    /// The cursor's position in `cells`; nil when hidden or outside.
    public var cursor: Int?
    /// Whether the cursor is a block; otherwise it is a line.
    public var isBlockCursor = false
    /// Whether bit 7 of `color` makes a character blink; otherwise its background is bright.
    public var isBlinking = true
    /// What there is instead of text, in a few words; nil where there is text.
    public var instead: String?

    /// A screen; missing cells count as blank.
    public init(columns: Int = 80, rows: Int = 25, cells: [Cell] = [], cursor: Int? = nil) {
      self.columns = columns
      self.rows = rows
      self.cells = cells
      self.cursor = cursor
    }

    /// Its rows as text, without the blanks at their ends.
    var lines: [String] {
      (0..<rows).map { row in
        let start = min(row * columns, cells.count)
        let glyphs = cells[start...].prefix(columns).map { CP437.scalar($0.glyph) }
        return String(
          String(String.UnicodeScalarView(glyphs)).reversed().drop { $0 == " " }.reversed())
      }
    }

    /// One position of text memory.
    public struct Cell: Equatable, Sendable {
      /// A code page 437 glyph.
      public var glyph: UInt8
      /// Bits 0–3 foreground, 4–6 background, 7 blink or bright background.
      public var color: UInt8
      /// A character with its colours.
      public init(glyph: UInt8, color: UInt8 = 0x07) {
        self.glyph = glyph
        self.color = color
      }
    }
  }

  /// The end of what came over the serial line.
  public struct SerialScreen: Equatable, Sendable {
    /// Lines as they arrived, the last one still growing; folded only when drawn.
    public var lines: [String]
    /// Where the next character goes in the last line.
    public var column: Int
    /// Bytes received in all; 0 means the line was never used.
    public var bytes: UInt64

    /// A terminal that has received nothing.
    public init(lines: [String] = [""], column: Int = 0, bytes: UInt64 = 0) {
      self.lines = lines
      self.column = column
      self.bytes = bytes
    }
  }
}
