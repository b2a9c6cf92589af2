private import CTerminal
public import Cells

/// The process's terminal, taken when it is made and given back by `close`, at exit and in a crash.
/// One at a time, used from one thread.
public final class Terminal {
  private var theme: Theme
  private var row: [ct_cell] = []

  /// Takes the terminal. A nil `charset` is decided by the locale; `colors: false` draws with
  /// bold and reverse only.
  public init(charset: Charset? = nil, colors: Bool = true) throws(TerminalError) {
    let wanted =
      switch charset {
      case nil: CT_CHARSET_AUTO
      case .ascii: CT_CHARSET_ASCII
      case .unicode: CT_CHARSET_UTF8
      }
    let result = Int(ct_open(Int32(wanted)))
    if let error = TerminalError(result) { throw error }
    theme = Theme(colors: colors ? Int(ct_colors()) : 0)
  }

  /// Gives the terminal back as it was found. Messages written to standard error meanwhile come
  /// out now.
  public func close() { ct_close() }

  /// Columns and rows.
  public var size: Size {
    var width: Int32 = 0
    var height: Int32 = 0
    ct_size(&width, &height)
    return Size(width: Int(width), height: Int(height))
  }

  /// The characters this terminal is trusted with.
  public var charset: Charset { Int(ct_charset()) == CT_CHARSET_UTF8 ? .unicode : .ascii }

  /// Shows `surface`; only what changed since the last time is sent.
  public func show(_ surface: Surface) {
    let width = min(surface.size.width, size.width)
    for y in 0..<min(surface.size.height, size.height) {
      row.removeAll(keepingCapacity: true)
      for cell in surface.cells[y * surface.size.width..<y * surface.size.width + width] {
        row.append(theme.cell(cell))
      }
      ct_put(0, Int32(y), row, Int32(width))
    }
    ct_cursor(Int32(surface.cursor?.x ?? -1), Int32(surface.cursor?.y ?? -1))
    ct_flush()
  }

  /// Has the next `show` send everything, in case something else wrote on the screen.
  public func redraw() { ct_redraw() }

  /// Stops the process like Ctrl-Z; returns when it is continued.
  public func suspend() { ct_suspend() }

  /// Sleeps until something happens, at most `milliseconds` if given. Bytes arriving on the
  /// descriptor `wake` are read away.
  public func wait(wake: Int32, milliseconds: Int? = nil) -> Wakening {
    let result = Int(ct_wait(wake, Int32(milliseconds ?? -1)))
    return Wakening(
      reasons: Wakening.Reasons(rawValue: result & 0xFF),
      fatalSignal: result >> 8 == 0 ? nil : Int32(result >> 8))
  }

  /// The next key that was pressed; nil when there is none.
  public func read() -> Key? {
    var scalar: UInt32 = 0
    return Key(code: Int(ct_read(&scalar)), scalar: scalar)
  }

  /// To be called first by every other thread: signals go to the terminal's thread, and a crash
  /// has a stack to restore the terminal on.
  public static func guardThread() { ct_guard_thread() }
}

/// Why `Terminal.wait` returned.
public struct Wakening: Equatable, Sendable {
  /// What happened; empty when the time was up.
  public var reasons: Reasons
  /// The signal that asks the process to end, SIGHUP also when the terminal is gone.
  public var fatalSignal: Int32?

  /// A set of happenings.
  public struct Reasons: OptionSet, Sendable {
    /// One bit each.
    public let rawValue: Int
    /// A set from its bits.
    public init(rawValue: Int) { self.rawValue = rawValue }
    /// Keys can be read.
    public static let input = Reasons(rawValue: CT_INPUT)
    /// The wake-up descriptor was written to.
    public static let wake = Reasons(rawValue: CT_WAKE)
    /// The terminal has another size.
    public static let resized = Reasons(rawValue: CT_RESIZED)
    /// The process was stopped and goes on.
    public static let resumed = Reasons(rawValue: CT_RESUMED)
    /// Somebody asks the process to stop for now.
    public static let suspend = Reasons(rawValue: CT_SUSPEND)
  }
}

extension Key {
  fileprivate init?(code: Int, scalar: UInt32) {
    switch code {
    case CT_NONE: return nil
    case CT_CHARACTER:
      guard let scalar = Unicode.Scalar(scalar) else { return nil }
      self = .character(scalar)
    case CT_F1...CT_F1 + 11: self = .function(code - CT_F1 + 1)
    default:
      guard let key = Key.named[code] else { return nil }
      self = key
    }
  }

  private static let named: [Int: Key] = [
    CT_UP: .up, CT_DOWN: .down, CT_LEFT: .left, CT_RIGHT: .right, CT_HOME: .home, CT_END: .end,
    CT_PAGE_UP: .pageUp, CT_PAGE_DOWN: .pageDown, CT_INSERT: .insert, CT_DELETE: .delete,
    CT_BACKSPACE: .backspace, CT_BACK_TAB: .backTab, CT_ENTER: .enter, CT_ESCAPE: .escape,
    CT_TAB: .tab,
  ]
}
