public import Cells

extension Key {
  /// What a terminal of the VT100 kind sends over the line for this key.
  public var serialBytes: [UInt8] {
    switch self {
    case .character(let scalar): Array(String(Character(scalar)).utf8)
    case .enter: [0x0D]
    case .escape: [0x1B]
    case .tab: [0x09]
    case .backspace: [0x7F]
    case .backTab: sequence("Z")
    case .up: sequence("A")
    case .down: sequence("B")
    case .right: sequence("C")
    case .left: sequence("D")
    case .home: sequence("H")
    case .end: sequence("F")
    case .insert: sequence("2~")
    case .delete: sequence("3~")
    case .pageUp: sequence("5~")
    case .pageDown: sequence("6~")
    case .function(let number): functionSequence(number)
    }
  }

  private func sequence(_ tail: String) -> [UInt8] { [0x1B, 0x5B] + Array(tail.utf8) }

  private func functionSequence(_ number: Int) -> [UInt8] {
    switch number {
    case 1...4: [0x1B, 0x4F, 0x4F + UInt8(number)]
    case 5: sequence("15~")
    case 6...10: sequence("\(number + 11)~")
    case 11...12: sequence("\(number + 12)~")
    default: []
    }
  }
}
