import Cells
import Machine

/// A list to choose from, over everything else.
public struct Menu: Equatable, Sendable {
  /// What choosing leads to.
  enum Choice: Equatable, Sendable {
    case guide(String)
    case lab(String)
    case page(String)
    case machine(MachineChoice)
    case goOn(Mode)
    case compare(Mode)
    case menu(Kind)
    case close
  }

  /// The lists there are.
  enum Kind: Equatable, Sendable { case start, guides, labs, pages, modes, compare }

  /// A row.
  struct Item: Equatable, Sendable {
    var label: String
    var detail: String
    var choice: Choice
  }

  var title: String
  var items: [Item]
  var chosen = 0
  /// Sentences above the list.
  var words = ""

  /// What a key came to.
  enum Outcome: Equatable { case open, closed, chosen(Choice) }

  /// Takes a key: the cursor keys, Enter, or the number of an item.
  mutating func handle(_ key: Key) -> Outcome {
    switch key {
    case .up: chosen = max(0, chosen - 1)
    case .down: chosen = min(items.count - 1, chosen + 1)
    case .home: chosen = 0
    case .end: chosen = items.count - 1
    case .enter, .character(" "): return items.isEmpty ? .closed : .chosen(items[chosen].choice)
    case .escape, .character("q"): return .closed
    case .character("c"):
      if items.indices.contains(chosen), case .machine(let machine) = items[chosen].choice,
        let mode = machine.mode
      {
        return .chosen(.goOn(mode))
      }
    case .character(let scalar):
      if let number = Int(String(scalar)), (1...items.count).contains(number) {
        return .chosen(items[number - 1].choice)
      }
    default: break
    }
    return .open
  }

  func draw(into surface: inout Surface) {
    let width = min(surface.bounds.width - 6, 70)
    let words = Paragraph.rows(self.words, width: width)
    let column = (items.map { Width.of($0.label) }.max() ?? 0) + 2
    let height = words.count + (words.isEmpty ? 0 : 1) + items.count + 2
    let inner = Overlay.draw(
      title: " \(title) ", width: width, height: height, below: 2, into: &surface)
    var row = 0
    for text in words {
      surface.write(text, in: inner, row: row)
      row += 1
    }
    if !words.isEmpty { row += 1 }
    let room = max(1, inner.height - row - 2)
    let first = max(0, min(chosen - room / 2, items.count - room))
    for (place, item) in items.enumerated().dropFirst(first).prefix(room) {
      let isChosen = place == chosen
      let base: Role = isChosen ? .selected : .text
      if isChosen { surface.restyle(inner, row: row, style: Style(.selected)) }
      var line = Line(isChosen ? ">" : " ", base)
      line.add(place < 9 ? "\(place + 1) " : "  ", isChosen ? .selected : .key)
      line.add(Digits.left(item.label, column), base)
      line.add(
        Paragraph.cut(item.detail, to: inner.width - line.width), isChosen ? .selected : .faint)
      line.draw(into: &surface, in: inner, row: row)
      row += 1
    }
    var keys = Line("Enter", .key)
    keys.add(" or a number chooses   ")
    if items.contains(where: { if case .machine = $0.choice { true } else { false } }) {
      keys = Line("Enter", .key)
      keys.add(" starts it anew   ")
      keys.add("c", .key)
      keys.add(" the running guest goes on in it   ")
    }
    keys.add("Esc", .key)
    keys.add(" closes")
    keys.draw(into: &surface, in: inner, row: inner.height - 1)
  }
}
