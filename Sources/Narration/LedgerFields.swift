import X86

/// A transition as named values: what JSON Lines and CSV are made of. Documentation/Ledger.md
/// describes each.
struct LedgerFields {
  /// A value, by how it is written.
  enum Value: Equatable {
    case number(UInt64)
    /// Hexadecimal, with so many digits.
    case hex(UInt64, Int)
    case text(String)
  }

  /// Every name there is, in the order of the columns.
  static let names = [
    "sequence", "parent", "tick", "guest_tick", "kind", "actor", "mode", "ring_from", "ring_to",
    "virtual_ring_from", "virtual_ring_to", "cs", "eip", "bytes", "instruction", "eflags",
    "vector", "error_code", "cause", "delivered", "gate", "ss", "esp", "to_cs", "to_eip", "to_ss",
    "to_esp", "eax", "image", "cr2", "page_entries", "descriptor", "register", "number", "old",
    "new", "selector", "base", "limit", "port", "address", "width", "value", "irq", "hertz",
    "task_from",
    "task_to", "info", "detail", "cost", "section",
  ]

  private(set) var values: [(name: String, value: Value)] = []

  init(_ event: Transition) {
    values.reserveCapacity(Self.names.count)
    add("sequence", event.sequence)
    if let parent = event.parent { add("parent", parent) }
    add("tick", event.tick)
    add("guest_tick", event.guestTick)
    add("kind", event.kind.name)
    add("actor", event.actor.name)
    add("mode", Self.mode(event))
    add("ring_from", UInt64(event.fromCPL))
    add("ring_to", UInt64(event.toCPL))
    add("virtual_ring_from", UInt64(event.fromVirtualRing))
    add("virtual_ring_to", UInt64(event.toVirtualRing))
    addPlace(event)
    addDelivery(event)
    addPayload(event)
    if event.cost != .none { add("cost", event.cost.name) }
    add("section", event.section)
  }

  private mutating func add(_ name: String, _ value: UInt64) {
    values.append((name, .number(value)))
  }
  private mutating func add(_ name: String, _ value: String) { values.append((name, .text(value))) }
  private mutating func add(_ name: String, hex value: some UnsignedInteger, _ digits: Int = 8) {
    values.append((name, .hex(UInt64(value), digits)))
  }

  private static func mode(_ event: Transition) -> String {
    let mode =
      event.marks.contains(.realMode)
      ? "real" : event.marks.contains(.virtual8086) ? "virtual8086" : "protected"
    return event.marks.contains(.guestMode) ? "guest_" + mode : mode
  }

  private mutating func addPlace(_ event: Transition) {
    add("cs", hex: event.cs, 4)
    add("eip", hex: event.eip)
    if event.byteCount > 0 {
      let bytes = (0..<event.byteCount).map { place in
        let byte = String(event.bytes >> UInt64(place * 8) & 0xFF, radix: 16)
        return byte.utf8.count < 2 ? "0" + byte : byte
      }
      add("bytes", bytes.joined())
    }
    if let instruction = event.instruction { add("instruction", instruction) }
    add("eflags", hex: event.flags)
  }

  private mutating func addDelivery(_ event: Transition) {
    switch event.kind {
    case .fault, .interrupt, .softwareInterrupt, .injection: add("vector", UInt64(event.vector))
    default: break
    }
    if event.hasErrorCode { add("error_code", UInt64(event.code)) }
    if event.cause != .none { add("cause", event.cause.name) }
    guard event.kind.isTransfer else { return }
    if event.kind == .fault || event.kind == .interrupt {
      let isDelivered = event.marks.contains(.delivered)
      add("delivered", isDelivered ? "yes" : "no")
      if !isDelivered { return }
    }
    if event.gate != 0 { add("gate", hex: event.gate, 2) }
    add("ss", hex: event.ss, 4)
    add("esp", hex: event.esp)
    add("to_cs", hex: event.toCS, 4)
    add("to_eip", hex: event.toEIP)
    add("to_ss", hex: event.toSS, 4)
    add("to_esp", hex: event.toESP)
  }

  private mutating func addPayload(_ event: Transition) {
    switch event.kind {
    case .fault: addEvidence(event)
    case .softwareInterrupt, .systemEnter: add("eax", hex: event.info)
    case .interruptReturn: add("image", hex: event.info)
    case .taskSwitch:
      add("task_from", hex: event.detail, 4)
      add("task_to", hex: event.info, 4)
    case .controlRegisterWrite, .cr3Load: addRegister("CR\(event.code)", event)
    case .debugRegisterWrite: addRegister("DR\(event.code)", event)
    case .machineSpecificWrite:
      add("number", hex: event.code)
      add("new", hex: event.detail, 16)
    case .tableLoad:
      add("register", TableRegister(rawValue: event.code).map { "\($0)".uppercased() } ?? "")
      if event.code >= TableRegister.ldtr.rawValue { add("selector", hex: event.info, 4) }
      add("base", hex: event.detail & 0xFFFF_FFFF)
      add("limit", hex: event.detail >> 32)
    case .pageInvalidation: add("address", hex: event.detail)
    case .portRead, .portWrite: addAccess("port", 4, event)
    case .memoryMappedRead, .memoryMappedWrite: addAccess("address", 8, event)
    case .deviceEdge: add("irq", UInt64(event.code))
    case .speaker: add("hertz", event.detail)
    case .hypercall, .vmExit, .vmEntry, .shadowPaging, .translation, .injection, .worldSwitch:
      add("number", hex: event.code)
      add("info", hex: event.info, 16)
      add("detail", hex: event.detail, 16)
    case .interrupt, .farTransfer, .systemExit, .halt, .reset, .shutdown: break
    }
  }

  private mutating func addRegister(_ name: String, _ event: Transition) {
    add("register", name)
    add("old", hex: event.info)
    add("new", hex: event.detail)
  }

  private mutating func addAccess(_ name: String, _ digits: Int, _ event: Transition) {
    add(name, hex: event.info, digits)
    add("width", UInt64(event.code))
    add("value", hex: event.detail, Int(event.code) * 2)
  }

  private mutating func addEvidence(_ event: Transition) {
    if event.vector == Vector.pageFault {
      add("cr2", hex: event.info)
      add("page_entries", hex: event.detail, 16)
    } else if event.hasErrorCode, event.code & 0xFFFC != 0, event.info != 0 {
      add("descriptor", hex: event.info, 16)
    } else if event.info != 0 || event.detail != 0 {
      add("info", hex: event.info, 16)
      add("detail", hex: event.detail, 16)
    }
  }
}
