import X86

/// The exits of a guest in words: AMD's name, and what Intel's VT-x calls the same (SDM 3D,
/// appendix C). VT-x has no exit of its own for everything that AMD can intercept.
struct ExitName {
  /// As in VMEXIT_HLT, without the prefix.
  let name: String
  /// The basic exit reason of VT-x and its number; nil where there is none.
  let intel: (name: String, reason: Int)?

  init(_ code: UInt32) {
    switch code {
    case 0x00...0x0F: (name, intel) = ("CR\(code)_READ", ("control-register access", 28))
    case 0x10...0x1F: (name, intel) = ("CR\(code - 16)_WRITE", ("control-register access", 28))
    case 0x20...0x2F: (name, intel) = ("DR\(code - 32)_READ", ("MOV DR", 29))
    case 0x30...0x3F: (name, intel) = ("DR\(code - 48)_WRITE", ("MOV DR", 29))
    case 0x40...0x5F: (name, intel) = ("EXCP\(code - 64)", ("exception or NMI", 0))
    default:
      (name, intel) = Self.table[code] ?? ("\(String(code, radix: 16, uppercase: true))h", nil)
    }
  }

  /// `HLT; with VT-x HLT, reason 12`.
  var comparison: String {
    guard let intel else { return "VMEXIT_\(name); VT-x has no exit of its own for this." }
    return "VMEXIT_\(name); with VT-x: \(intel.name), reason \(intel.reason)."
  }

  private static let table: [UInt32: (String, (String, Int)?)] = [
    0x60: ("INTR", ("external interrupt", 1)), 0x61: ("NMI", ("exception or NMI", 0)),
    0x62: ("SMI", ("other SMI", 6)), 0x63: ("INIT", ("INIT signal", 3)),
    0x64: ("VINTR", ("interrupt window", 7)),
    0x65: ("CR0_SEL_WRITE", ("control-register access", 28)),
    0x66: ("IDTR_READ", ("GDTR or IDTR access", 46)),
    0x67: ("GDTR_READ", ("GDTR or IDTR access", 46)),
    0x68: ("LDTR_READ", ("LDTR or TR access", 47)), 0x69: ("TR_READ", ("LDTR or TR access", 47)),
    0x6A: ("IDTR_WRITE", ("GDTR or IDTR access", 46)),
    0x6B: ("GDTR_WRITE", ("GDTR or IDTR access", 46)),
    0x6C: ("LDTR_WRITE", ("LDTR or TR access", 47)), 0x6D: ("TR_WRITE", ("LDTR or TR access", 47)),
    0x6E: ("RDTSC", ("RDTSC", 16)), 0x6F: ("RDPMC", ("RDPMC", 15)), 0x70: ("PUSHF", nil),
    0x71: ("POPF", nil), 0x72: ("CPUID", ("CPUID", 10)), 0x73: ("RSM", ("RSM", 17)),
    0x74: ("IRET", nil), 0x75: ("SWINT", nil), 0x76: ("INVD", ("INVD", 13)),
    0x77: ("PAUSE", ("PAUSE", 40)), 0x78: ("HLT", ("HLT", 12)), 0x79: ("INVLPG", ("INVLPG", 14)),
    0x7A: ("INVLPGA", nil), 0x7B: ("IOIO", ("I/O instruction", 30)),
    0x7C: ("MSR", ("RDMSR or WRMSR", 31)), 0x7D: ("TASK_SWITCH", ("task switch", 9)),
    0x7E: ("FERR_FREEZE", nil), 0x7F: ("SHUTDOWN", ("triple fault", 2)),
    0x80: ("VMRUN", ("VMLAUNCH", 20)), 0x81: ("VMMCALL", ("VMCALL", 18)),
    0x82: ("VMLOAD", ("VMPTRLD", 21)), 0x83: ("VMSAVE", ("VMPTRST", 22)), 0x84: ("STGI", nil),
    0x85: ("CLGI", nil), 0x86: ("SKINIT", ("GETSEC", 11)), 0x88: ("ICEBP", nil),
    0x89: ("WBINVD", ("WBINVD", 54)), 0x400: ("NPF", ("EPT violation", 48)),
    .max: ("INVALID", ("invalid guest state", 33)),
  ]
}
