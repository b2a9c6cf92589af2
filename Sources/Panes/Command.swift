public import Cells
public import Machine
public import Narration
public import Predicates

/// What the screen asks of the machine or of the terminal.
public enum Command: Equatable, Sendable {
  /// Let the machine run.
  case run
  /// Stop it after the current instruction.
  case pause
  /// Run forward to a goal.
  case step(StepGoal)
  /// Stop where this is true from now on, nowhere if nil; and let the machine run.
  case stopAt(Predicate?, runs: Bool)
  /// Go to another moment of the history.
  case travel(Destination)
  /// Run at another pace: instructions in a second, nil for as fast as it goes.
  case pace(Int?)
  /// Start the guest again from its beginning.
  case reset
  /// Start another machine in its place.
  case start(MachineChoice)
  /// Bring the machine to a card's moment; from the start of such a machine, or from where it is.
  case play([Guide.Step], from: MachineChoice?)
  /// An answer to a question of the lab.
  case answer(String, to: String)
  /// Show this mode beside the present one; nil: no other mode any more.
  case compare(Mode?)
  /// Have the running guest go on in this mode.
  case goOn(Mode)
  /// Change the guest's VMCB.
  case edit(ControlBlockEdit)
  /// Write the machine to a file.
  case saveSnapshot
  /// A key for the guest, by the way the shown console has.
  case guestKey(Key, Console)
  /// Give the terminal back for a while.
  case suspend
  /// Draw everything anew.
  case redraw
  /// Leave.
  case quit
}

/// What stepping goes to, forward and back.
public enum StepGoal: CaseIterable, Equatable, Sendable {
  /// The next instruction; or an event's delivery.
  case instruction
  /// The next one of this function: a call or handler on the way is gone through.
  case over
  /// The caller of this function, or what this handler interrupted; back: where it was entered.
  case out
  /// A change of ring.
  case ringChange
  /// A fault.
  case trap
  /// A hypercall.
  case hypercall
  /// An exit from the guest to its monitor.
  case exit
  /// What the machine is to stop at.
  case predicate
}

/// Moments that keys lead to.
public enum Destination: Equatable, Sendable {
  /// Back to a goal: right behind an event, before an instruction.
  case back(StepGoal)
  /// Where the history begins.
  case start
  /// The last moment that is known.
  case latest
  /// A machine tick.
  case tick(UInt64)
  /// So many fiftieths of the known history, back if negative.
  case fiftieths(Int)
}

/// The ways a guest shows text and takes keys.
public enum Console: Equatable, Sendable {
  /// VGA text memory and the keyboard.
  case text
  /// The first serial line.
  case serial
}
