/// What a text mode shows: a value, taken from video memory and the registers.
public struct TextScreen: Equatable, Sendable {
  /// One position of the screen.
  public struct Cell: Equatable, Sendable {
    /// A code page 437 character.
    public var character: UInt8
    /// Bits 0–3 foreground, 4–6 background, 7 blink or bright background: see `isBlinking`.
    public var attribute: UInt8

    /// A character with its colours.
    public init(character: UInt8, attribute: UInt8) {
      self.character = character
      self.attribute = attribute
    }
  }

  /// What the adapter shows.
  public enum Content: Sendable {
    /// Characters.
    case text
    /// Dots, which have no characters.
    case graphics
    /// Nothing: the guest has switched the picture off.
    case off
  }

  /// What the adapter shows; without text there are no rows.
  public var content = Content.text
  /// Characters in a row; 0 without text.
  public var columns: Int
  /// Rows of characters; 0 without text.
  public var rows: Int
  /// Row by row, `columns` × `rows` of them.
  public var cells: [Cell]
  /// The cursor's place in `cells`; nil when it is switched off or outside.
  public var cursor: Int?
  /// Whether the cursor covers half of its cell or more; otherwise it is a line.
  public var isBlockCursor = false
  /// Whether bit 7 of an attribute makes the character blink; otherwise its background is bright.
  public var isBlinking = true

  /// A screen without text.
  init(content: Content) {
    self.init(columns: 0, rows: 0, cells: [], cursor: nil)
    self.content = content
  }

  /// A screen.
  public init(columns: Int, rows: Int, cells: [Cell], cursor: Int?) {
    self.columns = columns
    self.rows = rows
    self.cells = cells
    self.cursor = cursor
  }

  /// The rows as text without the blanks at their ends. Characters outside ASCII are `?`.
  public var lines: [String] {
    (0..<rows).map { row in
      var scalars = cells[row * columns..<(row + 1) * columns].map { cell in
        switch cell.character {
        case 0, 0xFF: UInt8(0x20)
        case 0x20...0x7E: cell.character
        default: UInt8(ascii: "?")
        }
      }
      while scalars.last == 0x20 { scalars.removeLast() }
      return String(decoding: scalars, as: UTF8.self)
    }
  }
}
