public import Predicates

/// What the screen remembers between keys; nothing of it concerns the machine.
public struct ScreenState: Equatable, Sendable {
  /// Who gets the keys.
  public enum Input: Equatable, Sendable {
    /// Keys drive the lab.
    case control
    /// Keys go to the guest.
    case guest
  }

  /// Which key does what.
  public var keys = KeyMap.usual
  /// Who gets the keys.
  public var input = Input.control
  /// What the exchangeable place shows.
  public var side = Pane.rings
  /// The pane that Tab has come to; nil at first.
  public var focus: Pane?
  /// The pane that takes the whole screen.
  public var zoomed: Pane?
  /// How many rows a pane with more rows than room was scrolled, from where it would be by itself.
  public var scrolled = 0
  /// The picture stays what it was while the machine goes on.
  public var isFrozen = false
  /// First row of the help; nil when it is closed.
  public var helpRow: Int?
  /// The console the user chose; nil lets the guest's output decide.
  public var chosenConsole: Console?
  /// The chosen event's sequence number; nil follows the newest.
  public var selectedEvent: UInt64?
  /// The event's explanation covers the screen.
  public var showsWhy = false
  /// What the machine stops at.
  public var breakpoint: Predicate?
  /// Instructions in a second; nil: as many as there are.
  public var pace: Int?
  /// A predicate is being typed.
  public var prompt: PredicatePrompt?
  /// A change of the VMCB is being typed.
  public var fieldPrompt: FieldPrompt?
  /// The list that is open.
  public var menu: Menu?
  /// The page that is open.
  public var page: Page?
  /// The guide that is being followed.
  public var guide: GuidePlace?
  /// The part of the lab's page that is open, and the first row of it.
  public var sheetPart = 0
  public var sheetScroll = 0
  /// The page is put aside.
  public var hidesSheet = false
  /// An answer is being typed.
  public var answering: AnswerPrompt?
  /// Steps ask for a guess first; and the guess that is asked for or has been made.
  public var predicts = false
  public var prediction: Prediction?
  /// The screen asks whether to reset.
  public var asksReset = false
  /// A remark on the last key. Actions in braces become their keys.
  public var notice: String? { didSet { notice = notice.map(keys.fill) } }

  /// The state a session starts with.
  public init() {}

  /// The console to show: the chosen one, else the one the guest writes to.
  public func console(for view: MachineView) -> Console {
    if let chosenConsole { return chosenConsole }
    let isBlank = view.textScreen?.cells.allSatisfy { $0.glyph == 0x20 || $0.glyph == 0 } ?? true
    return isBlank && view.serial.bytes > 0 ? .serial : .text
  }

  /// The panes that Tab goes through: those that are there at 80x24, the exchangeable one by name.
  private var round: [Pane] { [.console, .code, side, .events] }

  /// The pane that is scrolled.
  var scrollable: Pane { zoomed ?? side }

  /// The first row to be shown of a pane with so many rows: the current one is in sight, in the upper third
  /// if it is not at the beginning, and the user may scroll from there.
  func firstRow(of pane: Pane, _ content: (lines: [Line], current: Int?), height: Int) -> Int {
    let last = max(0, content.lines.count - height)
    let current = content.current ?? 0
    let own = current < height - 1 ? 0 : max(0, min(last, current - height / 3))
    return pane == scrollable ? max(0, min(last, own + scrolled)) : own
  }

  /// Goes to the next pane, or the one before.
  mutating func moveFocus(by step: Int) {
    let place = focus.flatMap { round.firstIndex(of: $0) } ?? (step > 0 ? -1 : 0)
    focus = round[(place + step + round.count) % round.count]
  }

  /// Leafs through the lab's page: down a long part first, then to the next one.
  mutating func leaf(_ sheet: MachineView.Sheet, by step: Int) {
    guard sheet.parts.indices.contains(sheetPart) else { return }
    // As many rows as at 80x24; a larger screen shows the rest all the same.
    let rows = SheetPane.rowCount(sheet.parts[sheetPart], keys, width: 34)
    hidesSheet = false
    let isDone = sheet.parts[sheetPart].verdict != nil
    if step > 0, !isDone, sheetScroll + SheetPane.page < rows {
      sheetScroll += SheetPane.page - 2
    } else if step < 0, !isDone, sheetScroll > 0 {
      sheetScroll = max(0, sheetScroll - SheetPane.page + 2)
    } else if sheet.parts.indices.contains(sheetPart + step) {
      sheetPart += step
      sheetScroll = 0
    }
  }

  /// Slow motion, in instructions a second.
  private static let paces = [1, 4, 20, 100]

  mutating func changePace(by step: Int) {
    let paces: [Int?] = Self.paces + [nil]
    let place = paces.firstIndex(of: pace) ?? paces.count - 1
    pace = paces[max(0, min(paces.count - 1, place + step))]
  }
}
