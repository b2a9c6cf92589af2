import CTerminal
import Cells

/// Roles as colours: 256, 8 or 16, or none. Without colours the strength of a style and the text
/// itself carry the meaning.
struct Theme {
  /// The number of colours to use.
  let colors: Int

  /// A cell as the terminal gets it.
  func cell(_ cell: Cell) -> ct_cell {
    let ink = cell.style.role == .guest ? guest(cell.style.color) : ink(cell.style.role)
    let attributes = cell.style.attributes.union(ink.attributes)
    return ct_cell(
      scalar: cell.scalar.value, fg: ink.foreground, bg: ink.background,
      attrs: attributes.rawValue, width: cell.width)
  }

  private struct Ink {
    var foreground: Int16 = -1
    var background: Int16 = -1
    var attributes: Style.Attributes = []
  }

  private func ink(_ role: Role) -> Ink {
    if colors >= 256 { return rich(role) }
    if colors >= 8 { return plain(role) }
    return mono(role)
  }

  private func rich(_ role: Role) -> Ink {
    switch role {
    case .text, .guest: Ink()
    case .faint: Ink(foreground: 245)
    case .frame: Ink(foreground: 242)
    case .title: Ink(foreground: 75, attributes: .bold)
    case .status: Ink(foreground: 254, background: 24)
    case .key: Ink(foreground: 75, attributes: .bold)
    case .ring0: Ink(foreground: 203, attributes: .bold)
    case .ringMiddle: Ink(foreground: 214, attributes: .bold)
    case .ring3: Ink(foreground: 77, attributes: .bold)
    case .fault: Ink(foreground: 203)
    case .interrupt: Ink(foreground: 179)
    case .call: Ink(foreground: 110)
    case .alert: Ink(foreground: 16, background: 220, attributes: .bold)
    case .selected: Ink(foreground: 255, background: 238)
    }
  }

  private func plain(_ role: Role) -> Ink {
    switch role {
    case .text, .faint, .frame, .guest: Ink()
    case .title, .key: Ink(foreground: 6, attributes: .bold)
    case .status: Ink(foreground: 7, background: 4, attributes: .bold)
    case .ring0: Ink(foreground: 1, attributes: .bold)
    case .ringMiddle: Ink(foreground: 3, attributes: .bold)
    case .ring3: Ink(foreground: 2, attributes: .bold)
    case .fault: Ink(foreground: 1)
    case .interrupt: Ink(foreground: 3)
    case .call: Ink(foreground: 6)
    case .alert: Ink(foreground: 0, background: 3)
    case .selected: Ink(attributes: .reverse)
    }
  }

  private func mono(_ role: Role) -> Ink {
    switch role {
    case .title, .key, .ring0: Ink(attributes: .bold)
    case .status, .alert, .selected: Ink(attributes: .reverse)
    default: Ink()
    }
  }

  /// VGA's colours count blue as 1 and red as 4; terminals the other way round. Grey and
  /// white on black become the terminal's own pair.
  private func guest(_ color: UInt8) -> Ink {
    let foreground = Int(color & 0x0F)
    let background = Int(color >> 4 & 0x07)
    guard colors >= 8 else {
      var ink = Ink()
      if foreground > 7 { ink.attributes.insert(.bold) }
      if background == 7 { ink.attributes.insert(.reverse) }
      return ink
    }
    if color & 0xF7 == 0x07 { return Ink(attributes: foreground > 7 ? .bold : []) }
    var ink = Ink(foreground: swapped(foreground & 7), background: swapped(background))
    if foreground > 7 {
      if colors >= 16 { ink.foreground += 8 } else { ink.attributes.insert(.bold) }
    }
    if color & 0x80 != 0 && colors >= 16 { ink.background += 8 }
    return ink
  }

  private func swapped(_ color: Int) -> Int16 {
    Int16(color & 2 | color << 2 & 4 | color >> 2 & 1)
  }
}
