import X86

/// What the hypervisor does when a guest has trapped: as a rule, pass it on to the guest's kernel.
extension Paravirtualization {
  func trap(_ vector: Int, _ cpu: inout CPU) {
    switch vector {
    case 7: deviceNotAvailable(&cpu)
    case 11 where closesPorts(frame.errorCode): closePorts(&cpu)
    case 13: generalProtection(&cpu)
    case 14:
      cpu.store(cpu.cr2, at: current.processorInfo + ProcessorInfo.faultAddress)
      bounce(vector, errorCode: frame.errorCode, &cpu)
    default:
      let errorCode = EntryBytes.hasErrorCode(vector) ? frame.errorCode : nil
      bounce(vector, errorCode: errorCode, &cpu)
    }
  }

  /// #GP also stands for INT n of a program whose gate is closed to it, and for IN and OUT.
  private func generalProtection(_ cpu: inout CPU) {
    // An error code with its IDT bit, and not from outside: INT n, two bytes long.
    if frame.errorCode & 3 == 2 {
      let vector = Int(frame.errorCode >> 3) & 0xFF
      let entry = current.traps[vector]
      if entry.address != 0 && entry.level >= frame.ring {
        frame.eip &+= 2
        counters.bouncedSystemCalls &+= vector == HypervisorMemory.systemCallVector ? 1 : 0
        return bounce(vector, errorCode: nil, &cpu)
      }
    } else if frame.errorCode == 0 && opensPorts(&cpu) {
      return openPorts(&cpu)
    }
    bounce(13, errorCode: frame.errorCode, &cpu)
  }

  /// The x87 is the running domain's; #NM is there because the domain asked for it.
  private func deviceNotAvailable(_ cpu: inout CPU) {
    takeFPU(&cpu)
    guard current.isTaskSwitched else { return }
    current.isTaskSwitched = false
    bounce(7, errorCode: nil, &cpu)
  }

  // MARK: Passing on

  /// Puts the guest at its handler for a vector, as the processor would have done it in ring 0.
  func bounce(_ vector: Int, errorCode: UInt32?, _ cpu: inout CPU) {
    let entry = current.traps[vector]
    guard entry.address != 0 else {
      return crash("it has no handler for vector \(vector), at EIP \(hexadecimal(frame.eip))", &cpu)
    }
    counters.bounces &+= 1
    recordInjection(vector, entry.selector, entry.address, &cpu)
    pushFrame(
      to: Callback(selector: entry.selector, address: entry.address), errorCode: errorCode,
      masksEvents: entry.masksEvents, &cpu)
  }

  /// Tells the guest of the NMI that it has sent itself: vector 2 of its trap table, and no further one
  /// before it has returned from that. False if that was its end.
  func tellNMI(_ cpu: inout CPU) -> Bool {
    guard current.isNMIPending, !current.isInNMI else { return true }
    (current.isNMIPending, current.isInNMI) = (false, true)
    bounce(2, errorCode: nil, &cpu)
    return current.state == .runnable
  }

  /// Tells the guest that events wait, if they do and it wants to know. False if that was its end.
  func tellEvents(_ cpu: inout CPU) -> Bool {
    let info = current.processorInfo
    guard cpu.load(UInt8.self, at: info + ProcessorInfo.upcallPending) != 0,
      cpu.load(UInt8.self, at: info + ProcessorInfo.upcallMask) == 0,
      current.eventCallback.address != 0
    else { return true }
    counters.upcalls &+= 1
    recordUpcall(&cpu)
    pushFrame(to: current.eventCallback, errorCode: nil, masksEvents: true, &cpu)
    return current.state == .runnable
  }

  /// The frame that a trap pushes, on the kernel's stack if the guest was in an outer ring. Bits 16 to
  /// 23 of the word with CS say whether events were masked, and IF in EFLAGS the opposite.
  private func pushFrame(
    to target: Callback, errorCode: UInt32?, masksEvents: Bool, _ cpu: inout CPU
  ) {
    var (selector, stack) = (frame.ss, frame.esp)
    var words: [UInt32] = []
    if frame.ring > UInt8(target.selector & 3) {
      (selector, stack) = (current.kernelStackSelector, current.kernelStack)
      words = [UInt32(frame.ss), frame.esp]
    }
    let mask: UInt8 = cpu.load(at: current.processorInfo + ProcessorInfo.upcallMask)
    var flags = frame.eflags
    if mask == 0 { flags.insert(.interrupt) } else { flags.remove(.interrupt) }
    words += [flags.rawValue, UInt32(frame.cs) | UInt32(mask) << 16, frame.eip]
    if let errorCode { words.append(errorCode) }
    guard let base = stackBase(selector, stack, size: UInt32(words.count * 4), cpu) else {
      return crash("its kernel stack \(hexadecimal(stack)) is no place for a frame", &cpu)
    }
    for word in words {
      stack &-= 4
      guard cpu.pokeSystem(base &+ stack, UInt64(word), 4) else {
        return crash("its kernel stack \(hexadecimal(stack)) is not mapped writable", &cpu)
      }
    }
    if masksEvents {
      cpu.store(UInt8(1), at: current.processorInfo + ProcessorInfo.upcallMask)
    }
    frame.eflags.subtract([.trap, .virtual8086, .resume, .nestedTask])
    (frame.cs, frame.eip) = (target.selector, target.address)
    (frame.ss, frame.esp) = (selector, stack)
  }

  /// The base of a stack segment that has room below an offset, all of it the guest's.
  private func stackBase(
    _ selector: UInt16, _ top: UInt32, size: UInt32, _ cpu: borrowing CPU
  ) -> UInt32? {
    guard let descriptor = cpu.peekDescriptor(selector), descriptor.isWritable,
      descriptor.isPresent, top >= size, top - 1 <= descriptor.limit
    else { return nil }
    let (end, wraps) = descriptor.base.addingReportingOverflow(top)
    return wraps || end > HypervisorLayout.hole ? nil : descriptor.base
  }

  /// Why the stub's IRET would not take a frame; nil if it does (SDM 2A, IRET).
  func refusal(of frame: EntryFrame, _ cpu: borrowing CPU) -> String? {
    let level = frame.ring
    guard level != 0, let code = cpu.peekDescriptor(frame.cs), code.isCode, code.isPresent,
      code.isConforming ? code.dpl <= level : code.dpl == level, frame.eip <= code.limit
    else { return "CS:EIP \(hexadecimal(frame.cs)):\(hexadecimal(frame.eip)) is no place to go to" }
    guard UInt8(frame.ss & 3) == level, let stack = cpu.peekDescriptor(frame.ss),
      stack.isWritable, stack.isPresent, stack.dpl == level
    else { return "SS \(hexadecimal(frame.ss)) is no stack for ring \(level)" }
    return nil
  }

  // MARK: Ports

  /// IN or OUT by a kernel that may use ports, with the bitmap not in force.
  private func opensPorts(_ cpu: inout CPU) -> Bool {
    !portsAreOpen && frame.ring <= current.ioPrivilege && frame.ring < 3 && isAtPortAccess(cpu)
  }

  /// The guest stands before an IN, OUT, INS or OUTS.
  private func isAtPortAccess(_ cpu: borrowing CPU) -> Bool {
    guard let code = cpu.peekDescriptor(frame.cs) else { return false }
    let start = code.base &+ frame.eip
    var bytes: [UInt8] = []
    // As long as an instruction can be.
    while bytes.count < 15, let byte = cpu.peekByte(start &+ UInt32(bytes.count)) {
      bytes.append(byte)
    }
    let profile = cpu.profile
    return bytes.withUnsafeBytes { bytes in
      guard let first = bytes.baseAddress,
        let form = CodeForm(
          first, available: bytes.count, is32Bit: code.isBig, profile: profile)
      else { return false }
      switch form.kind {
      case .service(.port): return true
      // OUTS from CS or GS: a translator has another reason not to copy it.
      case .service(.segmentOverride): return bytes[form.prefixes] & 0xFE == 0x6E
      default: return false
      }
    }
  }

  /// Lets the TSS name its bitmap. The same bitmap would be good for ring 3: so until it is closed
  /// again, the descriptor of ring 3's code is not present, and the way out of the kernel leads past
  /// the hypervisor once more.
  private func openPorts(_ cpu: inout CPU) {
    portsAreOpen = true
    counters.portOpenings &+= 1
    setPorts(UInt16(HypervisorLayout.ports), isUserCodePresent: false, &cpu)
  }

  func closePorts(_ cpu: inout CPU) {
    guard portsAreOpen else { return }
    portsAreOpen = false
    setPorts(HypervisorLayout.noPorts, isUserCodePresent: true, &cpu)
  }

  private func setPorts(_ map: UInt16, isUserCodePresent: Bool, _ cpu: inout CPU) {
    cpu.store(map, at: HypervisorMemory.machine(HypervisorLayout.task) + 0x66)
    let access = HypervisorMemory.descriptorAddress(HypervisorLayout.userCode) + 5
    let old: UInt8 = cpu.load(at: access)
    cpu.store(isUserCodePresent ? old | 0x80 : old & 0x7F, at: access)
  }

  /// #NP for the code of ring 3 while ports are open.
  private func closesPorts(_ errorCode: UInt32) -> Bool {
    portsAreOpen && errorCode & 0xFFFC == UInt32(HypervisorLayout.userCode & 0xFFFC)
  }
}

func hexadecimal(_ value: some UnsignedInteger & FixedWidthInteger) -> String {
  let digits = String(value, radix: 16, uppercase: true)
  return String(repeating: "0", count: max(0, value.bitWidth / 4 - digits.utf8.count)) + digits
}
