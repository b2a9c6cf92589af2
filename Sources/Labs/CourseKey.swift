/// A lecturer's secret for a course.
///
/// It takes part in drawing the values, so that nobody can prepare answers for the numbers of a
/// course's students, and it unlocks the model answers where a course asks for it. The labs' folder
/// holds its fingerprint only.
public struct CourseKey: Sendable {
  private let secret: String

  /// A key from the words that the lecturer keeps.
  public init(_ secret: String) { self.secret = secret }

  /// What may be shown of it: 16 hexadecimal digits, from which it cannot be found.
  public var fingerprint: String {
    SHA256.digest(of: Array("ringside course key \(secret)".utf8)).prefix(8)
      .map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
  }

  /// The seed for a student of this course, from the student's number: 48 bits.
  public func seed(for number: UInt64) -> UInt64 {
    SHA256.digest(of: Array("ringside student \(number) \(secret)".utf8)).prefix(6)
      .reduce(0) { $0 << 8 | UInt64($1) }
  }
}

/// SHA-256 (FIPS 180-4), for short texts.
enum SHA256 {
  static func digest(of message: [UInt8]) -> [UInt8] {
    var bytes = message + [0x80]
    while bytes.count % 64 != 56 { bytes.append(0) }
    let bits = UInt64(message.count) * 8
    bytes += (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * $0)) }
    var state = fractions(of: primes.prefix(8), root: squareRoot)
    for start in stride(from: 0, to: bytes.count, by: 64) {
      compress(bytes[start..<start + 64], into: &state)
    }
    return state.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) }
    }
  }

  private static func compress(_ block: ArraySlice<UInt8>, into state: inout [UInt32]) {
    var words = stride(from: block.startIndex, to: block.endIndex, by: 4).map { index in
      block[index..<index + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    }
    for index in 16..<64 {
      let (early, late) = (words[index - 15], words[index - 2])
      let low = rotate(early, 7) ^ rotate(early, 18) ^ early >> 3
      let high = rotate(late, 17) ^ rotate(late, 19) ^ late >> 10
      words.append(words[index - 16] &+ low &+ words[index - 7] &+ high)
    }
    var now = state
    for index in 0..<64 {
      let sum1 = rotate(now[4], 6) ^ rotate(now[4], 11) ^ rotate(now[4], 25)
      let choice = now[4] & now[5] ^ ~now[4] & now[6]
      let first = now[7] &+ sum1 &+ choice &+ constants[index] &+ words[index]
      let sum0 = rotate(now[0], 2) ^ rotate(now[0], 13) ^ rotate(now[0], 22)
      let majority = now[0] & now[1] ^ now[0] & now[2] ^ now[1] & now[2]
      now = [
        first &+ sum0 &+ majority, now[0], now[1], now[2], now[3] &+ first, now[4], now[5], now[6],
      ]
    }
    for index in 0..<8 { state[index] &+= now[index] }
  }

  private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word >> count | word << (32 - count)
  }

  // The constants are the first 32 bits behind the point of the primes' square and cube roots.

  private static let primes = (2...311).filter { number in
    !(2..<number).contains { number % $0 == 0 }
  }
  private static let constants = fractions(of: primes.prefix(64), root: cubeRoot)

  private static func fractions(
    of numbers: ArraySlice<Int>, root: (UInt64) -> UInt64
  ) -> [UInt32] {
    numbers.map { UInt32(truncatingIfNeeded: root(UInt64($0))) }
  }

  /// The square root times 2^32, rounded down.
  private static func squareRoot(_ number: UInt64) -> UInt64 {
    largest { candidate in
      let square = candidate.multipliedFullWidth(by: candidate)
      return square.high < number
    }
  }

  /// The cube root times 2^32, rounded down.
  private static func cubeRoot(_ number: UInt64) -> UInt64 {
    largest { candidate in
      let square = candidate.multipliedFullWidth(by: candidate)
      // The square has less than 72 bits, and times the candidate less than 108.
      let low = square.low.multipliedFullWidth(by: candidate)
      let high = square.high * candidate + low.high
      return high < number << 32
    }
  }

  /// The largest number below 2^40 that fulfils a condition which small numbers fulfil.
  private static func largest(_ isSmall: (UInt64) -> Bool) -> UInt64 {
    var result: UInt64 = 0
    for bit in stride(from: UInt64(39), through: 0, by: -1) where isSmall(result | 1 << bit) {
      result |= 1 << bit
    }
    return result
  }
}
