import Cells
import Machine

/// The same guest at the same tick in several modes, a column each; rows that differ are marked.
enum ComparePane {
  private static let label = 10

  static func draw(_ views: [MachineView], into surface: inout Surface, in box: Rect) {
    var frame = Frame(size: surface.size)
    frame.add(box)
    surface.fill(box)
    frame.draw(into: &surface)
    surface.write(
      " the same guest tick \(views[0].clock.ticks) in \(views.count) modes   ≠ differs   = closes ",
      in: box, row: 0, column: 2, style: Style(.title))
    let inner = box.inside
    let width = max(12, (inner.width - label - 2) / views.count)
    for (row, values) in rows(views, height: inner.height, width: width).prefix(inner.height)
      .enumerated()
    {
      let isSame = values.values.allSatisfy { $0 == values.values[0] }
      let marked = !isSame && values.isCompared
      surface.write(values.name, in: inner, row: row, style: Style(.faint))
      surface.write(marked ? "≠" : " ", in: inner, row: row, column: label, style: Style(.alert))
      for (place, value) in values.values.enumerated() {
        let column = Rect(
          x: inner.x + label + 2 + place * width, y: inner.y, width: width - 1, height: inner.height
        )
        let style = Style(row == 0 ? .title : marked ? .key : .text)
        surface.write(value, in: column, row: row, style: style)
      }
    }
  }

  /// The same as lines of text.
  static func words(_ views: [MachineView]) -> [String] {
    ["the same guest tick \(views[0].clock.ticks) in \(views.count) modes"]
      + rows(views, height: 60, width: 200).map { row in
        let isSame = row.values.allSatisfy { $0 == row.values[0] }
        let mark = isSame || !row.isCompared ? "" : ", differs"
        return "  \(row.name)\(mark): \(row.values.joined(separator: " | "))"
      }
  }

  private struct Row {
    var name: String
    var values: [String]
    /// False for what is not meant to be the same.
    var isCompared = true
  }

  private static func rows(_ views: [MachineView], height: Int, width: Int) -> [Row] {
    func row(_ name: String, isCompared: Bool = true, _ value: (MachineView) -> String) -> Row {
      Row(name: name, values: views.map(value), isCompared: isCompared)
    }
    func selector(_ name: String, _ view: MachineView) -> String {
      Digits.hex(view.registers.segments.first { $0.name == name }?.selector ?? 0, 4)
    }
    var rows = [
      row("mode", isCompared: false) { $0.mode.rawValue },
      row("tick") { view in
        if case .stopped(let reason) = view.runState { return "\(view.clock.ticks), \(reason)" }
        return String(view.clock.ticks)
      },
      row("REAL") { "ring \($0.rings.real)" },
      row("BELIEVED") { "ring \($0.rings.believed)" },
      row("CS:EIP") { "\(selector("CS", $0)):\(Digits.hex($0.registers.eip, 8))" },
      row("SS:ESP") { "\(selector("SS", $0)):\(Digits.hex($0.registers.general.esp, 8))" },
    ]
    rows += MachineView.GeneralRegisters.names.prefix(4).map { name, path in
      row(name) { Digits.hex($0.registers.general[keyPath: path], 8) }
    }
    rows += [
      row("EFLAGS") { view in
        Digits.hex(view.registers.eflags, 8) + (view.registers.eflags & 0x200 != 0 ? " IF" : "")
      },
      row("CR3") { Digits.hex($0.registers.cr3, 8) },
      row("events", isCompared: false) { String($0.clock.events) },
      row("monitor", isCompared: false) { view in
        view.monitorCounters.isEmpty
          ? "none"
          : view.monitorCounters.prefix(3).map { "\($0.name) \($0.count)" }.joined(separator: ", ")
      },
    ]
    let room = max(1, height - rows.count)
    let consoles = views.map { lines($0).suffix(room) }
    for place in 0..<min(room, consoles.map(\.count).max() ?? 0) {
      rows.append(
        Row(
          name: place == 0 ? "console" : "",
          values: consoles.map { console in
            let first = console.startIndex + place
            return console.indices.contains(first) ? console[first] : ""
          }))
    }
    return rows
  }

  /// The console's lines with something in them.
  private static func lines(_ view: MachineView) -> [String] {
    guard let screen = view.textScreen, screen.columns > 0 else { return view.serial.lines }
    return (0..<screen.rows).map { row in
      let start = min(row * screen.columns, screen.cells.count)
      let cells = screen.cells[start...].prefix(screen.columns)
      let text = String(String.UnicodeScalarView(cells.map { CP437.scalar($0.glyph) }))
      return String(text.reversed().drop { $0 == " " }.reversed())
    }.filter { !$0.isEmpty }
  }
}
