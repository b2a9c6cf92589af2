import Cells
import Machine
import Testing

@testable import Panes

struct ScreenTests {
  static let sizes = [
    Size(width: 40, height: 12), Size(width: 80, height: 24), Size(width: 120, height: 40),
    Size(width: 200, height: 60),
  ]

  @Test(arguments: sizes)
  func theScreenAtEverySize(size: Size) throws {
    let surface = Screen.draw(
      SampleView.paused(), ScreenState(), size: size, charset: .unicode)
    try expectGolden(surface.text, "screen-\(size.width)x\(size.height)")
  }

  /// A mode with a monitor: the layers, both processors' registers, the walk into the machine.
  @Test(arguments: sizes)
  func aMonitorsScreenAtEverySize(size: Size) throws {
    let surface = Screen.draw(
      SampleView.monitored(), ScreenState(), size: size, charset: .unicode)
    try expectGolden(surface.text, "full-\(size.width)x\(size.height)")
  }

  @Test(arguments: [Pane.registers, .stack, .pages, .monitor, .counters])
  func eachExchangeablePaneHasItsPlace(pane: Pane) throws {
    var state = ScreenState()
    state.side = pane
    let surface = Screen.draw(
      SampleView.monitored(), state, size: Size(width: 80, height: 24), charset: .unicode)
    try expectGolden(surface.text, "\(pane)-80x24")
  }

  @Test func aLabsPageStandsBesideTheMachine() throws {
    var state = ScreenState()
    state.sheetPart = 1
    let surface = Screen.draw(
      SampleView.lab(), state, size: Size(width: 80, height: 24), charset: .unicode)
    try expectGolden(surface.text, "lab-80x24")
  }

  @Test func modesStandBesideEachOtherWithTheirDifferencesMarked() throws {
    var view = SampleView.paused()
    var other = SampleView.monitored()
    other.registers.eflags = 0x46
    view.others = [other]
    let surface = Screen.draw(
      view, ScreenState(), size: Size(width: 80, height: 24), charset: .unicode)
    try expectGolden(surface.text, "compare-80x24")
  }

  /// Another kernel has other registers: what it took to print as much is compared.
  @Test func otherKernelsAreComparedWhereTheyHavePrintedAsMuch() throws {
    var view = SampleView.serial()
    view.comparedAt = .printed(lines: 4, column: 4)
    view.counters = [.init("fault", 3), .init("software interrupt", 120)]
    var other = SampleView.serial()
    (other.mode, other.rings.real, other.rings.believed) = (.para, 1, 1)
    other.clock.ticks = 7001
    other.comparedAt = .printed(lines: 4, column: 4)
    other.counters = [.init("software interrupt", 120), .init("hypercall", 61)]
    other.monitorCounters = [.init("entries", 96), .init("hypercalls", 61)]
    other.serial.lines[3] = "bin   dev"
    view.others = [other]
    let surface = Screen.draw(
      view, ScreenState(), size: Size(width: 80, height: 24), charset: .unicode)
    try expectGolden(surface.text, "compare-para-80x24")
    // One that has fallen silent earlier stands beside the lines that it has in common.
    view.others[0].serial.lines.removeLast(2)
    let shorter = Screen.draw(
      view, ScreenState(), size: Size(width: 80, height: 24), charset: .unicode
    ).text.split(separator: "\n")
    #expect(shorter.contains { $0.contains("   ~ # ls /") && !$0.contains("≠") })
    #expect(shorter.contains { $0.contains("≠ bin   dev   proc") })
  }

  @Test func aGuidesCardLeavesItsPaneInSight() throws {
    let guide = Guide(
      name: "x", title: "X", summary: "", minutes: 1, start: MachineChoice(image: "ringlet"),
      cards: [
        .init(
          title: "Which ring?", text: "REAL is what **is**; `CPL`, *not* DPL.", pane: .rings,
          question: .init(ask: "Which?", options: ["0", "3"], right: 0, because: "It is."))
      ])
    var catalogue = Catalogue()
    catalogue.guides = [guide]
    var controller = ScreenController(catalogue)
    #expect(controller.open(guide: "x") == .play([], from: guide.start))
    _ = controller.handle(.character("b"), view: SampleView.paused())
    let surface = Screen.draw(
      SampleView.paused(), controller.state, size: Size(width: 80, height: 24), charset: .unicode)
    try expectGolden(surface.text, "card-80x24")
  }

  @Test func aGuestOfAMDVIsShownWithItsControlBlock() throws {
    var view = SampleView.monitored()
    view.mode = .hardwareNested
    (view.rings.real, view.rings.isInGuestMode) = (0, true)
    view.controlBlock = [
      .init(name: "EXITCODE", value: 0x7B, digits: 8),
      .init(name: "EXITINFO1", value: 0x3FB_0110, digits: 16),
      .init(name: "CPL", value: 0, digits: 1), .init(name: "nCR3", value: 0x3_0000, digits: 8),
    ]
    var state = ScreenState()
    state.side = .monitor
    let surface = Screen.draw(
      view, state, size: Size(width: 80, height: 24), charset: .unicode)
    try expectGolden(surface.text, "vmcb-80x24")
  }

  @Test func theRingsCanBeReadFromTheBackRow() throws {
    var state = ScreenState()
    (state.focus, state.zoomed) = (.rings, .rings)
    let surface = Screen.draw(
      SampleView.monitored(), state, size: Size(width: 80, height: 24), charset: .unicode)
    try expectGolden(surface.text, "projector-80x24")
  }

  @Test(arguments: [.emulation, .fullTranslate, .para, .hardwareNested] as [Mode])
  func everyModeSaysWhoRunsWhere(mode: Mode) throws {
    var view = SampleView.paused()
    view.mode = mode
    var state = ScreenState()
    state.side = .rings
    let surface = Screen.draw(
      view, state, size: Size(width: 80, height: 24), charset: .unicode)
    try expectGolden(
      surface.text.split(separator: "\n", omittingEmptySubsequences: false)[1...10]
        .map { $0.dropFirst(38) }.joined(separator: "\n"), "layers-\(mode.family)")
  }

  @Test func rolesSayWhatColoursWouldMean() throws {
    let surface = Screen.draw(
      SampleView.paused(), ScreenState(), size: Size(width: 80, height: 24), charset: .unicode)
    try expectGolden(surface.roles, "screen-80x24-roles")
  }

  @Test func asciiUsesNothingElse() throws {
    let surface = Screen.draw(
      SampleView.paused(), ScreenState(), size: Size(width: 80, height: 24), charset: .ascii)
    #expect(surface.text.utf8.max() ?? 0 < 0x80)
    try expectGolden(surface.text, "screen-80x24-ascii")
  }

  @Test func aRunningMachineShowsItsSpeed() throws {
    let surface = Screen.draw(
      SampleView.running(), ScreenState(), size: Size(width: 100, height: 30), charset: .unicode)
    try expectGolden(surface.text, "running-100x30")
  }

  @Test func theSerialLineIsFoldedAtThePanesWidth() throws {
    let surface = Screen.draw(
      SampleView.serial(), ScreenState(), size: Size(width: 80, height: 24), charset: .unicode)
    try expectGolden(surface.text, "serial-80x24")
  }

  @Test(arguments: [Size(width: 39, height: 12), Size(width: 80, height: 11)])
  func belowTheSmallestSizeTheScreenSaysSo(size: Size) {
    let surface = Screen.draw(
      SampleView.paused(), ScreenState(), size: size, charset: .unicode)
    #expect(surface.text.contains("40 columns"))
    #expect(surface.text.contains("12 rows"))
  }

  @Test func everySizeCanBeDrawn() {
    var help = ScreenController()
    _ = help.handle(.character("?"), view: MachineView())
    for view in [SampleView.paused(), SampleView.serial(), MachineView()] {
      for width in stride(from: 0, through: 260, by: 13) {
        for height in stride(from: 0, through: 90, by: 9) {
          let size = Size(width: width, height: height)
          for state in [ScreenState(), help.state] {
            let surface = Screen.draw(view, state, size: size, charset: .unicode)
            #expect(surface.size == size)
          }
        }
      }
    }
  }

  @Test func guestBytesNeverReachTheTerminalRaw() {
    var view = SampleView.paused()
    view.textScreen?.cells = (0..<2000).map { .init(glyph: UInt8($0 & 0xFF)) }
    view.guest = "a\u{1B}]0;x\u{7}b\u{9B}31m"
    view.serial.lines = ["\u{1B}[2J\u{0}\u{85}"]
    view.serial.bytes = 9
    for charset in [Charset.unicode, .ascii] {
      for console in [Console.text, .serial] {
        var state = ScreenState()
        state.chosenConsole = console
        let surface = Screen.draw(view, state, size: Size(width: 200, height: 60), charset: charset)
        let controls = surface.cells.filter { cell in
          cell.scalar.value < 0x20 || (0x7F..<0xA0).contains(cell.scalar.value)
        }
        #expect(controls.isEmpty)
      }
    }
  }

  @Test func theHelpNamesEveryKey() throws {
    var controller = ScreenController()
    _ = controller.handle(.function(1), view: SampleView.paused())
    let surface = Screen.draw(
      SampleView.paused(), controller.state, size: Size(width: 80, height: 24), charset: .unicode)
    try expectGolden(surface.text, "help-80x24")
  }

  @Test func zoomShowsTheConsoleOverTheWholeScreen() throws {
    var controller = ScreenController()
    _ = controller.handle(.character("z"), view: SampleView.paused())
    let surface = Screen.draw(
      SampleView.paused(), controller.state, size: Size(width: 80, height: 24), charset: .unicode)
    try expectGolden(surface.text, "zoom-80x24")
  }

  @Test func theConsoleFollowsTheCursor() throws {
    var view = SampleView.paused()
    view.textScreen?.cells[24 * 80 + 79] = .init(glyph: 0x23)
    view.textScreen?.cursor = 24 * 80 + 79
    var controller = ScreenController()
    _ = controller.handle(.control("]"), view: view)
    let surface = Screen.draw(
      view, controller.state, size: Size(width: 80, height: 24), charset: .unicode)
    let cursor = try #require(surface.cursor)
    #expect(surface[cursor].scalar == "#")
  }

  @Test func inControlTheCursorIsOnlyDrawn() {
    var view = SampleView.paused()
    for (isBlock, attribute) in [(true, Style.Attributes.reverse), (false, .underline)] {
      view.textScreen?.isBlockCursor = isBlock
      let surface = Screen.draw(
        view, ScreenState(), size: Size(width: 80, height: 24), charset: .unicode)
      #expect(surface.cursor == nil)
      #expect(surface.cells.contains { $0.style.attributes.contains(attribute) })
    }
  }

  /// 50 rows: whole when zoomed on a large terminal, in its pane as many as there is room for, and
  /// on a small one those around the cursor.
  @Test func fiftyRowsAreShown() throws {
    var view = SampleView.paused()
    view.textScreen = MachineView.TextScreen(
      rows: 50, cells: (0..<4000).map { .init(glyph: UInt8($0 / 80 + 0x41)) }, cursor: 49 * 80)
    var controller = ScreenController()
    let pane = Screen.draw(
      view, controller.state, size: Size(width: 200, height: 60), charset: .unicode)
    #expect(pane.text.split(separator: "\n").count { $0.contains("rrrr") } == 1)
    let rows = pane.text.split(separator: "\n").filter { $0.dropFirst().prefix(2).count == 2 }
    let shown = Set(rows.compactMap { row in row.dropFirst(2).first })
    #expect(shown.isSuperset(of: "HIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqr"))
    _ = controller.handle(.character("z"), view: view)
    // The zoomed screen's last row has the remark how to leave it.
    let zoomed = Screen.draw(
      view, controller.state, size: Size(width: 80, height: 52), charset: .unicode)
    let lines = zoomed.text.split(separator: "\n", omittingEmptySubsequences: false)
    for row in 0..<50 {
      #expect(lines[row + 1].first == Character(Unicode.Scalar(UInt8(row + 0x41))))
    }
    let small = Screen.draw(
      view, controller.state, size: Size(width: 80, height: 24), charset: .unicode)
    #expect(small.text.contains("qqqq"))
  }

  @Test func bitSevenOfAnAttributeBlinksOrIsBright() {
    var view = SampleView.paused()
    view.textScreen?.cells[0] = .init(glyph: 0x58, color: 0x9F)
    let size = Size(width: 120, height: 40)
    func style() -> Style? {
      let surface = Screen.draw(view, ScreenState(), size: size, charset: .unicode)
      return surface.cells.first { $0.scalar == "X" && $0.style.role == .guest }?.style
    }
    #expect(style() == Style(.guest, .blink, color: 0x1F))
    view.textScreen?.isBlinking = false
    #expect(style() == Style(.guest, color: 0x9F))
  }

  @Test func whatIsNoTextIsSaid() {
    var view = SampleView.paused()
    view.textScreen = MachineView.TextScreen(columns: 0, rows: 0)
    view.textScreen?.instead = "a graphics mode: there is no text to show"
    let surface = Screen.draw(
      view, ScreenState(), size: Size(width: 120, height: 40), charset: .unicode)
    #expect(surface.text.contains("(a graphics mode: there is no text to show)"))
  }

  @Test func differentRingsAreMarkedWithoutColour() {
    var view = SampleView.paused()
    view.rings.real = 1
    let surface = Screen.draw(
      view, ScreenState(), size: Size(width: 80, height: 24), charset: .unicode)
    #expect(surface.text.contains("REAL  0 [1] 2  3   GUEST BELIEVES 0 ≠"))
  }
}
