import Cells

/// Where the panes go on a screen of a given size.
struct Layout {
  enum Shape: Equatable {
    /// Below 40x12: nothing can be shown.
    case none
    /// One column without boxes, for small terminals.
    case narrow
    /// Two columns: console over code, registers over events. 80x24.
    case compact
    /// The whole console with registers beside it, code and events below. 120x40.
    case wide
    /// Three columns. 200x60.
    case broad
  }

  let shape: Shape
  /// The panes' inner rectangles; empty where a shape has no such pane.
  var console = Rect(x: 0, y: 0, width: 0, height: 0)
  var rings = Rect(x: 0, y: 0, width: 0, height: 0)
  var code = Rect(x: 0, y: 0, width: 0, height: 0)
  var events = Rect(x: 0, y: 0, width: 0, height: 0)
  let status: Rect
  let why: Rect
  let keys: Rect

  static let smallest = Size(width: 40, height: 12)

  /// The rows of a console are as many as fit when it has more than 25, where there is room.
  init(_ size: Size, consoleRows: Int = 25) {
    shape = Layout.shape(size)
    status = Rect(x: 0, y: 0, width: size.width, height: 1)
    let whyRows = shape == .narrow ? 0 : 1
    why = Rect(x: 0, y: size.height - 1 - whyRows, width: size.width, height: whyRows)
    keys = Rect(x: 0, y: size.height - 1, width: size.width, height: 1)
    let body = Rect(x: 0, y: 1, width: size.width, height: size.height - 2 - whyRows)
    switch shape {
    case .none: break
    case .narrow: narrow(body)
    case .compact: compact(body)
    case .wide: wide(body)
    case .broad: broad(body, consoleRows: max(25, consoleRows))
    }
  }

  /// The panes that have a border, with their titles' rectangles.
  var boxes: [Rect] {
    shape == .narrow ? [] : [console, rings, code, events].filter { $0.height > 0 }.map(\.outline)
  }

  private static func shape(_ size: Size) -> Shape {
    if size.width < smallest.width || size.height < smallest.height { return .none }
    if size.width < 80 || size.height < 20 { return .narrow }
    if size.width >= 160 && size.height >= 45 { return .broad }
    if size.width >= 118 && size.height >= 38 { return .wide }
    return .compact
  }

  /// A title row over the console and one over the events; two rows of registers between.
  private mutating func narrow(_ body: Rect) {
    let free = body.height - 4
    let consoleRows = (free + 1) * 3 / 5
    console = Rect(x: 0, y: body.y + 1, width: body.width, height: consoleRows)
    rings = Rect(x: 0, y: body.y + 1 + consoleRows, width: body.width, height: 2)
    let eventsY = rings.y + 3
    events = Rect(
      x: 0, y: eventsY, width: body.width, height: body.y + body.height - eventsY)
  }

  private mutating func compact(_ body: Rect) {
    let inner = body.inside
    let left = min(80, inner.width - 1 - 40)
    let rows = inner.height - 1
    let codeRows = max(3, rows / 3)
    let ringRows = rows >= 28 ? 14 : 8
    (console, code) = stack(inner.x, left, inner, lowerRows: codeRows)
    let rightX = inner.x + left + 1
    let rightWidth = inner.width - left - 1
    (rings, events) = stack(rightX, rightWidth, inner, lowerRows: rows - ringRows)
  }

  private mutating func wide(_ body: Rect) {
    let inner = body.inside
    let upper = min(25, inner.height - 9)
    console = Rect(x: inner.x, y: inner.y, width: 80, height: upper)
    rings = Rect(x: inner.x + 81, y: inner.y, width: inner.width - 81, height: upper)
    let lowerY = inner.y + upper + 1
    let lower = inner.height - upper - 1
    let codeWidth = min(50, inner.width * 2 / 5)
    code = Rect(x: inner.x, y: lowerY, width: codeWidth, height: lower)
    events = Rect(
      x: inner.x + codeWidth + 1, y: lowerY, width: inner.width - codeWidth - 1, height: lower)
  }

  private mutating func broad(_ body: Rect, consoleRows: Int) {
    let inner = body.inside
    let rows = inner.height - 1
    (console, code) = stack(inner.x, 80, inner, lowerRows: rows - min(consoleRows, rows - 8))
    rings = Rect(x: inner.x + 81, y: inner.y, width: 40, height: inner.height)
    let eventsX = rings.x + rings.width + 1
    events = Rect(
      x: eventsX, y: inner.y, width: inner.x + inner.width - eventsX, height: inner.height)
  }

  /// Two panes one above the other, with a border row between them.
  private func stack(_ x: Int, _ width: Int, _ inner: Rect, lowerRows: Int) -> (Rect, Rect) {
    let upperRows = inner.height - 1 - lowerRows
    return (
      Rect(x: x, y: inner.y, width: width, height: upperRows),
      Rect(x: x, y: inner.y + upperRows + 1, width: width, height: lowerRows)
    )
  }
}

extension Rect {
  /// The border around the rectangle.
  var outline: Rect { Rect(x: x - 1, y: y - 1, width: width + 2, height: height + 2) }
}
