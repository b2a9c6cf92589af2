/// What may interrupt a guest, and what leaves it for the host (AMD APM 2, 15.17 and 15.21).
extension CPU {
  /// Whether INTR is taken at a boundary without shadow: IF, unless a hypervisor has a say.
  ///
  /// While GIF is clear nothing is. In a guest with V_INTR_MASKING the host's IF decides.
  public var acceptsInterrupts: Bool {
    guard svm.globalInterruptFlag else { return false }
    let isHostsAffair = svm.isGuest && svm.guest.masksInterrupts
    return isHostsAffair ? svm.host.acceptsInterrupts : systemFlags.contains(.interrupt)
  }

  /// A virtual interrupt is requested that the guest accepts: its IF is set and the request's
  /// priority above V_TPR.
  var acceptsVirtualInterrupt: Bool {
    svm.guest.isInterruptRequested && svm.globalInterruptFlag
      && systemFlags.contains(.interrupt)
      && (svm.guest.ignoresTaskPriority
        || svm.guest.interruptPriority > svm.guest.taskPriority)
  }

  /// Delivers it. No interrupt controller is asked: the VMCB has the vector.
  mutating func deliverVirtualInterrupt() {
    svm.guest.isInterruptRequested = false
    deliverInterrupt(svm.guest.interruptVector, isNonMaskable: false, isInjected: true)
  }

  /// Delivers what VMRUN found in EVENTINJ, before the guest's first instruction. The event itself is
  /// not intercepted; faults on the way are.
  mutating func deliverInjection() {
    let injected = svm.injection
    svm.injection = 0
    let vector = UInt8(truncatingIfNeeded: injected)
    let errorCode =
      injected & EventInformation.hasErrorCode == 0 ? nil : UInt32(injected >> 32)
    switch injected >> 8 & 7 {
    case EventInformation.interrupt:
      deliverInterrupt(vector, isNonMaskable: false, isInjected: true)
    // Later NMIs are not held back by one that was injected.
    case EventInformation.nonMaskable:
      deliverInterrupt(Vector.nonMaskable, isNonMaskable: true, isInjected: true)
    default:
      let isException = injected >> 8 & 7 == EventInformation.exception
      var event = Event(
        isException ? .fault : .softwareInterrupt, vector, .injected, returnEIP: eip)
      event.errorCode = errorCode
      // INT n, INT3 and INTO return behind the instruction, whose end the hypervisor knows.
      if !isException || vector == Vector.breakpoint || vector == Vector.overflow {
        event.source = .instruction
        event.returnEIP = readVMCB32(svm.vmcb, .nextRIP)
      }
      if isException { deliverUntilDone(&event) } else { deliverFromOutside(event, as: injected) }
    }
  }

  /// Reads CR8, the task priority: in a guest with V_INTR_MASKING its own, V_TPR.
  var taskPriority: UInt8 {
    get { svm.isGuest && svm.guest.masksInterrupts ? svm.guest.taskPriority : svm.taskPriority }
    set {
      if svm.isGuest { svm.guest.taskPriority = newValue }
      if !svm.isGuest || !svm.guest.masksInterrupts { svm.taskPriority = newValue }
      if svm.guest.isInterruptRequested { requestAttention() }
    }
  }
}
