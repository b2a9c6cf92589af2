/// MOV DR (SDM 3B, 17.2).
extension CPU {
  /// MOV r32, DRn — 0F 21.
  mutating func movFromDR(_ i: Instruction) throws(Interruption) {
    let number = try accessibleDebugRegister(Int(i.a))
    try intercept(.readDR(Int(i.a)))
    put(i.b, debugRegisters[number])
  }

  /// MOV DRn, r32 — 0F 23. Reserved bits keep their fixed values.
  mutating func movToDR(_ i: Instruction) throws(Interruption) {
    let number = try accessibleDebugRegister(Int(i.a))
    try intercept(.writeDR(Int(i.a)))
    let value: UInt32 = get(i.b)
    let new: UInt32
    switch number {
    case 6: new = value & 0xE00F | 0xFFFF_0FF0
    case 7: new = value & 0xFFFF_23FF | 0x400
    default: new = value
    }
    recordWrite(
      .debugRegisterWrite, register: UInt32(number), old: UInt64(debugRegisters[number]),
      new: UInt64(new))
    debugRegisters[number] = new
    // Accesses that must be compared with DR0-DR3 may not take the fast path.
    tlb.withdrawAll()
    startNewGeneration()
    requestAttention()
  }

  /// DR4 and DR5 are DR6 and DR7 unless CR4.DE makes them undefined. DR7.GD protects them all.
  private mutating func accessibleDebugRegister(_ number: Int) throws(Interruption) -> Int {
    var real = number
    if number == 4 || number == 5 {
      if cr4.contains(.debuggingExtensions) { throw .invalidOpcode(.reservedDebugRegister) }
      real = number + 2
    }
    try requireRing0()
    if debugRegisters[7] & 1 << 13 != 0 {
      debugRegisters[6] |= 1 << 13
      throw Interruption(vector: Vector.debug, cause: .generalDetect)
    }
    return real
  }
}
