import X86

/// vcpu_op: hypercalls about a domain's virtual processor. There is one, number 0.
extension Paravirtualization {
  func processorOperation(
    _ command: UInt32, _ number: UInt32, _ argument: UInt32, _ cpu: inout CPU
  ) throws(HypercallError) -> UInt32 {
    guard number < UInt32(SharedInfo.processors) else { throw .invalid }
    guard number == 0 else { throw .noEntry }
    switch command {
    case 0: throw .exists
    case 1: return 0
    // The last one that goes down takes the domain along: its power is off.
    case 2: shutDown(running, reason: 0, &cpu)
    case 3: return 1
    case 4: try put(runstate(cpu), at: argument, &cpu)
    case 5:
      current.runstateArea = try area(argument, size: Self.runstateSize, &cpu)
      storeRunstate(&cpu)
    case 6:
      let period = try longWord(argument, &cpu)
      guard (1_000_000...1 << 62).contains(period) else { throw .invalid }
      current.period = period
      current.nextPeriod = time(cpu) &+ period
      armTimer(&cpu)
    case 7: current.period = 0
    case 8:
      let timeout = try longWord(argument, &cpu)
      if try word(argument &+ 8, &cpu) & 1 != 0 && timeout <= time(cpu) { throw .timePassed }
      current.timeout = timeout
      armTimer(&cpu)
    case 9: current.timeout = nil
    case 10: try moveInfo(argument, &cpu)
    case 11: current.isNMIPending = true
    // It belongs to no processor for ever, and then the ABI has no number to give.
    case 12: throw .invalid
    case 13:
      current.timeArea = try area(argument, size: Self.timeSize, &cpu)
      storeTime(&cpu)
    default: throw .notImplemented
    }
    return 0
  }

  private func longWord(_ place: UInt32, _ cpu: inout CPU) throws(HypercallError) -> UInt64 {
    UInt64(try word(place &+ 4, &cpu)) << 32 | UInt64(try word(place, &cpu))
  }

  // MARK: Where the processor's state can be read

  private static let runstateSize: UInt32 = 44
  private static let timeSize: UInt32 = 32

  /// register_vcpu_info: a frame (8 bytes) of the domain's own, an offset in it. Once, and for ever. What
  /// waits is looked at again: nothing gets lost on the way.
  private func moveInfo(_ place: UInt32, _ cpu: inout CPU) throws(HypercallError) {
    let frame = try word(place, &cpu)
    let (high, offset) = (try word(place &+ 4, &cpu), try word(place &+ 8, &cpu))
    guard current.movedInfo == nil, high == 0, offset <= 4096 - UInt32(ProcessorInfo.size) else {
      throw .invalid
    }
    try use(frame, as: .writable, of: current.id, &cpu)
    let info = UInt64(frame) << 12 | UInt64(offset)
    for byte in 0..<ProcessorInfo.size {
      cpu.store(cpu.load(UInt8.self, at: current.sharedInfo + byte), at: info + byte)
    }
    current.movedInfo = info
    cpu.store(UInt8(1), at: info + ProcessorInfo.upcallPending)
    cpu.store(UInt32.max, at: info + ProcessorInfo.pendingSelector)
  }

  /// A structure's address, 8 bytes, for an area that is written to from now on.
  private func area(
    _ place: UInt32, size: UInt32, _ cpu: inout CPU
  ) throws(HypercallError) -> UInt32 {
    let linear = try word(place, &cpu)
    _ = try word(place &+ 4, &cpu)
    guard linear <= HypervisorLayout.hole - size else { throw .badAddress }
    return linear
  }

  /// The state (running, if somebody asks), since when, and the times in each of the four.
  private func runstate(_ cpu: borrowing CPU) -> [UInt32] {
    note(time(cpu), running)
    return [0]
      + ([current.stateSince] + current.times).flatMap {
        [UInt32(truncatingIfNeeded: $0), UInt32($0 >> 32)]
      }
  }

  private func put(
    _ words: [UInt32], at place: UInt32, _ cpu: inout CPU
  ) throws(HypercallError) {
    for (index, word) in words.enumerated() {
      try put(word, at: place &+ UInt32(index * 4), &cpu)
    }
  }

  /// For a domain that wants to read how its time goes by, whenever it gets the processor. If its area is
  /// not mapped just then, it misses that.
  func storeRunstate(_ cpu: inout CPU) {
    guard current.runstateArea != 0 else { return }
    try? put(runstate(cpu), at: current.runstateArea, &cpu)
  }

  /// A copy of the time, with the same rule.
  func copyTime(_ cpu: inout CPU) {
    guard current.timeArea != 0 else { return }
    let time = current.processorInfo + ProcessorInfo.time
    let words = stride(from: 0, to: UInt64(Self.timeSize), by: 4).map {
      cpu.load(UInt32.self, at: time + $0)
    }
    try? put(words, at: current.timeArea, &cpu)
  }
}
