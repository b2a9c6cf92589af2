import Cells

/// A page to be read, over everything else.
public struct Page: Equatable, Sendable {
  /// Its name on the command line.
  public var name: String
  public var title: String
  public var summary: String
  /// A little Markdown.
  public var text: String
  public var sources: [String]
  /// The first row shown.
  var first = 0

  public init(name: String, title: String, summary: String, text: String, sources: [String]) {
    (self.name, self.title, self.summary) = (name, title, summary)
    (self.text, self.sources) = (text, sources)
  }

  /// Whether the page stays open.
  mutating func handle(_ key: Key) -> Bool {
    switch key {
    case .up: first = max(0, first - 1)
    case .down: first += 1
    case .pageUp, .backspace: first = max(0, first - 10)
    case .pageDown, .character(" "): first += 10
    default: return false
    }
    return true
  }

  private func lines(width: Int) -> [Line] {
    let from = sources.flatMap { source in
      Paragraph.rows("Source: \(source)", width: width).map { Line($0, .faint) }
    }
    return PageText.lines(text, width: width) + [Line()] + from
  }

  func draw(into surface: inout Surface) {
    let width = min(surface.bounds.width - 4, 76)
    let lines = lines(width: width)
    let height = min(lines.count, surface.bounds.height - 5)
    let top = max(0, min(first, lines.count - height))
    let isMore = top + height < lines.count
    let inner = Overlay.draw(
      title: " \(title)   \(isMore ? "Down: more   " : "")Esc closes ", width: width,
      height: height,
      below: 2, into: &surface)
    for (row, line) in lines.dropFirst(top).prefix(inner.height).enumerated() {
      line.draw(into: &surface, in: inner, row: row)
    }
  }
}
