/// SYSENTER and SYSEXIT: flat segments from one MSR, no memory touched (SDM 2B).
extension CPU {
  private static let flatCode: UInt64 = 0x00CF_9B00_0000_FFFF
  private static let flatData: UInt64 = 0x00CF_9300_0000_FFFF
  private static let userLevel: UInt64 = 0x60 << 40

  /// Sets CS, SS, ESP and `nextEIP` from the MSRs.
  mutating func sysenter() throws(Interruption) {
    try require(.sysenter)
    if !isProtected { throw .generalProtection(0, .notInRealMode) }
    if msrs.sysenterCS & 0xFFFC == 0 { throw .generalProtection(0, .sysenterDisabled) }
    let entry = open(.systemEnter)
    entry.pointee.info = UInt64(self[.eax])
    setSystemFlags(systemFlags.subtracting([.virtual8086, .interrupt, .resume]))
    enterFlat(UInt16(truncatingIfNeeded: msrs.sysenterCS) & 0xFFFC, level: 0)
    self[.esp] = msrs.sysenterESP
    nextEIP = msrs.sysenterEIP
    close(entry)
  }

  /// Back to ring 3 at EDX with the stack at ECX.
  mutating func sysexit() throws(Interruption) {
    try require(.sysenter)
    if !isProtected { throw .generalProtection(0, .notInRealMode) }
    try requireRing0()
    if msrs.sysenterCS & 0xFFFC == 0 { throw .generalProtection(0, .sysenterDisabled) }
    let entry = open(.systemExit)
    enterFlat((UInt16(truncatingIfNeeded: msrs.sysenterCS) &+ 16) & 0xFFFC, level: 3)
    self[.esp] = self[.ecx]
    nextEIP = self[.edx]
    close(entry)
  }

  private mutating func enterFlat(_ selector: UInt16, level: UInt8) {
    let privilege = level == 3 ? Self.userLevel : 0
    setSegment(
      SegmentRegister.cs,
      Segment(
        selector: Selector.withRPL(selector, level),
        descriptor: Descriptor(raw: Self.flatCode | privilege)))
    setSegment(
      SegmentRegister.ss,
      Segment(
        selector: Selector.withRPL(selector &+ 8, level),
        descriptor: Descriptor(raw: Self.flatData | privilege)))
    setCPL(level)
  }
}
