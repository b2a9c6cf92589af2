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
  @Flag(help: "Draw with ASCII characters only.")
  var ascii = false
  @Flag(help: "Draw without colours (also with NO_COLOR set).")
  var noColor = false

  func run() throws {
    let configuration = try machine.configuration()
    let mailbox = ScreenMailbox()
    let (options, paused) = (machine, paused)
    let image = image ?? (machine.startsWithBIOS ? nil : "ringlet")
    let name = image ?? machine.drivesName
    let thread = HostThread {
      // Drives stay what they are through a reset; their files may be open only once.
      var drives: MachineOptions.Drives?
      ScreenMachine.serve(mailbox, guest: name, startsPaused: paused) { () throws(UserError) in
        if drives == nil { drives = try options.drives() }
        let guest = try options.guest(image: image, drives: drives)
        do throws(ImageError) {
          return try Machine(configuration, guest: guest)
        } catch {
          throw UserError(error.description)
        }
      }
    }
    guard let view = firstView(mailbox) else {
      thread.join()
      throw UserError(mailbox.failure ?? "the machine did not start")
    }
    let signal = try show(view, mailbox)
    mailbox.close()
    thread.join()
    if let signal {
      // The terminal is whole again: end the way the signal would have ended the program.
      EndSignals.obey(signal)
    }
  }

  /// Waits until the machine stands, or cannot.
  private func firstView(_ mailbox: ScreenMailbox) -> MachineView? {
    while mailbox.failure == nil {
      if let view = mailbox.takeView() { return view }
      mailbox.forScreen.wait(nil)
    }
    return nil
  }

  private func show(_ view: MachineView, _ mailbox: ScreenMailbox) throws(UserError) -> Int32? {
    let isPlain = noColor || !(HostEnvironment["NO_COLOR"] ?? "").isEmpty
    let terminal: Terminal
    do throws(TerminalError) {
      terminal = try Terminal(charset: ascii ? .ascii : nil, colors: !isPlain)
    } catch {
      mailbox.close()
      throw UserError(error.description)
    }
    defer { terminal.close() }
    var loop = ScreenLoop(mailbox, terminal: terminal, view: view)
    return loop.run()
  }
}
