/// A PS/2 keyboard with 102 keys and the US layout (IBM PS/2 Hardware Interface Technical Reference,
/// "Keyboards").
///
/// Typed text waits here until the guest takes it: a key is pressed and released no faster than
/// the bytes travel to the keyboard controller and are read there. A key that is held repeats.
public final class Keyboard {
  // Bytes that keyboard and host exchange.
  static let acknowledge: UInt8 = 0xFA
  static let resend: UInt8 = 0xFE
  static let selfTestPassed: UInt8 = 0xAA

  /// Scroll, num and caps lock lights in bits 0–2, as the guest set them.
  public private(set) var lights: UInt8 = 0
  private var scanCodeSet: UInt8 = 2
  private var isScanning = true
  private let ticksPerSecond: UInt64
  /// Repetition: the delay in bits 6–5, the period in bits 4–0.
  private var rate: UInt8 = 0x2B
  /// What each key does in set 3, by its code there.
  private var behaviours = [UInt8](repeating: Behaviour.normal, count: 256)
  /// The keys that are down.
  private var pressed: Set<UInt8> = []
  /// The last key pressed and not released yet, and when it repeats.
  private var held: UInt8?
  private var repeatTick = UInt64.max
  /// The command whose argument comes next.
  private var command: UInt8?
  /// Answers to the host, sent before any key.
  private var answers = ByteQueue()
  /// Keys going down and up: the key, then 1 or 0.
  private var strokes = ByteQueue()
  /// The rest of the bytes of the key being sent.
  private var keyBytes = ByteQueue()
  private var lastSent: UInt8 = 0

  /// Bits of a key's behaviour in set 3: it repeats, it tells of its release.
  private enum Behaviour {
    static let repeats: UInt8 = 1, releases: UInt8 = 2, normal: UInt8 = 3
  }

  /// In a text, before a character: its key goes down and stays there.
  public static let holdMark: Unicode.Scalar = "\u{F8FE}"
  /// In a text, before a character: its key goes up.
  public static let releaseMark: Unicode.Scalar = "\u{F8FF}"

  init(ticksPerSecond: UInt64) { self.ticksPerSecond = ticksPerSecond }

  /// Presses and releases the keys that type a text. `\n` is Enter, `\t` Tab, backspace and escape
  /// are keys, other control characters are pressed with Control. Characters of `Key` are keys of
  /// their own, and the two marks hold and release the key that follows. What a US keyboard cannot
  /// type is left out.
  public func type(_ text: String) {
    var mark: Unicode.Scalar?
    for character in text.unicodeScalars {
      guard character != Self.holdMark && character != Self.releaseMark else {
        mark = character
        continue
      }
      let codes = KeyCode.keys(for: character) ?? []
      switch mark {
      case Self.holdMark: for code in codes { strokes.append([code.rawValue, 1]) }
      case Self.releaseMark: for code in codes.reversed() { strokes.append([code.rawValue, 0]) }
      default: press(codes)
      }
      mark = nil
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
    pressed = []
    held = nil
    repeatTick = .max
  }

  private func setDefaults() {
    rate = 0x2B
    scanCodeSet = 2
    behaviours = [UInt8](repeating: Behaviour.normal, count: 256)
  }

  /// Ticks until a held key repeats for the first time: 250 ms to a second.
  private var repeatDelay: UInt64 { UInt64(rate >> 5 + 1) * ticksPerSecond / 4 }

  /// Ticks between repetitions: (8 + bits 2–0) × 2 to the power of bits 4–3, in units of 1/240 s.
  private var repeatPeriod: UInt64 {
    max(1, (8 + UInt64(rate & 7)) << UInt64(rate >> 3 & 3) * ticksPerSecond / 240)
  }

  /// Typed text has been read by the guest to the end.
  public var isIdle: Bool { strokes.isEmpty && keyBytes.isEmpty }

  /// Whether there is a byte for the host.
  var hasByte: Bool { !answers.isEmpty || isScanning && !isIdle }

  /// When a held key repeats; nil if none does.
  var nextRepeat: UInt64? { isScanning && held != nil ? repeatTick : nil }

  /// The next byte for the host.
  func takeByte(at tick: UInt64) -> UInt8? {
    guard let byte = nextByte(at: tick) else { return nil }
    lastSent = byte
    return byte
  }

  private func nextByte(at tick: UInt64) -> UInt8? {
    if let answer = answers.removeFirst() { return answer }
    guard isScanning else { return nil }
    while true {
      if let byte = keyBytes.removeFirst() { return byte }
      if let key = strokes.removeFirst(), let isDown = strokes.removeFirst() {
        stroke(KeyCode(rawValue: key), isDown: isDown != 0, at: tick)
      } else if let key = held, repeatTick <= tick {
        repeatTick = tick + repeatPeriod
        keyBytes.append(KeyCode(rawValue: key).repetition(set: scanCodeSet))
      } else {
        return nil
      }
    }
  }

  /// A key goes down or up: what it sends, and what repeats from now on.
  private func stroke(_ key: KeyCode, isDown: Bool, at tick: UInt64) {
    let wasDown = pressed.contains(key.rawValue)
    // A key that is down cannot go down.
    guard isDown != wasDown else { return }
    let behaviour = scanCodeSet == 3 ? behaviours[Int(key.codeInSet3)] : Behaviour.normal
    let state = KeyCode.Shifts(pressed: pressed, hasNumLock: lights & 2 != 0)
    if isDown || behaviour & Behaviour.releases != 0 {
      keyBytes.append(key.bytes(isDown: isDown, set: scanCodeSet, shifts: state))
    }
    if isDown {
      pressed.insert(key.rawValue)
      let repeats = behaviour & Behaviour.repeats != 0 && key != .pause
      held = repeats ? key.rawValue : nil
      repeatTick = repeats ? tick + repeatDelay : .max
    } else {
      pressed.remove(key.rawValue)
      guard held == key.rawValue else { return }
      held = nil
      repeatTick = .max
    }
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
    case 0xF7...0xFA:
      behaviours = [UInt8](repeating: Self.behaviour(byte - 0xF7), count: 256)
      answers.append([Self.acknowledge])
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

  /// What the commands for all keys and for single keys, counted from their first, make of a key.
  private static func behaviour(_ number: UInt8) -> UInt8 {
    switch number {
    case 0: Behaviour.repeats
    case 1: Behaviour.releases
    case 2: 0
    default: Behaviour.normal
    }
  }

  private func receiveArgument(_ byte: UInt8, of command: UInt8) {
    switch command {
    case 0xFB...0xFD:
      // A list of keys, which ends with the next command.
      behaviours[Int(byte)] = Self.behaviour(command - 0xFB)
      self.command = command
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
    writer.write(behaviours)
    writer.write(pressed.sorted())
    writer.write(held)
    writer.write(repeatTick)
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
    behaviours = try reader.readArray(count: 256)
    pressed = Set(try reader.readArray())
    held = try reader.readOptional()
    repeatTick = try reader.read()
    guard (1...3).contains(scanCodeSet) else { throw .malformed }
  }
}
