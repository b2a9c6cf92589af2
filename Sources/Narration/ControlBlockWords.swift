public import X86

/// A VMCB in words: the manual's names of its fields and of the bits in them.
public enum ControlBlockWords {
  /// `070 EXITCODE             0000000000000072  CPUID; with VT-x: CPUID, reason 10`. Before the first exit
  /// that field means nothing.
  public static func line(_ field: VMCBField, _ value: UInt64, hasExited: Bool = true) -> String {
    let start = "\(place(field)) \(name(field)) \(digits(field, value))"
    let meaning = field == .exitCode && !hasExited ? "" : meaning(field, value)
    return meaning.isEmpty ? start : start + "  " + meaning
  }

  /// The same with the value before: what an exit, or an edit, has changed.
  public static func line(_ field: VMCBField, from old: UInt64, to new: UInt64) -> String {
    let start = "\(place(field)) \(name(field)) \(digits(field, old)) -> \(digits(field, new))"
    let meaning = meaning(field, new)
    return meaning.isEmpty ? start : start + "  " + meaning
  }

  /// What the bits of a value mean, by name; empty where it is only a number.
  public static func meaning(_ field: VMCBField, _ value: UInt64) -> String {
    if let first = field.firstIntercept {
      return (0..<32).filter { value >> UInt64($0) & 1 != 0 }
        .map { ExitCode(rawValue: first.rawValue + UInt64($0)).name }.joined(separator: " ")
    }
    switch field {
    case .exitCode: return exit(value)
    case .eventInjection, .exitInterruptInfo: return event(value)
    case .virtualPriority:
      return "priority \(value & 0xF)" + (value & 0x10 != 0 ? " V_IGN_TPR" : "")
    case .tlbControl:
      return [0: "flush nothing", 1: "flush all", 3: "flush this guest's", 7: "its non-global"][
        value]
        ?? ""
    case .cr0: return named(cr0, value)
    case .cr4: return named(cr4, value)
    case .efer: return named([(11, "NXE"), (12, "SVME")], value)
    case .rflags: return named(rflags, value)
    default: return ""
    }
  }

  /// An exit with what VT-x calls it. `information` is EXITINFO1.
  public static func exit(_ code: UInt64, information: UInt64? = nil) -> String {
    let exit = ExitName(UInt32(truncatingIfNeeded: code), information: information)
    guard let intel = exit.intel else { return "\(exit.name); VT-x has no exit for this" }
    return "\(exit.name); with VT-x: \(intel.name), reason \(intel.reason)"
  }

  private static func event(_ value: UInt64) -> String {
    guard value & 1 << 31 != 0 else { return "" }
    let type = [0: "interrupt", 2: "NMI", 3: "exception", 4: "INT n"][value >> 8 & 7] ?? "reserved"
    let code = value & 1 << 11 != 0 ? ", error code \(Numbers.hex(value >> 32, 4))" : ""
    return "\(type) \(Numbers.byte(UInt8(value & 0xFF)))\(code)"
  }

  private static func place(_ field: VMCBField) -> String {
    Numbers.hex(UInt64(field.rawValue), 3)
  }

  private static func name(_ field: VMCBField) -> String {
    // One name is longer than the others.
    field.name + String(repeating: " ", count: max(0, 20 - field.name.count))
  }

  private static func digits(_ field: VMCBField, _ value: UInt64) -> String {
    Numbers.hex(value, field.width * 2)
  }

  private static func named(_ bits: [(Int, String)], _ value: UInt64) -> String {
    bits.filter { value >> UInt64($0.0) & 1 != 0 }.map(\.1).joined(separator: " ")
  }

  private static let cr0 = [
    (0, "PE"), (1, "MP"), (2, "EM"), (3, "TS"), (4, "ET"), (5, "NE"), (16, "WP"), (18, "AM"),
    (29, "NW"), (30, "CD"), (31, "PG"),
  ]
  private static let cr4 = [
    (0, "VME"), (1, "PVI"), (2, "TSD"), (3, "DE"), (4, "PSE"), (5, "PAE"), (6, "MCE"), (7, "PGE"),
    (8, "PCE"), (9, "OSFXSR"),
  ]
  private static let rflags = [
    (0, "CF"), (2, "PF"), (4, "AF"), (6, "ZF"), (7, "SF"), (8, "TF"), (9, "IF"), (10, "DF"),
    (11, "OF"), (14, "NT"), (16, "RF"), (17, "VM"), (18, "AC"), (21, "ID"),
  ]
}

/// A change of a VMCB as somebody types it: `HLT=0` for an intercept bit by its exit's name,
/// `CR0=80000011` for a field, in hexadecimal.
public struct ControlBlockEdit: Equatable, Sendable {
  public let field: VMCBField
  /// The bit, if it is about one; else the whole field.
  public let bit: Int?
  /// The field's new value, or the bit's.
  public let value: UInt64

  /// Nil for what names nothing in a VMCB, or does not fit.
  public init?(parsing text: String) {
    let parts = text.split(separator: "=", omittingEmptySubsequences: false)
    guard parts.count == 2, let value = UInt64(parts[1], radix: 16) else { return nil }
    let name = parts[0].uppercased()
    if let field = VMCBField.allCases.first(where: { $0.name.uppercased() == name }) {
      guard field.width == 8 || value >> UInt64(field.width * 8) == 0 else { return nil }
      (self.field, bit, self.value) = (field, nil, value)
      return
    }
    for field in VMCBField.allCases {
      guard let first = field.firstIntercept, value < 2 else { continue }
      for bit in 0..<32 where ExitCode(rawValue: first.rawValue + UInt64(bit)).name == name {
        (self.field, self.bit, self.value) = (field, bit, value)
        return
      }
    }
    return nil
  }

  /// The field's value when it was `old` before.
  public func applied(to old: UInt64) -> UInt64 {
    guard let bit else { return value }
    return old & ~(1 << UInt64(bit)) | value << UInt64(bit)
  }
}
