/// What every x87 instruction shares: the checks before it, and the exceptions it ends with
/// (SDM 1, 8.4-8.6).
extension CPU {
  /// Before an instruction that may not run now: #NM, or a pending exception. The latter is nothing
  /// to control instructions without wait, and to undefined ones.
  @inline(never)
  mutating func checkNumeric(_ i: UnsafePointer<Instruction>) throws(Interruption) {
    try checkDevice()
    if !i.pointee.isNumericWithoutWait && !i.pointee.isUndefinedNumeric {
      try raisePendingNumeric()
    }
  }

  /// #NM while CR0.EM or CR0.TS is set.
  func checkDevice() throws(Interruption) {
    if cr0.contains(.emulation) {
      throw Interruption(vector: Vector.deviceNotAvailable, cause: .coprocessorEmulated)
    }
    if cr0.contains(.taskSwitched) {
      throw Interruption(vector: Vector.deviceNotAvailable, cause: .taskSwitched)
    }
  }

  /// #MF for an unmasked exception of an earlier instruction. With CR0.NE clear it was reported
  /// through FERR# when it happened, and the program goes on.
  mutating func raisePendingNumeric() throws(Interruption) {
    guard fpu.status & FPU.Status.errorSummary != 0 else { return }
    if cr0.contains(.numericError) {
      throw Interruption(vector: Vector.floatingPoint, cause: .floatingPointPending)
    }
    try intercept(.ferrFreeze)
  }

  /// Remembers a register instruction for FSTENV and its kin.
  @inline(__always)
  mutating func note(_ i: UnsafePointer<Instruction>) {
    fpu.instructionPointer = blockStart &+ UInt32(i.pointee.offset)
    fpu.codeSelector = segments[SegmentRegister.cs].selector
    fpu.lastOpcode = UInt16(truncatingIfNeeded: i.pointee.immediate & 0x7FF)
  }

  /// Remembers an instruction with a memory operand, once that has been accessed.
  @inline(__always)
  mutating func note(_ i: UnsafePointer<Instruction>, _ address: UInt32) {
    note(i)
    fpu.dataPointer = address
    fpu.dataSelector = segments[Int(i.pointee.segment)].selector
  }

  /// Adds what an operation reports to the status word. False when its result must not be written:
  /// an unmasked IE, DE or ZE leaves the operands alone.
  @inline(__always)
  mutating func accept(_ context: NumericContext) -> Bool {
    let raised = context.raised.rawValue
    fpu.c1 = raised & FPU.Status.c1
    // Nearly always nothing but PE, which is masked and has long been set.
    let known = fpu.status & context.control
    if _fastPath(raised & ~known & NumericExceptions.maskable.rawValue == 0) { return true }
    return acceptNew(context)
  }

  @inline(never)
  private mutating func acceptNew(_ context: NumericContext) -> Bool {
    let reported = context.reported.rawValue
    fpu.c1 = reported & FPU.Status.c1
    fpu.status |= reported & NumericExceptions.maskable.rawValue
    if reported & ~context.control & NumericExceptions.maskable.rawValue != 0 {
      signalNumericError()
    }
    return !context.isAborted
  }

  /// The same for FLD and FST: only the exceptions in `withholding`, unmasked, leave the
  /// destination alone.
  @inline(__always)
  mutating func accept(
    _ context: NumericContext, withholding: NumericExceptions
  ) -> Bool {
    _ = accept(context)
    return context.raised.rawValue & withholding.rawValue & ~context.control == 0
  }

  /// A register that should hold a number is empty. True when the masked response is due.
  @inline(never)
  mutating func stackUnderflow() -> Bool { stackFault(0) }

  /// A register that should be empty is not.
  @inline(never)
  mutating func stackOverflow() -> Bool { stackFault(FPU.Status.c1) }

  private mutating func stackFault(_ c1: UInt16) -> Bool {
    let flags: NumericExceptions = [.invalid, .stackFault]
    fpu.c1 = c1
    fpu.status |= flags.rawValue
    if fpu.control & NumericExceptions.invalid.rawValue != 0 { return true }
    signalNumericError()
    return false
  }

  /// An unmasked exception: pending from now on, and on the FERR# pin when CR0.NE is clear;
  /// or none any more.
  @inline(never)
  mutating func signalNumericError() {
    fpu.updateErrorSummary()
    let isSignalled =
      fpu.status & FPU.Status.errorSummary != 0 && !cr0.contains(.numericError)
    if isSignalled != floatingPointError { requestAttention() }
    floatingPointError = isSignalled
  }
}

extension Instruction {
  /// FNINIT, FNCLEX, FENI, FDISI, FSETPM, FNSTENV, FNSAVE, FNSTCW and FNSTSW.
  fileprivate var isNumericWithoutWait: Bool {
    let opcode = immediate >> 8
    let selector = immediate >> 3 & 7
    if isMemory { return (opcode == 0xD9 || opcode == 0xDD) && selector >= 6 }
    return opcode == 0xDB && selector == 4 || opcode == 0xDF && selector == 4
  }

  /// Opcodes that no processor from the 387 to the Pentium II knows.
  fileprivate var isUndefinedNumeric: Bool {
    let opcode = Int(immediate >> 8 & 7)
    let selector = immediate >> 3 & 7
    if isMemory { return Self.undefinedMemory[opcode] >> selector & 1 != 0 }
    return Self.undefinedRegister[opcode] >> (immediate & 0x3F) & 1 != 0
  }

  /// For D8 … DF a bit for each ModR/M.reg.
  private static let undefinedMemory: InlineArray<8, UInt32> = [0, 2, 0, 0x52, 0, 0x22, 0, 2]

  /// For D8 … DF a bit for each ModR/M from C0 on.
  private static let undefinedRegister: InlineArray<8, UInt64> = [
    0, 0x0000_80CC_00FE_0000, 0xFFFF_FDFF_0000_0000, 0xFF00_00E0_0000_0000,
    0, 0xFFFF_0000_0000_0000, 0x0000_0000_FD00_0000, 0xFF00_00FE_0000_0000,
  ]
}
