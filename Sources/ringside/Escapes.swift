import Chipset

/// TEXT of `--send` and `--keys`: backslashes for what a command line cannot hold.
enum Escapes {
  /// The text to type on the keyboard that `text` stands for. Beside the escapes of `bytes` there are
  /// keys by name: `\\{f2}`; `\\{+leftShift}` holds one, and `\\{-leftShift}` lets it go.
  static func keys(_ text: String) -> String? {
    var result = ""
    var rest = Substring(text)
    while let start = rest.firstRange(of: "\\{") {
      guard let end = rest[start.upperBound...].firstIndex(of: "}"),
        let before = bytes(String(rest[..<start.lowerBound])),
        let key = key(rest[start.upperBound..<end])
      else { return nil }
      result += String(decoding: before, as: UTF8.self) + key
      rest = rest[rest.index(after: end)...]
    }
    return bytes(String(rest)).map { result + String(decoding: $0, as: UTF8.self) }
  }

  private static func key(_ name: Substring) -> String? {
    var name = name
    var mark = ""
    if name.count > 1, let sign = name.first, sign == "+" || sign == "-" {
      mark = String(Character(sign == "+" ? Keyboard.holdMark : Keyboard.releaseMark))
      name.removeFirst()
    }
    if name.unicodeScalars.count == 1 { return mark + name }
    return Keyboard.Key(rawValue: String(name)).map { mark + String(Character($0.character)) }
  }

  /// The bytes that `text` stands for; nil if a backslash is followed by something unknown.
  static func bytes(_ text: String) -> [UInt8]? {
    var result: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        result.append(byte)
        continue
      }
      guard let letter = rest.popFirst() else { return nil }
      switch letter {
      case UInt8(ascii: "n"): result.append(0x0A)
      case UInt8(ascii: "r"): result.append(0x0D)
      case UInt8(ascii: "t"): result.append(0x09)
      case UInt8(ascii: "b"): result.append(0x08)
      case UInt8(ascii: "e"): result.append(0x1B)
      case UInt8(ascii: "0"): result.append(0x00)
      case UInt8(ascii: "\\"): result.append(letter)
      case UInt8(ascii: "x"):
        let digits = rest.prefix(2)
        guard digits.count == 2,
          let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
        else { return nil }
        result.append(value)
        rest = rest.dropFirst(2)
      default: return nil
      }
    }
    return result
  }
}
