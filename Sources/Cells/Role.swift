/// What a piece of text is for. Panes speak roles; only a theme speaks colours, so that a screen
/// without colours loses nothing but them.
public enum Role: UInt8, CaseIterable, Sendable {
  /// Ordinary text.
  case text
  /// Labels and everything that should step back.
  case faint
  /// Borders.
  case frame
  /// Names of panes.
  case title
  /// The status line.
  case status
  /// A key the reader may press.
  case key
  /// Ring 0, the most privileged.
  case ring0
  /// Rings 1 and 2.
  case ringMiddle
  /// Ring 3, the least privileged.
  case ring3
  /// Faults, and instructions that trap.
  case fault
  /// Interrupts from devices.
  case interrupt
  /// System calls and other deliberate ways in and out.
  case call
  /// Something to look at now: a silent instruction, a question, a message.
  case alert
  /// The chosen line.
  case selected
  /// The guest's own characters; the style carries a VGA colour.
  case guest

  /// The letter that stands for the role in `Surface.roles`.
  public var letter: Character {
    switch self {
    case .text: "."
    case .faint: "f"
    case .frame: "-"
    case .title: "T"
    case .status: "S"
    case .key: "k"
    case .ring0: "0"
    case .ringMiddle: "1"
    case .ring3: "3"
    case .fault: "F"
    case .interrupt: "I"
    case .call: "C"
    case .alert: "A"
    case .selected: ">"
    case .guest: "g"
    }
  }

  /// The role that stands for a ring, 0–3.
  public static func ring(_ ring: Int) -> Role {
    switch ring {
    case 0: .ring0
    case 3: .ring3
    default: .ringMiddle
    }
  }
}
