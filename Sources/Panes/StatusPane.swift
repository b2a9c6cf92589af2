import Cells
import Machine

/// The first row: what runs, how, in which ring, and who gets the keys.
enum StatusPane {
  static func draw(
    _ view: MachineView, _ state: ScreenState, into surface: inout Surface, in rect: Rect
  ) {
    let style = Style(.status)
    surface.fill(rect, style: style)
    let owner = state.input == .control ? "CONTROL" : "GUEST"
    let other = state.input == .control ? "guest" : "control"
    let hint = " \(state.keys.toggleName) \(other) "
    let ownerColumn = rect.width - hint.count - owner.count - 2
    surface.write(hint, in: rect, row: 0, column: rect.width - hint.count, style: style)
    surface.write(
      " \(owner) ", in: rect, row: 0, column: ownerColumn, style: Style(.alert, .bold))
    let left = Rect(x: rect.x, y: rect.y, width: ownerColumn, height: 1)
    surface.write(fitting(view, state, width: left.width), in: left, row: 0, style: style)
  }

  /// As many parts as fit, dropping the least important first.
  private static func fitting(_ view: MachineView, _ state: ScreenState, width: Int) -> String {
    var parts = parts(view, isShort: width < 44)
    if state.isFrozen {
      parts.insert(("FROZEN, \(state.keys.name(of: .freeze)) goes on", 0), at: 0)
    }
    var isShort = false
    while true {
      let text = " " + parts.map(\.text).joined(separator: " | ")
      if Width.of(text) <= width || parts.count == 1 { return text }
      if !isShort, let place = parts.firstIndex(where: { $0.text.hasPrefix("t ") }) {
        isShort = true
        parts[place].text = "t \(view.clock.ticks)"
        continue
      }
      guard let worst = parts.indices.max(by: { parts[$0].rank < parts[$1].rank }) else {
        return text
      }
      parts.remove(at: worst)
    }
  }

  private static func parts(
    _ view: MachineView, isShort: Bool
  ) -> [(text: String, rank: Int)] {
    let (real, believed) = (view.rings.real, view.rings.believed)
    let short = real == believed ? "ring \(real)" : "ring \(real)≠\(believed)"
    let rings = isShort ? short : "REAL \(real) BELIEVED \(believed)"
    var parts: [(text: String, rank: Int)] = [
      (view.mode.rawValue, 2), (view.guest, 4), (rings, 1), (word(view.runState), 0),
      (time(view.clock), 3), ("ev \(view.clock.events)", 5),
    ]
    if let mips = view.clock.mips, view.runState == .running {
      let tenths = Int((mips * 10).rounded())
      parts.append(("\(tenths / 10).\(tenths % 10) MIPS", 6))
    }
    return parts.filter { !$0.text.isEmpty }
  }

  private static func time(_ clock: MachineView.Clock) -> String {
    let now = "t \(clock.ticks)"
    return clock.latest > clock.ticks ? now + " of \(clock.latest)" : now
  }

  private static func word(_ runState: MachineView.RunState) -> String {
    switch runState {
    case .running: "RUNNING"
    case .slow(let rate): "SLOW \(rate)/s"
    case .paused: "PAUSED"
    case .idle: "IDLE"
    case .travelling(let percent, nil): "RE-RUN \(percent)%"
    case .travelling(let percent, let seconds?): "RE-RUN \(percent)%, \(seconds) s"
    case .stopped: "STOPPED"
    }
  }
}
