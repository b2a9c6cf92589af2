public import Machine

/// What can be opened from the screen: guides, labs, pages, and the ways to run the guest.
public struct Catalogue: Equatable, Sendable {
  /// A name with a few words about it.
  public struct Entry: Equatable, Sendable {
    public var name: String
    public var title: String
    public var detail: String
    public init(name: String, title: String, detail: String) {
      (self.name, self.title, self.detail) = (name, title, detail)
    }
  }

  public var guides: [Guide] = []
  public var labs: [Entry] = []
  public var pages: [Page] = []
  /// The modes that a guest is made for, by its name; all others can be tried in any.
  public var modes: [String: [Mode]] = [:]

  public init() {}

  func menu(_ kind: Menu.Kind, view: MachineView) -> Menu {
    switch kind {
    case .start:
      Menu(
        title: "Ringside",
        items: [
          .init(
            label: "The two-minute tour", detail: "what this screen shows", choice: .guide("tour")),
          .init(label: "A demo", detail: "a walk over one thing", choice: .menu(.guides)),
          .init(
            label: "A lab", detail: "questions that the machine answers", choice: .menu(.labs)),
          .init(label: "Ringlet itself", detail: "{help} lists the keys", choice: .close),
        ],
        words: "A PC to look into. Ringlet, a small Unix, has started behind this box; every step "
          + "between its rings can be seen, explained and taken back.")
    case .guides:
      Menu(
        title: "demos",
        items: guides.map { guide in
          .init(label: guide.title, detail: "\(guide.minutes) min", choice: .guide(guide.name))
        })
    case .labs:
      Menu(
        title: "labs",
        items: labs.map { .init(label: $0.title, detail: $0.detail, choice: .lab($0.name)) })
    case .pages:
      Menu(
        title: "concepts",
        items: pages.map { .init(label: $0.title, detail: $0.summary, choice: .page($0.name)) })
    case .compare:
      Menu(
        title: "compare \(view.mode.rawValue) with",
        items: modes(of: view.guest).filter { $0 != view.mode }.map { mode in
          .init(
            label: mode.rawValue, detail: ModePicture(mode: mode).summary, choice: .compare(mode))
        })
    case .modes:
      Menu(
        title: "\(view.guest) in another mode",
        items: Mode.allCases.map { mode in
          let fits = modes(of: view.guest).contains(mode)
          return .init(
            label: mode.rawValue + (mode == view.mode ? " (now)" : ""),
            detail: fits ? ModePicture(mode: mode).summary : "not for this guest",
            choice: fits ? .machine(MachineChoice(mode: mode)) : .close)
        })
    }
  }

  private func modes(of guest: String) -> [Mode] { modes[guest] ?? Mode.allCases }
}
