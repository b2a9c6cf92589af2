import X86

/// What an event changed, where that says more than its few words: flags popped, control bits, page
/// table entries.
struct Effects {
  let steps: [String]

  init(_ event: Transition) {
    switch event.kind {
    case .interruptReturn: steps = Self.interruptReturn(event)
    case .controlRegisterWrite: steps = Self.controlRegister(event)
    case .cr3Load:
      steps = [
        "From \(Numbers.hex(event.info)) to \(Numbers.hex(event.detail)): translations that are not global are gone."
      ]
    case .taskSwitch:
      steps = [
        "TR \(Numbers.hex(event.detail, 4)) -> \(Numbers.hex(event.info, 4)); "
          + "the new task goes on at \(Numbers.place(event.toCS, event.toEIP)) in ring \(event.levelAfter)."
      ]
    case .tableLoad: steps = Self.table(event)
    case .fault where event.vector == Vector.pageFault: steps = Self.pageEntries(event)
    case .fault where event.code & 0xFFFC != 0 && event.info != 0 && event.code & 2 == 0:
      steps = [
        "The descriptor is \(Numbers.hex(event.info, 16)): \(DescriptorWords(event.info).text)."
      ]
    default: steps = []
    }
  }

  private static func interruptReturn(_ event: Transition) -> [String] {
    guard event.flags & 0x4000 == 0 else {
      return ["NT is 1: IRET went back to the task that the TSS links to."]
    }
    var steps: [String] = []
    let popped =
      "Popped: EIP \(Numbers.hex(event.toEIP)), CS \(Numbers.hex(event.toCS, 4)), EFLAGS \(Numbers.hex(event.info))"
    steps.append(
      event.marks.contains(.stackSwitched)
        ? "\(popped), and, as the ring changes, ESP \(Numbers.hex(event.toESP)), SS \(Numbers.hex(event.toSS, 4))."
        : "\(popped).")
    let keepsIF = !event.marks.contains(.realMode) && UInt32(event.levelBefore) > event.iopl
    if keepsIF && (Numbers.low(event.info) ^ event.flags) & 0x200 != 0 {
      steps.append(
        "The image's IF is \(event.info >> 9 & 1), but CPL \(event.levelBefore) > IOPL \(event.iopl): IF stays, and nothing tells."
      )
    }
    return steps
  }

  private static let bits: [UInt32: [(Int, String)]] = [
    0: [
      (31, "PG"), (30, "CD"), (29, "NW"), (18, "AM"), (16, "WP"), (5, "NE"), (4, "ET"), (3, "TS"),
      (2, "EM"), (1, "MP"), (0, "PE"),
    ],
    4: [
      (9, "OSFXSR"), (8, "PCE"), (7, "PGE"), (6, "MCE"), (5, "PAE"), (4, "PSE"), (3, "DE"),
      (2, "TSD"), (1, "PVI"), (0, "VME"),
    ],
  ]

  private static func controlRegister(_ event: Transition) -> [String] {
    guard let names = bits[event.code] else { return [] }
    let changed = event.info ^ event.detail
    let words = names.filter { changed >> UInt64($0.0) & 1 != 0 }.map {
      "\($0.1) \(event.info >> UInt64($0.0) & 1) -> \(event.detail >> UInt64($0.0) & 1)"
    }
    return [words.isEmpty ? "No bit changed." : "Changed: \(words.joined(separator: ", "))."]
  }

  private static func table(_ event: Transition) -> [String] {
    let selector =
      event.code >= TableRegister.ldtr.rawValue ? "selector \(Numbers.hex(event.info, 4)), " : ""
    return [
      "Now \(selector)base \(Numbers.hex(Numbers.low(event.detail))), limit \(Numbers.hex(Numbers.high(event.detail)))."
    ]
  }

  private static func pageEntries(_ event: Transition) -> [String] {
    func entry(_ name: String, _ value: UInt32) -> String {
      guard value & 1 != 0 else { return "\(name) \(Numbers.hex(value)): not present" }
      return "\(name) \(Numbers.hex(value)): \(value & 2 != 0 ? "writable" : "read-only"), "
        + (value & 4 != 0 ? "user" : "supervisor")
    }
    var steps: [String] = []
    let directory = Numbers.high(event.detail)
    switch event.cause {
    case .pageNotPresent, .pageSupervisorOnly, .pageReadOnly, .pageDirectoryNotPresent:
      // With PAE `detail` is one entry of 64 bits; its upper half is small.
      if directory & 1 == 0 && Numbers.low(event.detail) != 0 {
        steps.append(entry("Entry", Numbers.low(event.detail)) + ".")
      } else if event.cause == .pageDirectoryNotPresent || directory & 0x80 != 0 {
        steps.append(entry("Directory entry", directory) + ".")
      } else {
        steps.append(
          entry("Directory entry", directory) + "; "
            + entry("table entry", Numbers.low(event.detail)) + ".")
      }
    default: break
    }
    steps.append("CR2 holds \(Numbers.hex(Numbers.low(event.info))).")
    return steps
  }
}
