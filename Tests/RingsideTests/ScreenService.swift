import Panes
import Testing

@testable import ringside

/// The machine's side of the screen without a terminal: serves the machine that `make` gives in a thread,
/// starting paused, and hands its mailbox to `body`.
func withScreen(
  _ session: ScreenMachine.Session = .init(startsPaused: true),
  make: @escaping @Sendable (MachineChoice) throws(UserError) -> BuiltMachine,
  _ body: (ScreenMailbox) throws -> Void
) rethrows {
  let mailbox = ScreenMailbox()
  let thread = HostThread { ScreenMachine.serve(mailbox, session, make: make) }
  defer {
    mailbox.close()
    thread.join()
  }
  try body(mailbox)
}

/// The same with a built-in guest, until a choice names another.
func withScreen(
  _ image: String, _ session: ScreenMachine.Session = .init(startsPaused: true),
  _ body: (ScreenMailbox) throws -> Void
) rethrows {
  try withScreen(
    session,
    make: { choice throws(UserError) in
      try MachineOptions.usual.build(choice, image: image)
    }, body)
}

extension ScreenMailbox {
  /// The first view that satisfies `condition`, within `seconds`.
  func view(within seconds: Double = 20, _ condition: (MachineView) -> Bool = { _ in true })
    throws -> MachineView
  {
    let end = HostClock.now + seconds
    while HostClock.now < end {
      if let view = takeView(), condition(view) { return view }
      forScreen.wait(0.1)
    }
    return try #require(nil as MachineView?, "no such view came")
  }
}
