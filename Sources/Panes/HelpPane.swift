import Cells

/// The help, over everything else.
enum HelpPane {
  /// All rows of the help.
  static let lines: [Line] = {
    var lines: [Line] = []
    let column = Binding.control.map(\.name.count).max() ?? 0
    for binding in Binding.control {
      var line = Line(Digits.left(binding.name, column + 2), .key)
      line.add(binding.help)
      lines.append(line)
    }
    lines += [
      Line("In GUEST every key but F12 and Ctrl-] goes to the guest."),
      Line("events: number, ring (3>0: a change), what; Up and Down"),
      Line("choose one, and the row below says why it happened."),
      Line("code: !TRAPS faults in this ring; ?SILENT changes its"),
      Line("meaning in this ring without telling."),
    ]
    return lines
  }()

  static func draw(from first: Int, into surface: inout Surface) {
    let bounds = surface.bounds
    let width = min(bounds.width, (lines.map(\.width).max() ?? 0) + 4)
    let height = min(bounds.height - 1, lines.count + 2)
    let box = Rect(
      x: (bounds.width - width) / 2, y: 1 + (bounds.height - 1 - height) / 2, width: width,
      height: height)
    surface.fill(box)
    var frame = Frame(size: surface.size)
    frame.add(box)
    frame.draw(into: &surface)
    surface.cursor = nil
    let isWhole = height == lines.count + 2
    let top = isWhole ? 0 : min(first, lines.count + 2 - height)
    let title = isWhole ? " help: keys in CONTROL, ? closes " : " help, Up/Down, ? closes "
    surface.write(title, in: box, row: 0, column: 2, style: Style(.title))
    let inner = Rect(x: box.x + 2, y: box.y + 1, width: box.width - 4, height: box.height - 2)
    for (row, line) in lines.dropFirst(top).prefix(inner.height).enumerated() {
      line.draw(into: &surface, in: inner, row: row)
    }
  }
}
