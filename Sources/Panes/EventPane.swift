import Cells

/// The newest transitions, oldest on top; one of them may be chosen.
enum EventPane {
  static func draw(
    _ view: MachineView, _ state: ScreenState, into surface: inout Surface, in rect: Rect
  ) {
    guard !view.events.isEmpty else {
      surface.write("(none yet)", in: rect, row: 0, style: Style(.faint))
      return
    }
    for (row, event) in visible(view.events, state, rows: rect.height).enumerated() {
      draw(event, isChosen: event.sequence == state.selectedEvent, into: &surface, in: rect, row)
    }
  }

  /// The newest, or as far back as needed to show the chosen one in the middle.
  private static func visible(
    _ events: [MachineView.Event], _ state: ScreenState, rows: Int
  ) -> ArraySlice<MachineView.Event> {
    var end = events.count
    if let chosen = state.selectedEvent,
      let index = events.firstIndex(where: { $0.sequence >= chosen })
    {
      end = min(end, max(rows, index + 1 + rows / 2))
    }
    return events[max(0, end - rows)..<end]
  }

  private static func draw(
    _ event: MachineView.Event, isChosen: Bool, into surface: inout Surface, in rect: Rect,
    _ row: Int
  ) {
    let base: Role = isChosen ? .selected : .text
    if isChosen { surface.restyle(rect, row: row, style: Style(.selected)) }
    var line = Line(isChosen ? ">" : " ", base)
    let mark = event.isVirtual ? "v" : " "
    line.add(Digits.right(String(event.sequence), 6) + mark, isChosen ? .selected : .faint)
    if rect.width >= 56 {
      line.add(Digits.right(String(event.tick), 12) + " ", isChosen ? .selected : .faint)
    }
    if event.from == event.to {
      line.add("  \(event.to) ", isChosen ? .selected : .ring(Int(event.to)))
    } else {
      line.add("\(event.from)", isChosen ? .selected : .ring(Int(event.from)))
      line.add(">", base)
      line.add("\(event.to) ", isChosen ? .selected : .ring(Int(event.to)))
    }
    line.add(event.text, isChosen ? .selected : event.kind.role)
    if event.repeats > 0 {
      let more = rect.width >= 56 ? ", \(event.repeats) more" : " +\(event.repeats)"
      line.add(more, isChosen ? .selected : .faint)
    }
    if event.idleWakes > 0 {
      line.add(", woken \(event.idleWakes) times", isChosen ? .selected : .faint)
    }
    line.draw(into: &surface, in: rect, row: row)
  }
}
