import X86

/// The exits of a guest in words: AMD's name, and what Intel's VT-x calls the same (SDM 3D,
/// appendix C). VT-x has no exit of its own for everything that AMD can intercept.
struct ExitName {
  /// As in VMEXIT_HLT, without the prefix.
  let name: String
  /// The basic exit reason of VT-x and its number; nil where there is none.
  let intel: (name: String, reason: Int)?

  /// `information` is EXITINFO1, if it is known: for MSRs it tells writes from reads.
  init(_ code: UInt32, information: UInt64? = nil) {
    // The ledger has the lower half of the code; only VMEXIT_INVALID has an upper one.
    name = ExitCode(rawValue: code == .max ? .max : UInt64(code)).name
    switch code {
    case 0x00...0x1F: intel = ("control-register access", 28)
    case 0x20...0x3F: intel = ("MOV DR", 29)
    case 0x40...0x5F: intel = ("exception or NMI", 0)
    case 0x7C:
      intel =
        information.map { $0 & 1 == 0 ? ("RDMSR", 31) : ("WRMSR", 32) }
        ?? ("RDMSR (WRMSR: 32)", 31)
    default: intel = Self.table[code]
    }
  }

  /// `HLT; with VT-x HLT, reason 12`.
  var comparison: String {
    guard let intel else { return "VMEXIT_\(name); VT-x has no exit of its own for this." }
    return "VMEXIT_\(name); with VT-x: \(intel.name), reason \(intel.reason)."
  }

  private static let table: [UInt32: (String, Int)] = [
    0x60: ("external interrupt", 1), 0x61: ("exception or NMI", 0), 0x62: ("other SMI", 6),
    0x63: ("INIT signal", 3), 0x64: ("interrupt window", 7), 0x65: ("control-register access", 28),
    0x66: ("GDTR or IDTR access", 46), 0x67: ("GDTR or IDTR access", 46),
    0x68: ("LDTR or TR access", 47), 0x69: ("LDTR or TR access", 47),
    0x6A: ("GDTR or IDTR access", 46), 0x6B: ("GDTR or IDTR access", 46),
    0x6C: ("LDTR or TR access", 47), 0x6D: ("LDTR or TR access", 47), 0x6E: ("RDTSC", 16),
    0x6F: ("RDPMC", 15), 0x72: ("CPUID", 10), 0x73: ("RSM", 17), 0x76: ("INVD", 13),
    0x77: ("PAUSE", 40), 0x78: ("HLT", 12), 0x79: ("INVLPG", 14), 0x7B: ("I/O instruction", 30),
    0x7D: ("task switch", 9), 0x7F: ("triple fault", 2),
    0x80: ("VMLAUNCH", 20), 0x81: ("VMCALL", 18), 0x86: ("GETSEC", 11), 0x89: ("WBINVD", 54),
    0x400: ("EPT violation", 48),
    .max: ("invalid guest state", 33),
  ]
}
