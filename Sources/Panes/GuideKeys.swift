import Cells

/// Following guides, and choosing from lists.
extension ScreenController {
  /// Opens the list that a session without a guest begins with.
  public mutating func welcome(view: MachineView) {
    open(.start, view: view)
  }

  /// Opens a list.
  mutating func open(_ kind: Menu.Kind, view: MachineView) {
    var menu = catalogue.menu(kind, view: view)
    for place in menu.items.indices {
      menu.items[place].detail = state.keys.fill(menu.items[place].detail)
    }
    state.menu = menu
  }

  /// Opens a guide at a card, from 1; nil if there is no such guide.
  public mutating func open(guide name: String, card: Int = 1) -> Command? {
    guard let guide = catalogue.guides.first(where: { $0.name == name }), !guide.cards.isEmpty
    else { return nil }
    var place = GuidePlace(guide, side: chosenSide)
    place.number = max(0, min(card, guide.cards.count) - 1)
    return show(place, afresh: true)
  }

  /// Opens a lab.
  public mutating func open(lab: LabChoice) -> Command {
    endGuide()
    (state.sheetPart, state.sheetScroll, state.hidesSheet) = (0, 0, false)
    return .start(MachineChoice(lab: lab))
  }

  mutating func handleMenu(_ key: Key, view: MachineView) -> Command? {
    guard let outcome = state.menu?.handle(key) else { return nil }
    switch outcome {
    case .open: return nil
    case .closed, .chosen(.close): state.menu = nil
    case .chosen(.menu(let kind)): open(kind, view: view)
    case .chosen(.page(let name)):
      state.menu = nil
      state.page = catalogue.pages.first { $0.name == name }
    case .chosen(.guide(let name)):
      state.menu = nil
      return open(guide: name)
    case .chosen(.machine(let choice)):
      state.menu = nil
      state.selectedEvent = nil
      return leavePath(.start(choice))
    case .chosen(.goOn(let mode)):
      state.menu = nil
      return leavePath(.goOn(mode))
    case .chosen(.compare(let mode)):
      state.menu = nil
      return .compare(mode)
    case .chosen(.lab(let name)):
      state.menu = nil
      return open(lab: LabChoice(name))
    }
    return nil
  }

  /// What a key means for the guide; nil if nothing. A command of nil is the guide's own affair.
  mutating func handleGuide(_ key: Key) -> (command: Command?, Void)? {
    guard var place = state.guide else { return nil }
    let last = place.guide.cards.count - 1
    switch key {
    case .character(" ") where place.number < last:
      place.number += 1
      place.answer = nil
      return (show(place, afresh: !place.isOnPath), ())
    case .backspace where place.number > 0:
      place.number -= 1
      place.answer = nil
      return (show(place, afresh: true), ())
    case .character("."): return (show(place, afresh: true), ())
    case .escape:
      endGuide()
      state.notice = "The tour has ended; the machine is yours. {help} lists the keys."
      return (nil, ())
    case .character(let scalar):
      let number = Int(scalar.value) - 0x61
      guard let question = place.card.question, place.answer == nil,
        question.options.indices.contains(number)
      else { return nil }
      state.guide?.answer = number
      return (nil, ())
    default: return nil
    }
  }

  /// What the exchangeable place shows by the user's own choice: guides choose for themselves.
  public var chosenSide: Pane { state.guide?.side ?? state.side }

  /// The user gets the screen back as it was before the guide.
  private mutating func endGuide() {
    state.side = chosenSide
    state.guide = nil
  }

  /// Shows a card, and says how the machine gets to its moment.
  private mutating func show(_ place: GuidePlace, afresh: Bool) -> Command {
    var place = place
    place.isOnPath = true
    state.guide = place
    state.selectedEvent = nil
    state.zoomed = nil
    state.showsWhy = false
    if let pane = place.card.pane {
      state.focus = pane
      if pane.number != nil { state.side = pane }
    }
    return afresh
      ? .play(place.stepsFromStart, from: place.guide.start) : .play(place.card.steps, from: nil)
  }

  /// Notes that the machine will not be where the guide's card left it.
  mutating func leavePath(_ command: Command?) -> Command? {
    switch command {
    case nil, .answer, .compare, .saveSnapshot, .suspend, .redraw, .quit, .pace, .play: break
    default: state.guide?.isOnPath = false
    }
    return command
  }
}
