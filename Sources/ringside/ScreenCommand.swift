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

  /// A guide to open, and its card.
  private var opening: (guide: String, card: Int)?

  private enum CodingKeys: CodingKey {
    case image, machine, paused, history, record, ascii, noColor
  }

  /// Opens the screen on a guide.
  static func open(guide: String, card: Int) throws {
    var command = try ScreenCommand.parse([])
    command.opening = (guide, card)
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
    let catalogue = try Catalogue.read(guest: image)
    let session = ScreenMachine.Session(
      startsPaused: paused, historyBudget: history << 20, recording: record)
    let thread = HostThread {
      // Drives stay what they are through a reset; their files may be open only once.
      var drives: MachineOptions.Drives?
      ScreenMachine.serve(mailbox, session) { choice throws(UserError) in
        if choice.image != nil { return try MachineOptions.usual.build(choice, image: image) }
        if drives == nil && options.snapshot == nil { drives = try options.drives() }
        return try options.build(choice, image: image, drives: drives)
      }
    }
    guard let view = firstView(mailbox) else {
      thread.join()
      throw UserError(mailbox.failure ?? "the machine did not start")
    }
    var controller = ScreenController(catalogue)
    if let opening {
      if let command = controller.open(guide: opening.guide, card: opening.card) {
        mailbox.send(command)
      }
    } else if isUnspecific {
      controller.welcome(view: view)
    }
    let signal = try show(view, controller, mailbox)
    mailbox.close()
    thread.join()
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

  private func show(
    _ view: MachineView, _ controller: ScreenController, _ mailbox: ScreenMailbox
  ) throws(UserError) -> Int32? {
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
    return loop.run()
  }
}

extension MachineOptions {
  /// The machine that the options describe, but for what was chosen on the screen.
  fileprivate func build(
    _ choice: MachineChoice, image: String?, drives: Drives? = nil
  ) throws(UserError) -> BuiltMachine {
    var options = self
    if let mode = choice.mode {
      options.mode = mode
      if mode == MachineOptions.usual.mode { options.labCpu = nil }
    }
    if let profile = choice.options["lab-cpu"] { options.labCpu = profile }
    if let profile = choice.options["cpu"] { options.cpu = profile }
    _ = try options.configuration()
    return try options.build(image: choice.image ?? image, drives: drives)
  }
}
