/// Control instructions: FNINIT, FNCLEX, FLDCW, FNSTCW, FNSTSW, FWAIT. They leave no trace in the
/// last-instruction pointers.
extension CPU {
  mutating func initializeFPU() {
    fpu.initialize()
    signalNumericError()
  }

  mutating func clearNumericExceptions() {
    fpu.status &= FPU.Status.comparison
    signalNumericError()
  }

  /// FLDCW. Unmasking an exception whose flag is set makes it pending.
  mutating func loadControl(_ i: UnsafePointer<Instruction>) throws(Interruption) {
    fpu.setControl(try read(Int(i.pointee.segment), effectiveAddress(i)))
    signalNumericError()
  }

  mutating func storeControl(_ i: UnsafePointer<Instruction>) throws(Interruption) {
    try write(Int(i.pointee.segment), effectiveAddress(i), fpu.control)
  }

  mutating func storeStatus(_ i: UnsafePointer<Instruction>) throws(Interruption) {
    try write(Int(i.pointee.segment), effectiveAddress(i), fpu.statusWord)
  }

  /// FNSTSW AX.
  func storeStatusInAX() {
    self[.eax] = self[.eax] & 0xFFFF_0000 | UInt32(fpu.statusWord)
  }

  /// WAIT — 9B. #NM only when both CR0.MP and CR0.TS are set.
  mutating func fwait() throws(Interruption) {
    if cr0.isSuperset(of: [.monitorCoprocessor, .taskSwitched]) {
      throw Interruption(vector: Vector.deviceNotAvailable, cause: .taskSwitched)
    }
    try raisePendingNumeric()
  }
}
