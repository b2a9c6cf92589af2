import Cells
import Machine
import Testing

@testable import Monitors
@testable import Panes

/// What a monitor has of its own: translated code, domains.
struct MonitorPaneTests {
  private static let sizes = [Size(width: 80, height: 24), Size(width: 120, height: 40)]

  /// The guest's instructions stand beside those that are executed in their place.
  @Test func translatedCodeStandsBesideTheGuests() throws {
    var state = ScreenState()
    state.side = .monitor
    let narrow = Screen.draw(
      Self.translated(), state, size: Self.sizes[0], charset: .unicode)
    try expectGolden(narrow.text, "translation-80x24")
    state.zoomed = .monitor
    for size in Self.sizes {
      let surface = Screen.draw(Self.translated(), state, size: size, charset: .unicode)
      try expectGolden(surface.text, "translation-zoom-\(size.width)x\(size.height)")
    }
  }

  @Test func domainsAreShownWithTheirChannelsAndGrants() throws {
    var state = ScreenState()
    state.side = .monitor
    let narrow = Screen.draw(Self.domains(), state, size: Self.sizes[0], charset: .unicode)
    try expectGolden(narrow.text, "domains-80x24")
    state.zoomed = .monitor
    let zoomed = Screen.draw(Self.domains(), state, size: Self.sizes[0], charset: .unicode)
    try expectGolden(zoomed.text, "domains-zoom-80x24")
  }

  @Test func ring3OfATranslatedGuestRunsAsItIs() {
    var view = Self.translated()
    view.translation = []
    view.rings.believed = 3
    #expect(Self.rows(view)[0].contains("Ring 3 runs as it is"))
    view.rings.believed = 0
    #expect(Self.rows(view)[0].contains("EIP 00101a3b has no translation"))
    view.runState = .running
    #expect(Self.rows(view)[0].contains("CR3"))
  }

  /// A longer pane is scrolled by pages to its end and back, and no further; another one begins anew.
  @Test func aPaneWithMoreRowsThanRoomIsScrolled() {
    let view = Self.domains()
    var controller = ScreenController()
    func title() -> String {
      let surface = Screen.draw(
        view, controller.state, size: Self.sizes[0], charset: .unicode)
      return String(surface.text.split(separator: "\n")[1])
    }
    _ = controller.handle(.character("5"), view: view)
    let count = MonitorPane.content(view, .usual, width: 40).lines.count
    #expect(title().contains("5 monitor  1-8 of \(count): PgDn"))
    _ = controller.handle(.pageDown, view: view)
    #expect(title().contains(" 8-15 of \(count)"))
    for _ in 0..<20 { _ = controller.handle(.pageDown, view: view) }
    #expect(title().contains(" \(count - 7)-\(count) of"))
    _ = controller.handle(.pageUp, view: view)
    #expect(title().contains(" \(count - 14)-\(count - 7) of"))
    _ = controller.handle(.character("5"), view: view)
    #expect(title().contains(" 1-8 of"))
    _ = controller.handle(.character("2"), view: view)
    _ = controller.handle(.pageDown, view: view)
    #expect(controller.state.notice == "All of it is in sight.")
  }

  /// What a domain calls an address stands beside what the machine calls it.
  @Test func aWalkUnderAHypervisorEndsInBothKindsOfMemory() {
    var view = Self.domains()
    view.walks = [
      .init(
        register: "EIP", linear: 0x0010_1A3B, root: 0x03A4_0000, physical: 0x03A4_1A3B)
    ]
    view.walks[0].pseudoPhysical = 0x0010_1A3B
    var state = ScreenState()
    state.side = .pages
    let text = Screen.draw(view, state, size: Self.sizes[0], charset: .unicode).text
    #expect(text.contains("machine  03a41a3b pseudo 00101a3b"))
  }

  private static func rows(_ view: MachineView) -> [String] {
    var surface = Surface(size: Size(width: 78, height: 20), charset: .unicode)
    for (row, line) in MonitorPane.content(view, .usual, width: 78).lines.prefix(20).enumerated() {
      line.draw(into: &surface, in: surface.bounds, row: row)
    }
    return surface.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  // MARK: Samples

  private static func translated() -> MachineView {
    var view = SampleView.monitored()
    view.mode = .fullTranslate
    view.lab?.eip = 0xFFD0_1237
    view.translation = [
      row(0x0010_1A3A, [0xFA], 0xFFD0_122F, [0x65, 0xC6, 5, 0, 0, 0, 0, 0], .inline),
      row(
        0x0010_1A3B, [0x9C], 0xFFD0_1237,
        [0x9C, 0x65, 0x89, 0x0D, 4, 0, 0, 0, 0x65, 0x0F, 0xB6, 0x0D, 0, 0, 0, 0, 0xE3, 2], .inline),
      row(0x0010_1A3C, [0x58], 0xFFD0_1249, [0x58], .identical),
      row(0x0010_1A3D, [0x0F, 0x20, 0xC0], 0xFFD0_124A, [0xF4], .callout, calls: 12),
      row(
        0x0010_1A40, [0xC3], 0xFFD0_124B,
        [0x65, 0x8F, 5, 8, 0, 0, 0, 0x65, 0xFF, 0x24, 0x8D, 0, 0, 2, 0], .inline),
      row(0x0010_1A60, [], 0xFFD0_125A, [0xF4, 0xCC, 0xCC, 0xCC, 0xCC, 0xCC, 0xCC], .chain),
    ]
    return view
  }

  private static func row(
    _ guest: UInt32, _ guestBytes: [UInt8], _ translated: UInt32, _ bytes: [UInt8],
    _ form: TranslationRow.Form, calls: UInt64 = 0
  ) -> TranslationRow {
    TranslationRow(
      guest: guest, guestBytes: guestBytes, translated: translated, translatedBytes: bytes,
      form: form, calls: calls)
  }

  private static func domains() -> MachineView {
    var view = SampleView.paused()
    view.mode = .para
    view.monitorCounters = [.init("entries", 4120), .init("hypercalls", 310)]
    var zero = DomainReport(id: 0, directory: .init(machine: 0x13A, pseudoPhysical: 0x5F))
    (zero.isPrivileged, zero.activity, zero.weight) = (true, .running, 256)
    (zero.credit, zero.pages, zero.tables, zero.directories) = (3_140_000, 14_072, 12, 3)
    zero.channels = [
      .init(port: 1, end: .virtual(0)), .init(port: 2, end: .physical(line: 4), isPending: true),
      .init(port: 3, end: .interdomain(domain: 1, port: 1), isMasked: true),
    ]
    var one = DomainReport(id: 1, directory: .init(machine: 0x3B01, pseudoPhysical: 0x60))
    (one.activity, one.weight, one.credit, one.pages) = (.blocked, 512, -650_000, 2048)
    (one.tables, one.directories, one.isMasked, one.isPending) = (4, 1, true, true)
    one.channels = [
      .init(port: 1, end: .interdomain(domain: 0, port: 3)),
      .init(port: 2, end: .unbound(domain: 0)),
    ]
    one.grants = [
      .init(
        reference: 0, user: 0, frame: .init(machine: 0x3B10, pseudoPhysical: 0x58),
        mappings: [.init(domain: 0, linear: 0xC012_3000, isWritable: true)]),
      .init(
        reference: 8, user: 0, frame: .init(machine: 0x3B11, pseudoPhysical: nil),
        isReadOnly: true),
    ]
    var two = DomainReport(id: 2, directory: .init(machine: 0x4301, pseudoPhysical: 0x60))
    two.activity = .crashed("a page fault with no handler for vector 14")
    view.domains = [zero, one, two]
    return view
  }
}
