import Cells
import Narration

/// The row in which a change of the VMCB is typed: an intercept by its exit's name, or a field.
public struct FieldPrompt: Equatable, Sendable {
  /// What has been typed.
  public var text = ""
  /// Enter was pressed, and the text names nothing.
  public var isMistaken = false

  /// What a key came to.
  enum Outcome: Equatable {
    case editing, cancelled
    case entered(ControlBlockEdit)
  }

  /// Takes a key.
  mutating func handle(_ key: Key) -> Outcome {
    isMistaken = false
    switch key {
    case .escape, .control("c"), .control("g"): return .cancelled
    case .backspace: if !text.isEmpty { text.removeLast() }
    case .control("u"): text = ""
    case .enter:
      if text.allSatisfy(\.isWhitespace) { return .cancelled }
      if let edit = ControlBlockEdit(parsing: text.filter { !$0.isWhitespace }) {
        return .entered(edit)
      }
      isMistaken = true
    case .character(let scalar) where scalar.value >= 0x20 && scalar.value < 0x7F:
      if text.count < 60 { text.unicodeScalars.append(scalar) }
    default: break
    }
    return .editing
  }

  /// Draws the text with a cursor.
  func draw(into surface: inout Surface, in rect: Rect) {
    var line = Line(" VMCB: ", .title, .bold)
    line.add(text)
    line.add(" ", .text, .reverse)
    line.draw(into: &surface, in: rect, row: 0)
  }

  /// What stands below: the mistake, or what the keys do.
  var remark: Line {
    if isMistaken {
      return Line("No field or intercept is called so, or the value does not fit.", .alert)
    }
    var line = Line("Enter", .key)
    line.add(" changes it  ")
    line.add("Esc", .key)
    line.add(" leaves  e.g. HLT=0, CPUID=1, CR0=80000011, RIP=100000")
    return line
  }
}
