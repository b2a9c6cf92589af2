public import Cells

/// The whole picture, drawn from values alone.
public enum Screen {
  /// Draws `view` as `state` wants it on a terminal of `size`.
  public static func draw(
    _ view: MachineView, _ state: ScreenState, size: Size, charset: Charset
  ) -> Surface {
    var surface = Surface(size: size, charset: charset)
    let isText = state.console(for: view) == .text
    let layout = Layout(
      size, side: state.side, consoleRows: isText ? view.textScreen?.rows ?? 0 : 0)
    guard layout.shape != .none else {
      drawTooSmall(into: &surface)
      return surface
    }
    StatusPane.draw(view, state, into: &surface, in: layout.status)
    switch state.zoomed {
    case .console:
      let rect = Rect(x: 0, y: 1, width: size.width, height: size.height - 1)
      ConsolePane.draw(view, state, into: &surface, in: rect)
      drawMessage(view, state, into: &surface, in: layout.keys)
    case let pane?:
      drawPanes([(pane, layout.zoomed)], view, state, layout, into: &surface)
    case nil: drawPanes(layout.places, view, state, layout, into: &surface)
    }
    if let guide = state.guide, layout.shape != .narrow {
      GuidePane.draw(guide, focus: state.zoomed ?? state.focus, layout, into: &surface)
    }
    if !view.others.isEmpty, layout.shape != .narrow {
      let box = Rect(x: 0, y: 1, width: size.width, height: size.height - 3)
      ComparePane.draw([view] + view.others, state.keys, into: &surface, in: box)
    }
    if let sheet = view.sheet, !state.hidesSheet, state.zoomed == nil, layout.shape != .narrow {
      SheetPane.draw(sheet, state, layout, into: &surface)
    }
    if state.showsWhy { ExplanationPane.draw(view, state, into: &surface) }
    if let row = state.helpRow {
      HelpPane.draw(
        from: row, focus: state.zoomed ?? state.focus, state.keys, into: &surface)
    }
    state.menu?.draw(into: &surface)
    state.page?.draw(into: &surface)
    return surface
  }

  private static func drawPanes(
    _ places: [(pane: Pane, rect: Rect)], _ view: MachineView, _ state: ScreenState,
    _ layout: Layout, into surface: inout Surface
  ) {
    let isNarrow = layout.shape == .narrow && state.zoomed == nil
    if !isNarrow {
      var frame = Frame(size: surface.size)
      for place in places { frame.add(place.rect.outline) }
      frame.draw(into: &surface)
    }
    for (pane, rect) in places {
      if !isNarrow || pane != .rings {
        var text = pane.title(view, state, in: rect)
        if let number = pane.number, pane == layout.exchanged { text = "\(number) \(text)" }
        title(text, rect, isFocus: pane == state.focus, isRule: isNarrow, &surface)
      }
      pane.draw(view, state, into: &surface, in: rect)
    }
    if !isNarrow { Scrubber.draw(view, into: &surface, in: layout.scrubber) }
    WhyPane.draw(view, state, into: &surface, in: layout.why)
    KeyPane.draw(view, state, into: &surface, in: layout.keys)
    if layout.shape == .narrow { drawMessage(view, state, into: &surface, in: layout.keys) }
  }

  /// Where no row is kept for it, a question or remark covers the last one.
  private static func drawMessage(
    _ view: MachineView, _ state: ScreenState, into surface: inout Surface, in rect: Rect
  ) {
    guard
      state.asksReset || state.notice != nil || state.prompt != nil || state.answering != nil
        || state.prediction != nil || state.fieldPrompt != nil
    else { return }
    surface.fill(rect)
    WhyPane.draw(view, state, into: &surface, in: rect)
  }

  private static func title(
    _ text: String, _ pane: Rect, isFocus: Bool, isRule: Bool, _ surface: inout Surface
  ) {
    guard pane.height > 0 else { return }
    let row = Rect(x: pane.x, y: pane.y - 1, width: pane.width, height: 1)
    if isRule {
      let rule = String(repeating: "─", count: row.width)
      surface.write(rule, in: row, row: 0, style: Style(.frame))
    }
    let (left, right) = isFocus ? ("[", "]") : (" ", " ")
    surface.write(
      left + text + right, in: row, row: 0, column: 1,
      style: Style(.title, isFocus ? .reverse : []))
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
