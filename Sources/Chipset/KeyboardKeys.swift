extension Keyboard {
  /// A key that types no character. In text it is one of the private-use characters that
  /// function keys have by convention, see `character`.
  public enum Key: String, CaseIterable, Sendable {
    case up, down, left, right
    case f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12
    case insert, delete, home, end, pageUp, pageDown
    case printScreen, scrollLock, pause, capsLock, numLock, menu
    case enter, escape, tab, backspace, space
    case leftShift, rightShift, leftControl, rightControl, leftAlt, rightAlt, leftGUI, rightGUI
    case keypad0, keypad1, keypad2, keypad3, keypad4, keypad5, keypad6, keypad7, keypad8, keypad9
    case keypadPoint, keypadEnter, keypadPlus, keypadMinus, keypadTimes, keypadDivide
    /// The key beside the left Shift that European keyboards have.
    case europe
    /// Control and Pause, Alt and Print Screen, and Control, Alt and Delete together.
    case `break`, systemRequest, controlAltDelete

    /// The key that a character of U+F700–U+F7FF stands for.
    public init?(_ character: Unicode.Scalar) {
      guard let key = Key.allCases.first(where: { $0.character == character }) else { return nil }
      self = key
    }

    /// The character that stands for this key in text.
    public var character: Unicode.Scalar {
      // The first sixteen are in order from U+F700.
      switch self {
      case .up: "\u{F700}"
      case .down: "\u{F701}"
      case .left: "\u{F702}"
      case .right: "\u{F703}"
      case .f1: "\u{F704}"
      case .f2: "\u{F705}"
      case .f3: "\u{F706}"
      case .f4: "\u{F707}"
      case .f5: "\u{F708}"
      case .f6: "\u{F709}"
      case .f7: "\u{F70A}"
      case .f8: "\u{F70B}"
      case .f9: "\u{F70C}"
      case .f10: "\u{F70D}"
      case .f11: "\u{F70E}"
      case .f12: "\u{F70F}"
      case .insert: "\u{F727}"
      case .delete: "\u{F728}"
      case .home: "\u{F729}"
      case .end: "\u{F72B}"
      case .pageUp: "\u{F72C}"
      case .pageDown: "\u{F72D}"
      case .printScreen: "\u{F72E}"
      case .scrollLock: "\u{F72F}"
      case .pause: "\u{F730}"
      case .menu: "\u{F735}"
      case .capsLock: "\u{F77D}"
      case .numLock: "\u{F739}"
      case .controlAltDelete: "\u{F77F}"
      case .break: "\u{F732}"
      case .systemRequest: "\u{F731}"
      // The others have no convention.
      default: Self.unconventional[self] ?? "\u{F8FD}"
      }
    }

    private static let unconventional: [Key: Unicode.Scalar] = {
      let keys: [Key] = [
        .enter, .escape, .tab, .backspace, .space, .leftShift, .rightShift, .leftControl,
        .rightControl, .leftAlt, .rightAlt, .leftGUI, .rightGUI, .keypad0, .keypad1, .keypad2,
        .keypad3, .keypad4, .keypad5, .keypad6, .keypad7, .keypad8, .keypad9, .keypadPoint,
        .keypadEnter, .keypadPlus, .keypadMinus, .keypadTimes, .keypadDivide, .europe,
      ]
      let first: UInt32 = 0xF780
      return Dictionary(
        uniqueKeysWithValues: keys.enumerated().compactMap { place, key in
          Unicode.Scalar(first + UInt32(place)).map { (key, $0) }
        })
    }()

    /// The keys to press in this order.
    var codes: [KeyCode] {
      switch self {
      case .up: [KeyCode(0x75, extended: true)]
      case .down: [KeyCode(0x72, extended: true)]
      case .left: [KeyCode(0x6B, extended: true)]
      case .right: [KeyCode(0x74, extended: true)]
      case .f1: [KeyCode(0x05)]
      case .f2: [KeyCode(0x06)]
      case .f3: [KeyCode(0x04)]
      case .f4: [KeyCode(0x0C)]
      case .f5: [KeyCode(0x03)]
      case .f6: [KeyCode(0x0B)]
      case .f7: [.f7]
      case .f8: [KeyCode(0x0A)]
      case .f9: [KeyCode(0x01)]
      case .f10: [KeyCode(0x09)]
      case .f11: [KeyCode(0x78)]
      case .f12: [KeyCode(0x07)]
      case .insert: [KeyCode(0x70, extended: true)]
      case .delete: [KeyCode(0x71, extended: true)]
      case .home: [KeyCode(0x6C, extended: true)]
      case .end: [KeyCode(0x69, extended: true)]
      case .pageUp: [KeyCode(0x7D, extended: true)]
      case .pageDown: [KeyCode(0x7A, extended: true)]
      case .printScreen: [.printScreen]
      case .scrollLock: [KeyCode(0x7E)]
      case .pause: [.pause]
      case .capsLock: [KeyCode(0x58)]
      case .numLock: [KeyCode(0x77)]
      case .menu: [KeyCode(0x2F, extended: true)]
      case .enter: [KeyCode(0x5A)]
      case .escape: [KeyCode(0x76)]
      case .tab: [KeyCode(0x0D)]
      case .backspace: [KeyCode(0x66)]
      case .space: [KeyCode(0x29)]
      case .leftShift: [.shift]
      case .rightShift: [.rightShift]
      case .leftControl: [.control]
      case .rightControl: [.rightControl]
      case .leftAlt: [.alternate]
      case .rightAlt: [.rightAlternate]
      case .leftGUI: [KeyCode(0x1F, extended: true)]
      case .rightGUI: [KeyCode(0x27, extended: true)]
      case .keypad0: [KeyCode(0x70)]
      case .keypad1: [KeyCode(0x69)]
      case .keypad2: [KeyCode(0x72)]
      case .keypad3: [KeyCode(0x7A)]
      case .keypad4: [KeyCode(0x6B)]
      case .keypad5: [KeyCode(0x73)]
      case .keypad6: [KeyCode(0x74)]
      case .keypad7: [KeyCode(0x6C)]
      case .keypad8: [KeyCode(0x75)]
      case .keypad9: [KeyCode(0x7D)]
      case .keypadPoint: [KeyCode(0x71)]
      case .keypadEnter: [KeyCode(0x5A, extended: true)]
      case .keypadPlus: [KeyCode(0x79)]
      case .keypadMinus: [KeyCode(0x7B)]
      case .keypadTimes: [KeyCode(0x7C)]
      case .keypadDivide: [.keypadDivide]
      case .europe: [KeyCode(0x61)]
      case .break: [.control, .pause]
      case .systemRequest: [.alternate, .printScreen]
      case .controlAltDelete: [.control, .alternate, KeyCode(0x71, extended: true)]
      }
    }
  }
}
