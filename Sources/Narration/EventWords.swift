public import X86

/// A few words and a sentence for a transition: what lists and lines show.
public struct EventWords: Equatable, Sendable {
  /// A few words: `INT 80h`, `#GP(0) cli`.
  public let text: String
  /// A sentence: why it happened, in the manual's terms.
  public let why: String

  /// Words for a transition.
  public init(_ event: Transition) {
    (text, why) = Self.words(event)
  }

  private static func words(_ event: Transition) -> (String, String) {
    switch event.kind {
    case .fault: (fault(event), "\(Exception(event.vector).name): \(event.cause.sentence)")
    case .interrupt:
      (
        event.vector == 2 ? "NMI" : "interrupt \(Numbers.byte(event.vector))",
        event.cause.sentence.capitalized
      )
    case .softwareInterrupt:
      (
        "INT \(Numbers.byte(event.vector)) eax=\(Numbers.short(event.info))",
        event.cause.sentence.capitalized
      )
    case .systemEnter:
      (
        "SYSENTER eax=\(Numbers.short(event.info))",
        "SYSENTER goes to ring 0 at SYSENTER_EIP, without a look at the IDT or TSS."
      )
    case .systemExit:
      (
        "SYSEXIT to \(Numbers.hex(event.toEIP))",
        "SYSEXIT goes to ring 3 at EDX with its stack at ECX."
      )
    case .interruptReturn:
      (
        "IRET to \(Numbers.place(event.toCS, event.toEIP))",
        event.levelBefore == event.levelAfter
          ? "IRET took CS:EIP and EFLAGS from the stack; the ring stays."
          : "IRET found a CS of ring \(event.levelAfter) on the stack, so it took SS:ESP from there too."
      )
    case .farTransfer:
      (
        "far transfer to \(Numbers.place(event.toCS, event.toEIP))",
        "A call gate or far return loaded a CS of another ring."
      )
    case .taskSwitch:
      (
        "task \(Numbers.hex(event.detail, 4)) -> \(Numbers.hex(event.info, 4))",
        "A TSS was named: all registers were saved in the old one and loaded from the new one."
      )
    case .halt:
      ("HLT", "The processor waits for an interrupt; no instruction is executed until then.")
    case .reset:
      (
        "reset",
        "The guest pulled a reset line: the processor and the devices started anew."
      )
    case .shutdown:
      ("shutdown", "A fault while a double fault was being delivered: only a reset helps now.")
    case .controlRegisterWrite, .cr3Load, .debugRegisterWrite, .machineSpecificWrite, .tableLoad,
      .pageInvalidation:
      registerWrite(event)
    case .portRead, .portWrite, .memoryMappedRead, .memoryMappedWrite, .deviceEdge, .speaker:
      access(event)
    case .hypercall, .vmExit, .vmEntry, .shadowPaging, .translation, .injection, .worldSwitch:
      monitor(event)
    }
  }

  private static func fault(_ event: Transition) -> String {
    var text = event.exceptionText
    if event.vector == Vector.pageFault { text += " at \(Numbers.hex(event.info))" }
    if let instruction = event.instruction { text += " \(instruction)" }
    return text
  }

  private static func registerWrite(_ event: Transition) -> (String, String) {
    let value = Numbers.hex(Numbers.low(event.detail))
    switch event.kind {
    case .cr3Load:
      return (
        "CR3 = \(value)",
        "Another page directory: every translation that is not global was forgotten."
      )
    case .debugRegisterWrite:
      return (
        "DR\(event.code) = \(value)",
        "MOV to DR\(event.code) in ring 0 changed the processor's breakpoints."
      )
    case .machineSpecificWrite:
      return (
        "MSR \(Numbers.hex(event.code, 1)) = \(Numbers.short(event.detail))",
        "WRMSR in ring 0 wrote a model-specific register."
      )
    case .tableLoad:
      let name = TableRegister(rawValue: event.code).map { "\($0)".uppercased() } ?? "table"
      return ("\(name) = \(value)", "Ring 0 told the processor where a descriptor table or TSS is.")
    case .pageInvalidation:
      return (
        "INVLPG \(value)",
        "One page's translation was forgotten; the next access walks the page tables."
      )
    default:
      return (
        "CR\(event.code) = \(value)",
        "A write to CR\(event.code) in ring 0 changed how the processor works."
      )
    }
  }

  private static func access(_ event: Transition) -> (String, String) {
    switch event.kind {
    case .portRead, .portWrite:
      let arrow = event.kind == .portRead ? "->" : "<-"
      return (
        "port \(Numbers.hex(event.info, 4)) \(arrow) \(Numbers.short(event.detail))",
        "The guest spoke to a device by its port."
      )
    case .deviceEdge:
      return (
        "INTR for IRQ \(event.code)",
        "A device pulled its line; the interrupt controllers ask the processor to listen."
      )
    case .speaker:
      return event.detail == 0
        ? (
          "speaker off",
          "Bit 0 or 1 of port 61h, or counter 2 of the timer, keeps the speaker still."
        )
        : (
          "speaker \(event.detail) Hz",
          "Port 61h lets counter 2 of the timer through: 1193182 Hz divided by \(event.info)."
        )
    default:
      let arrow = event.kind == .memoryMappedRead ? "->" : "<-"
      return (
        "device memory \(Numbers.hex(event.info)) \(arrow) \(Numbers.short(event.detail))",
        "The guest spoke to a device that answers at memory addresses."
      )
    }
  }

  private static func monitor(_ event: Transition) -> (String, String) {
    switch event.kind {
    case .hypercall: hypercall(event)
    case .vmExit:
      exit(event)
    case .vmEntry:
      (
        "VMRUN to \(Numbers.place(event.toCS, event.toEIP))",
        "The hypervisor entered the guest of its VMCB at \(Numbers.hex(event.info)), ASID \(event.code)."
      )
    case .shadowPaging: shadow(event)
    case .translation: ("translation", "The monitor translated guest code, or threw some away.")
    case .injection: injection(event)
    default:
      event.actor == .hypervisor
        ? (
          "domain \(event.detail) -> domain \(event.code)",
          "The hypervisor gave the processor to another domain: registers, CR3, TSS, LDT."
        ) : ("world switch", "The monitor went over to another guest or to the host.")
    }
  }

  private static func hypercall(_ event: Transition) -> (String, String) {
    let call = HypercallName(event.code)
    let answer = event.code == 23 ? "" : " = \(HypercallName.answer(UInt32(event.detail >> 32)))"
    return (
      "\(call.name)(\(Numbers.short(event.info & 0xFFFF_FFFF)), \(Numbers.short(event.info >> 32)))"
        + answer,
      event.cause == .none ? call.sentence : "Refused: \(event.cause.sentence)"
    )
  }

  private static func injection(_ event: Transition) -> (String, String) {
    guard event.actor == .hypervisor else {
      return ("inject \(Numbers.byte(event.vector))", "The monitor gave its guest an event.")
    }
    let place = Numbers.place(event.toCS, event.toEIP)
    return event.code == 1
      ? (
        "events -> \(place)",
        "Events wait and are not masked: the hypervisor put the kernel at its callback."
      )
      : (
        "bounce \(Numbers.byte(event.vector)) -> \(place)",
        "The hypervisor passed a trap on to the kernel, whose trap table says where."
      )
  }

  private static func exit(_ event: Transition) -> (String, String) {
    let exit = ExitName(event.code, information: event.info)
    let reason =
      switch event.code {
      case 0x7B:
        "The guest's VMCB has the bit for ports set, and the I/O permission map this port's"
      case 0x7C: "The guest's VMCB has the bit for MSRs set, and so has the MSR permission map"
      case 0x400: "The nested page tables do not give the guest this access"
      case .max: "VMRUN refused: no processor can be in the state that the VMCB describes"
      default: "The guest's VMCB has this exit's bit set"
      }
    return ("#VMEXIT \(exit.name) \(Numbers.short(event.info))", "\(reason): \(exit.comparison)")
  }

  private static func shadow(_ event: Transition) -> (String, String) {
    switch ShadowOperation(rawValue: event.code) {
    case .fill:
      (
        "shadow \(Numbers.hex(event.info)) is \(Numbers.hex(event.detail & ~0xFFF))",
        "The guest's tables have this page: the fault was hidden, the shadow got an entry."
      )
    case .flush, nil:
      (
        "shadow page tables emptied",
        "The guest flushed its TLB, or the tables were full; they fill again page by page."
      )
    }
  }
}
