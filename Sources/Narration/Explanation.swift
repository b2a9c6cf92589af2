public import X86

/// Why a transition happened and how: computed from what it holds, in the manual's terms.
public struct Explanation: Equatable, Sendable {
  /// What happened and why, in one sentence with its section.
  public let sentence: String
  /// How the processor went about it: the gate, the stack, the frame that was pushed.
  public let steps: [String]
  /// Where the rule is written.
  public let section: String

  /// The explanation of a transition.
  public init(_ event: Transition) {
    section = event.section
    let reason = Reason(event).text
    sentence = "\(reason) (\(section))"
    steps = Delivery(event).steps + Effects(event).steps
  }
}

/// The sentence: what was executed, in which ring, what came of it, and because of what.
private struct Reason {
  let event: Transition
  let text: String

  init(_ event: Transition) {
    self.event = event
    let because = Self.because(event)
    switch event.kind {
    case .fault:
      text =
        event.cause == .none
        ? "\(Self.subject(event)): \(event.exceptionText)"
        : "\(Self.subject(event)): \(event.exceptionText), because \(because)"
    case .softwareInterrupt:
      text = "\(Self.subject(event)): a system call or breakpoint, because \(because)"
    case .interrupt:
      text =
        event.cause == .nonMaskableInterrupt
        ? "NMI before \(Self.subject(event)): it cannot be masked, IF does not matter"
        : "Interrupt \(Numbers.byte(event.vector)) before \(Self.subject(event)): a device asked, and IF was 1"
    default: text = EventWords(event).why.withoutPeriod
    }
  }

  /// `cli at CPL 3`; in real mode there is no CPL worth saying.
  private static func subject(_ event: Transition) -> String {
    let what = event.instruction ?? "The instruction at \(Numbers.place(event.cs, event.eip))"
    if event.marks.contains(.realMode) { return "\(what) in real mode" }
    if event.marks.contains(.virtual8086) {
      return "\(what) in virtual-8086 mode with IOPL \(event.iopl)"
    }
    switch event.cause {
    case .cplAboveIOPL, .ioPermissionBitmap:
      return "\(what) at CPL \(event.levelBefore) with IOPL \(event.iopl)"
    default: return "\(what) at CPL \(event.levelBefore)"
    }
  }

  private static func because(_ event: Transition) -> String {
    switch event.cause {
    case .cplAboveIOPL: return "CPL > IOPL"
    case .cplNotZero: return "it needs CPL 0"
    case .softwareInterrupt:
      return event.gate == 0
        ? "the program asked for it"
        : "the program asked for it, and DPL \(event.gate >> 5 & 3) of the gate is not below CPL \(event.levelBefore)"
    case .limitExceeded, .notReadable, .notWritable, .nullSelector:
      return operand(event) ?? event.cause.sentence.withoutPeriod
    case .pageNotPresent, .pageDirectoryNotPresent, .pageSupervisorOnly, .pageReadOnly,
      .pageReservedBit, .pageNoExecute:
      return page(event)
    case .faultDuringDelivery where event.kind == .fault:
      let met = Exception(UInt8(truncatingIfNeeded: event.info)).mnemonic
      let cause = Cause(rawValue: UInt8(truncatingIfNeeded: event.info >> 8)) ?? .none
      return "\(met)(\(Numbers.short(event.detail))) came while another fault was being delivered: "
        + cause.sentence.withoutPeriod
    default: return (descriptor(event) ?? "") + event.cause.sentence.withoutPeriod
    }
  }

  /// The memory operand that a segment refused.
  private static func operand(_ event: Transition) -> String? {
    guard event.vector == Vector.generalProtection || event.vector == Vector.stackFault,
      event.code & 0xFFFC == 0, event.info >> 32 < 6
    else { return nil }
    let names = ["ES", "CS", "SS", "DS", "FS", "GS"]
    let name = names[Int(event.info >> 32)]
    let selector = Numbers.hex(Numbers.high(event.detail), 4)
    let place = "the operand at \(name):\(Numbers.hex(Numbers.low(event.info)))"
    switch event.cause {
    case .limitExceeded:
      let limit = Numbers.hex(Numbers.low(event.detail))
      return "\(place) lies outside the segment \(selector), whose limit is \(limit)"
    case .nullSelector:
      return "\(place) needs a segment, and \(name) holds \(selector), which is unusable"
    case .notReadable: return "\(place) is to be read, and segment \(selector) is execute-only"
    default: return "\(place) is to be written, and segment \(selector) is not writable"
    }
  }

  private static func page(_ event: Transition) -> String {
    let access =
      event.code & 16 != 0 ? "fetch from" : event.code & 2 != 0 ? "write to" : "read of"
    let rights = event.code & 4 != 0 ? "user" : "supervisor"
    return "of a \(rights) \(access) \(Numbers.hex(Numbers.low(event.info))): "
      + event.cause.sentence.withoutPeriod
  }

  /// The descriptor or gate that the error code names.
  private static func descriptor(_ event: Transition) -> String? {
    guard event.hasErrorCode, event.vector != Vector.pageFault, event.code & 0xFFFC != 0 else {
      return nil
    }
    let index = event.code & 0xFFF8
    if event.code & 2 != 0 { return "of gate \(Numbers.byte(index >> 3)) of the IDT: " }
    let table = event.code & 4 != 0 ? "LDT" : "GDT"
    let selector = Numbers.hex(event.code & 0xFFFC, 4)
    guard event.info != 0 else { return "of selector \(selector) in the \(table): " }
    return "of selector \(selector) in the \(table) (\(DescriptorWords(event.info).text)): "
  }
}

/// A descriptor in words (SDM 3A, 3.4.5 and 3.5).
struct DescriptorWords {
  let text: String

  init(_ raw: UInt64) {
    let access = UInt8(truncatingIfNeeded: raw >> 40)
    let present = access & 0x80 != 0 ? "" : ", not present"
    text = "\(Self.type(access)), DPL \(access >> 5 & 3)\(present)"
  }

  static func type(_ access: UInt8) -> String {
    if access & 0x10 != 0 {
      if access & 8 == 0 { return access & 2 != 0 ? "writable data" : "read-only data" }
      return access & 4 != 0 ? "conforming code" : "code"
    }
    return switch access & 15 {
    case 1, 3: "16-bit TSS"
    case 2: "LDT"
    case 4: "16-bit call gate"
    case 5: "task gate"
    case 6: "16-bit interrupt gate"
    case 7: "16-bit trap gate"
    case 9: "available 32-bit TSS"
    case 11: "busy 32-bit TSS"
    case 12: "32-bit call gate"
    case 14: "32-bit interrupt gate"
    case 15: "32-bit trap gate"
    default: "reserved type"
    }
  }
}

extension String {
  var withoutPeriod: String { hasSuffix(".") ? String(dropLast()) : self }
  var capitalized: String { prefix(1).uppercased() + dropFirst() }
}
