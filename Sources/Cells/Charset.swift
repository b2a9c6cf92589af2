/// The characters a terminal can show.
public enum Charset: Sendable {
  /// Everything, in UTF-8.
  case unicode
  /// The 95 printable characters of ASCII.
  case ascii

  /// What to show for `scalar`; nil for characters that take no column. A control character
  /// becomes a visible mark, so that nothing a guest prints can drive the terminal.
  public func shown(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
    if (0x20..<0x7F).contains(scalar.value) { return scalar }
    if scalar.value < 0xA0 { return self == .ascii ? "?" : "·" }
    guard Width.of(scalar) > 0 else { return nil }
    if self == .unicode { return scalar }
    switch scalar {
    case "…": return "."
    case "–", "—": return "-"
    case "‘", "’": return "'"
    case "“", "”": return "\""
    case "≠": return "!"
    default: return CP437.byte(scalar).map(CP437.ascii) ?? "?"
    }
  }

  /// The glyph of a byte on the PC's text screen.
  public func glyph(_ byte: UInt8) -> Unicode.Scalar {
    self == .unicode ? CP437.scalar(byte) : CP437.ascii(byte)
  }
}
