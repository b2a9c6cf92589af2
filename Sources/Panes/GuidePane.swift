import Cells

/// A guide's card: beside the pane that it is about.
enum GuidePane {
  /// `layout` says where the columns are: the card covers the lower part of the one where the pane in
  /// `focus` is not.
  static func draw(
    _ place: GuidePlace, focus: Pane?, _ layout: Layout, into surface: inout Surface
  ) {
    let code = layout.rect(of: .code)?.outline ?? surface.bounds
    let events = layout.rect(of: .events)?.outline ?? surface.bounds
    let isLeft = focus != .console && focus != .code && focus != nil
    let column = isLeft ? code : events
    // The border between the columns stays whole.
    let width = min(column.width - 1, 64)
    let rows = rows(place, width: width - 4)
    let height = min(rows.count, surface.bounds.height - 5)
    let box = Rect(
      x: isLeft ? column.x : column.x + column.width - width,
      y: surface.bounds.height - 4 - height, width: width, height: height + 2)
    surface.fill(box)
    var frame = Frame(size: surface.size)
    frame.add(box)
    frame.draw(into: &surface, style: Style(.key))
    let number = "\(place.number + 1)/\(place.guide.cards.count)"
    surface.write(
      " \(number) \(place.card.title) ", in: box, row: 0, column: 2, style: Style(.title, .bold))
    let inner = Rect(x: box.x + 2, y: box.y + 1, width: width - 4, height: height)
    for (row, line) in rows.prefix(height).enumerated() {
      line.draw(into: &surface, in: inner, row: row)
    }
  }

  private static func rows(_ place: GuidePlace, width: Int) -> [Line] {
    // When a question has been answered, what counts is why.
    var rows = place.answer == nil ? PageText.lines(place.card.text, width: width) : []
    if let question = place.card.question {
      if !rows.isEmpty { rows.append(Line()) }
      rows += Paragraph.rows(question.ask, width: width).map { Line($0, .title) }
      for (number, option) in question.options.enumerated() {
        let letter = String(UnicodeScalar(UInt8(0x61 + number)))
        var mark = " "
        if place.answer == number { mark = ">" }
        if place.answer != nil && number == question.right { mark = "√" }
        let role: Role = mark == "√" ? .ring3 : .text
        rows += Paragraph.rows("\(mark)\(letter) \(option)", width: width).map { Line($0, role) }
      }
      if place.answer != nil {
        rows.append(Line())
        rows += Paragraph.rows(question.because, width: width).map { Line($0, .key) }
      }
    }
    rows.append(Line())
    var keys = Line()
    if !place.isOnPath {
      keys.add(".", .key)
      keys.add(" back to this card  ")
    }
    if place.card.question != nil && place.answer == nil {
      keys.add("a-d", .key)
      keys.add(" answers  ")
    }
    let isLast = place.number == place.guide.cards.count - 1
    keys.add(isLast ? "Esc" : "Space", .key)
    keys.add(isLast ? " ends it" : " goes on")
    rows.append(keys)
    return rows
  }
}
