/// The framing of gdb's remote serial protocol: `$` body `#` two digits of checksum, acknowledged
/// with `+` or asked for again with `-`; and the byte 03h, which interrupts (gdb manual, E.1).
enum Packet {
  /// The longest body taken, as `PacketSize` tells gdb.
  static let limit = 0x4000

  /// A body with its frame. What has a meaning in the frame is escaped.
  static func framed(_ body: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    for byte in body {
      if [UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "}"), UInt8(ascii: "*")].contains(byte)
      {
        bytes += [UInt8(ascii: "}"), byte ^ 0x20]
      } else {
        bytes.append(byte)
      }
    }
    let sum = bytes.reduce(UInt8(0), &+)
    return [UInt8(ascii: "$")] + bytes + [UInt8(ascii: "#")] + Hex.digits(of: [sum])
  }
}

/// Takes the bytes of a connection apart, however they are cut and whatever they are.
struct PacketReader {
  /// What came in.
  enum Arrival: Equatable {
    /// A body, with its escapes undone.
    case packet([UInt8])
    /// A packet whose checksum is wrong.
    case broken
    /// 03h outside a packet.
    case interrupt
    /// The other side wants the last packet again.
    case again
  }

  private enum State { case outside, body, firstDigit, secondDigit(UInt8) }
  private var state = State.outside
  private var body: [UInt8] = []
  private var sum: UInt8 = 0
  private var isTooLong = false

  /// What the next byte completes, if anything.
  mutating func take(_ byte: UInt8) -> Arrival? {
    switch state {
    case .outside:
      switch byte {
      case UInt8(ascii: "$"): begin()
      case 0x03: return .interrupt
      case UInt8(ascii: "-"): return .again
      default: break
      }
    case .body:
      if byte == UInt8(ascii: "$") {
        begin()
      } else if byte == UInt8(ascii: "#") {
        state = .firstDigit
      } else {
        sum &+= byte
        if body.count < Packet.limit { body.append(byte) } else { isTooLong = true }
      }
    case .firstDigit: state = .secondDigit(byte)
    case .secondDigit(let first):
      state = .outside
      guard !isTooLong, Hex.bytes([first, byte]) == [sum] else { return .broken }
      return .packet(Self.unescaped(body))
    }
    return nil
  }

  private mutating func begin() {
    (state, body, sum, isTooLong) = (.body, [], 0, false)
  }

  private static func unescaped(_ body: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var isEscaped = false
    for byte in body {
      if isEscaped {
        result.append(byte ^ 0x20)
        isEscaped = false
      } else if byte == UInt8(ascii: "}") {
        isEscaped = true
      } else {
        result.append(byte)
      }
    }
    return result
  }
}

/// Bytes as hexadecimal digits.
enum Hex {
  /// Two digits for each byte.
  static func digits(of bytes: [UInt8]) -> [UInt8] {
    bytes.flatMap { [digit($0 >> 4), digit($0 & 15)] }
  }

  /// The bytes that pairs of digits stand for; nil for anything else.
  static func bytes(_ digits: [UInt8]) -> [UInt8]? {
    guard digits.count % 2 == 0 else { return nil }
    var result: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
      result.append(high << 4 | low)
    }
    return result
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
