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
    let height = min(surface.bounds.height - 3, lines.count)
    let isWhole = height == lines.count
    let top = isWhole ? 0 : min(first, lines.count - height)
    let inner = Overlay.draw(
      title: isWhole ? " help: keys in CONTROL, ? closes " : " help, Up/Down, ? closes ",
      width: lines.map(\.width).max() ?? 0, height: lines.count, below: 1, into: &surface)
    for (row, line) in lines.dropFirst(top).prefix(inner.height).enumerated() {
      line.draw(into: &surface, in: inner, row: row)
    }
  }
}
