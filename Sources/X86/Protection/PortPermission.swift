/// Who may use which port (SDM 1, 18.5): IOPL, or the bitmap in the TSS.
extension CPU {
  /// #GP(0) unless the current level may access `size` ports from `port` on.
  mutating func checkPort(_ port: UInt16, _ size: Int) throws(Interruption) {
    guard isProtected, cpl > iopl || isVirtual8086 else { return }
    let task = segments[SegmentRegister.tr]
    let denied = isVirtual8086 ? Cause.ioPermissionBitmap : .cplAboveIOPL
    guard task.isUsable, task.access & 8 != 0, task.limit >= 0x67 else {
      throw .generalProtection(0, denied)
    }
    let map = UInt32(try readSystem(task.base &+ 0x66, as: UInt16.self))
    let place = map + UInt32(port >> 3)
    // The processor always reads two bytes, since an access can span them.
    if place + 1 > task.limit { throw .generalProtection(0, denied) }
    let bits: UInt16 = try readSystem(task.base &+ place)
    let mask = UInt16(1 << size - 1) << (port & 7)
    if bits & mask != 0 { throw .generalProtection(0, .ioPermissionBitmap) }
  }

  /// Reads a port whose permission has been checked. `size` is 1, 2 or 4.
  mutating func readPort(_ port: UInt16, _ size: Int) -> UInt32 {
    if debugRegisters[7] & 0xFF != 0 { notePortBreakpoint(port, size) }
    let value = bus.readPort(port, width: size, at: ticks)
    recordAccess(.portRead, at: UInt64(port), width: size, value: UInt64(value))
    if bus.needsAttention { requestAttention() }
    return value
  }

  mutating func writePort(_ port: UInt16, _ size: Int, _ value: UInt32) {
    if debugRegisters[7] & 0xFF != 0 { notePortBreakpoint(port, size) }
    recordAccess(.portWrite, at: UInt64(port), width: size, value: UInt64(value))
    bus.writePort(port, width: size, value: value, at: ticks)
    if bus.needsAttention { requestAttention() }
  }
}
