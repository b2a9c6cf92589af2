/// A grid of cells: what panes draw into and a terminal shows. Drawing outside the grid is allowed
/// and does nothing.
public struct Surface: Equatable, Sendable {
  /// The grid's size.
  public let size: Size
  /// The characters that may appear.
  public let charset: Charset
  /// Where the terminal's cursor stands; nil hides it.
  public var cursor: Point?
  /// Row by row, `size.width` cells each.
  public private(set) var cells: [Cell]

  /// An empty grid.
  public init(size: Size, charset: Charset = .unicode) {
    self.size = Size(width: max(0, size.width), height: max(0, size.height))
    self.charset = charset
    cells = Array(repeating: .blank, count: self.size.width * self.size.height)
  }

  /// The whole grid as a rectangle.
  public var bounds: Rect { Rect(x: 0, y: 0, width: size.width, height: size.height) }

  /// The cell at `point`, blank outside the grid.
  public subscript(point: Point) -> Cell {
    bounds.contains(point) ? cells[index(point)] : .blank
  }

  /// Puts a printable character at `point`. Covering half of a wide character blanks its other
  /// half; a wide character needs both columns inside the grid.
  public mutating func put(_ scalar: Unicode.Scalar, at point: Point, style: Style) {
    let width = Width.of(scalar)
    guard width > 0, bounds.contains(point), point.x + width <= size.width else { return }
    let index = index(point)
    clear(index)
    cells[index] = Cell(scalar, style: style, width: UInt8(width))
    if width == 2 {
      clear(index + 1)
      cells[index] = Cell(scalar, style: style, width: 2)
      cells[index + 1] = Cell(" ", style: style, width: 0)
    }
  }

  /// Changes how the character at `point` looks.
  public mutating func restyle(at point: Point, _ style: Style) {
    if bounds.contains(point) { cells[index(point)].style = style }
  }

  /// The grid as text: one line per row, trailing blanks removed.
  public var text: String {
    lines { $0.width == 0 ? nil : Character($0.scalar) }
  }

  /// The grid as role letters, in the shape of `text`: a second golden where meaning is coloured.
  /// Blanks of plain text stay blank.
  public var roles: String {
    lines { $0.scalar == " " && $0.style == Style(.text) ? " " : $0.style.role.letter }
  }

  private func index(_ point: Point) -> Int { point.y * size.width + point.x }

  /// Blanks the other half of the wide character that `index` belongs to, if any.
  private mutating func clear(_ index: Int) {
    let other = cells[index].width == 0 ? index - 1 : index + 1
    guard cells[index].width != 1, cells.indices.contains(other) else { return }
    cells[other].scalar = " "
    cells[other].width = 1
  }

  private func lines(_ character: (Cell) -> Character?) -> String {
    var result = ""
    for row in 0..<size.height {
      var line = ""
      var kept = line.endIndex
      for cell in cells[row * size.width..<(row + 1) * size.width] {
        guard let character = character(cell) else { continue }
        line.append(character)
        if character != " " { kept = line.endIndex }
      }
      result += line[..<kept]
      result += "\n"
    }
    return result
  }
}

/// A position: `x` columns from the left, `y` rows from the top, both from 0.
public struct Point: Equatable, Sendable {
  /// Columns from the left.
  public var x: Int
  /// Rows from the top.
  public var y: Int
  /// A position.
  public init(x: Int, y: Int) {
    self.x = x
    self.y = y
  }
}

/// Columns and rows.
public struct Size: Equatable, Sendable {
  /// Columns.
  public var width: Int
  /// Rows.
  public var height: Int
  /// A size.
  public init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }
}

/// A rectangle of cells.
public struct Rect: Equatable, Sendable {
  /// First column.
  public var x: Int
  /// First row.
  public var y: Int
  /// Columns, never negative.
  public var width: Int
  /// Rows, never negative.
  public var height: Int

  /// A rectangle; negative sizes count as empty.
  public init(x: Int, y: Int, width: Int, height: Int) {
    self.x = x
    self.y = y
    self.width = max(0, width)
    self.height = max(0, height)
  }

  /// Columns and rows.
  public var size: Size { Size(width: width, height: height) }

  /// Whether `point` lies inside.
  public func contains(_ point: Point) -> Bool {
    (x..<x + width).contains(point.x) && (y..<y + height).contains(point.y)
  }

  /// The rectangle inside a border one cell wide.
  public var inside: Rect { Rect(x: x + 1, y: y + 1, width: width - 2, height: height - 2) }
}
