import Cells

/// The history as a line in the lowest border: where it begins and ends, the places to which the
/// machine can return at once, and where the machine is.
enum Scrubber {
  static func draw(_ view: MachineView, into surface: inout Surface, in rect: Rect) {
    guard rect.height > 0, rect.width > 40, let start = view.clock.start else { return }
    let latest = max(view.clock.latest, view.clock.ticks)
    guard latest > start else { return }
    let isPast = view.clock.ticks < latest
    let label = isPast ? " past " : " now "
    let bar = Rect(x: rect.x + 2, y: rect.y, width: rect.width - 4 - label.count, height: 1)
    func column(_ tick: UInt64) -> Int {
      let share = Double(tick - min(tick, start)) / Double(latest - start)
      return min(bar.width - 1, Int(share * Double(bar.width - 1) + 0.5))
    }
    for tick in view.clock.checkpoints where tick >= start && tick <= latest {
      surface.write("∙", in: bar, row: 0, column: column(tick), style: Style(.faint))
    }
    surface.write("◄", in: bar, row: 0, column: 0, style: Style(.key))
    surface.write(
      "▲", in: bar, row: 0, column: column(view.clock.ticks), style: Style(.title, .bold))
    surface.write(
      label, in: rect, row: 0, column: rect.width - 2 - label.count,
      style: Style(isPast ? .alert : .faint))
  }
}
