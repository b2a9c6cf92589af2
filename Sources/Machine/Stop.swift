public import Predicates

/// Why a run ended.
public enum Stop: Sendable, Equatable {
  /// The guest wrote this byte to the exit port F4h.
  case exit(code: UInt8)
  /// HLT, and nothing can ever wake the processor.
  case haltedForGood
  /// The text that the user waited for appeared.
  case untilMatched
  /// A third fault while a double fault was being delivered: the processor shut down.
  case tripleFault
  /// As many instructions were executed as the user allowed.
  case instructionLimit
  /// As much time passed as the user allowed.
  case timeLimit
  /// The guest used something that the machine does not have, named here.
  case unsupported(String)
  /// What the user wanted to stop at has come.
  case breakpoint
  /// A file that the run writes to cannot be written any more; the reason.
  case outputFailed(String)
  /// A recording that was repeated goes no further.
  case recordingEnd
  /// The user, or the host on the user's behalf, ended it.
  case interrupted

  /// One word for programs.
  public var name: String {
    switch self {
    case .exit: "exit"
    case .haltedForGood: "halted"
    case .untilMatched: "until"
    case .tripleFault: "triple-fault"
    case .instructionLimit: "instruction-limit"
    case .timeLimit: "time-limit"
    case .unsupported: "unsupported"
    case .breakpoint: "breakpoint"
    case .outputFailed: "output-failed"
    case .recordingEnd: "recording-end"
    case .interrupted: "interrupted"
    }
  }
}

/// How far `Machine.run` came.
public enum Progress: Sendable, Equatable {
  /// The tick that was asked for.
  case reached
  /// Not so far: the guest has pulled the reset line, and the machine has started anew.
  case reset
  /// The processor waits in HLT, and nothing happens by itself before this tick; `.max` if only
  /// input can wake it.
  case idle(until: UInt64)
  /// What the machine was to stop at, see `stop(when:)`. The next run goes on behind it.
  case breakpoint(Moment)
  /// What a debugger waits for happened, see `Machine.setWatch`.
  case watched(Watch.Hit)
  /// It will not go on.
  case stopped(Stop)
}
