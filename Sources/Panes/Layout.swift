import Cells

/// Where the panes go on a screen of a given size.
struct Layout {
  enum Shape: Equatable {
    /// Below 40x12: nothing can be shown.
    case none
    /// One column without boxes, for small terminals.
    case narrow
    /// Two columns: console over code, one exchangeable pane over events. 80x24.
    case compact
    /// The whole console, rings and an exchangeable pane beside it, code and events below. 120x40.
    case wide
    /// Three columns with everything. 200x60.
    case broad
  }

  let shape: Shape
  /// The panes' inner rectangles, in the order in which Tab goes through them.
  private(set) var places: [(pane: Pane, rect: Rect)] = []
  let status: Rect
  let why: Rect
  let keys: Rect
  /// Where an enlarged pane goes, other than the console.
  let zoomed: Rect
  /// The lowest border, in which the history is drawn; empty where there is none.
  let scrubber: Rect

  static let smallest = Size(width: 40, height: 12)

  /// `side` is what the exchangeable place shows. The rows of a console are as many as fit when it
  /// has more than 25, where there is room.
  init(_ size: Size, side: Pane = .rings, consoleRows: Int = 25) {
    shape = Layout.shape(size)
    status = Rect(x: 0, y: 0, width: size.width, height: 1)
    let isNarrow = shape == .narrow
    let whyRows = isNarrow ? 0 : 1
    why = Rect(x: 0, y: size.height - 1 - whyRows, width: size.width, height: whyRows)
    keys = Rect(x: 0, y: size.height - 1, width: size.width, height: 1)
    let body = Rect(x: 0, y: 1, width: size.width, height: size.height - 2 - whyRows)
    zoomed = body.inside
    scrubber = Rect(
      x: 1, y: body.y + body.height - 1, width: size.width - 2, height: isNarrow ? 0 : 1)
    switch shape {
    case .none: break
    case .narrow: narrow(body)
    case .compact: compact(body.inside, side)
    case .wide: wide(body.inside, side)
    case .broad: broad(body.inside, consoleRows: max(25, consoleRows))
    }
  }

  /// Where a pane is; nil if it is not shown.
  func rect(of pane: Pane) -> Rect? { places.first { $0.pane == pane }?.rect }

  /// The pane in the place that several share; nil where each has its own.
  private(set) var exchanged: Pane?

  private static func shape(_ size: Size) -> Shape {
    if size.width < smallest.width || size.height < smallest.height { return .none }
    if size.width < 80 || size.height < 20 { return .narrow }
    if size.width >= 160 && size.height >= 45 { return .broad }
    if size.width >= 118 && size.height >= 38 { return .wide }
    return .compact
  }

  private mutating func add(_ pane: Pane, _ rect: Rect) { places.append((pane, rect)) }

  /// A title row over the console and one over the events; two rows of rings between.
  private mutating func narrow(_ body: Rect) {
    let free = body.height - 4
    let consoleRows = (free + 1) * 3 / 5
    add(.console, Rect(x: 0, y: body.y + 1, width: body.width, height: consoleRows))
    let rings = Rect(x: 0, y: body.y + 1 + consoleRows, width: body.width, height: 2)
    add(.rings, rings)
    let eventsY = rings.y + 3
    add(
      .events,
      Rect(x: 0, y: eventsY, width: body.width, height: body.y + body.height - eventsY))
  }

  private mutating func compact(_ inner: Rect, _ side: Pane) {
    let left = min(80, inner.width - 1 - 40)
    let rows = inner.height - 1
    let codeRows = max(3, rows / 3)
    let sideRows = rows >= 28 ? 14 : 8
    column(inner.x, left, inner, [(.console, rows - codeRows), (.code, 0)])
    exchanged = side
    column(inner.x + left + 1, inner.width - left - 1, inner, [(side, sideRows), (.events, 0)])
  }

  private mutating func wide(_ inner: Rect, _ side: Pane) {
    let upper = min(25, inner.height - 9)
    let console = Rect(x: inner.x, y: inner.y, width: 80, height: upper)
    let right = Rect(x: inner.x + 81, y: inner.y, width: inner.width - 81, height: upper)
    let lowerY = inner.y + upper + 1
    let lower = inner.height - upper - 1
    let codeWidth = min(50, inner.width * 2 / 5)
    add(.console, console)
    add(.code, Rect(x: inner.x, y: lowerY, width: codeWidth, height: lower))
    let shown = side == .rings ? .registers : side
    exchanged = shown
    column(right.x, right.width, right, [(.rings, 8), (shown, 0)])
    add(
      .events,
      Rect(
        x: inner.x + codeWidth + 1, y: lowerY, width: inner.width - codeWidth - 1, height: lower))
  }

  private mutating func broad(_ inner: Rect, consoleRows: Int) {
    let console = min(consoleRows, inner.height - 9)
    column(inner.x, 80, inner, [(.console, console), (.code, 0)])
    column(inner.x + 81, 40, inner, [(.rings, 8), (.registers, 23), (.stack, 0)])
    let x = inner.x + 122
    column(
      x, inner.x + inner.width - x, inner,
      [(.events, inner.height - 36), (.pages, 11), (.monitor, 11), (.counters, 0)])
  }

  /// Panes one above the other, with border rows between them; the last gets what is left.
  private mutating func column(_ x: Int, _ width: Int, _ inner: Rect, _ panes: [(Pane, Int)]) {
    var y = inner.y
    for (place, (pane, height)) in panes.enumerated() {
      let isLast = place == panes.count - 1
      let height = isLast ? inner.y + inner.height - y : height
      add(pane, Rect(x: x, y: y, width: width, height: height))
      y += height + 1
    }
  }
}

extension Rect {
  /// The border around the rectangle.
  var outline: Rect { Rect(x: x - 1, y: y - 1, width: width + 2, height: height + 2) }
}
