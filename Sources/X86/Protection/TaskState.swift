/// The registers that a TSS keeps (SDM 3A, figures 7-2 and 7-10).
struct TaskState {
  var cr3: UInt32 = 0
  var eip: UInt32 = 0
  var eflags: UInt32 = 0
  /// In ModR/M order.
  var registers: (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32) =
    (0, 0, 0, 0, 0, 0, 0, 0)
  /// ES CS SS DS FS GS.
  var selectors: (UInt16, UInt16, UInt16, UInt16, UInt16, UInt16) = (0, 0, 0, 0, 0, 0)
  var ldt: UInt16 = 0
  /// The T bit: #DB before the task's first instruction.
  var traps = false

  /// Last byte that a task switch touches, which the limit must reach.
  static func minimumLimit(is16: Bool) -> UInt32 { is16 ? 0x2B : 0x67 }
}

extension CPU {
  /// Writes the current task's registers into its TSS.
  mutating func saveTask(
    at base: UInt32, is16: Bool, eip: UInt32, flags: EFLAGS
  ) throws(Interruption) {
    if is16 {
      try writeSystem(base &+ 0x0E, UInt16(truncatingIfNeeded: eip))
      try writeSystem(base &+ 0x10, UInt16(truncatingIfNeeded: flags.rawValue))
      for number in 0..<8 {
        try writeSystem(
          base &+ 0x12 &+ UInt32(number * 2), UInt16(truncatingIfNeeded: register(number)))
      }
      for index in 0..<4 {
        try writeSystem(base &+ 0x22 &+ UInt32(index * 2), segments[index].selector)
      }
    } else {
      try writeSystem(base &+ 0x20, eip)
      try writeSystem(base &+ 0x24, flags.rawValue)
      for number in 0..<8 {
        try writeSystem(base &+ 0x28 &+ UInt32(number * 4), register(number))
      }
      for index in 0..<6 {
        try writeSystem(base &+ 0x48 &+ UInt32(index * 4), segments[index].selector)
      }
    }
  }

  mutating func readTask32(at base: UInt32) throws(Interruption) -> TaskState {
    var state = TaskState()
    state.cr3 = try readSystem(base &+ 0x1C)
    state.eip = try readSystem(base &+ 0x20)
    state.eflags = try readSystem(base &+ 0x24)
    state.registers.0 = try readSystem(base &+ 0x28)
    state.registers.1 = try readSystem(base &+ 0x2C)
    state.registers.2 = try readSystem(base &+ 0x30)
    state.registers.3 = try readSystem(base &+ 0x34)
    state.registers.4 = try readSystem(base &+ 0x38)
    state.registers.5 = try readSystem(base &+ 0x3C)
    state.registers.6 = try readSystem(base &+ 0x40)
    state.registers.7 = try readSystem(base &+ 0x44)
    state.selectors.0 = try readSystem(base &+ 0x48)
    state.selectors.1 = try readSystem(base &+ 0x4C)
    state.selectors.2 = try readSystem(base &+ 0x50)
    state.selectors.3 = try readSystem(base &+ 0x54)
    state.selectors.4 = try readSystem(base &+ 0x58)
    state.selectors.5 = try readSystem(base &+ 0x5C)
    state.ldt = try readSystem(base &+ 0x60)
    state.traps = try readSystem(base &+ 0x64, as: UInt16.self) & 1 != 0
    return state
  }

  /// A 16-bit TSS: upper register halves read all ones as after a 286 task, FS and GS become null.
  mutating func readTask16(at base: UInt32) throws(Interruption) -> TaskState {
    var state = TaskState()
    state.eip = UInt32(try readSystem(base &+ 0x0E, as: UInt16.self))
    state.eflags = UInt32(try readSystem(base &+ 0x10, as: UInt16.self))
    state.registers.0 = try readHalf(base &+ 0x12)
    state.registers.1 = try readHalf(base &+ 0x14)
    state.registers.2 = try readHalf(base &+ 0x16)
    state.registers.3 = try readHalf(base &+ 0x18)
    state.registers.4 = try readHalf(base &+ 0x1A)
    state.registers.5 = try readHalf(base &+ 0x1C)
    state.registers.6 = try readHalf(base &+ 0x1E)
    state.registers.7 = try readHalf(base &+ 0x20)
    state.selectors.0 = try readSystem(base &+ 0x22)
    state.selectors.1 = try readSystem(base &+ 0x24)
    state.selectors.2 = try readSystem(base &+ 0x26)
    state.selectors.3 = try readSystem(base &+ 0x28)
    state.ldt = try readSystem(base &+ 0x2A)
    return state
  }

  private mutating func readHalf(_ linear: UInt32) throws(Interruption) -> UInt32 {
    0xFFFF_0000 | UInt32(try readSystem(linear, as: UInt16.self))
  }
}
