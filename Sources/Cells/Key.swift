/// A key as a terminal reports it.
public enum Key: Hashable, Sendable {
  /// A printable character, or a control character 0x00–0x1F as typed with Ctrl.
  case character(Unicode.Scalar)
  /// Return.
  case enter
  /// The Escape key alone.
  case escape
  /// Tab.
  case tab
  /// Shift-Tab.
  case backTab
  /// Backspace, whatever code the terminal gives it.
  case backspace
  /// Delete.
  case delete
  /// Insert.
  case insert
  /// Cursor up.
  case up
  /// Cursor down.
  case down
  /// Cursor left.
  case left
  /// Cursor right.
  case right
  /// Home.
  case home
  /// End.
  case end
  /// Page up.
  case pageUp
  /// Page down.
  case pageDown
  /// F1–F12.
  case function(Int)

  /// Ctrl and a letter or one of `@[\]^_`.
  public static func control(_ character: Unicode.Scalar) -> Key {
    .character(Unicode.Scalar(UInt8(character.value & 0x1F)))
  }
}
