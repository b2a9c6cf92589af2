import Cells

/// The last row: the keys that do something now.
enum KeyPane {
  static func draw(
    _ view: MachineView, _ state: ScreenState, into surface: inout Surface, in rect: Rect
  ) {
    guard state.input == .control else {
      var line = Line("keys go to the guest; ")
      line.add(state.keys.toggleName, .key)
      line.add(" takes them back")
      line.draw(into: &surface, in: rect, row: 0, column: 1)
      return
    }
    if let prompt = state.prompt {
      return prompt.remark.draw(into: &surface, in: rect, row: 0, column: 1)
    }
    if let answering = state.answering {
      return answering.remark(state.keys).draw(into: &surface, in: rect, row: 0, column: 1)
    }
    if let prompt = state.fieldPrompt {
      return prompt.remark.draw(into: &surface, in: rect, row: 0, column: 1)
    }
    let shown = fitting(view, state.keys, width: rect.width - 1)
    var column = 1
    for binding in shown {
      var line = Line(binding.shortName, .key)
      line.add(" " + binding.word)
      line.draw(into: &surface, in: rect, row: 0, column: column)
      column += width(binding)
    }
  }

  /// The table's order; what does not fit is dropped from the back, but help and quit stay.
  private static func fitting(
    _ view: MachineView, _ keys: KeyMap, width limit: Int
  ) -> [Binding] {
    let isPaused =
      switch view.runState {
      case .paused, .stopped: true
      case .running, .idle, .slow, .travelling: false
      }
    let useful = keys.useful(isPaused: isPaused)
    func isKept(_ binding: Binding) -> Bool { [.help, .quit].contains(binding.actions[0]) }
    let kept = useful.filter(isKept)
    var room = limit - kept.reduce(0) { $0 + width($1) } + 2
    var shown: [Binding] = []
    for binding in useful where !isKept(binding) {
      room -= width(binding)
      if room < 0 { break }
      shown.append(binding)
    }
    return shown + kept
  }

  private static func width(_ binding: Binding) -> Int {
    binding.shortName.count + 1 + binding.word.count + 2
  }
}
