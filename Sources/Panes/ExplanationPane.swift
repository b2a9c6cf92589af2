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
    if transition.isVirtual {
      rows.append("")
      rows += Paragraph.rows(
        "This happened to the guest's virtual processor; the real one was in the monitor, at CPL 0.",
        width: width)
    }
    if let parent = transition.parent { rows += ["", "Event \(parent) set it off."] }
    return rows
  }

  static func draw(_ view: MachineView, _ state: ScreenState, into surface: inout Surface) {
    guard let event = state.explained(in: view) else { return }
    let width = min(surface.bounds.width, 76) - 4
    let rows = rows(of: event, width: width)
    let inner = Overlay.draw(
      title: " why event \(event.sequence): \(event.text) ", width: width, height: rows.count,
      below: 2, into: &surface)
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
