/// One position of the screen: a character, how it looks, how many columns it takes.
public struct Cell: Equatable, Sendable {
  /// A printable scalar; never a control character.
  public var scalar: Unicode.Scalar
  /// How the character looks.
  public var style: Style
  /// 1 or 2 columns; 0 marks the right half of the wide character before it.
  public var width: UInt8

  /// A cell as given; the caller vouches that `width` fits `scalar`.
  public init(_ scalar: Unicode.Scalar, style: Style = Style(.text), width: UInt8 = 1) {
    self.scalar = scalar
    self.style = style
    self.width = width
  }

  /// An empty position.
  public static let blank = Cell(" ")
}

/// What a piece of text means, and how strongly; a theme turns it into colours.
public struct Style: Equatable, Sendable {
  /// The meaning.
  public var role: Role
  /// The strength, which survives on terminals without colours.
  public var attributes: Attributes
  /// VGA colours, used with `.guest` only: bits 0–3 foreground, 4–7 background.
  public var color: UInt8

  /// A style of `role`; `color` counts for `.guest` only.
  public init(_ role: Role, _ attributes: Attributes = [], color: UInt8 = 0x07) {
    self.role = role
    self.attributes = attributes
    self.color = color
  }

  /// Attributes that every terminal since the VT100 can show.
  public struct Attributes: OptionSet, Equatable, Sendable {
    /// One bit per attribute.
    public let rawValue: UInt8
    /// A set from its bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// Bright or heavy.
    public static let bold = Attributes(rawValue: 1)
    /// Foreground and background exchanged.
    public static let reverse = Attributes(rawValue: 2)
    /// Underlined.
    public static let underline = Attributes(rawValue: 4)
    /// Blinking.
    public static let blink = Attributes(rawValue: 8)
  }
}
