import Cells

/// A lab's page: over the left column, so that rings and events stay in sight.
enum SheetPane {
  static func draw(
    _ sheet: MachineView.Sheet, _ state: ScreenState, _ layout: Layout, into surface: inout Surface
  ) {
    let column = layout.rect(of: .code)?.outline ?? surface.bounds
    let width = min(column.width, 64)
    let box = Rect(
      x: 0, y: 1, width: width - (column.width == width ? 1 : 0), height: surface.bounds.height - 3)
    surface.fill(box)
    var frame = Frame(size: surface.size)
    frame.add(box)
    frame.draw(into: &surface, style: Style(.key))
    let score = sheet.score
    let place = min(state.sheetPart, sheet.parts.count - 1)
    surface.write(
      " lab \(place + 1)/\(sheet.parts.count), right \(score.right) of \(score.of) ", in: box,
      row: 0,
      column: 1, style: Style(.title, .bold))
    guard place >= 0 else { return }
    let inner = Rect(x: box.x + 2, y: box.y + 1, width: box.width - 4, height: box.height - 2)
    let keys = keys(sheet.parts[place], state.keys)
    let rows = rows(sheet.parts[place], state.keys, width: inner.width)
    let room = inner.height - 1
    // What came of an answer stands at the end, and has to be seen.
    let isOpen = sheet.parts[place].verdict == nil && state.answering == nil
    let wanted = isOpen ? state.sheetScroll : rows.count
    let first = max(0, min(rows.count - room, wanted))
    for (row, line) in rows.dropFirst(first).prefix(room).enumerated() {
      line.draw(into: &surface, in: inner, row: row)
    }
    keys.draw(into: &surface, in: inner, row: inner.height - 1)
  }

  /// Rows of a page at 80x24.
  static let page = 18

  /// How many rows a part takes.
  static func rowCount(
    _ part: MachineView.Sheet.Part, _ keys: KeyMap, width: Int
  ) -> Int {
    rows(part, keys, width: width).count
  }

  private static func rows(
    _ part: MachineView.Sheet.Part, _ keys: KeyMap, width: Int
  ) -> [Line] {
    var rows = PageText.lines(part.text, width: width)
    guard let verdict = part.verdict else { return rows }
    rows.append(Line())
    var line = Line(verdict.isRight ? "√ RIGHT " : "X NOT YET ", verdict.isRight ? .ring3 : .alert)
    line.add(" " + verdict.answer)
    rows.append(line)
    rows += Paragraph.rows(keys.fill(verdict.comment), width: width).map { Line($0, .key) }
    return rows
  }

  private static func keys(_ part: MachineView.Sheet.Part, _ keys: KeyMap) -> Line {
    var line = Line()
    if part.question != nil {
      line.add(keys.name(of: .answer), .key)
      line.add(" answers  ")
    }
    line.add("\(keys.name(of: .leaf(1))) \(keys.name(of: .leaf(-1)))", .key)
    line.add(" leaf  ")
    line.add(keys.name(of: .labs), .key)
    line.add(" hides")
    return line
  }
}

/// The row in which an answer is typed.
public struct AnswerPrompt: Equatable, Sendable {
  /// The question's name.
  let question: String
  let needsEvent: Bool
  /// The event that is cited if none is typed.
  let event: UInt64?
  var text = ""

  private static let longest = 300

  /// Takes a key; an answer when it is entered, empty when it is given up.
  mutating func handle(_ key: Key) -> String? {
    switch key {
    case .escape, .control("c"), .control("g"): return ""
    case .backspace: if !text.isEmpty { text.removeLast() }
    case .control("u"): text = ""
    case .enter:
      guard let event, needsEvent, !text.contains("@"), !text.isEmpty else { return text }
      return "\(text)@\(event)"
    case .character(let scalar) where scalar.value >= 0x20 && scalar.value != 0x7F:
      if text.count < Self.longest { text.unicodeScalars.append(scalar) }
    default: break
    }
    return nil
  }

  func draw(into surface: inout Surface, in rect: Rect, row: Int) {
    let column = surface.write(
      " \(question) = ", in: rect, row: row, style: Style(.title, .bold))
    let room = max(1, rect.width - column - 1)
    let end = surface.write(String(text.suffix(room)), in: rect, row: row, column: column)
    surface.write(" ", in: rect, row: row, column: end, style: Style(.text, .reverse))
  }

  /// What stands below.
  func remark(_ keys: KeyMap) -> Line {
    var line = Line("Enter", .key)
    line.add(" checks it  ")
    line.add("Esc", .key)
    if !needsEvent {
      line.add(" leaves   several: a,b   a table: row by row, 1,0;0,1")
    } else if let event {
      line.add(" leaves   cites event \(event), the chosen one; or type VALUE@EVENT")
    } else {
      line.add(
        keys.fill(" leaves   type VALUE@EVENT, or choose an event with {older} before"))
    }
    return line
  }
}
