private import CTerminal

/// Why there is no screen: the user's surroundings, said in a sentence with the way out.
public enum TerminalError: Error, Equatable, CustomStringConvertible {
  /// Standard input or output is a file or a pipe.
  case notATerminal
  /// TERM names a terminal that the terminfo database does not have, or nothing.
  case unknownTerminal
  /// TERM names a terminal without cursor positioning.
  case tooSimple
  /// The library could not start.
  case unavailable

  init?(_ result: Int) {
    switch result {
    case CT_OK: return nil
    case CT_NOT_A_TTY: self = .notATerminal
    case CT_UNKNOWN_TERM: self = .unknownTerminal
    case CT_TOO_SIMPLE: self = .tooSimple
    default: self = .unavailable
    }
  }

  /// One sentence for standard error.
  public var description: String {
    let headless = "; without a screen, use ‘ringside run’"
    return switch self {
    case .notATerminal: "the screen needs a terminal on standard input and output" + headless
    case .unknownTerminal:
      "TERM does not name a terminal this computer knows; try ‘TERM=xterm’ or ‘TERM=vt100’"
        + headless
    case .tooSimple: "the terminal named by TERM cannot position its cursor" + headless
    case .unavailable: "the terminal library could not start" + headless
    }
  }
}
