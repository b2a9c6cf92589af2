import X86

/// The hypercalls by number, and the few of them that need no file of their own.
extension Paravirtualization {
  /// INT 82h from ring 1: the number in EAX, arguments in EBX, ECX, EDX, ESI, EDI; the answer goes back
  /// in EAX.
  func hypercall(_ cpu: inout CPU) {
    let number = cpu[.eax]
    let arguments = [cpu[.ebx], cpu[.ecx], cpu[.edx], cpu[.esi], cpu[.edi], 0]
    let place = recordHypercall(number, arguments, &cpu)
    if number == HypercallNumber.iret.rawValue {
      counters.hypercalls[Int(number)] &+= 1
      return returnFromTrap(&cpu)
    }
    elementsLeft = Self.elementsAtOnce
    let result = answer(number, arguments, &cpu)
    recordResult(result, refusalCause, at: place, &cpu)
    guard let rest = takeContinuation() else { return cpu[.eax] = result }
    for (register, value) in zip([Register.ebx, .ecx, .edx, .esi, .edi], rest) {
      cpu[register] = value
    }
    // INT 82h has two bytes, and is executed again, unless an event comes first.
    frame.eip &-= 2
  }

  /// Elements of lists that one entry does. What is left goes on by another entry, so that no list, however
  /// long, keeps the processor from interrupts and other domains.
  private static let elementsAtOnce = 4096

  /// Whether there may be one more.
  func takeElement() -> Bool {
    elementsLeft -= 1
    return elementsLeft >= 0
  }

  func takeContinuation() -> [UInt32]? {
    defer { continuation = nil }
    return continuation
  }

  /// What a call answers: also what multicall asks for each of its entries.
  func answer(_ number: UInt32, _ arguments: [UInt32], _ cpu: inout CPU) -> UInt32 {
    refusalCause = .none
    do throws(HypercallError) {
      guard let call = HypercallNumber(rawValue: number) else { throw .notImplemented }
      counters.hypercalls[Int(number)] &+= 1
      return try perform(call, arguments, &cpu)
    } catch {
      continuation = nil
      counters.refused &+= 1
      refusalCause = error.cause
      return error.result
    }
  }

  private func perform(
    _ call: HypercallNumber, _ arguments: [UInt32], _ cpu: inout CPU
  ) throws(HypercallError) -> UInt32 {
    let (first, second, third, fourth) = (arguments[0], arguments[1], arguments[2], arguments[3])
    switch call {
    case .setTrapTable: try setTrapTable(first, &cpu)
    case .mmuUpdate: try updateTables(first, count: second, done: third, domain: fourth, &cpu)
    case .setGDT: try setGDT(first, entries: second, &cpu)
    case .stackSwitch:
      current.kernelStackSelector = UInt16(truncatingIfNeeded: first) | (first & 3 == 0 ? 1 : 0)
      current.kernelStack = second
      storeKernelStack(&cpu)
    case .setCallbacks:
      current.eventCallback = Callback(selector: Self.deprivileged(first), address: second)
      current.failsafeCallback = Callback(selector: Self.deprivileged(third), address: fourth)
    case .fpuTaskSwitch:
      current.isTaskSwitched = first != 0
      if first == 0 { takeFPU(&cpu) } else { cpu.setTaskSwitched(true) }
    case .updateDescriptor:
      try updateDescriptor(
        at: UInt64(second) << 32 | UInt64(first), UInt64(fourth) << 32 | UInt64(third), &cpu)
    case .memoryOp: return try memoryOperation(first, second, &cpu)
    case .multicall: try multicall(first, count: second, &cpu)
    case .updateVAMapping:
      guard third == 0, fourth & 3 != 3 else { throw .invalid }
      try update(try tableEntry(for: first, &cpu), to: second, &cpu)
      try flush(fourth & 3, first)
    case .setTimerOp:
      let timeout = UInt64(second) << 32 | UInt64(first)
      current.timeout = timeout == 0 ? nil : timeout
      armTimer(&cpu)
    case .xenVersion: return try version(first, second, &cpu)
    case .consoleIO: return try consoleOperation(first, second, third, &cpu)
    case .grantTableOp: return try grantTableOperation(first, second, third, &cpu)
    case .iret: throw .notImplemented
    case .vcpuOp: return try processorOperation(first, second, third, &cpu)
    case .mmuextOp:
      try extendedOperations(first, count: second, done: third, domain: fourth, &cpu)
    case .schedOp: return try schedulerOperation(first, second, &cpu)
    case .eventChannelOp: try eventChannelOperation(first, second, &cpu)
    case .physdevOp: try deviceOperation(first, second, &cpu)
    }
    return 0
  }

  // MARK: Traps

  /// A list of vector, flags, CS and address, which ends with address 0; no list empties the table.
  private func setTrapTable(_ list: UInt32, _ cpu: inout CPU) throws(HypercallError) {
    if list == 0 {
      current.traps = [TrapEntry](repeating: TrapEntry(), count: 256)
      return storeSystemCallGate(&cpu)
    }
    // Each vector once is all that makes sense; a list without an end must not take for ever.
    for index in 0..<UInt32(257) {
      let head = try word(list &+ index * 8, &cpu)
      let address = try word(list &+ index * 8 &+ 4, &cpu)
      if address == 0 { return storeSystemCallGate(&cpu) }
      current.traps[Int(head & 0xFF)] = TrapEntry(
        selector: Self.deprivileged(head >> 16), address: address, level: UInt8(head >> 8 & 3),
        masksEvents: head >> 8 & 4 != 0)
    }
    throw .invalid
  }

  /// A code selector with ring 0 made ring 1.
  private static func deprivileged(_ selector: UInt32) -> UInt16 {
    UInt16(truncatingIfNeeded: selector & 3 == 0 ? selector | 1 : selector)
  }

  /// The hypercall that returns from a trap. On the stack: EAX, EIP, CS, EFLAGS, and SS:ESP for an outer
  /// ring. IF in EFLAGS becomes the event mask, in the same moment.
  private func returnFromTrap(_ cpu: inout CPU) {
    guard let base = cpu.peekDescriptor(frame.ss)?.base else {
      return crash("it has no stack", &cpu)
    }
    let top = frame.esp
    guard let flags = popFrame(from: base, &cpu) else {
      return crash("its stack \(hexadecimal(top)) has no frame to return by", &cpu)
    }
    cpu.store(
      UInt8(flags.contains(.interrupt) ? 0 : 1),
      at: current.processorInfo + ProcessorInfo.upcallMask)
    current.isInNMI = false
    // The real flag is always on, and ports are no matter of IOPL.
    let withheld: EFLAGS = [
      .ioPrivilegeLevel, .virtual8086, .virtualInterrupt, .virtualInterruptPending,
    ]
    frame.eflags = flags.subtracting(withheld).union([.interrupt, .alwaysSet])
  }

  /// The frame of a return, and EAX; the answer is EFLAGS. Nil where there is no memory for it.
  private func popFrame(from base: UInt32, _ cpu: inout CPU) -> EFLAGS? {
    func pop(_ cpu: inout CPU) -> UInt32? {
      let linear = base &+ frame.esp
      guard linear < HypervisorLayout.hole, let value = cpu.peekSystem(linear, 4) else {
        return nil
      }
      frame.esp &+= 4
      return UInt32(truncatingIfNeeded: value)
    }
    guard let accumulator = pop(&cpu), let eip = pop(&cpu), let selector = pop(&cpu),
      let flags = pop(&cpu)
    else { return nil }
    if selector & 3 > 1 {
      guard let esp = pop(&cpu), let ss = pop(&cpu) else { return nil }
      (frame.esp, frame.ss) = (esp, UInt16(truncatingIfNeeded: ss))
    }
    cpu[.eax] = accumulator
    (frame.eip, frame.cs) = (eip, UInt16(truncatingIfNeeded: selector))
    return EFLAGS(rawValue: flags)
  }

  // MARK: The guest's memory

  /// A word at a linear address of the guest's.
  func word(_ linear: UInt32, _ cpu: inout CPU) throws(HypercallError) -> UInt32 {
    guard linear <= HypervisorLayout.hole - 4, let value = cpu.peekSystem(linear, 4) else {
      throw .badAddress
    }
    return UInt32(truncatingIfNeeded: value)
  }

  func put(_ value: UInt32, at linear: UInt32, _ cpu: inout CPU) throws(HypercallError) {
    guard linear <= HypervisorLayout.hole - 4, cpu.pokeSystem(linear, UInt64(value), 4) else {
      throw .badAddress
    }
  }

  func put(_ bytes: [UInt8], at linear: UInt32, _ cpu: inout CPU) throws(HypercallError) {
    for (index, byte) in bytes.enumerated() {
      let place = linear &+ UInt32(index)
      guard place < HypervisorLayout.hole, cpu.pokeSystem(place, UInt64(byte), 1) else {
        throw .badAddress
      }
    }
  }
}

/// The hypercalls that the hypervisor has, with the ABI's numbers.
public enum HypercallNumber: UInt32, CaseIterable, Sendable {
  case setTrapTable = 0
  case mmuUpdate = 1
  case setGDT = 2
  case stackSwitch = 3
  case setCallbacks = 4
  case fpuTaskSwitch = 5
  case updateDescriptor = 10
  case memoryOp = 12
  case multicall = 13
  case updateVAMapping = 14
  case setTimerOp = 15
  case xenVersion = 17
  case consoleIO = 18
  case grantTableOp = 20
  case iret = 23
  case vcpuOp = 24
  case mmuextOp = 26
  case schedOp = 29
  case eventChannelOp = 32
  case physdevOp = 33
}
