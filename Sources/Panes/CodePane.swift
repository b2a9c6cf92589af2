import Cells

/// The instructions around EIP, with what the current ring makes of the sensitive ones.
enum CodePane {
  static func draw(
    _ view: MachineView, _ state: ScreenState, into surface: inout Surface, in rect: Rect
  ) {
    guard !view.code.isEmpty else {
      let text =
        switch view.runState {
        case .running, .idle, .travelling: state.keys.fill("({pause} pauses and shows the code)")
        case .paused, .stopped, .slow: "(no code can be read at CS:EIP)"
        }
      surface.write(text, in: rect, row: 0, style: Style(.faint))
      return
    }
    for (row, line) in visible(view.code, rows: rect.height).enumerated() {
      draw(line, hidesMarks: state.predicts, into: &surface, in: rect, row: row)
    }
  }

  /// Keeps the current instruction in the upper third.
  private static func visible(
    _ code: [MachineView.CodeLine], rows: Int
  ) -> ArraySlice<MachineView.CodeLine> {
    let current = code.firstIndex { $0.isCurrent } ?? 0
    let first = max(0, min(current - rows / 3, code.count - rows))
    return code[first..<min(code.count, first + rows)]
  }

  private static func draw(
    _ line: MachineView.CodeLine, hidesMarks: Bool, into surface: inout Surface, in rect: Rect,
    row: Int
  ) {
    let style = Style(line.isCurrent ? .selected : .text)
    if line.isCurrent { surface.restyle(rect, row: row, style: style) }
    let address = (line.isCurrent ? ">" : " ") + Digits.hex(line.address, 8)
    var column = surface.write(address + " ", in: rect, row: row, style: style)
    let shownBytes = rect.width >= 60 ? 8 : rect.width >= 44 ? 5 : 0
    if shownBytes > 0 {
      let bytes = line.bytes.prefix(shownBytes).map { Digits.hex($0, 2) }.joined()
      let more = line.bytes.count > shownBytes ? "+" : " "
      let faint = Style(line.isCurrent ? .selected : .faint)
      column = surface.write(
        Digits.left(bytes + more, shownBytes * 2 + 2), in: rect, row: row, column: column,
        style: faint)
    }
    let mark = hidesMarks ? "" : line.mark.rawValue
    let text = Rect(
      x: rect.x, y: rect.y, width: rect.width - (mark.isEmpty ? 0 : mark.count + 1),
      height: rect.height)
    surface.write(line.text, in: text, row: row, column: column, style: style)
    let role: Role = line.mark == .traps ? .fault : .alert
    surface.writeRight(mark, in: rect, row: row, style: Style(role, .bold))
  }
}
