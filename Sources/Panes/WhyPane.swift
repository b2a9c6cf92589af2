import Cells
import Narration

/// One row: the screen's question, its last remark, or why the chosen event happened.
enum WhyPane {
  static func draw(
    _ view: MachineView, _ state: ScreenState, into surface: inout Surface, in rect: Rect
  ) {
    if state.asksReset {
      let question = " Reset the machine and lose its state?  y: yes   any other key: no "
      surface.write(question, in: rect, row: 0, style: Style(.alert, .bold))
    } else if let prompt = state.prompt {
      prompt.draw(into: &surface, in: rect, row: 0)
    } else if let prediction = state.prediction, prediction.guess == nil {
      surface.write(Prediction.question, in: rect, row: 0, style: Style(.alert, .bold))
    } else if let answering = state.answering {
      answering.draw(into: &surface, in: rect, row: 0)
    } else if let prompt = state.fieldPrompt {
      prompt.draw(into: &surface, in: rect)
    } else if let notice = state.notice ?? view.remark {
      surface.write(" \(state.keys.fill(notice)) ", in: rect, row: 0, style: Style(.alert))
    } else {
      explanation(view, state, width: rect.width - 1).draw(
        into: &surface, in: rect, row: 0, column: 1)
    }
  }

  private static func explanation(
    _ view: MachineView, _ state: ScreenState, width: Int
  ) -> Line {
    if let chosen = state.selectedEvent {
      guard let event = view.events.first(where: { $0.sequence == chosen }) else {
        return Line("Event \(chosen) is no longer kept.", .faint)
      }
      return why(event, width: width)
    }
    switch view.runState {
    case .stopped(let reason):
      var line = Line("STOPPED ", .alert)
      line.add(state.keys.fill(" \(reason); {step-back} goes back, {reset} resets"))
      return line
    case .paused:
      if let reason = view.stoppedAt {
        var line = Line("STOP ", .alert)
        line.add(reason)
        return line
      }
      if let event = view.events.last { return why(event, width: width) }
      return Line(RingPane.truth(of: view.mode), .faint)
    case .travelling:
      return Line(state.keys.fill("Running again to that moment; {pause} stops on the way."))
    case .running, .idle, .slow:
      return Line(RingPane.truth(of: view.mode), .faint)
    }
  }

  private static func why(_ event: MachineView.Event, width: Int) -> Line {
    var line = Line("WHY \(event.sequence) ", .title)
    let full = event.transition.map { Explanation($0).sentence }
    if let full, line.width + Width.of(full) <= width {
      line.add(full)
    } else {
      line.add(Paragraph.cut(event.why, to: width - line.width))
    }
    return line
  }
}
