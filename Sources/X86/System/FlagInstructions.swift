/// CLI, STI, PUSHF, POPF: who may see and change IF and IOPL (SDM 3A, 5.9 and 20.2).
extension CPU {
  /// CLI — FA.
  mutating func cli() throws(Interruption) {
    try checkInterruptFlagAccess()
    setSystemFlags(systemFlags.subtracting(.interrupt))
  }

  /// STI — FB. Interrupts stay off until after the next instruction.
  mutating func sti() throws(Interruption) {
    try checkInterruptFlagAccess()
    guard !systemFlags.contains(.interrupt) else { return }
    setSystemFlags(systemFlags.union(.interrupt))
    interruptShadow = .afterSTI
  }

  private func checkInterruptFlagAccess() throws(Interruption) {
    guard isProtected, cpl > iopl else { return }
    throw .generalProtection(0, isVirtual8086 ? .v86WithoutIOPL3 : .cplAboveIOPL)
  }

  /// PUSHF — 9C. RF and VM are pushed as 0.
  mutating func pushf(is16: Bool) throws(Interruption) {
    try requireVirtualizable()
    try intercept(.pushf)
    if isVirtual8086 && iopl < 3 { throw .generalProtection(0, .v86WithoutIOPL3) }
    try push(eflags.subtracting([.resume, .virtual8086]).rawValue, is16: is16)
  }

  /// POPF — 9D. Silently keeps what the level may not change; that is why the x86 was hard to
  /// virtualize.
  mutating func popf(is16: Bool) throws(Interruption) {
    try requireVirtualizable()
    try intercept(.popf)
    if isVirtual8086 && iopl < 3 { throw .generalProtection(0, .v86WithoutIOPL3) }
    let image = try pop(is16: is16)
    loadFlags(image, mask: poppableFlags(is16: is16))
  }
}
