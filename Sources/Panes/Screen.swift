public import Cells

/// The whole picture, drawn from values alone.
public enum Screen {
  /// Draws `view` as `state` wants it on a terminal of `size`.
  public static func draw(
    _ view: MachineView, _ state: ScreenState, size: Size, charset: Charset
  ) -> Surface {
    var surface = Surface(size: size, charset: charset)
    let isText = state.console(for: view) == .text
    let layout = Layout(size, consoleRows: isText ? view.textScreen?.rows ?? 0 : 0)
    guard layout.shape != .none else {
      drawTooSmall(into: &surface)
      return surface
    }
    StatusPane.draw(view, state, into: &surface, in: layout.status)
    if state.isZoomed {
      let rect = Rect(x: 0, y: 1, width: size.width, height: size.height - 1)
      ConsolePane.draw(view, state, into: &surface, in: rect)
      drawMessage(view, state, into: &surface, in: layout.keys)
    } else {
      drawPanes(view, state, layout, into: &surface)
    }
    if state.showsWhy { ExplanationPane.draw(view, state, into: &surface) }
    if let row = state.helpRow { HelpPane.draw(from: row, into: &surface) }
    return surface
  }

  private static func drawPanes(
    _ view: MachineView, _ state: ScreenState, _ layout: Layout, into surface: inout Surface
  ) {
    var frame = Frame(size: surface.size)
    for box in layout.boxes { frame.add(box) }
    frame.draw(into: &surface)
    title(ConsolePane.title(view, state, in: layout.console), layout.console, layout, &surface)
    title(CodePane.title, layout.code, layout, &surface)
    title(EventPane.title(view), layout.events, layout, &surface)
    if layout.shape != .narrow { title(RingPane.title, layout.rings, layout, &surface) }
    ConsolePane.draw(view, state, into: &surface, in: layout.console)
    RingPane.draw(view, state, into: &surface, in: layout.rings)
    CodePane.draw(view, state, into: &surface, in: layout.code)
    EventPane.draw(view, state, into: &surface, in: layout.events)
    WhyPane.draw(view, state, into: &surface, in: layout.why)
    KeyPane.draw(view, state, into: &surface, in: layout.keys)
    if layout.shape == .narrow { drawMessage(view, state, into: &surface, in: layout.keys) }
  }

  /// Where no row is kept for it, a question or remark covers the last one.
  private static func drawMessage(
    _ view: MachineView, _ state: ScreenState, into surface: inout Surface, in rect: Rect
  ) {
    guard state.asksReset || state.notice != nil || state.prompt != nil else { return }
    surface.fill(rect)
    WhyPane.draw(view, state, into: &surface, in: rect)
  }

  private static func title(
    _ text: String, _ pane: Rect, _ layout: Layout, _ surface: inout Surface
  ) {
    guard pane.height > 0 else { return }
    let row = Rect(x: pane.x, y: pane.y - 1, width: pane.width, height: 1)
    if layout.shape == .narrow {
      let rule = String(repeating: "─", count: row.width)
      surface.write(rule, in: row, row: 0, style: Style(.frame))
    }
    surface.write(" \(text) ", in: row, row: 0, column: 1, style: Style(.title))
  }

  private static func drawTooSmall(into surface: inout Surface) {
    let size = surface.size
    let least = Layout.smallest
    let text =
      "Ringside needs \(least.width) columns and \(least.height) rows; "
      + "this terminal has \(size.width) and \(size.height). The machine goes on as it was. "
      + "Make the window larger, or press q."
    for (row, line) in Paragraph.rows(text, width: size.width).enumerated() {
      surface.write(line, in: surface.bounds, row: row)
    }
  }
}
