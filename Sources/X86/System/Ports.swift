/// IN and OUT (SDM 1, chapter 18).
extension CPU {
  /// IN: the accumulator's low `size` bytes.
  mutating func input(
    _ port: UInt16, _ size: Int, _ i: Instruction
  ) throws(Interruption) {
    try checkPort(port, size)
    try interceptPort(port, size, i, isInput: true)
    let value = readPort(port, size)
    let accumulator = UInt8(Register.eax.rawValue * 8)
    switch size {
    case 1: put(accumulator, UInt8(truncatingIfNeeded: value))
    case 2: put(accumulator, UInt16(truncatingIfNeeded: value))
    default: put(accumulator, value)
    }
  }

  /// OUT.
  mutating func output(
    _ port: UInt16, _ size: Int, _ i: Instruction
  ) throws(Interruption) {
    try checkPort(port, size)
    try interceptPort(port, size, i, isInput: false)
    let value = self[.eax]
    writePort(port, size, size == 4 ? value : value & (1 << UInt32(size * 8) - 1))
  }
}
