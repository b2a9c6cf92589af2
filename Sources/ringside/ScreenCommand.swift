import ArgumentParser
import Cells
import Machine
import Panes
import Terminal

/// `ringside [IMAGE]`: a guest on the screen.
struct ScreenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "screen", abstract: "Open the screen on a guest (the default).")

  @Argument(
    help: ArgumentHelp(
      "The guest: a file, a source file (.S, .c), or a built-in name; ringlet if there is no drive."
    ))
  var image: String?
  @OptionGroup
  var machine: MachineOptions
  @Flag(help: "Start paused, before the guest's first instruction.")
  var paused = false
  @Option(help: ArgumentHelp("Memory for going back, in MiB; 0 for none.", valueName: "mib"))
  var history = History.defaultBudget >> 20
  @Option(help: ArgumentHelp("Write down the run for ‘ringside replay’.", valueName: "file"))
  var record: String?
  @Flag(help: "Draw with ASCII characters only.")
  var ascii = false
  @Flag(help: "Draw without colours (also with NO_COLOR set).")
  var noColor = false
  @Flag(
    help: """
      No screen: tell what happens in lines of text, for screen readers, logs and pipes. Commands are typed \
      as words; ‘help’ lists them.
      """)
  var plain = false

  /// What to open at once.
  private enum Opening {
    case guide(String, card: Int)
    case lab(LabChoice)
  }

  private var opening: Opening?

  private enum CodingKeys: CodingKey {
    case image, machine, paused, history, record, ascii, noColor, plain
  }

  /// Opens the screen on a guide.
  static func open(guide: String, card: Int, plain: Bool) throws {
    var command = try ScreenCommand.parse(plain ? ["--plain"] : [])
    command.opening = .guide(guide, card: card)
    command.paused = true
    try command.run()
  }

  /// Opens the screen on a lab.
  static func open(lab: LabChoice, plain: Bool) throws {
    var command = try ScreenCommand.parse(plain ? ["--plain"] : [])
    command.opening = .lab(lab)
    command.paused = true
    try command.run()
  }

  func run() throws {
    guard (0...65536).contains(history) else {
      throw UserError("--history \(history): the history takes 0 to 65536 MiB")
    }
    // Mistakes are told before there is a thread.
    _ = try machine.configuration()
    let mailbox = ScreenMailbox()
    let options = machine
    let hasGuest = machine.startsWithBIOS || machine.snapshot != nil
    let image = image ?? (hasGuest ? nil : "ringlet")
    let settings = try ScreenSettings(path: ScreenSettings.path)
    let keys = try KeyFile.read()
    let catalogue = try Catalogue.read()
    let session = ScreenMachine.Session(
      startsPaused: paused, historyBudget: history << 20, recording: record)
    let thread = HostThread {
      // Drives stay what they are through a reset; their files may be open only once.
      var drives: MachineOptions.Drives?
      ScreenMachine.serve(mailbox, session) { choice throws(UserError) in
        if drives == nil && options.snapshot == nil { drives = try options.drives() }
        return try options.build(choice, image: image, drives: drives)
      }
    }
    guard let view = firstView(mailbox) else {
      thread.join()
      throw UserError(mailbox.failure ?? "the machine did not start")
    }
    var controller = ScreenController(catalogue, keys: keys)
    if let pane = settings.pane { controller.restore(side: pane) }
    switch opening {
    case .guide(let name, let card):
      if let command = controller.open(guide: name, card: card) { mailbox.send(command) }
    case .lab(let lab): mailbox.send(controller.open(lab: lab))
    case nil: if isUnspecific { controller.welcome(view: view) }
    }
    let (signal, side) =
      plain ? tell(view, controller, mailbox) : try show(view, controller, mailbox)
    mailbox.close()
    thread.join()
    var left = settings
    left.pane = side
    if left.pane != settings.pane ?? .rings { left.write(path: ScreenSettings.path) }
    if let failure = mailbox.failure { throw UserError(failure) }
    if let signal {
      // The terminal is whole again: end the way the signal would have ended the program.
      EndSignals.obey(signal)
    }
  }

  /// Nobody has said which guest, or how: a newcomer, perhaps.
  private var isUnspecific: Bool {
    image == nil && !machine.startsWithBIOS && machine.snapshot == nil && !paused && record == nil
      && machine.mode == MachineOptions.usual.mode
  }

  /// Waits until the machine stands, or cannot.
  private func firstView(_ mailbox: ScreenMailbox) -> MachineView? {
    while mailbox.failure == nil {
      if let view = mailbox.takeView() { return view }
      mailbox.forScreen.wait(nil)
    }
    return nil
  }

  private func tell(
    _ view: MachineView, _ controller: ScreenController, _ mailbox: ScreenMailbox
  ) -> (signal: Int32?, side: Pane) {
    EndSignals.install()
    var loop = PlainLoop(
      mailbox, view: view, controller: controller, charset: ascii ? .ascii : .unicode,
      isBusy: opening != nil)
    let signal = loop.run()
    return (signal, loop.controller.chosenSide)
  }

  private func show(
    _ view: MachineView, _ controller: ScreenController, _ mailbox: ScreenMailbox
  ) throws(UserError) -> (signal: Int32?, side: Pane) {
    let isPlain = noColor || !(HostEnvironment["NO_COLOR"] ?? "").isEmpty
    let terminal: Terminal
    do throws(TerminalError) {
      terminal = try Terminal(charset: ascii ? .ascii : nil, colors: !isPlain)
    } catch {
      mailbox.close()
      throw UserError(error.description)
    }
    defer { terminal.close() }
    var loop = ScreenLoop(
      mailbox, terminal: terminal, view: view, controller: controller)
    let signal = loop.run()
    return (signal, loop.controller.chosenSide)
  }
}
