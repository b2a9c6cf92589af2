import Cells
import Machine

/// The same guest at the same tick in several modes, or when it has printed as much, a column each; rows
/// that differ are marked.
enum ComparePane {
  private struct Row {
    var name: String
    var values: [String]
    /// False for what is not meant to be the same.
    var isCompared = true

    var differs: Bool { isCompared && !values.allSatisfy { $0 == values[0] } }
  }

  static func draw(
    _ views: [MachineView], _ keys: KeyMap, into surface: inout Surface, in box: Rect
  ) {
    var frame = Frame(size: surface.size)
    frame.add(box)
    surface.fill(box)
    frame.draw(into: &surface)
    let close = keys.name(of: .compare)
    surface.write(
      " \(heading(views))   ≠ differs   \(close) closes ", in: box, row: 0, column: 2,
      style: Style(.title))
    let inner = box.inside
    let rows = rows(views, height: inner.height)
    let label = max(10, rows.map(\.name.count).max() ?? 0)
    let width = max(12, (inner.width - label - 2) / views.count)
    for (row, values) in rows.prefix(inner.height).enumerated() {
      surface.write(values.name, in: inner, row: row, style: Style(.faint))
      surface.write(
        values.differs ? "≠" : " ", in: inner, row: row, column: label, style: Style(.alert))
      for (place, value) in values.values.enumerated() {
        let column = Rect(
          x: inner.x + label + 2 + place * width, y: inner.y, width: width - 1, height: inner.height
        )
        let style = Style(row == 0 ? .title : values.differs ? .key : .text)
        surface.write(value, in: column, row: row, style: style)
      }
    }
  }

  /// The same as lines of text.
  static func words(_ views: [MachineView]) -> [String] {
    [heading(views)]
      + rows(views, height: 60).map { row in
        "  \(row.name)\(row.differs ? ", differs" : ""): \(row.values.joined(separator: " | "))"
      }
  }

  private static func heading(_ views: [MachineView]) -> String {
    switch views[0].comparedAt {
    case .tick: "the same guest tick \(views[0].clock.ticks) in \(views.count) modes"
    case .printed(let lines, let column):
      "as far on the console: \(printed(lines, column))"
    }
  }

  private static func printed(_ lines: Int, _ column: Int) -> String {
    "\(lines) lines" + (column > 0 ? ", \(column) characters" : "")
  }

  private static func row(
    _ name: String, _ views: [MachineView], isCompared: Bool = true,
    _ value: (MachineView) -> String
  ) -> Row {
    Row(name: name, values: views.map(value), isCompared: isCompared)
  }

  private static func rows(_ views: [MachineView], height: Int) -> [Row] {
    let isByTick = views[0].comparedAt == .tick
    var rows = [
      row("mode", views, isCompared: false) { $0.mode.rawValue },
      row("tick", views, isCompared: isByTick) { view in
        if case .stopped(let reason) = view.runState { return "\(view.clock.ticks), \(reason)" }
        return String(view.clock.ticks)
      },
      row("REAL", views) { "ring \($0.rings.real)" },
      row("BELIEVED", views) { "ring \($0.rings.believed)" },
    ]
    rows += isByTick ? registers(views) : happenings(views)
    rows += [
      row("events", views, isCompared: false) { String($0.clock.events) },
      row("monitor", views, isCompared: false) { view in
        view.monitorCounters.isEmpty
          ? "none"
          : view.monitorCounters.prefix(3).map { "\($0.name) \($0.count)" }.joined(separator: ", ")
      },
    ]
    return rows + console(views, room: max(1, height - rows.count))
  }

  /// The same instructions lead to the same registers.
  private static func registers(_ views: [MachineView]) -> [Row] {
    func selector(_ name: String, _ view: MachineView) -> String {
      Digits.hex(view.registers.segments.first { $0.name == name }?.selector ?? 0, 4)
    }
    var rows = [
      row("CS:EIP", views) { "\(selector("CS", $0)):\(Digits.hex($0.registers.eip, 8))" },
      row("SS:ESP", views) { "\(selector("SS", $0)):\(Digits.hex($0.registers.general.esp, 8))" },
    ]
    rows += MachineView.GeneralRegisters.names.prefix(4).map { name, path in
      row(name, views) { Digits.hex($0.registers.general[keyPath: path], 8) }
    }
    return rows + [
      row("EFLAGS", views) { view in
        Digits.hex(view.registers.eflags, 8) + (view.registers.eflags & 0x200 != 0 ? " IF" : "")
      },
      row("CR3", views) { Digits.hex($0.registers.cr3, 8) },
    ]
  }

  private static let telling = [
    "software interrupt", "hypercall", "fault", "cr3 load", "halt", "interrupt", "port write",
  ]

  /// Another kernel has other registers; what it took to come as far can be compared.
  private static func happenings(_ views: [MachineView]) -> [Row] {
    var names: [String] = []
    for name in views.flatMap({ $0.counters.map(\.name) }) where !names.contains(name) {
      names.append(name)
    }
    let counts = names.map { name in
      (name, views.map { view in view.counters.first { $0.name == name }?.count ?? 0 })
    }
    // Where there is little room, what a kernel's way to be run shows in; then the most frequent ones.
    let order = counts.sorted { left, right in
      let (first, second) = (telling.firstIndex(of: left.0), telling.firstIndex(of: right.0))
      if let first, let second { return first < second }
      if first != nil || second != nil { return first != nil }
      return left.1.reduce(0, +) > right.1.reduce(0, +)
    }
    let most = order.prefix(6).map(\.0)
    // One that fell silent before it came as far shows it.
    let reached = row("printed", views) { view in
      if case .printed(let lines, let column) = view.comparedAt {
        printed(lines, column)
      } else {
        ""
      }
    }
    return [reached]
      + counts.filter { most.contains($0.0) }.map { name, values in
        Row(name: name, values: values.map(String.init))
      }
  }

  /// The last lines there is room for; of another kernel's those that stand at the same place.
  private static func console(_ views: [MachineView], room: Int) -> [Row] {
    let isByTick = views[0].comparedAt == .tick
    let consoles = views.map { isByTick ? Array(lines($0).suffix(room)) : $0.serial.lines }
    let count = consoles.map(\.count).max() ?? 0
    return (max(0, count - room)..<count).enumerated().map { place, line in
      Row(
        name: place == 0 ? "console" : "",
        values: consoles.map { $0.indices.contains(line) ? $0[line] : "" })
    }
  }

  /// The console's lines with something in them.
  private static func lines(_ view: MachineView) -> [String] {
    guard let screen = view.textScreen, screen.columns > 0 else { return view.serial.lines }
    return screen.lines.filter { !$0.isEmpty }
  }
}
