/// Makes lines of the bytes that come over a serial line, as a simple terminal would: carriage
/// return, line feed, backspace, tab, and the few control sequences that line editing needs. All
/// other sequences are swallowed; nothing of them reaches the screen.
public struct SerialTerminal: Sendable {
  /// Lines kept; the oldest go first.
  public static let capacity = 500
  /// A line longer than this continues on the next.
  public static let longestLine = 1000

  private enum Mode {
    case text, escape, sequence, command, commandEscape, charset
  }

  private var lines: [[Unicode.Scalar]] = [[]]
  private var column = 0
  private var bytes: UInt64 = 0
  private var mode = Mode.text
  private var parameters = ""
  private var utf8: [UInt8] = []

  /// A terminal that has received nothing.
  public init() {}

  /// What there is to see: at most the last `rows` lines.
  public func screen(rows: Int) -> MachineView.SerialScreen {
    MachineView.SerialScreen(
      lines: lines.suffix(max(1, rows)).map { line in
        var text = String.UnicodeScalarView()
        text.append(contentsOf: line)
        return String(text)
      }, column: column, bytes: bytes)
  }

  /// Takes a byte from the line.
  public mutating func receive(_ byte: UInt8) {
    bytes += 1
    switch mode {
    case .text: text(byte)
    case .escape: escape(byte)
    case .sequence: sequence(byte)
    case .command:
      // An operating system command ends with BEL or ESC \.
      if byte == 0x07 { mode = .text } else if byte == 0x1B { mode = .commandEscape }
    case .commandEscape: mode = byte == 0x5C ? .text : .command
    case .charset: mode = .text
    }
  }

  private mutating func text(_ byte: UInt8) {
    if byte < 0x80 && !utf8.isEmpty { endCharacter() }
    switch byte {
    case 0x08: column = max(0, column - 1)
    case 0x09: column = min((column / 8 + 1) * 8, SerialTerminal.longestLine - 1)
    case 0x0A, 0x0B, 0x0C: newLine()
    case 0x0D: column = 0
    case 0x1B: mode = .escape
    case 0..<0x20, 0x7F: break
    case 0x80...: collect(byte)
    default: put(Unicode.Scalar(byte))
    }
  }

  private mutating func escape(_ byte: UInt8) {
    parameters = ""
    switch byte {
    case 0x5B: mode = .sequence  // [
    case 0x5D, 0x50, 0x5E, 0x5F: mode = .command  // ] P ^ _
    case 0x28, 0x29, 0x23, 0x25: mode = .charset  // ( ) # %
    default: mode = .text
    }
  }

  private mutating func sequence(_ byte: UInt8) {
    if byte == 0x1B { return mode = .escape }
    guard (0x40...0x7E).contains(byte) else {
      if parameters.count < 16, byte >= 0x20 { parameters.unicodeScalars.append(.init(byte)) }
      return
    }
    mode = .text
    let count = max(1, min(Int(parameters) ?? 1, SerialTerminal.longestLine))
    switch byte {
    case 0x43: column = min(column + count, SerialTerminal.longestLine - 1)  // C: right
    case 0x44: column = max(0, column - count)  // D: left
    case 0x47: column = count - 1  // G: column
    case 0x4A, 0x4B: erase(Int(parameters) ?? 0)  // J, K: erase
    default: break
    }
  }

  /// Erases to the end of the line (0), from its beginning (1), or all of it (2).
  private mutating func erase(_ part: Int) {
    let last = lines.count - 1
    switch part {
    case 0: lines[last].removeLast(max(0, lines[last].count - column))
    case 1:
      for index in 0..<min(column + 1, lines[last].count) { lines[last][index] = " " }
    default: lines[last].removeAll()
    }
  }

  private mutating func collect(_ byte: UInt8) {
    if byte >= 0xC0 && !utf8.isEmpty { endCharacter() }
    utf8.append(byte)
    let length =
      switch utf8[0] {
      case 0xC0..<0xE0: 2
      case 0xE0..<0xF0: 3
      case 0xF0..<0xF8: 4
      default: 1
      }
    if utf8.count >= length { endCharacter() }
  }

  /// Puts the collected bytes as one character, or a mark if they are none.
  private mutating func endCharacter() {
    let scalars = String(decoding: utf8, as: UTF8.self).unicodeScalars
    put(scalars.count == 1 ? scalars.first ?? "\u{FFFD}" : "\u{FFFD}")
    utf8 = []
  }

  private mutating func put(_ scalar: Unicode.Scalar) {
    if column >= SerialTerminal.longestLine { newLine() }
    let last = lines.count - 1
    while lines[last].count < column { lines[last].append(" ") }
    if column < lines[last].count {
      lines[last][column] = scalar
    } else {
      lines[last].append(scalar)
    }
    column += 1
  }

  /// Line feed returns to the first column too: senders of bare line feeds stay readable.
  private mutating func newLine() {
    column = 0
    lines.append([])
    if lines.count > SerialTerminal.capacity { lines.removeFirst() }
  }
}
