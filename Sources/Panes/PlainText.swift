import Cells
import Narration

/// Parts of the screen as lines of text.
enum PlainText {
  /// Paragraphs stay on one line.
  private static let width = 10_000

  static func event(_ event: MachineView.Event) -> String {
    let rings = event.from == event.to ? "ring \(event.to)" : "ring \(event.from) to \(event.to)"
    let whose = event.isVirtual ? ", in the virtual processor" : ""
    let more = event.repeats > 0 ? ", \(event.repeats) more of these" : ""
    let why = event.transition.map { Explanation($0).sentence } ?? event.why
    return "event \(event.sequence): \(rings)\(whose), \(event.text)\(more); why: \(why)"
  }

  /// Where the machine stands.
  static func place(_ view: MachineView) -> [String] {
    let (real, believed) = (view.rings.real, view.rings.believed)
    let cs = view.registers.segments.first { $0.name == "CS" }?.selector ?? 0
    let next = view.code.first { $0.isCurrent }
    let known = view.clock.latest > view.clock.ticks ? " of \(view.clock.latest)" : ""
    var lines: [String] = []
    var state = "paused"
    if case .stopped(let reason) = view.runState { state = "stopped (\(reason))" }
    if let reason = view.stoppedAt { lines.append("stop: \(reason)") }
    lines.append(
      "\(state) at tick \(view.clock.ticks)\(known): really in ring \(real), the guest believes in ring "
        + "\(believed)\(real == believed ? "" : ", which differs"); next "
        + "\(Digits.hex(cs, 4)):\(Digits.hex(view.registers.eip, 8))"
        + (next.map { " \($0.text) \($0.mark.rawValue)".trimmingSuffix(" ") } ?? ""))
    return lines
  }

  /// The lines of the console that is shown.
  static func console(_ view: MachineView, _ state: ScreenState) -> [String] {
    switch state.chosenConsole ?? (view.serial.bytes > 0 ? .serial : .text) {
    case .serial: return view.serial.lines
    case .text:
      guard let screen = view.textScreen, screen.columns > 0 else {
        return [view.textScreen?.instead ?? ""]
      }
      return screen.lines
    }
  }

  /// A pane's rows.
  static func pane(_ pane: Pane, _ view: MachineView, _ state: ScreenState) -> [String] {
    let rect = Rect(x: 0, y: 0, width: 100, height: 40)
    var rows: [String]
    switch pane {
    case .console: rows = console(view, state)
    case .events: rows = view.events.suffix(20).map(event)
    case .code:
      var surface = Surface(size: Size(width: 78, height: 16), charset: .unicode)
      CodePane.draw(view, state, into: &surface, in: surface.bounds)
      rows = surface.text.split(separator: "\n").map(String.init)
    default: rows = pane.content(view, state.keys, in: rect).lines.map(\.text)
    }
    rows = rows.map { $0.trimmingSuffix(" ") }
    while rows.last?.isEmpty == true { rows.removeLast() }
    return ["\(pane):"] + rows.map { "  " + $0 }
  }

  static func menu(_ menu: Menu) -> [String] {
    let words = menu.words.isEmpty ? [] : [menu.words]
    let items = menu.items.enumerated().map { place, item in
      "  \(place + 1) \(item.label)\(item.detail.isEmpty ? "" : ": " + item.detail)"
    }
    let offersGoingOn = menu.items.contains {
      if case .machine(let choice) = $0.choice { choice.mode != nil } else { false }
    }
    let hint = offersGoingOn ? "; ‘c’ and a number has the running guest go on in it" : ""
    return ["\(menu.title):"] + words + items + ["a number or a name chooses, esc leaves" + hint]
  }

  static func page(_ page: Page) -> [String] {
    [page.title] + text(page.text) + page.sources.map { "Source: \($0)" }
  }

  /// A guide's card, if it is another one; what came of the answer to its question.
  static func card(_ place: GuidePlace, after old: GuidePlace?) -> [String] {
    let question = place.card.question
    if let old, old.guide.name == place.guide.name, old.number == place.number {
      guard place.answer != old.answer, let answer = place.answer, let question else { return [] }
      return [answer == question.right ? "right" : "no", question.because]
    }
    let count = place.guide.cards.count
    var lines = ["card \(place.number + 1) of \(count): \(place.card.title)"]
    lines += text(place.card.text)
    if let question {
      lines.append(question.ask)
      for (number, option) in question.options.enumerated() {
        lines.append("  \(Character(UnicodeScalar(UInt8(0x61 + number)))) \(option)")
      }
    }
    return lines + [place.number + 1 == count ? "esc ends it" : "space goes on, backspace back"]
  }

  /// A part of a lab's page, if it is another one; what came of an answer.
  static func part(
    _ sheet: MachineView.Sheet, _ place: Int, after old: MachineView.Sheet?, _ oldPlace: Int
  ) -> [String] {
    guard sheet.parts.indices.contains(place) else { return [] }
    let part = sheet.parts[place]
    var lines: [String] = []
    if old?.slug != sheet.slug || oldPlace != place {
      lines.append("lab \(sheet.title), part \(place + 1) of \(sheet.parts.count)")
      lines += text(part.text)
    }
    let before = old?.parts.indices.contains(place) == true ? old?.parts[place].verdict : nil
    if let verdict = part.verdict, lines.isEmpty ? verdict != before : true {
      let score = sheet.score
      lines.append("\(verdict.isRight ? "right" : "not yet"): \(verdict.answer)")
      lines.append(verdict.comment)
      lines.append("right \(score.right) of \(score.of)")
    }
    return lines
  }

  private static func text(_ markdown: String) -> [String] {
    PageText.lines(markdown, width: width).map(\.text).filter { !$0.isEmpty }
  }

  static func trimmed(_ text: String) -> String {
    String(text.drop { $0 == " " }).trimmingSuffix(" ")
  }
}

extension String {
  fileprivate func trimmingSuffix(_ character: Character) -> String {
    var text = self
    while text.last == character { text.removeLast() }
    return text
  }
}
