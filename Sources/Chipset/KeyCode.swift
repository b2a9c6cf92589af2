/// A key by its place on a 101-key keyboard: its scan code in set 2, with bit 7 for an E0 prefix.
///
/// The sets are described in the IBM PS/2 Hardware Interface Technical Reference, "Keyboards".
struct KeyCode: Equatable {
  let rawValue: UInt8

  init(_ code: UInt8, extended: Bool = false) { rawValue = code | (extended ? 0x80 : 0) }
  init(rawValue: UInt8) { self.rawValue = rawValue }

  private var code: UInt8 {
    // F7 is the one key with a code above 7Fh; 02h stands for it here.
    rawValue == 0x02 ? 0x83 : rawValue & 0x7F
  }
  private var isExtended: Bool { rawValue & 0x80 != 0 }

  static let shift = KeyCode(0x12)
  static let rightShift = KeyCode(0x59)
  static let control = KeyCode(0x14)
  static let rightControl = KeyCode(0x14, extended: true)
  static let alternate = KeyCode(0x11)
  static let rightAlternate = KeyCode(0x11, extended: true)
  static let f7 = KeyCode(0x02)
  static let keypadDivide = KeyCode(0x4A, extended: true)
  static let printScreen = KeyCode(0x7C, extended: true)
  /// Pause has no code of its own; this one is free.
  static let pause = KeyCode(0x61, extended: true)

  /// What of the other keys changes what a key sends.
  struct Shifts {
    var shifts: [KeyCode]
    var hasControl: Bool
    var hasAlternate: Bool
    var hasNumLock: Bool

    init(pressed: Set<UInt8>, hasNumLock: Bool) {
      func isDown(_ key: KeyCode) -> Bool { pressed.contains(key.rawValue) }
      shifts = [.shift, .rightShift].filter(isDown)
      hasControl = isDown(.control) || isDown(.rightControl)
      hasAlternate = isDown(.alternate) || isDown(.rightAlternate)
      self.hasNumLock = hasNumLock
    }
  }

  /// The keys between letters and keypad, which older keyboards had only on the keypad.
  private var isNavigation: Bool {
    [0xF0, 0xF1, 0xEC, 0xE9, 0xFD, 0xFA, 0xF5, 0xF2, 0xEB, 0xF4].contains(rawValue)
  }

  /// What the keyboard sends when the key goes down or up, in scan code set 1, 2 or 3.
  func bytes(isDown: Bool, set: UInt8, shifts: Shifts) -> [UInt8] {
    switch set {
    case 1: KeyCode.inSet1(bytes(isDown: isDown, shifts))
    case 3: (isDown ? [] : [0xF0]) + [codeInSet3]
    default: bytes(isDown: isDown, shifts)
    }
  }

  /// What the keyboard sends while the key is held.
  func repetition(set: UInt8) -> [UInt8] {
    switch set {
    case 1: KeyCode.inSet1(plain(isDown: true))
    case 3: [codeInSet3]
    default: plain(isDown: true)
    }
  }

  private func plain(isDown: Bool) -> [UInt8] {
    (isExtended ? [0xE0] : []) + (isDown ? [] : [0xF0]) + [code]
  }

  /// In set 2. Keys that came later pretend that Shift is as the older programs need it.
  private func bytes(isDown: Bool, _ state: Shifts) -> [UInt8] {
    let (press, release): ([UInt8], [UInt8]) = ([0xE0, 0x12], [0xE0, 0xF0, 0x12])
    switch self {
    case .pause:
      if !isDown { return [] }
      return state.hasControl
        ? [0xE0, 0x7E, 0xE0, 0xF0, 0x7E] : [0xE1, 0x14, 0x77, 0xE1, 0xF0, 0x14, 0xF0, 0x77]
    case .printScreen:
      if state.hasAlternate { return (isDown ? [] : [0xF0]) + [0x84] }
      if state.hasControl || !state.shifts.isEmpty { return plain(isDown: isDown) }
      return isDown ? press + plain(isDown: true) : plain(isDown: false) + release
    case _ where isNavigation && state.hasNumLock && state.shifts.isEmpty:
      return isDown ? press + plain(isDown: true) : plain(isDown: false) + release
    case _ where isNavigation && !state.hasNumLock || self == .keypadDivide:
      if isDown { return state.shifts.flatMap { [0xE0, 0xF0, $0.code] } + plain(isDown: true) }
      return plain(isDown: false) + state.shifts.reversed().flatMap { [0xE0, $0.code] }
    default: return plain(isDown: isDown)
    }
  }

  /// A sequence of set 2 in set 1, where a release has bit 7.
  private static func inSet1(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var isRelease = false
    for byte in bytes {
      switch byte {
      case 0xF0: isRelease = true
      case 0xE0, 0xE1: result.append(byte)
      default:
        result.append(translated(byte) | (isRelease ? 0x80 : 0))
        isRelease = false
      }
    }
    return result
  }

  /// Set 3 has no prefixes; most codes are those of set 2.
  var codeInSet3: UInt8 {
    KeyCode.set3.first { $0.key == rawValue }?.code ?? code
  }

  private static let set3: [(key: UInt8, code: UInt8)] = [
    (0x76, 0x08), (0x05, 0x07), (0x06, 0x0F), (0x04, 0x17), (0x0C, 0x1F), (0x03, 0x27),
    (0x0B, 0x2F), (0x02, 0x37), (0x0A, 0x3F), (0x01, 0x47), (0x09, 0x4F), (0x78, 0x56),
    (0x07, 0x5E), (0x14, 0x11), (0x11, 0x19), (0x58, 0x14), (0x5D, 0x5C), (0x94, 0x58),
    (0x91, 0x39), (0xF5, 0x63), (0xEB, 0x61), (0xF2, 0x60), (0xF4, 0x6A), (0xF0, 0x67),
    (0xEC, 0x6E), (0xFD, 0x6F), (0xF1, 0x64), (0xE9, 0x65), (0xFA, 0x6D), (0xCA, 0x77),
    (0xDA, 0x79), (0x7C, 0x7E), (0x7B, 0x84), (0x79, 0x7C), (0x77, 0x76), (0x7E, 0x5F),
    (0xFC, 0x57), (0xE1, 0x62), (0x9F, 0x8B), (0xA7, 0x8C), (0xAF, 0x8D), (0x61, 0x13),
  ]

  /// The keyboard controller's translation of a byte of set 2 to set 1; bytes that are no scan
  /// codes pass unchanged.
  static func translated(_ byte: UInt8) -> UInt8 {
    switch byte {
    case 0x83: 0x41
    case 0x84: 0x54
    case 0x80...: byte
    default: translation[Int(byte)]
    }
  }

  private static let translation: [UInt8] = [
    0xFF, 0x43, 0x41, 0x3F, 0x3D, 0x3B, 0x3C, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3E, 0x0F, 0x29, 0x59,
    0x65, 0x38, 0x2A, 0x70, 0x1D, 0x10, 0x02, 0x5A, 0x66, 0x71, 0x2C, 0x1F, 0x1E, 0x11, 0x03, 0x5B,
    0x67, 0x2E, 0x2D, 0x20, 0x12, 0x05, 0x04, 0x5C, 0x68, 0x39, 0x2F, 0x21, 0x14, 0x13, 0x06, 0x5D,
    0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5E, 0x6A, 0x72, 0x32, 0x24, 0x16, 0x08, 0x09, 0x5F,
    0x6B, 0x33, 0x25, 0x17, 0x18, 0x0B, 0x0A, 0x60, 0x6C, 0x34, 0x35, 0x26, 0x27, 0x19, 0x0C, 0x61,
    0x6D, 0x73, 0x28, 0x74, 0x1A, 0x0D, 0x62, 0x6E, 0x3A, 0x36, 0x1C, 0x1B, 0x75, 0x2B, 0x63, 0x76,
    0x55, 0x56, 0x77, 0x78, 0x79, 0x7A, 0x0E, 0x7B, 0x7C, 0x4F, 0x7D, 0x4B, 0x47, 0x7E, 0x7F, 0x6F,
    0x52, 0x53, 0x50, 0x4C, 0x4D, 0x48, 0x01, 0x45, 0x57, 0x4E, 0x51, 0x4A, 0x37, 0x49, 0x46, 0x54,
  ]
}

extension KeyCode {
  /// The keys that type a character on a US keyboard, to be pressed in this order; nil when the
  /// keyboard has no such character.
  static func keys(for character: Unicode.Scalar) -> [KeyCode]? {
    if let key = Keyboard.Key(character) { return key.codes }
    switch character {
    case "\n", "\r": return [KeyCode(0x5A)]
    case "\t": return [KeyCode(0x0D)]
    case "\u{08}", "\u{7F}": return [KeyCode(0x66)]
    case "\u{1B}": return [KeyCode(0x76)]
    case "\u{00}": return [control, KeyCode(0x29)]
    case "\u{01}"..."\u{1F}":
      // Control characters are those of the column 40h–5Fh, in lower case for letters.
      let letter = Unicode.Scalar(UInt8(character.value) + (character.value < 27 ? 0x60 : 0x40))
      return keys(for: letter).map { [control] + $0 }
    default: break
    }
    if let code = code(of: character, among: plain) { return [code] }
    if let code = code(of: character, among: shifted) { return [shift, code] }
    return nil
  }

  private static func code(of character: Unicode.Scalar, among row: String) -> KeyCode? {
    zip(row.unicodeScalars, rows).first { $0.0 == character }.map { KeyCode($0.1) }
  }

  private static let plain = "`1234567890-=qwertyuiop[]\\asdfghjkl;'zxcvbnm,./ "
  private static let shifted = "~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:\"ZXCVBNM<>?"
  private static let rows: [UInt8] = [
    0x0E, 0x16, 0x1E, 0x26, 0x25, 0x2E, 0x36, 0x3D, 0x3E, 0x46, 0x45, 0x4E, 0x55,
    0x15, 0x1D, 0x24, 0x2D, 0x2C, 0x35, 0x3C, 0x43, 0x44, 0x4D, 0x54, 0x5B, 0x5D,
    0x1C, 0x1B, 0x23, 0x2B, 0x34, 0x33, 0x3B, 0x42, 0x4B, 0x4C, 0x52,
    0x1A, 0x22, 0x21, 0x2A, 0x32, 0x31, 0x3A, 0x41, 0x49, 0x4A, 0x29,
  ]
}
