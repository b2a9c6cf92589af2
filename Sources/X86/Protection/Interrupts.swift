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

  var vector: UInt8
  var source = Source.processor
  var errorCode: UInt32?
  /// The EIP that the handler returns to.
  var returnEIP: UInt32
  var resumeFlag = ResumeFlag.keep

  /// RF in the pushed EFLAGS: set for faults, so that an instruction breakpoint does not hit twice;
  /// clear for software interrupts; as it was for what comes between instructions (SDM 3B, 17.3.1).
  enum ResumeFlag { case set, clear, keep }
}

/// Which instruction raised a software interrupt.
enum SoftwareInterruptKind { case int3, intN, into, icebp }

extension CPU {
  /// Delivers an exception. The instruction that raised it has changed nothing; `eip` is its start.
  /// Sets CS:EIP to the handler, or stops the processor.
  mutating func deliverFault(_ fault: Interruption) {
    var current = fault
    while true {
      let from = origin
      let pageAddress = current.vector == Vector.pageFault ? cr2 : 0
      do throws(Interruption) {
        var event = Event(vector: current.vector, returnEIP: eip)
        if current.hasErrorCode { event.errorCode = current.errorCode }
        event.resumeFlag = .set
        try deliver(event)
        recordFault(current, from, pageAddress)
        return
      } catch {
        recordFault(current, from, pageAddress)
        guard let next = Self.combine(first: current.vector, second: error) else {
          return shutDown()
        }
        current = next
      }
    }
  }

  /// Delivers an external interrupt between instructions.
  mutating func deliverInterrupt(_ vector: UInt8, isNonMaskable: Bool) {
    let from = origin
    if isNonMaskable {
      nonMaskableRequested = false
      nonMaskableBlocked = true
    }
    var second: Interruption?
    do throws(Interruption) {
      try deliver(Event(vector: vector, returnEIP: eip))
    } catch {
      second = Self.withExternalBit(error)
    }
    let handler = eip
    record(.interrupt, from: from) {
      $0.vector = vector
      $0.cause = isNonMaskable ? .nonMaskableInterrupt : .externalInterrupt
      $0.detail = handler
    }
    if let second { deliverFault(second) }
  }

  /// Delivers #DB for the conditions given as DR6 bits; `eip` is where the handler returns to.
  mutating func deliverDebug(_ conditions: UInt32) {
    let from = origin
    debugRegisters[6] |= conditions
    var second: Interruption?
    do throws(Interruption) {
      try deliver(Event(vector: Vector.debug, returnEIP: eip))
    } catch {
      second = Self.withExternalBit(error)
    }
    let handler = eip
    record(.fault, from: from) {
      $0.vector = Vector.debug
      $0.cause =
        conditions & 0xF != 0
        ? .breakpointRegister : conditions & 0x8000 != 0 ? .taskSwitchTrap : .singleStep
      $0.detail = handler
    }
    if let second { deliverFault(second) }
  }

  /// INT3, INT n, INTO and INT1 (SDM 2A, INT). Sets `nextEIP`.
  mutating func softwareInterrupt(
    _ vector: UInt8, kind: SoftwareInterruptKind
  ) throws(Interruption) {
    let from = origin
    if kind == .intN {
      if isVirtual8086 && iopl < 3 { throw .generalProtection(0, .v86WithoutIOPL3) }
      try intercept(.softwareInterrupt(vector))
    }
    let function = self[.eax]
    var event = Event(vector: vector, returnEIP: nextEIP)
    event.source = kind == .icebp ? .processor : .instruction
    event.resumeFlag = .clear
    do throws(Interruption) {
      try deliver(event)
    } catch {
      throw kind == .icebp ? Self.withExternalBit(error) : error
    }
    suppressesSingleStep = true
    let handler = nextEIP
    record(.softwareInterrupt, from: from) {
      $0.vector = vector
      $0.cause = .softwareInterrupt
      $0.info = function
      $0.detail = handler
    }
  }

  // MARK: Faults on the way

  private mutating func recordFault(
    _ fault: Interruption, _ from: Origin, _ pageAddress: UInt32
  ) {
    let handler = eip
    record(.fault, from: from) {
      $0.vector = fault.vector
      $0.cause = fault.cause
      $0.hasErrorCode = fault.hasErrorCode
      $0.errorCode = fault.errorCode
      $0.info = pageAddress
      $0.detail = handler
    }
  }

  private mutating func shutDown() {
    isShutDown = true
    record(.shutdown) { $0.cause = .faultDuringDelivery }
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
    default: return withExternalBit(second)
    }
  }
}
