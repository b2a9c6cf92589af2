import X86

/// Hypercalls about the domain itself: its processor, its time, its rights, its memory.
extension Paravirtualization {
  // MARK: Scheduling

  /// sched_op.
  func schedulerOperation(
    _ command: UInt32, _ argument: UInt32, _ cpu: inout CPU
  ) throws(HypercallError) -> UInt32 {
    switch command {
    case 0: mustYield = true
    case 1: block(&cpu)
    case 2: shutDown(running, reason: try word(argument, &cpu), &cpu)
    case 3: try poll(argument, &cpu)
    case 4: try shutDownRemotely(argument, &cpu)
    default: throw .notImplemented
    }
    return 0
  }

  /// Events are let in, and unless one waits already, the domain does.
  private func block(_ cpu: inout CPU) {
    let info = current.processorInfo
    cpu.store(UInt8(0), at: info + ProcessorInfo.upcallMask)
    guard cpu.load(UInt8.self, at: info + ProcessorInfo.upcallPending) == 0 else { return }
    note(time(cpu), running)
    current.state = .blocked
  }

  /// ports, their number, and a timeout: waits until one of the ports is pending, masked or not.
  private func poll(_ place: UInt32, _ cpu: inout CPU) throws(HypercallError) {
    let (list, count) = (try word(place, &cpu), try word(place &+ 4, &cpu))
    let timeout = UInt64(try word(place &+ 12, &cpu)) << 32 | UInt64(try word(place &+ 8, &cpu))
    guard count <= 128 else { throw .invalid }
    var ports: [UInt32] = []
    for index in 0..<count {
      let port = try word(list &+ index * 4, &cpu)
      guard port < 1024 else { throw .invalid }
      let pending: UInt32 = cpu.load(
        at: current.sharedInfo + SharedInfo.pending + UInt64(port / 32 * 4))
      if pending >> (port & 31) & 1 != 0 { return }
      ports.append(port)
    }
    if timeout != 0 {
      guard timeout > time(cpu) else { return }
      current.pollEnd = timeout
      armTimer(&cpu)
    }
    note(time(cpu), running)
    current.polled = ports
    current.state = .blocked
  }

  /// A domain and a reason. One that is gone is started again, if that is the reason.
  private func shutDownRemotely(_ place: UInt32, _ cpu: inout CPU) throws(HypercallError) {
    let id = UInt16(truncatingIfNeeded: try word(place, &cpu))
    let reason = try word(place &+ 4, &cpu)
    guard current.isPrivileged else { throw .notPermitted }
    if reason == Self.reboot, let gone = domains.firstIndex(where: { $0.id == id && $0.isGone }) {
      return try startAgain(gone, &cpu)
    }
    shutDown(try domain(id), reason: reason, &cpu)
  }

  /// SHUTDOWN_reboot.
  private static let reboot: UInt32 = 1

  /// A domain's own end. When it is Domain 0's, the machine is switched off, as far as it can be.
  func shutDown(_ index: Int, reason: UInt32, _ cpu: inout CPU) {
    end(index, as: .shutDown(reason: reason), &cpu)
    guard domains[index].isPrivileged else { return }
    for other in domains.indices where domains[other].isAlive {
      end(other, as: .shutDown(reason: reason), &cpu)
    }
  }

  // MARK: Lists of calls

  /// multicall: entries of a number, room for the result, and six arguments.
  func multicall(_ list: UInt32, count: UInt32, _ cpu: inout CPU) throws(HypercallError) {
    guard !isInMulticall else { throw .invalid }
    isInMulticall = true
    defer { isInMulticall = false }
    for index in 0..<count {
      let place = list &+ index &* 32
      guard takeElement() else { return continuation = [place, count - index] }
      let number = try word(place, &cpu)
      var arguments: [UInt32] = []
      for argument in 0..<UInt32(6) {
        arguments.append(try word(place &+ 8 &+ argument * 4, &cpu))
      }
      counters.multicalls &+= 1
      let inner = recordHypercall(number, arguments, &cpu)
      let result = answer(number, arguments, &cpu)
      recordResult(result, refusalCause, at: inner, &cpu)
      if let rest = takeContinuation() {
        // The entry says from now on what is left of it.
        for (argument, value) in rest.enumerated() {
          try put(value, at: place &+ 8 &+ UInt32(argument) * 4, &cpu)
        }
        return continuation = [place, count - index]
      }
      try put(result, at: place &+ 4, &cpu)
      guard current.isAlive else { return }
    }
  }

  // MARK: Devices

  /// physdev_op.
  func deviceOperation(
    _ command: UInt32, _ place: UInt32, _ cpu: inout CPU
  ) throws(HypercallError) {
    switch command {
    // A line is acknowledged as soon as it has interrupted, so that nothing is left for this.
    case 12: guard try word(place, &cpu) < 16 else { throw .invalid }
    case 5:
      guard try word(place, &cpu) < 16 else { throw .invalid }
      try put(0, at: place &+ 4, &cpu)
    case 6:
      let level = try word(place, &cpu)
      guard level < 4 else { throw .invalid }
      guard level == 0 || current.isPrivileged else { throw .notPermitted }
      current.ioPrivilege = UInt8(level)
      if level == 0 { closePorts(&cpu) }
    default: throw .notImplemented
    }
  }

  // MARK: Who we are

  /// xen_version: that of the interface, and what else a guest may want to know.
  func version(
    _ command: UInt32, _ place: UInt32, _ cpu: inout CPU
  ) throws(HypercallError) -> UInt32 {
    switch command {
    case 0: return 3 << 16
    case 1: try put("-ringside", size: 16, at: place, &cpu)
    case 2:
      try put("Swift", size: 64, at: place, &cpu)
      for offset in [64, 80, 112] { try put("", size: 1, at: place &+ UInt32(offset), &cpu) }
    case 3: try put("xen-3.0-x86_32", size: 1024, at: place, &cpu)
    case 4: try put("unavailable", size: 64, at: place, &cpu)
    case 5: try put(HypervisorLayout.hole, at: place, &cpu)
    case 6:
      guard try word(place, &cpu) == 0 else { throw .invalid }
      try put(0, at: place &+ 4, &cpu)
    case 7: return 4096
    default: throw .notImplemented
    }
    return 0
  }

  /// Text with zeros behind it.
  private func put(
    _ text: String, size: Int, at place: UInt32, _ cpu: inout CPU
  ) throws(HypercallError) {
    let bytes = Array(text.utf8)
    try put(bytes + [UInt8](repeating: 0, count: size - bytes.count), at: place, &cpu)
  }
}
