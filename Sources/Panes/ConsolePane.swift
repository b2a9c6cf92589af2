import Cells

/// What the guest shows: its text screen, or the end of its serial line. A text screen larger than
/// the pane is cropped around the cursor.
enum ConsolePane {
  static func title(_ view: MachineView, _ state: ScreenState, in rect: Rect) -> String {
    switch state.console(for: view) {
    case .serial: return "console: serial line"
    case .text:
      guard let screen = view.textScreen else { return "console: VGA text" }
      let isPart = screen.columns > rect.width || screen.rows > rect.height
      return "console: VGA text" + (isPart ? ", part (\(state.keys.name(of: .zoom)): all)" : "")
    }
  }

  static func draw(
    _ view: MachineView, _ state: ScreenState, into surface: inout Surface, in rect: Rect
  ) {
    guard rect.width > 0, rect.height > 0 else { return }
    let cursor =
      switch state.console(for: view) {
      case .text: drawText(view.textScreen, into: &surface, in: rect)
      case .serial: drawSerial(view.serial, into: &surface, in: rect)
      }
    guard let cursor, rect.contains(cursor) else { return }
    if state.input == .guest {
      surface.cursor = cursor
    } else {
      var style = surface[cursor].style
      let isLine = state.console(for: view) == .text && view.textScreen?.isBlockCursor == false
      style.attributes.formSymmetricDifference(isLine ? .underline : .reverse)
      surface.restyle(at: cursor, style)
    }
  }

  private static func drawText(
    _ screen: MachineView.TextScreen?, into surface: inout Surface, in rect: Rect
  ) -> Point? {
    guard let screen, screen.columns > 0 else {
      let words = screen?.instead ?? "the screen is off"
      surface.write("(\(words))", in: rect, row: 0, style: Style(.faint))
      return nil
    }
    let cursor = screen.cursor.map { Point(x: $0 % screen.columns, y: $0 / screen.columns) }
    let left = offset(
      of: cursor?.x, window: rect.width, total: screen.columns, jump: rect.width / 2)
    let top = offset(of: cursor?.y, window: rect.height, total: screen.rows, jump: 1)
    for row in 0..<min(rect.height, screen.rows - top) {
      for column in 0..<min(rect.width, screen.columns - left) {
        let index = (top + row) * screen.columns + left + column
        guard index < screen.cells.count else { continue }
        let cell = screen.cells[index]
        surface.put(
          surface.charset.glyph(cell.glyph), at: Point(x: rect.x + column, y: rect.y + row),
          style: style(of: cell, on: screen))
      }
    }
    return cursor.map { Point(x: rect.x + $0.x - left, y: rect.y + $0.y - top) }
  }

  private static func style(
    of cell: MachineView.TextScreen.Cell, on screen: MachineView.TextScreen
  ) -> Style {
    guard screen.isBlinking, cell.color & 0x80 != 0 else { return Style(.guest, color: cell.color) }
    return Style(.guest, .blink, color: cell.color & 0x7F)
  }

  /// How far to scroll so that `position` is inside a window, in jumps so that typing does not
  /// move the picture with every key.
  private static func offset(of position: Int?, window: Int, total: Int, jump: Int) -> Int {
    guard let position, total > window, position >= window else { return 0 }
    let jump = max(1, jump)
    let needed = (position - window + jump) / jump * jump
    return min(needed, total - window)
  }

  /// The newest lines, folded at the pane's width.
  private static func drawSerial(
    _ serial: MachineView.SerialScreen, into surface: inout Surface, in rect: Rect
  ) -> Point? {
    guard serial.bytes > 0 else {
      surface.write("(nothing on the serial line)", in: rect, row: 0, style: Style(.faint))
      return nil
    }
    var rows: [Substring] = []
    var cursor: Point?
    for (number, line) in serial.lines.enumerated().suffix(rect.height) {
      let isLast = number == serial.lines.count - 1
      if isLast {
        cursor = Point(x: serial.column % rect.width, y: rows.count + serial.column / rect.width)
      }
      rows += fold(line, width: rect.width)
      while let cursor, rows.count <= cursor.y { rows.append("") }
    }
    let hidden = max(0, rows.count - rect.height)
    for (row, text) in rows.dropFirst(hidden).enumerated() {
      surface.write(text, in: rect, row: row, style: Style(.guest))
    }
    return cursor.map { Point(x: rect.x + $0.x, y: rect.y + $0.y - hidden) }
  }

  private static func fold(_ line: String, width: Int) -> [Substring] {
    var rows: [Substring] = []
    var rest = Substring(line)
    while rest.count > width {
      rows.append(rest.prefix(width))
      rest = rest.dropFirst(width)
    }
    return rows + [rest]
  }
}
