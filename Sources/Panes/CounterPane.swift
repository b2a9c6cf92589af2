import Cells

/// How often what happened.
enum CounterPane {
  static func lines(_ view: MachineView, width: Int, height: Int) -> [Line] {
    let all = [MachineView.Counter("events", view.clock.events)] + view.counters
    guard all.count > height, width < 60 else { return rows(all, width: width) }
    // The rarer ones are dropped where there is no room.
    let kept = Set(all.sorted { $0.count > $1.count }.prefix(height).map(\.name))
    return rows(all.filter { kept.contains($0.name) }, width: width)
  }

  static func rows(_ counters: [MachineView.Counter], width: Int) -> [Line] {
    let number = counters.map { String($0.count).count }.max() ?? 0
    return counters.map { counter in
      var line = Line(Digits.right(String(counter.count), number) + "  ")
      line.add(counter.name, .faint)
      return line
    }
  }
}
