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
  /// The modes; `detail` says why one is not for the present guest, if so.
  public var modes: [Entry] = []

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
          .init(label: "Ringlet itself", detail: "? lists the keys", choice: .close),
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
        title: "compare \(view.mode) with",
        items: modes.filter { $0.name != view.mode && $0.detail.isEmpty }.map { mode in
          .init(
            label: mode.name, detail: ModePicture(mode: mode.name).summary,
            choice: .compare(mode.name))
        })
    case .modes:
      Menu(
        title: "\(view.guest) in another mode",
        items: modes.map { mode in
          .init(
            label: mode.name + (mode.name == view.mode ? " (now)" : ""),
            detail: mode.detail.isEmpty ? ModePicture(mode: mode.name).summary : mode.detail,
            choice: mode.detail.isEmpty ? .machine(MachineChoice(mode: mode.name)) : .close)
        })
    }
  }
}
