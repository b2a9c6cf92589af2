import X86

/// What the hypervisor adds to the ledger. The processor writes down the rest itself; only who did it,
/// at CPL 0, is amended here.
extension Paravirtualization {
  /// Names who did what at CPL 0: stubs return to guests, everything else is the hypervisor's.
  func amendEvents(_ cpu: inout CPU) {
    for place in max(seenPlace, cpu.log.start)..<cpu.log.end {
      let event = cpu.log[place: place]
      guard event.fromCPL == 0, event.actor == .guestKernel else { continue }
      cpu.log.amend(place: place) {
        $0.actor = $0.kind == .interruptReturn ? .stub : .hypervisor
      }
    }
    seenPlace = cpu.log.end
  }

  /// A hypercall, before anything of it is done. Returns its place in the log, for its result.
  func recordHypercall(_ number: UInt32, _ arguments: [UInt32], _ cpu: inout CPU) -> UInt64 {
    var event = event(.hypercall, cpu)
    event.code = number
    event.info = UInt64(arguments[0]) | UInt64(arguments[1]) << 32
    event.detail = UInt64(arguments[2])
    append(event, &cpu)
    return cpu.log.end - 1
  }

  /// What a hypercall answered, in the upper half of its detail, and why it was refused if it was.
  func recordResult(_ result: UInt32, _ cause: Cause, at place: UInt64, _ cpu: inout CPU) {
    guard place >= cpu.log.start else { return }
    cpu.log.amend(place: place) {
      $0.detail = $0.detail & 0xFFFF_FFFF | UInt64(result) << 32
      $0.cause = cause
    }
  }

  /// A trap is passed on to the guest's handler.
  func recordInjection(_ vector: Int, _ selector: UInt16, _ address: UInt32, _ cpu: inout CPU) {
    var event = event(.injection, cpu)
    event.vector = UInt8(vector)
    event.toVirtualRing = UInt8(selector & 3)
    (event.toCS, event.toEIP) = (selector, address)
    append(event, &cpu)
  }

  /// Events that wait are told to the guest: `code` is 1.
  func recordUpcall(_ cpu: inout CPU) {
    var event = event(.injection, cpu)
    event.code = 1
    event.toVirtualRing = UInt8(current.eventCallback.selector & 3)
    (event.toCS, event.toEIP) = (current.eventCallback.selector, current.eventCallback.address)
    append(event, &cpu)
  }

  /// Another domain has the processor now; `code` is its number, `detail` that of the one before.
  func recordSwitch(from old: UInt16, to new: UInt16, _ cpu: inout CPU) {
    var event = event(.worldSwitch, cpu)
    event.code = UInt32(new)
    event.detail = UInt64(old)
    append(event, &cpu)
  }

  /// An entry with the guest's place in it: the processor is in the hypervisor.
  private func event(_ kind: TransitionKind, _ cpu: borrowing CPU) -> Transition {
    var event = Transition(kind: kind)
    event.tick = cpu.ticks
    event.guestTick = cpu.ticks
    event.actor = .hypervisor
    (event.cs, event.eip) = (frame.cs, frame.eip)
    (event.ss, event.esp) = (frame.ss, frame.esp)
    event.flags = frame.eflags.rawValue
    event.fromVirtualRing = frame.ring
    event.toVirtualRing = frame.ring
    event.marks = .is32Bit
    if servedEvent > 0 {
      event.parentDistance = UInt32(clamping: cpu.log.count + 1 - servedEvent)
    }
    return event
  }

  private func append(_ event: Transition, _ cpu: inout CPU) { cpu.log.append(event) }
}
