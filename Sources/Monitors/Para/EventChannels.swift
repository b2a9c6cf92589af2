import X86

/// Event channels: what interrupts are for a paravirtualized guest. A channel has a bit that says that
/// an event waits and one that masks it, both in the page that domain and hypervisor share.
extension Paravirtualization {
  /// Marks a port, and tells the domain unless it does not want to know.
  func setPending(_ port: UInt32, of index: Int, _ cpu: inout CPU) {
    counters.events &+= 1
    let shared = domains[index].sharedInfo
    let (word, bit) = (UInt64(port / 32 * 4), UInt32(1) << (port & 31))
    let pending: UInt32 = cpu.load(at: shared + SharedInfo.pending + word)
    let mask: UInt32 = cpu.load(at: shared + SharedInfo.mask + word)
    if domains[index].polled.contains(port) { wake(index, cpu) }
    guard pending & bit == 0 else { return }
    cpu.store(pending | bit, at: shared + SharedInfo.pending + word)
    if mask & bit == 0 { select(port / 32, of: index, &cpu) }
  }

  private func select(_ word: UInt32, of index: Int, _ cpu: inout CPU) {
    let info = domains[index].processorInfo
    let selected: UInt32 = cpu.load(at: info + ProcessorInfo.pendingSelector)
    cpu.store(selected | 1 << word, at: info + ProcessorInfo.pendingSelector)
    cpu.store(UInt8(1), at: info + ProcessorInfo.upcallPending)
    if domains[index].polled.isEmpty { wake(index, cpu) }
  }

  /// A virtual interrupt for a domain, if it has bound it.
  func raise(_ interrupt: Int, of index: Int, _ cpu: inout CPU) {
    let port = domains[index].virtualInterrupts[interrupt]
    if port != 0 { setPending(port, of: index, &cpu) }
  }

  // MARK: The hypercall

  /// event_channel_op: a command, and its structure in the guest's memory.
  func eventChannelOperation(
    _ command: UInt32, _ place: UInt32, _ cpu: inout CPU
  ) throws(HypercallError) {
    switch command {
    case 0: try bindInterdomain(place, &cpu)
    case 1: try bindVirtual(place, &cpu)
    case 2: try bindPhysical(place, &cpu)
    case 3: try close(try word(place, &cpu), of: running, &cpu)
    case 4: try send(try word(place, &cpu), &cpu)
    case 5: try status(place, &cpu)
    case 6: try allocateUnbound(place, &cpu)
    case 7:
      guard try word(place, &cpu) == 0 else { throw .noEntry }
      let port = try freePort(of: running)
      current.channels[Int(port)] = .interprocessor
      try put(port, at: place + 4, &cpu)
    case 8:
      // The one virtual processor there is, is the one that is notified.
      guard try channel(try word(place, &cpu), of: running) != .free else { throw .invalid }
      guard try word(place + 4, &cpu) == 0 else { throw .noEntry }
    case 9: try unmask(try word(place, &cpu), &cpu)
    default: throw .notImplemented
    }
  }

  private func freePort(of index: Int) throws(HypercallError) -> UInt32 {
    guard let port = domains[index].channels.firstIndex(of: .free) else { throw .noSpace }
    return UInt32(port)
  }

  private func channel(_ port: UInt32, of index: Int) throws(HypercallError) -> EventChannel {
    guard port < 1024 else { throw .invalid }
    return domains[index].channels[Int(port)]
  }

  /// The index of a domain that the caller may speak for: itself, or any if it is privileged.
  func domain(_ id: UInt16) throws(HypercallError) -> Int {
    if id == 0x7FF0 || id == current.id { return running }
    guard let index = domains.firstIndex(where: { $0.id == id && !$0.isGone }) else {
      throw .noDomain
    }
    guard current.isPrivileged else { throw .notPermitted }
    return index
  }

  /// The index of a domain that is to be the other end of something.
  func remote(_ id: UInt16) throws(HypercallError) -> Int {
    if id == 0x7FF0 { return running }
    guard let index = domains.firstIndex(where: { $0.id == id && !$0.isGone }) else {
      throw .noDomain
    }
    return index
  }

  private func allocateUnbound(_ place: UInt32, _ cpu: inout CPU) throws(HypercallError) {
    let ids = try word(place, &cpu)
    let index = try domain(UInt16(truncatingIfNeeded: ids))
    let named = UInt16(ids >> 16)
    let port = try freePort(of: index)
    domains[index].channels[Int(port)] = .unbound(remote: named == 0x7FF0 ? current.id : named)
    try put(port, at: place + 4, &cpu)
  }

  private func bindInterdomain(_ place: UInt32, _ cpu: inout CPU) throws(HypercallError) {
    let other = try remote(UInt16(truncatingIfNeeded: try word(place, &cpu)))
    let otherPort = try word(place + 4, &cpu)
    guard try channel(otherPort, of: other) == .unbound(remote: current.id) else { throw .invalid }
    let port = try freePort(of: running)
    current.channels[Int(port)] = .interdomain(remote: domains[other].id, port: otherPort)
    domains[other].channels[Int(otherPort)] = .interdomain(remote: current.id, port: port)
    // Whoever sent before it was bound is heard now.
    setPending(port, of: running, &cpu)
    try put(port, at: place + 8, &cpu)
  }

  private func bindVirtual(_ place: UInt32, _ cpu: inout CPU) throws(HypercallError) {
    let interrupt = try word(place, &cpu)
    guard interrupt < UInt32(VirtualInterrupt.count) else { throw .invalid }
    guard try word(place &+ 4, &cpu) == 0 else {
      throw VirtualInterrupt.ofProcessors.contains(Int(interrupt)) ? .noEntry : .invalid
    }
    guard current.virtualInterrupts[Int(interrupt)] == 0 else { throw .exists }
    let port = try freePort(of: running)
    current.channels[Int(port)] = .virtual(interrupt)
    current.virtualInterrupts[Int(interrupt)] = port
    if interrupt == VirtualInterrupt.console { listenToConsole(&cpu) }
    try put(port, at: place + 8, &cpu)
  }

  private func bindPhysical(_ place: UInt32, _ cpu: inout CPU) throws(HypercallError) {
    let line = try word(place, &cpu)
    guard line < 16 else { throw .invalid }
    guard current.isPrivileged, line != 0, line != 2 else { throw .notPermitted }
    guard current.physicalInterrupts[Int(line)] == 0 else { throw .exists }
    guard line != Self.consoleLine || !isListeningToConsole else { throw .busy }
    let port = try freePort(of: running)
    current.channels[Int(port)] = .physical(line)
    current.physicalInterrupts[Int(line)] = port
    hear(line, true, &cpu)
    try put(port, at: place + 8, &cpu)
  }

  func close(_ port: UInt32, of index: Int, _ cpu: inout CPU) throws(HypercallError) {
    let old = try channel(port, of: index)
    switch old {
    case .free, .reserved: throw .invalid
    case .physical(let line):
      domains[index].physicalInterrupts[Int(line)] = 0
      hear(line, false, &cpu)
      if line == Self.consoleLine { listenToConsole(&cpu) }
    case .virtual(let interrupt):
      let wasListening = isListeningToConsole
      domains[index].virtualInterrupts[Int(interrupt)] = 0
      if wasListening { listenToConsole(&cpu) }
    case .interdomain(let remote, let remotePort):
      if let other = domains.firstIndex(where: { $0.id == remote }) {
        domains[other].channels[Int(remotePort)] = .unbound(remote: domains[index].id)
      }
    case .unbound, .interprocessor: break
    }
    domains[index].channels[Int(port)] = .free
    let (word, bit) = (UInt64(port / 32 * 4), UInt32(1) << (port & 31))
    let place = domains[index].sharedInfo + SharedInfo.pending + word
    cpu.store(cpu.load(UInt32.self, at: place) & ~bit, at: place)
  }

  private func send(_ port: UInt32, _ cpu: inout CPU) throws(HypercallError) {
    switch try channel(port, of: running) {
    case .interdomain(let remote, let remotePort):
      guard let other = domains.firstIndex(where: { $0.id == remote }) else { return }
      setPending(remotePort, of: other, &cpu)
    case .interprocessor: setPending(port, of: running, &cpu)
    // Nobody has bound to it yet: lost, and no error.
    case .unbound: break
    case .free, .reserved, .physical, .virtual: throw .invalid
    }
  }

  private func unmask(_ port: UInt32, _ cpu: inout CPU) throws(HypercallError) {
    guard try channel(port, of: running) != .free else { throw .invalid }
    let shared = current.sharedInfo
    let (word, bit) = (UInt64(port / 32 * 4), UInt32(1) << (port & 31))
    let mask: UInt32 = cpu.load(at: shared + SharedInfo.mask + word)
    guard mask & bit != 0 else { return }
    cpu.store(mask & ~bit, at: shared + SharedInfo.mask + word)
    let pending: UInt32 = cpu.load(at: shared + SharedInfo.pending + word)
    if pending & bit != 0 { select(port / 32, of: running, &cpu) }
  }

  /// dom, port → status, vcpu, and what it is bound to.
  private func status(_ place: UInt32, _ cpu: inout CPU) throws(HypercallError) {
    let index = try domain(UInt16(truncatingIfNeeded: try word(place, &cpu)))
    let (status, first, second): (UInt32, UInt32, UInt32) =
      switch try channel(try word(place + 4, &cpu), of: index) {
      case .free, .reserved: (0, 0, 0)
      case .unbound(let remote): (1, UInt32(remote), 0)
      case .interdomain(let remote, let port): (2, UInt32(remote), port)
      case .physical(let line): (3, line, 0)
      case .virtual(let interrupt): (4, interrupt, 0)
      case .interprocessor: (5, 0, 0)
      }
    for (offset, value) in [(8, status), (12, 0), (16, first), (20, second)] {
      try put(value, at: place + UInt32(offset), &cpu)
    }
  }
}

/// Virtual interrupts of the ABI: those that something raises here. The others can be bound, and nothing
/// comes of them.
enum VirtualInterrupt {
  static let timer = 0
  static let console = 2
  static let domainEnded = 3
  static let count = 24
  /// Those of one virtual processor: timer, debug, xenoprof, PMU. The others are of the whole machine, and
  /// told to processor 0.
  static let ofProcessors = [0, 1, 7, 13]
}
