import Machine
import Monitors
import Narration
import X86

/// `--vmcb FILE`: the guest's VMCB by name, and what of it each exit has changed.
final class ControlBlockFile: ControlBlockReader {
  private let sink: OutputSink

  /// Writes the whole block first, as it is at the start.
  init(path: String, _ machine: Machine) throws(UserError) {
    guard let monitor = machine.monitor as? SVMMonitor else {
      throw UserError("--vmcb: only --mode hardware has a VMCB")
    }
    sink = try OutputSink(path: path)
    let start = ControlBlockImage(monitor.block)
    sink.write(
      VMCBField.allCases.map {
        ControlBlockWords.line($0, start[$0], hasExited: false) + "\n"
      }.joined())
    monitor.exitReader = self
  }

  func read(_ exit: ControlBlockImage, since entry: ControlBlockImage, at guestTick: UInt64) {
    var text =
      "\n#VMEXIT \(ControlBlockWords.exit(exit[.exitCode], information: exit[.exitInfo1])) at tick \(guestTick)\n"
    for field in exit.changes(since: entry) {
      text += ControlBlockWords.line(field, from: entry[field], to: exit[field]) + "\n"
    }
    sink.write(text)
  }

  /// Makes the changes that --vmcb-set asks for.
  static func change(_ machine: Machine, _ edits: [String]) throws(UserError) {
    guard !edits.isEmpty else { return }
    guard let monitor = machine.monitor as? SVMMonitor else {
      throw UserError("--vmcb-set: only --mode hardware has a VMCB")
    }
    for text in edits {
      guard let edit = ControlBlockEdit(parsing: text) else {
        throw UserError(
          "--vmcb-set \(text): a field or intercept and a hexadecimal value, as in HLT=0; see --vmcb -"
        )
      }
      machine.receive(.controlBlock(edit.field, edit.applied(to: monitor.block[edit.field])))
    }
  }
}
