/// FSTENV, FLDENV, FSAVE and FRSTOR: seven words, of 16 or 32 bits, laid out for the mode
/// (SDM 1, figures 8-9 to 8-12).
///
///     protected      real and virtual-8086
///     control        control
///     status         status
///     tag            tag
///     IP offset      IP 15-0
///     CS | opcode    IP 31-16 << 12 | opcode
///     DP offset      DP 15-0
///     DS             DP 31-16 << 12
///
/// The opcode lies above CS in the 32-bit layout only; in the 16-bit real layout bits 19-16 of the
/// addresses share their words with it.
extension CPU {
  private func environmentSize(_ i: UnsafePointer<Instruction>) -> UInt32 {
    i.pointee.is16 ? 14 : 28
  }

  private var environment: InlineArray<7, UInt32> {
    var words = InlineArray<7, UInt32>(repeating: 0)
    words[0] = 0xFFFF_0000 | UInt32(fpu.control)
    words[1] = 0xFFFF_0000 | UInt32(fpu.statusWord)
    words[2] = 0xFFFF_0000 | UInt32(fpu.tagWord)
    let opcode = UInt32(fpu.lastOpcode)
    if usesDescriptors {
      words[3] = fpu.instructionPointer
      words[4] = opcode << 16 | UInt32(fpu.codeSelector)
      words[5] = fpu.dataPointer
      words[6] = 0xFFFF_0000 | UInt32(fpu.dataSelector)
    } else {
      let code = UInt32(fpu.codeSelector) << 4 &+ fpu.instructionPointer
      let data = UInt32(fpu.dataSelector) << 4 &+ fpu.dataPointer
      words[3] = 0xFFFF_0000 | code
      words[4] = (code >> 16) << 12 | opcode
      words[5] = 0xFFFF_0000 | data
      words[6] = (data >> 16) << 12
    }
    return words
  }

  private mutating func setEnvironment(_ words: InlineArray<7, UInt32>) {
    fpu.setControl(UInt16(truncatingIfNeeded: words[0]))
    fpu.setStatusWord(UInt16(truncatingIfNeeded: words[1]))
    fpu.tagWord = UInt16(truncatingIfNeeded: words[2])
    if usesDescriptors {
      fpu.instructionPointer = words[3]
      fpu.codeSelector = UInt16(truncatingIfNeeded: words[4])
      fpu.lastOpcode = UInt16(truncatingIfNeeded: words[4] >> 16) & 0x7FF
      fpu.dataPointer = words[5]
      fpu.dataSelector = UInt16(truncatingIfNeeded: words[6])
    } else {
      fpu.instructionPointer = words[3] & 0xFFFF | (words[4] & 0x0FFF_F000) << 4
      fpu.codeSelector = 0
      fpu.lastOpcode = UInt16(truncatingIfNeeded: words[4]) & 0x7FF
      fpu.dataPointer = words[5] & 0xFFFF | (words[6] & 0x0FFF_F000) << 4
      fpu.dataSelector = 0
    }
    signalNumericError()
  }

  /// Writes the environment where a write cannot fault any more but for alignment.
  private mutating func writeEnvironment(
    _ i: UnsafePointer<Instruction>, _ address: UInt32
  ) throws(Interruption) {
    let words = environment
    for index in 0..<7 {
      if i.pointee.is16 {
        let word = UInt16(truncatingIfNeeded: words[index])
        try write(Int(i.pointee.segment), address &+ UInt32(index * 2), word)
      } else {
        try write(Int(i.pointee.segment), address &+ UInt32(index * 4), words[index])
      }
    }
  }

  private mutating func readEnvironment(
    _ i: UnsafePointer<Instruction>, _ address: UInt32
  ) throws(Interruption) -> InlineArray<7, UInt32> {
    var words = InlineArray<7, UInt32>(repeating: 0)
    for index in 0..<7 {
      if i.pointee.is16 {
        let offset = address &+ UInt32(index * 2)
        words[index] = UInt32(try read(Int(i.pointee.segment), offset, as: UInt16.self))
      } else {
        words[index] = try read(Int(i.pointee.segment), address &+ UInt32(index * 4))
      }
    }
    return words
  }

  /// FNSTENV; then every exception is masked.
  mutating func storeEnvironment(_ i: UnsafePointer<Instruction>) throws(Interruption) {
    try requireVirtualizable()
    let address = effectiveAddress(i)
    try probeWrite(Int(i.pointee.segment), address, Int(environmentSize(i)))
    try writeEnvironment(i, address)
    fpu.setControl(fpu.control | NumericExceptions.maskable.rawValue)
    signalNumericError()
  }

  mutating func loadEnvironment(_ i: UnsafePointer<Instruction>) throws(Interruption) {
    setEnvironment(try readEnvironment(i, effectiveAddress(i)))
  }

  /// FNSAVE: environment and registers; then FNINIT.
  mutating func saveState(_ i: UnsafePointer<Instruction>) throws(Interruption) {
    try requireVirtualizable()
    let address = effectiveAddress(i)
    let size = environmentSize(i)
    try probeWrite(Int(i.pointee.segment), address, Int(size + 80))
    try writeEnvironment(i, address)
    for index in 0..<8 {
      try writeImage(Int(i.pointee.segment), address &+ size &+ UInt32(index * 10), fpu[index])
    }
    initializeFPU()
  }

  mutating func restoreState(_ i: UnsafePointer<Instruction>) throws(Interruption) {
    let address = effectiveAddress(i)
    let size = environmentSize(i)
    try probeRead(Int(i.pointee.segment), address, Int(size + 80))
    setEnvironment(try readEnvironment(i, address))
    for index in 0..<8 {
      let image = try readImage(Int(i.pointee.segment), address &+ size &+ UInt32(index * 10))
      fpu[index] = image
    }
  }

  // MARK: FXSAVE and FXRSTOR (SDM 2A)

  /// #NM as for any x87 instruction, though a pending exception is nothing to them; #GP unless
  /// the 512 bytes are aligned to 16.
  private mutating func imageAddress(_ i: Instruction) throws(Interruption) -> UInt32 {
    try require(.fxsave)
    try checkDevice()
    let address = effectiveAddress(i)
    if (segments[Int(i.segment)].base &+ address) & 15 != 0 {
      throw .generalProtection(0, .unalignedAccess)
    }
    return address
  }

  /// FXSAVE. A processor without SSE leaves MXCSR's and the XMM registers' places alone.
  mutating func fxsave(_ i: Instruction) throws(Interruption) {
    try requireVirtualizable()
    let address = try imageAddress(i)
    let segment = Int(i.segment)
    try probeWrite(segment, address, 512)
    try write(segment, address, UInt32(fpu.statusWord) << 16 | UInt32(fpu.control))
    try write(
      segment, address &+ 4, UInt32(fpu.lastOpcode) << 16 | UInt32(fpu.abridgedTags))
    try write(segment, address &+ 8, fpu.instructionPointer)
    try write(segment, address &+ 12, UInt32(fpu.codeSelector))
    try write(segment, address &+ 16, fpu.dataPointer)
    try write(segment, address &+ 20, UInt32(fpu.dataSelector))
    for index in 0..<8 {
      let value = fpu[index]
      let offset = address &+ 32 &+ UInt32(index * 16)
      try writeDouble(segment, offset, value.significand)
      try writeDouble(segment, offset &+ 8, UInt64(value.signExponent))
    }
  }

  mutating func fxrstor(_ i: Instruction) throws(Interruption) {
    let address = try imageAddress(i)
    let segment = Int(i.segment)
    try probeRead(segment, address, 512)
    let words = try read(segment, address, as: UInt32.self)
    let tags = try read(segment, address &+ 4, as: UInt32.self)
    fpu.setControl(UInt16(truncatingIfNeeded: words))
    fpu.setStatusWord(UInt16(truncatingIfNeeded: words >> 16))
    fpu.abridgedTags = UInt8(truncatingIfNeeded: tags)
    fpu.lastOpcode = UInt16(truncatingIfNeeded: tags >> 16) & 0x7FF
    fpu.instructionPointer = try read(segment, address &+ 8)
    fpu.codeSelector = try read(segment, address &+ 12)
    fpu.dataPointer = try read(segment, address &+ 16)
    fpu.dataSelector = try read(segment, address &+ 20)
    for index in 0..<8 {
      let offset = address &+ 32 &+ UInt32(index * 16)
      let significand = try readDouble(segment, offset)
      let signExponent = try read(segment, offset &+ 8, as: UInt16.self)
      fpu[index] = Extended(signExponent: signExponent, significand: significand)
    }
    signalNumericError()
  }
}
