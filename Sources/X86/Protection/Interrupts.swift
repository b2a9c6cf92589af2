/// Exceptions and interrupts on their way to a handler (SDM 3A, chapter 6).
///
/// Delivering is tried until it succeeds: a fault met on the way is delivered instead, two faults
/// may make a double fault, and a fault on the way to that stops the processor.
struct Event {
  enum Source {
    /// INT n, INT3, INTO: the gate's DPL counts, and errors have no EXT bit.
    case instruction
    /// Exceptions, interrupts and INT1.
    case processor
  }

  var kind: TransitionKind
  var vector: UInt8
  var cause: Cause
  var source = Source.processor
  var errorCode: UInt32?
  /// What the event's transition says beside: EAX of a system call, what made a double fault.
  var info: UInt64 = 0
  var detail: UInt64 = 0
  /// The memory operand that a segment refused, for `Evidence`.
  var violation: (segment: UInt8, offset: UInt32)?
  /// The EIP that the handler returns to.
  var returnEIP: UInt32
  var resumeFlag = ResumeFlag.keep

  /// RF in the pushed EFLAGS: set for faults, so that an instruction breakpoint does not hit twice;
  /// clear for software interrupts; as it was for what comes between instructions (SDM 3B, 17.3.1).
  enum ResumeFlag { case set, clear, keep }

  init(_ kind: TransitionKind, _ vector: UInt8, _ cause: Cause, returnEIP: UInt32) {
    self.kind = kind
    self.vector = vector
    self.cause = cause
    self.returnEIP = returnEIP
  }
}

/// Which instruction raised a software interrupt.
enum SoftwareInterruptKind { case int3, intN, into, icebp }

extension CPU {
  /// Delivers an exception. The instruction that raised it has changed nothing; `eip` is its start.
  /// Sets CS:EIP to the handler, leaves the guest, or stops the processor.
  mutating func deliverFault(_ fault: Interruption) {
    let errorCode = fault.hasErrorCode ? fault.errorCode : nil
    if svm.isGuest && interceptsException(fault.vector, errorCode: errorCode) {
      return leaveGuest()
    }
    var event = event(of: fault)
    deliverUntilDone(&event)
  }

  private mutating func event(of fault: Interruption) -> Event {
    var event = Event(.fault, fault.vector, fault.cause, returnEIP: eip)
    event.resumeFlag = .set
    if fault.hasErrorCode { event.errorCode = fault.errorCode }
    if fault.vector == Vector.pageFault {
      cr2 = pageFaultAddress
      event.info = UInt64(cr2)
    }
    event.violation = violation
    violation = nil
    return event
  }

  /// Delivers an exception, and what comes of it on the way.
  mutating func deliverUntilDone(_ event: inout Event) {
    while true {
      if svm.isGuest {
        svm.delivering = EventInformation.value(
          event.vector, type: EventInformation.exception, errorCode: event.errorCode)
      }
      guard let second = attempt(event) else { break }
      if second.isExit { return leaveGuest() }
      if svm.isGuest && intercepts(second) { return leaveGuest() }
      guard let next = Self.combine(first: event.vector, second: second) else {
        return shutDown()
      }
      let makesDoubleFault = next.vector == Vector.doubleFault
      if makesDoubleFault && svm.isGuest && intercepts(next) { return leaveGuest() }
      event = self.event(of: next)
      if makesDoubleFault {
        // What the first one's delivery met.
        event.info = UInt64(second.cause.rawValue) << 8 | UInt64(second.vector)
        event.detail = UInt64(second.errorCode)
      }
    }
    svm.delivering = 0
    setOffBy = 0
  }

  private mutating func intercepts(_ fault: Interruption) -> Bool {
    interceptsException(fault.vector, errorCode: fault.hasErrorCode ? fault.errorCode : nil)
  }

  /// Delivers an event, or says what it met on the way; the event is written down all the same,
  /// and set that off.
  private mutating func attempt(_ event: Event) -> Interruption? {
    let before = setOffBy
    do throws(Interruption) {
      try deliver(event)
      return nil
    } catch {
      if setOffBy == before { setOffBy = open(event).pointee.sequence }
      return event.source == .instruction ? error : Self.withExternalBit(error)
    }
  }

  /// Delivers what no instruction asked for now: a fault on the way is a first one. `information`
  /// is what an exit during the delivery would say of it.
  mutating func deliverFromOutside(_ event: Event, as information: UInt64) {
    if svm.isGuest { svm.delivering = information }
    guard let second = attempt(event) else {
      svm.delivering = 0
      return
    }
    if second.isExit { leaveGuest() } else { deliverFault(second) }
  }

  /// Delivers an external interrupt between instructions.
  mutating func deliverInterrupt(
    _ vector: UInt8, isNonMaskable: Bool, isInjected: Bool = false
  ) {
    if isNonMaskable && !isInjected {
      nonMaskableRequested = false
      nonMaskableBlocked = true
    }
    let cause: Cause =
      isInjected ? .injected : isNonMaskable ? .nonMaskableInterrupt : .externalInterrupt
    let type = isNonMaskable ? EventInformation.nonMaskable : EventInformation.interrupt
    deliverFromOutside(
      Event(.interrupt, vector, cause, returnEIP: eip),
      as: EventInformation.value(vector, type: type))
  }

  /// Delivers #DB for the conditions given as DR6 bits; `eip` is where the handler returns to.
  mutating func deliverDebug(_ conditions: UInt32) {
    debugRegisters[6] |= conditions
    if svm.isGuest && interceptsException(Vector.debug, errorCode: nil) { return leaveGuest() }
    let cause: Cause =
      conditions & 0xF != 0
      ? .breakpointRegister : conditions & 0x8000 != 0 ? .taskSwitchTrap : .singleStep
    deliverFromOutside(
      Event(.fault, Vector.debug, cause, returnEIP: eip),
      as: EventInformation.value(Vector.debug, type: EventInformation.exception))
  }

  /// INT3, INT n, INTO and INT1 (SDM 2A, INT). Sets `nextEIP`.
  mutating func softwareInterrupt(
    _ vector: UInt8, kind: SoftwareInterruptKind
  ) throws(Interruption) {
    if kind == .intN {
      try intercept(.softwareInterrupt)
      if isVirtual8086 && iopl < 3 { throw .generalProtection(0, .v86WithoutIOPL3) }
    }
    if svm.isGuest { try enterInterruptAsGuest(vector, kind) }
    let cause = kind == .into ? Cause.overflowFlag : .softwareInterrupt
    var event = Event(.softwareInterrupt, vector, cause, returnEIP: nextEIP)
    event.source = kind == .icebp ? .processor : .instruction
    event.resumeFlag = .clear
    event.info = UInt64(self[.eax])
    // Should this fault, what it was delivering stays noted for an exit.
    do throws(Interruption) {
      try deliver(event)
    } catch {
      throw kind == .icebp ? Self.withExternalBit(error) : error
    }
    svm.delivering = 0
    suppressesSingleStep = true
  }

  /// INT3, INTO and INT1 are exceptions to a hypervisor; only INT n is a software interrupt.
  private mutating func enterInterruptAsGuest(
    _ vector: UInt8, _ kind: SoftwareInterruptKind
  ) throws(Interruption) {
    if kind == .icebp { try intercept(.icebp) }
    if kind != .intN {
      let nextRIP = kind == .icebp ? 0 : nextEIP
      if interceptsException(vector, errorCode: nil, nextRIP: nextRIP) { throw .exit }
    }
    svm.delivering = EventInformation.value(
      vector,
      type: kind == .intN ? EventInformation.softwareInterrupt : EventInformation.exception)
  }

  /// The entry of an event in the log, before anything has changed.
  @inline(__always)
  mutating func open(_ event: Event) -> UnsafeMutablePointer<Transition> {
    let entry = open(event.kind)
    log.count(vector: event.vector)
    entry.pointee.vector = event.vector
    entry.pointee.cause = event.cause
    entry.pointee.info = event.info
    entry.pointee.detail = event.detail
    if let errorCode = event.errorCode {
      entry.pointee.code = errorCode
      entry.pointee.marks.insert(.errorCode)
    }
    if event.kind == .interrupt { entry.pointee.actor = .device }
    if event.kind == .fault { collectEvidence(of: event, into: entry) }
    return entry
  }

  // MARK: Faults on the way

  mutating func shutDown() {
    if intercepts(.shutdown) {
      exit(.shutdown)
      return leaveGuest()
    }
    isShutDown = true
    open(.shutdown).pointee.cause = .faultDuringDelivery
    setOffBy = 0
    requestAttention()
  }

  /// Sets EXT in an error code that can have it: the program did not ask for the event.
  private static func withExternalBit(_ fault: Interruption) -> Interruption {
    var external = fault
    switch fault.vector {
    case Vector.invalidTSS, Vector.segmentNotPresent, Vector.stackFault,
      Vector.generalProtection:
      external.errorCode |= 1
    default: break
    }
    return external
  }

  private enum Severity { case benign, contributory, pageFault, doubleFault }

  private static func severity(_ vector: UInt8) -> Severity {
    switch vector {
    case Vector.divideError, Vector.invalidTSS, Vector.segmentNotPresent, Vector.stackFault,
      Vector.generalProtection:
      return .contributory
    case Vector.pageFault: return .pageFault
    case Vector.doubleFault: return .doubleFault
    default: return .benign
    }
  }

  /// What comes of a fault during the delivery of another (SDM 3A, table 6-5); nil: shutdown.
  private static func combine(first: UInt8, second: Interruption) -> Interruption? {
    switch (severity(first), severity(second.vector)) {
    case (.doubleFault, .contributory), (.doubleFault, .pageFault): return nil
    case (.contributory, .contributory), (.pageFault, .contributory), (.pageFault, .pageFault):
      return Interruption(
        vector: Vector.doubleFault, errorCode: 0, hasErrorCode: true, cause: .faultDuringDelivery)
    default: return second
    }
  }
}
