import Cells
import Narration
import X86

/// One event in full, over everything else: why it happened, and how the processor went about it.
enum ExplanationPane {
  /// The rows for a width.
  static func rows(of event: MachineView.Event, width: Int) -> [String] {
    guard let transition = event.transition else {
      return Paragraph.rows(event.why, width: width)
    }
    let why = Explanation(transition)
    var rows = Paragraph.rows(why.sentence + ".", width: width)
    for step in why.steps {
      rows.append("")
      rows += Paragraph.rows(step, width: width)
    }
    if let parent = transition.parent { rows += ["", "Event \(parent) set it off."] }
    return rows
  }

  static func draw(_ view: MachineView, _ state: ScreenState, into surface: inout Surface) {
    guard let event = state.explained(in: view) else { return }
    let bounds = surface.bounds
    let width = min(bounds.width, 76)
    let rows = rows(of: event, width: width - 4)
    let height = min(bounds.height - 2, rows.count + 2)
    let box = Rect(
      x: (bounds.width - width) / 2, y: 1 + (bounds.height - 2 - height) / 2, width: width,
      height: height)
    surface.fill(box)
    var frame = Frame(size: surface.size)
    frame.add(box)
    frame.draw(into: &surface)
    surface.cursor = nil
    surface.write(
      " why event \(event.sequence): \(event.text) ", in: box, row: 0, column: 2,
      style: Style(.title))
    let inner = Rect(x: box.x + 2, y: box.y + 1, width: box.width - 4, height: box.height - 2)
    for (row, text) in rows.prefix(inner.height).enumerated() {
      surface.write(text, in: inner, row: row)
    }
  }
}

extension ScreenState {
  /// The event that the WHY row is about: the chosen one, or the newest.
  func explained(in view: MachineView) -> MachineView.Event? {
    guard let selectedEvent else { return view.events.last }
    return view.events.first { $0.sequence == selectedEvent }
  }
}
