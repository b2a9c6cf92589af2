import Cells

/// The help, over everything else: the pane in focus first, then every key.
enum HelpPane {
  private static let width = 58

  /// All rows of the help.
  static func lines(focus: Pane?, _ keys: KeyMap) -> [Line] {
    var lines: [Line] = []
    if let focus {
      lines += Paragraph.rows(keys.fill(focus.explanation), width: width).map { Line($0) }
      lines.append(Line())
    }
    let column = keys.listed.map(\.name.count).max() ?? 0
    for binding in keys.listed {
      var line = Line(Digits.left(binding.name, column + 2), .key)
      line.add(keys.fill(binding.help))
      lines.append(line)
    }
    lines.append(Line())
    for pane in Pane.allCases where pane != focus {
      let name = "\(pane)"
      let rows = Paragraph.rows("\(name): \(keys.fill(pane.explanation))", width: width)
      lines += rows.map { Line($0) }
    }
    return lines
  }

  static func draw(
    from first: Int, focus: Pane?, _ keys: KeyMap, into surface: inout Surface
  ) {
    let lines = lines(focus: focus, keys)
    let height = min(surface.bounds.height - 4, lines.count)
    let top = max(0, min(first, lines.count - height))
    let more = top + height < lines.count ? "Down: more" : "Up: back"
    let subject = focus.map { "\($0)" } ?? "keys in CONTROL"
    let inner = Overlay.draw(
      title: lines.count > height
        ? " help: \(subject)   \(more)   \(keys.name(of: .help)) closes " : " help: \(subject) ",
      width: width, height: height, below: 2, into: &surface)
    for (row, line) in lines.dropFirst(top).prefix(inner.height).enumerated() {
      line.draw(into: &surface, in: inner, row: row)
    }
  }
}
