import Cells
import Panes
import Terminal

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The screen's side, on the main thread: keys become commands, views become pictures. Sleeps when
/// there is neither.
struct ScreenLoop {
  private let mailbox: ScreenMailbox
  private let terminal: Terminal
  private(set) var controller: ScreenController
  private var view: MachineView
  private var isDirty = true
  private var lastDrawn = 0.0
  private static let frame = 1.0 / 60

  init(
    _ mailbox: ScreenMailbox, terminal: Terminal, view: MachineView, controller: ScreenController
  ) {
    self.controller = controller
    self.mailbox = mailbox
    self.terminal = terminal
    self.view = view
  }

  /// Runs until the user quits; returns the signal if one ended it instead.
  mutating func run() -> Int32? {
    while true {
      drawIfDue()
      let wakening = terminal.wait(wake: mailbox.forScreen.readEnd, milliseconds: timeToDraw)
      if let number = wakening.fatalSignal { return number }
      if !wakening.reasons.isDisjoint(with: [.resized, .resumed]) { isDirty = true }
      if wakening.reasons.contains(.suspend) { suspend() }
      if let news = mailbox.takeView() {
        isDirty = isDirty || news != view
        view = news
        controller.see(news)
      }
      while let key = terminal.read() {
        isDirty = true
        controller.size = terminal.size
        guard let command = controller.handle(key, view: view) else { continue }
        switch command {
        case .quit: return nil
        case .suspend: suspend()
        case .redraw: terminal.redraw()
        default: mailbox.send(command)
        }
      }
    }
  }

  private mutating func suspend() {
    terminal.suspend()
    isDirty = true
  }

  /// Milliseconds until a changed picture may be drawn; nil if nothing changed.
  private var timeToDraw: Int? {
    isDirty ? max(1, Int((lastDrawn + Self.frame - HostClock.now) * 1000)) : nil
  }

  private mutating func drawIfDue() {
    guard isDirty, HostClock.now - lastDrawn >= Self.frame else { return }
    isDirty = false
    lastDrawn = HostClock.now
    terminal.show(
      Screen.draw(
        controller.shown(view), controller.state, size: terminal.size, charset: terminal.charset))
  }
}
