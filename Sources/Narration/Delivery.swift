import X86

/// How an event reached its handler: the gate, the choice of the stack, the frame (SDM 3A, 6.12.1).
struct Delivery {
  let steps: [String]

  init(_ event: Transition) {
    switch event.kind {
    case .fault, .interrupt, .softwareInterrupt:
      steps =
        event.marks.contains(.delivered)
        ? Self.entry(event) : ["No handler was entered: the next event says what its delivery met."]
    case .farTransfer where event.marks.contains(.stackSwitched): steps = Self.callGate(event)
    default: steps = []
    }
  }

  private static func entry(_ event: Transition) -> [String] {
    if event.marks.contains(.realMode) {
      return [
        "Entry \(Numbers.byte(event.vector)) of the interrupt vector table: \(target(event))."
      ]
        + frame(event, errorCode: false)
    }
    if event.gate & 15 == 5 {
      return [
        "Gate \(Numbers.byte(event.vector)) of the IDT is a task gate: a task switch follows."
      ]
    }
    return [gate(event), stack(event)] + frame(event, errorCode: event.hasErrorCode)
  }

  private static func target(_ event: Transition) -> String {
    Numbers.place(event.toCS, event.toEIP)
  }

  private static func gate(_ event: Transition) -> String {
    let dpl = event.gate >> 5 & 3
    let interrupts = event.gate & 1 == 0 ? "IF is cleared" : "IF stays"
    let check =
      event.kind == .softwareInterrupt
      ? "DPL \(dpl) >= CPL \(event.levelBefore)" : "DPL \(dpl), which only INT n has to respect"
    return "Gate \(Numbers.byte(event.vector)) of the IDT: \(DescriptorWords.type(event.gate)), "
      + "\(check); to \(target(event)), \(interrupts)."
  }

  private static func stack(_ event: Transition) -> String {
    guard event.marks.contains(.stackSwitched) else {
      return
        "CS \(Numbers.hex(event.toCS, 4)) is of the same ring: the frame goes on the current stack."
    }
    let top =
      event.toESP &+ UInt32(items(event, errorCode: event.hasErrorCode).count * itemSize(event))
    let name = "SS\(event.levelAfter):ESP\(event.levelAfter)"
    return
      "CS \(Numbers.hex(event.toCS, 4)) is of ring \(event.levelAfter), further in than \(event.levelBefore): "
      + "\(name) = \(Numbers.place(event.toSS, top)) from the TSS."
  }

  private static func itemSize(_ event: Transition) -> Int {
    event.marks.contains(.frame16) ? 2 : 4
  }

  /// What lies on the handler's stack, from its top up.
  private static func items(_ event: Transition, errorCode: Bool) -> [(
    name: String, value: String?
  )] {
    var items: [(name: String, value: String?)] = []
    if errorCode { items.append(("error code", Numbers.hex(event.code))) }
    let isCall = event.kind == .softwareInterrupt
    let returns = isCall ? event.nextInstruction : event.eip
    items.append(("EIP", returns.map { Numbers.hex($0) }))
    items.append(("CS", Numbers.hex(event.cs, 4)))
    items.append(("EFLAGS", Numbers.hex(event.flags)))
    if event.marks.contains(.stackSwitched) {
      items.append(("ESP", Numbers.hex(event.esp)))
      items.append(("SS", Numbers.hex(event.ss, 4)))
    }
    if event.marks.contains(.virtual8086) {
      items += [("ES", nil), ("DS", nil), ("FS", nil), ("GS", nil)]
    }
    return items
  }

  private static func frame(_ event: Transition, errorCode: Bool) -> [String] {
    let words = items(event, errorCode: errorCode).enumerated().map { place, item in
      "+\(Numbers.hex(place * itemSize(event), 1)) \(item.name)\(item.value.map { " \($0)" } ?? "")"
    }
    return [
      "Pushed, at \(Numbers.place(event.toSS, event.toESP)): " + words.joined(separator: ", ") + "."
    ]
  }

  private static func callGate(_ event: Transition) -> [String] {
    let size = itemSize(event)
    let top = event.toESP &+ UInt32((4 + Int(event.info)) * size)
    let parameters = event.info == 0 ? "" : ", \(event.info) parameters"
    return [
      "\(DescriptorWords.type(event.gate).capitalized), DPL \(event.gate >> 5 & 3) >= CPL "
        + "\(event.levelBefore); to \(target(event)).",
      "Ring \(event.levelAfter): SS\(event.levelAfter):ESP\(event.levelAfter) = \(Numbers.place(event.toSS, top)) "
        + "from the TSS.",
      "Pushed, at \(Numbers.place(event.toSS, event.toESP)): EIP, CS\(parameters), "
        + "ESP \(Numbers.hex(event.esp)), SS \(Numbers.hex(event.ss, 4)).",
    ]
  }
}
