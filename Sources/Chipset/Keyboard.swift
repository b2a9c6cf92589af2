/// A PS/2 keyboard with 101 keys and the US layout.
///
/// Typed text waits here until the guest takes it: a key is pressed and released no faster than
/// the bytes travel to the keyboard controller and are read there.
public final class Keyboard {
  /// A key that types no character. In text it is one of the private-use characters that
  /// function keys have by convention, see `character`.
  public enum Key: String, CaseIterable, Sendable {
    case up, down, left, right
    case f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12
    case insert, delete, home, end, pageUp, pageDown
    case printScreen, scrollLock, pause, capsLock, numLock, menu
    /// Control, Alt and Delete together.
    case controlAltDelete

    /// The key that a character of U+F700–U+F77F stands for.
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
      }
    }

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
      case .printScreen: [KeyCode(0x12, extended: true), KeyCode(0x7C, extended: true)]
      case .scrollLock: [KeyCode(0x7E)]
      // Without its numeric half, Pause is Control and Num Lock, which is what it stands for.
      case .pause: [.control, KeyCode(0x77)]
      case .capsLock: [KeyCode(0x58)]
      case .numLock: [KeyCode(0x77)]
      case .menu: [KeyCode(0x2F, extended: true)]
      case .controlAltDelete: [.control, .alternate, KeyCode(0x71, extended: true)]
      }
    }
  }

  // Bytes that keyboard and host exchange.
  static let acknowledge: UInt8 = 0xFA
  static let resend: UInt8 = 0xFE
  static let selfTestPassed: UInt8 = 0xAA

  /// Scroll, num and caps lock lights in bits 0–2, as the guest set them.
  public private(set) var lights: UInt8 = 0
  private var scanCodeSet: UInt8 = 2
  private var isScanning = true
  private var rate: UInt8 = 0x2B
  /// The command whose argument comes next.
  private var command: UInt8?
  /// Answers to the host, sent before any key.
  private var answers = ByteQueue()
  /// Keys going down and up: the key, then 1 or 0.
  private var strokes = ByteQueue()
  /// The rest of the bytes of the key being sent.
  private var keyBytes = ByteQueue()
  private var lastSent: UInt8 = 0

  /// Presses and releases the keys that type a text. `\n` is Enter, `\t` Tab, backspace and escape
  /// are keys, other control characters are pressed with Control. Characters of `Key` are keys of
  /// their own. What a US keyboard cannot type is left out.
  public func type(_ text: String) {
    for character in text.unicodeScalars {
      if let codes = KeyCode.keys(for: character) { press(codes) }
    }
  }

  /// Presses keys that type no character, one after the other.
  public func type(_ keys: [Key]) {
    for key in keys { press(key.codes) }
  }

  private func press(_ codes: [KeyCode]) {
    for code in codes { strokes.append([code.rawValue, 1]) }
    for code in codes.reversed() { strokes.append([code.rawValue, 0]) }
  }

  /// What a reset of the machine does. Keys not yet seen by the guest are lost.
  func reset() {
    setDefaults()
    lights = 0
    scanCodeSet = 2
    isScanning = true
    command = nil
    answers = ByteQueue()
    strokes = ByteQueue()
    keyBytes = ByteQueue()
    lastSent = 0
  }

  private func setDefaults() {
    rate = 0x2B
    scanCodeSet = 2
  }

  /// Typed text has been read by the guest to the end.
  public var isIdle: Bool { strokes.isEmpty && keyBytes.isEmpty }

  /// Whether there is a byte for the host.
  var hasByte: Bool { !answers.isEmpty || isScanning && !isIdle }

  /// The next byte for the host.
  func takeByte() -> UInt8? {
    guard let byte = nextByte() else { return nil }
    lastSent = byte
    return byte
  }

  private func nextByte() -> UInt8? {
    if let answer = answers.removeFirst() { return answer }
    guard isScanning else { return nil }
    if let byte = keyBytes.removeFirst() { return byte }
    guard let key = strokes.removeFirst(), let isDown = strokes.removeFirst() else { return nil }
    keyBytes.append(KeyCode(rawValue: key).bytes(isDown: isDown != 0, set: scanCodeSet))
    return keyBytes.removeFirst()
  }

  /// A byte from the host.
  func receive(_ byte: UInt8) {
    if let pending = command {
      command = nil
      // A command instead of an argument cancels the one that waited for it.
      if byte < 0xED {
        receiveArgument(byte, of: pending)
        return
      }
    }
    switch byte {
    case 0xED, 0xF0, 0xF3, 0xFB, 0xFC, 0xFD:
      command = byte
      answers.append([Self.acknowledge])
    case 0xEE: answers.append([0xEE])
    case 0xF2: answers.append([Self.acknowledge, 0xAB, 0x83])
    case 0xF4:
      isScanning = true
      answers.append([Self.acknowledge])
    case 0xF5, 0xF6:
      setDefaults()
      isScanning = byte == 0xF6
      answers.append([Self.acknowledge])
    // Which keys repeat and report their release, in set 3; keys here are typed, not held.
    case 0xF7...0xFA: answers.append([Self.acknowledge])
    case 0xFE: answers.append([lastSent])
    case 0xFF:
      setDefaults()
      lights = 0
      isScanning = true
      answers = ByteQueue([Self.acknowledge, Self.selfTestPassed])
      keyBytes = ByteQueue()
    default: answers.append([Self.resend])
    }
  }

  private func receiveArgument(_ byte: UInt8, of command: UInt8) {
    switch command {
    case 0xED: lights = byte & 7
    case 0xF3: rate = byte & 0x7F
    case 0xF0 where byte == 0:
      answers.append([Self.acknowledge, scanCodeSet])
      return
    case 0xF0 where byte <= 3: scanCodeSet = byte
    case 0xF0:
      answers.append([Self.resend])
      return
    default: break
    }
    answers.append([Self.acknowledge])
  }

  func save(into writer: inout StateWriter) {
    writer.write(lights)
    writer.write(scanCodeSet)
    writer.write(isScanning)
    writer.write(rate)
    writer.write(command)
    writer.write(answers.bytes)
    writer.write(strokes.bytes)
    writer.write(keyBytes.bytes)
    writer.write(lastSent)
  }

  func load(from reader: inout StateReader) throws(StateError) {
    lights = try reader.read()
    scanCodeSet = try reader.read()
    isScanning = try reader.readFlag()
    rate = try reader.read()
    command = try reader.readOptional()
    answers = ByteQueue(try reader.readArray())
    strokes = ByteQueue(try reader.readArray())
    keyBytes = ByteQueue(try reader.readArray())
    lastSent = try reader.read()
    guard (1...3).contains(scanCodeSet) else { throw .malformed }
  }
}
