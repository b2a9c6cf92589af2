/// What a hypervisor asked to see (AMD APM 2, 15.9-15.14): each check site of the core names an exit
/// code, and the bit of that number in the VMCB decides.
///
/// Checks come after the exceptions that have priority and before the first effect, as table 15-7
/// orders them. An intercept is thrown like a fault, so that it undoes as much as one.
extension Interruption {
  /// Not an exception: the guest is to be left for what `SVMState.exit` says.
  static let exit = Interruption(vector: 0, cause: .guestExit)
  var isExit: Bool { cause == .guestExit }
}

extension CPU {
  /// The seam in the instructions: leaves the guest if its hypervisor wants to see this one.
  @inline(__always)
  mutating func intercept(_ code: ExitCode) throws(Interruption) {
    if _slowPath(svm.isGuest) { try interceptInstruction(code) }
  }

  /// Whether the running guest's VMCB has the bit for an exit code. False in the host.
  func intercepts(_ code: ExitCode) -> Bool {
    let number = Int(truncatingIfNeeded: code.rawValue)
    return svm.isGuest && svm.guest.intercepts[number >> 5] >> UInt32(number & 31) & 1 != 0
  }

  @inline(never)
  private mutating func interceptInstruction(_ code: ExitCode) throws(Interruption) {
    guard intercepts(code) else { return }
    throw exit(code, nextRIP: nextEIP)
  }

  /// Notes an exit; to be thrown, or followed by `leaveGuest` between instructions.
  @discardableResult
  mutating func exit(
    _ code: ExitCode, _ info1: UInt64 = 0, _ info2: UInt64 = 0, nextRIP: UInt32 = 0
  ) -> Interruption {
    svm.exit = PendingExit(code: code, info1: info1, info2: info2, nextRIP: nextRIP)
    return .exit
  }

  // MARK: Exceptions

  /// Whether an exception leaves the guest instead of entering its handler: looked at before double
  /// faults are made of two. CR2 stays; what of DR6 and DR7 a handler would see is there already.
  mutating func interceptsException(
    _ vector: UInt8, errorCode: UInt32?, nextRIP: UInt32 = 0
  ) -> Bool {
    guard vector < 32, intercepts(.exception(vector)) else { return false }
    if vector == Vector.debug { debugRegisters[7] &= ~(1 << 13) }
    // An exit by #DF is not one during a delivery.
    if vector == Vector.doubleFault { svm.delivering = 0 }
    exit(
      .exception(vector), UInt64(errorCode ?? 0),
      vector == Vector.pageFault ? UInt64(pageFaultAddress) : 0, nextRIP: nextRIP)
    return true
  }

  // MARK: Ports and MSRs

  /// IN, OUT, INS and OUTS: a bit for each port in three pages (AMD APM 2, 15.10).
  @inline(__always)
  mutating func interceptPort(
    _ port: UInt16, _ size: Int, _ i: Instruction, isInput: Bool
  ) throws(Interruption) {
    if _slowPath(svm.isGuest) { try interceptPortInGuest(port, size, i, isInput: isInput) }
  }

  @inline(never)
  private mutating func interceptPortInGuest(
    _ port: UInt16, _ size: Int, _ i: Instruction, isInput: Bool
  ) throws(Interruption) {
    guard intercepts(.io) else { return }
    let place = svm.guest.ioPermissions + UInt64(port >> 3)
    let bits = readPermissions(place) | readPermissions(place + 1) << 8
    guard bits >> UInt32(port & 7) & (1 << UInt32(size) - 1) != 0 else { return }
    var information = UInt64(port) << 16 | UInt64(size) << 4 | (isInput ? 1 : 0)
    information |= i.flags.contains(.address16) ? 1 << 7 : 1 << 8
    if i.handler == .ins || i.handler == .outs {
      information |= 1 << 2
      if !i.flags.isDisjoint(with: [.rep, .repne]) { information |= 1 << 3 }
      information |= UInt64(i.handler == .ins ? SegmentRegister.es : Int(i.segment)) << 10
    }
    throw exit(.io, information, UInt64(nextEIP), nextRIP: nextEIP)
  }

  /// RDMSR and WRMSR: two bits for each of 3 × 8192 registers; all others leave the guest always
  /// (AMD APM 2, 15.11).
  @inline(__always)
  mutating func interceptMSR(_ number: UInt32, isWrite: Bool) throws(Interruption) {
    if _slowPath(svm.isGuest) { try interceptMSRInGuest(number, isWrite: isWrite) }
  }

  @inline(never)
  private mutating func interceptMSRInGuest(
    _ number: UInt32, isWrite: Bool
  ) throws(Interruption) {
    guard intercepts(.msr) else { return }
    let part: UInt64?
    switch number >> 13 {
    case 0: part = 0
    case 0xC000_0000 >> 13: part = 0x800
    case 0xC001_0000 >> 13: part = 0x1000
    default: part = nil
    }
    if let part {
      let place = svm.guest.msrPermissions + part + UInt64(number & 0x1FFF) >> 2
      let bit = (number & 3) * 2 + (isWrite ? 1 : 0)
      guard readPermissions(place) >> bit & 1 != 0 else { return }
    }
    throw exit(.msr, isWrite ? 1 : 0, nextRIP: nextEIP)
  }

  private mutating func readPermissions(_ address: PhysicalAddress) -> UInt32 {
    UInt32(truncatingIfNeeded: readPhysical(address & addressMask, 1))
  }

  // MARK: Task switches

  /// A task switch, once the incoming TSS has been found and before it is read (AMD APM 2, 15.14.1).
  mutating func interceptTaskSwitch(
    to selector: UInt16, _ reason: TaskSwitchReason, errorCode: UInt32?, flags: EFLAGS
  ) throws(Interruption) {
    guard intercepts(.taskSwitch) else { return }
    var information = UInt64(errorCode ?? 0)
    if reason == .interruptReturn { information |= 1 << 36 }
    if reason == .jump { information |= 1 << 38 }
    if errorCode != nil { information |= 1 << 44 }
    if flags.contains(.resume) { information |= 1 << 48 }
    throw exit(.taskSwitch, UInt64(selector), information)
  }
}
