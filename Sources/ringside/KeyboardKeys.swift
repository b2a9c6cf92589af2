import Cells
import Chipset

extension Key {
  /// The terminal's key as text for the guest's keyboard; nil if the keyboard has no such key.
  var keyboardText: String? {
    switch self {
    case .character(let scalar): String(Character(scalar))
    case .enter: "\n"
    case .escape: "\u{1B}"
    case .tab: "\t"
    case .backspace: "\u{08}"
    default: keyboardKey.map { String(Character($0.character)) }
    }
  }

  private var keyboardKey: Keyboard.Key? {
    switch self {
    case .up: .up
    case .down: .down
    case .left: .left
    case .right: .right
    case .home: .home
    case .end: .end
    case .insert: .insert
    case .delete: .delete
    case .pageUp: .pageUp
    case .pageDown: .pageDown
    case .function(let number): Keyboard.Key(rawValue: "f\(number)")
    case .character, .enter, .escape, .tab, .backspace, .backTab: nil
    }
  }
}
