/// Numbers as the manual writes them: hexadecimal digits in capitals.
public enum Numbers {
  /// With leading zeros, at least `digits` digits.
  public static func hex(_ value: some BinaryInteger, _ digits: Int = 8) -> String {
    let text = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }

  static func byte(_ value: some BinaryInteger) -> String { hex(value, 2) + "h" }

  /// Below ten as it is, otherwise `1Fh`.
  static func short(_ value: some BinaryInteger) -> String {
    value < 10 ? String(value) : hex(value, 1) + "h"
  }

  /// Selector and offset: `001B:00001234`.
  public static func place(_ selector: UInt16, _ offset: UInt32) -> String {
    "\(hex(selector, 4)):\(hex(offset))"
  }

  static func low(_ value: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: value) }
  static func high(_ value: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: value >> 32) }
}
