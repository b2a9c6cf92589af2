/// The character set of the PC's text screen. Every byte is a glyph, one column wide; control
/// bytes are pictures there, and pictures is all they ever become.
public enum CP437 {
  /// The scalar that looks like the glyph of `byte`.
  public static func scalar(_ byte: UInt8) -> Unicode.Scalar { scalars[Int(byte)] }

  /// The ASCII character that comes nearest to the glyph of `byte`.
  public static func ascii(_ byte: UInt8) -> Unicode.Scalar { approximations[Int(byte)] }

  /// The byte whose glyph is `scalar`, if the set has it.
  public static func byte(_ scalar: Unicode.Scalar) -> UInt8? { bytes[scalar] }

  private static let scalars = Array(
    (" ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼"
      + " !\"#$%&'()*+,-./0123456789:;<=>?"
      + "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_"
      + "`abcdefghijklmnopqrstuvwxyz{|}~⌂"
      + "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ"
      + "áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐"
      + "└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀"
      + "αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ").unicodeScalars)

  private static let approximations = Array(
    (" oovdcs*oooMfdn*><|!PS_|^v><L-^v"
      + " !\"#$%&'()*+,-./0123456789:;<=>?"
      + "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_"
      + "`abcdefghijklmnopqrstuvwxyz{|}~^"
      + "CueaaaaceeeiiiAAEaAooouuyOUcLYPf"
      + "aiounNao?--//!<>.:#|++++++|+++++"
      + "++++-++++++++=+++++++++++++#_[]^"
      + "abGpSsutFOOd8fen=+><()/~o..vn2# ").unicodeScalars)

  private static let bytes: [Unicode.Scalar: UInt8] = {
    var table: [Unicode.Scalar: UInt8] = [:]
    for byte in (0...255).reversed() { table[scalars[byte]] = UInt8(byte) }
    table[" "] = 0x20
    return table
  }()
}
