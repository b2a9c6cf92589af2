public import X86

/// Transitions in words: the one place where an event becomes text.
extension MachineView.Event {
  /// Words for a transition.
  public init(_ transition: Transition) {
    let words = EventWords(transition)
    let isVirtual = transition.actor == .monitor
    self.init(
      sequence: transition.sequence, tick: transition.tick, kind: words.kind,
      text: words.text, from: isVirtual ? transition.fromVirtualRing : transition.fromCPL,
      to: isVirtual ? transition.toVirtualRing : transition.toCPL,
      why: isVirtual ? "On the virtual processor: \(words.why)" : words.why)
    self.isVirtual = isVirtual
  }
}

/// Kind, a few words and a sentence for one transition.
private struct EventWords {
  let kind: MachineView.EventKind
  let text: String
  let why: String

  init(_ event: Transition) {
    switch event.kind {
    case .fault:
      let exception = Exception(event.vector)
      kind = .fault
      text = Self.fault(event, exception)
      why = "\(exception.name): \(event.cause.sentence)"
    case .interrupt:
      kind = .interrupt
      text = event.vector == 2 ? "NMI" : "interrupt \(Self.byte(event.vector))"
      why = Self.capitalized(event.cause.sentence)
    case .softwareInterrupt:
      kind = .call
      text = "INT \(Self.byte(event.vector)) eax=\(Self.short(event.info))"
      why = Self.capitalized(event.cause.sentence)
    case .systemEnter:
      kind = .call
      text = "SYSENTER eax=\(Self.short(event.info))"
      why = "SYSENTER goes to ring 0 at SYSENTER_EIP, without a look at the IDT or TSS."
    case .systemExit:
      kind = .back
      text = "SYSEXIT to \(Self.hex(event.toEIP))"
      why = "SYSEXIT goes to ring 3 at EDX with its stack at ECX."
    case .interruptReturn:
      kind = .back
      text = "IRET to \(Self.place(event))"
      why =
        event.fromCPL == event.toCPL
        ? "IRET took CS:EIP and EFLAGS from the stack; the ring stays."
        : "IRET found a CS of ring \(event.toCPL) on the stack, so it took SS:ESP from there too."
    case .farTransfer:
      kind = .transfer
      text = "far transfer to \(Self.place(event))"
      why = "A call gate or far return loaded a CS of another ring."
    case .taskSwitch:
      kind = .task
      text = "task \(Self.hex(event.detail, 4)) -> \(Self.hex(event.info, 4))"
      why = "A TSS was named: all registers were saved in the old one and loaded from the new one."
    case .controlRegisterWrite:
      kind = .control
      text = "CR\(event.code) = \(Self.hex(event.detail))"
      why = "MOV to CR\(event.code) in ring 0 changed how the processor works."
    case .cr3Load:
      kind = .control
      text = "CR3 = \(Self.hex(event.detail))"
      why = "Another page directory: every translation that is not global was forgotten."
    case .portRead, .portWrite:
      kind = .other
      let arrow = event.kind == .portRead ? "->" : "<-"
      text = "port \(Self.hex(event.info, 4)) \(arrow) \(Self.short(event.detail))"
      why = "The guest spoke to a device by its port."
    case .memoryMappedRead, .memoryMappedWrite:
      kind = .other
      let arrow = event.kind == .memoryMappedRead ? "->" : "<-"
      text = "device memory \(Self.hex(event.info)) \(arrow) \(Self.short(event.detail))"
      why = "The guest spoke to a device that answers at memory addresses."
    case .debugRegisterWrite:
      kind = .control
      text = "DR\(event.code) = \(Self.hex(event.detail))"
      why = "MOV to DR\(event.code) in ring 0 changed the processor's breakpoints."
    case .machineSpecificWrite:
      kind = .control
      text = "MSR \(Self.hex(event.code, 1)) = \(Self.short(event.detail))"
      why = "WRMSR in ring 0 wrote a model-specific register."
    case .tableLoad:
      let name = TableRegister(rawValue: event.code).map { "\($0)".uppercased() } ?? "table"
      kind = .control
      text = "\(name) = \(Self.hex(UInt32(truncatingIfNeeded: event.detail)))"
      why = "Ring 0 told the processor where a descriptor table or TSS is."
    case .pageInvalidation:
      kind = .control
      text = "INVLPG \(Self.hex(event.detail))"
      why = "One page's translation was forgotten; the next access walks the page tables."
    case .deviceEdge:
      kind = .other
      text = "INTR for IRQ \(event.code)"
      why = "A device pulled its line; the interrupt controllers ask the processor to listen."
    case .shadowPaging:
      kind = ShadowOperation(rawValue: event.code) == .fill ? .shadow : .other
      switch ShadowOperation(rawValue: event.code) {
      case .fill:
        text = "shadow \(Self.hex(event.info)) is \(Self.hex(event.detail & ~0xFFF))"
        why = "The guest's tables have this page: the fault was hidden, the shadow got an entry."
      case .flush, nil:
        text = "shadow page tables emptied"
        why = "The guest flushed its TLB, or the tables were full; they fill again page by page."
      }
    case .speaker:
      kind = .other
      text = event.detail == 0 ? "speaker off" : "speaker \(event.detail) Hz"
      why =
        event.detail == 0
        ? "Bit 0 or 1 of port 61h, or counter 2 of the timer, keeps the speaker still."
        : "Port 61h lets counter 2 of the timer through: 1193182 Hz divided by \(event.info)."
    case .vmEntry:
      kind = .transfer
      text = "VMRUN to \(Self.place(event))"
      why =
        "The hypervisor entered the guest of its VMCB at \(Self.hex(event.info)), ASID \(event.code)."
    case .vmExit:
      let exit = ExitName(event.code)
      kind = .transfer
      text = "#VMEXIT \(exit.name) \(Self.short(event.info))"
      why = "The guest's VMCB has this exit's bit set: \(exit.comparison)"
    case .hypercall, .translation, .injection, .worldSwitch:
      kind = .other
      text = "\(event.kind)"
      why = "A monitor was at work."
    case .halt:
      kind = .other
      text = "HLT"
      why = "The processor waits for an interrupt; no instruction is executed until then."
    case .reset:
      kind = .other
      text = "reset"
      why = "The guest pulled a reset line: the processor and the devices started anew."
    case .shutdown:
      kind = .fault
      text = "shutdown"
      why = "A fault while a double fault was being delivered: only a reset helps now."
    }
  }

  private static func fault(_ event: Transition, _ exception: Exception) -> String {
    var text = exception.mnemonic
    if event.hasErrorCode { text += "(\(short(UInt64(event.code))))" }
    if event.vector == Vector.pageFault { text += " at \(hex(event.info))" }
    let bytes = (0..<event.byteCount).map {
      UInt8(truncatingIfNeeded: event.bytes >> UInt64($0 * 8))
    }
    let instruction = Disassembly.decode(bytes, address: event.eip, is32Bit: event.is32Bit)
    if instruction.status == .complete && event.byteCount > 0 { text += " \(instruction.text)" }
    return text
  }

  private static func capitalized(_ sentence: String) -> String {
    sentence.prefix(1).uppercased() + sentence.dropFirst()
  }

  private static func place(_ event: Transition) -> String {
    "\(hex(event.toCS, 4)):\(hex(event.toEIP))"
  }

  private static func byte(_ value: UInt8) -> String { hex(value, 2) + "h" }

  private static func short(_ value: UInt64) -> String {
    value < 10 ? String(value) : hex(value, 1) + "h"
  }

  private static func hex(_ value: some BinaryInteger, _ digits: Int = 8) -> String {
    let text = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}

/// The exceptions by their vectors (Intel SDM vol. 3, table 6-1).
private struct Exception {
  let mnemonic: String
  let name: String

  init(_ vector: UInt8) {
    (mnemonic, name) = Self.table[vector] ?? ("#\(vector)", "Exception \(vector)")
  }

  private static let table: [UInt8: (String, String)] = [
    0: ("#DE", "Divide error"), 1: ("#DB", "Debug exception"), 2: ("NMI", "NMI"),
    3: ("#BP", "Breakpoint"), 4: ("#OF", "Overflow"), 5: ("#BR", "Bound range exceeded"),
    6: ("#UD", "Invalid opcode"), 7: ("#NM", "Device not available"), 8: ("#DF", "Double fault"),
    10: ("#TS", "Invalid TSS"), 11: ("#NP", "Segment not present"), 12: ("#SS", "Stack fault"),
    13: ("#GP", "General protection"), 14: ("#PF", "Page fault"), 16: ("#MF", "x87 error"),
    17: ("#AC", "Alignment check"),
  ]
}
