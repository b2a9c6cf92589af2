/// Why a guest was left: the EXITCODE of a VMCB (AMD APM 2, appendix C).
///
/// Up to 9Fh a code is also the number of the bit that asks for it, counted from the first byte of
/// the VMCB: the intercept words are one vector of bits, and the codes number it.
public struct ExitCode: RawRepresentable, Equatable, Hashable, Sendable {
  public let rawValue: UInt64
  @inline(__always) public init(rawValue: UInt64) { self.rawValue = rawValue }
  @inline(__always) private init(_ code: UInt64) { rawValue = code }

  /// MOV from and to CRn; SMSW is a read of CR0, LMSW and CLTS are writes of it.
  public static func readCR(_ number: Int) -> ExitCode { ExitCode(UInt64(number)) }
  public static func writeCR(_ number: Int) -> ExitCode { ExitCode(0x10 + UInt64(number)) }
  /// MOV from and to DRn.
  public static func readDR(_ number: Int) -> ExitCode { ExitCode(0x20 + UInt64(number)) }
  public static func writeDR(_ number: Int) -> ExitCode { ExitCode(0x30 + UInt64(number)) }
  /// An exception, before it is delivered.
  public static func exception(_ vector: UInt8) -> ExitCode { ExitCode(0x40 + UInt64(vector)) }

  // The first control word, 00Ch
  public static let interrupt = ExitCode(0x60)
  public static let nonMaskable = ExitCode(0x61)
  /// Never occurs: no chip of this PC asserts SMI#.
  public static let systemManagement = ExitCode(0x62)
  /// Never occurs: this PC's reset lines assert RESET#, not INIT#.
  public static let initialize = ExitCode(0x63)
  public static let virtualInterrupt = ExitCode(0x64)
  /// A write of CR0 that changes more than TS and MP.
  public static let selectiveCR0 = ExitCode(0x65)
  public static let readIDTR = ExitCode(0x66)
  public static let readGDTR = ExitCode(0x67)
  public static let readLDTR = ExitCode(0x68)
  public static let readTR = ExitCode(0x69)
  public static let writeIDTR = ExitCode(0x6A)
  public static let writeGDTR = ExitCode(0x6B)
  public static let writeLDTR = ExitCode(0x6C)
  public static let writeTR = ExitCode(0x6D)
  public static let rdtsc = ExitCode(0x6E)
  public static let rdpmc = ExitCode(0x6F)
  public static let pushf = ExitCode(0x70)
  public static let popf = ExitCode(0x71)
  public static let cpuid = ExitCode(0x72)
  public static let rsm = ExitCode(0x73)
  public static let iret = ExitCode(0x74)
  public static let softwareInterrupt = ExitCode(0x75)
  public static let invd = ExitCode(0x76)
  public static let pause = ExitCode(0x77)
  public static let hlt = ExitCode(0x78)
  public static let invlpg = ExitCode(0x79)
  public static let invlpga = ExitCode(0x7A)
  public static let io = ExitCode(0x7B)
  public static let msr = ExitCode(0x7C)
  public static let taskSwitch = ExitCode(0x7D)
  /// A waiting x87 instruction meets a pending exception while CR0.NE is clear.
  public static let ferrFreeze = ExitCode(0x7E)
  public static let shutdown = ExitCode(0x7F)

  // The second control word, 010h
  public static let vmrun = ExitCode(0x80)
  public static let vmmcall = ExitCode(0x81)
  public static let vmload = ExitCode(0x82)
  public static let vmsave = ExitCode(0x83)
  public static let stgi = ExitCode(0x84)
  public static let clgi = ExitCode(0x85)
  public static let icebp = ExitCode(0x88)
  public static let wbinvd = ExitCode(0x89)

  // Without a bit of their own
  public static let nestedPageFault = ExitCode(0x400)
  /// VMRUN found what a guest cannot be.
  public static let invalid = ExitCode(.max)
}

extension ExitCode {
  /// The manual's name, without the prefix VMEXIT_ (AMD APM 2, appendix C).
  public var name: String {
    switch rawValue {
    case 0x00...0x0F: "CR\(rawValue)_READ"
    case 0x10...0x1F: "CR\(rawValue - 0x10)_WRITE"
    case 0x20...0x2F: "DR\(rawValue - 0x20)_READ"
    case 0x30...0x3F: "DR\(rawValue - 0x30)_WRITE"
    case 0x40...0x5F: "EXCP\(rawValue - 0x40)"
    default: Self.names[rawValue] ?? "\(String(rawValue, radix: 16, uppercase: true))h"
    }
  }

  private static let names: [UInt64: String] = [
    0x60: "INTR", 0x61: "NMI", 0x62: "SMI", 0x63: "INIT", 0x64: "VINTR", 0x65: "CR0_SEL_WRITE",
    0x66: "IDTR_READ", 0x67: "GDTR_READ", 0x68: "LDTR_READ", 0x69: "TR_READ", 0x6A: "IDTR_WRITE",
    0x6B: "GDTR_WRITE", 0x6C: "LDTR_WRITE", 0x6D: "TR_WRITE", 0x6E: "RDTSC", 0x6F: "RDPMC",
    0x70: "PUSHF", 0x71: "POPF", 0x72: "CPUID", 0x73: "RSM", 0x74: "IRET", 0x75: "SWINT",
    0x76: "INVD", 0x77: "PAUSE", 0x78: "HLT", 0x79: "INVLPG", 0x7A: "INVLPGA", 0x7B: "IOIO",
    0x7C: "MSR", 0x7D: "TASK_SWITCH", 0x7E: "FERR_FREEZE", 0x7F: "SHUTDOWN", 0x80: "VMRUN",
    0x81: "VMMCALL", 0x82: "VMLOAD", 0x83: "VMSAVE", 0x84: "STGI", 0x85: "CLGI", 0x86: "SKINIT",
    0x88: "ICEBP", 0x89: "WBINVD", 0x400: "NPF", .max: "INVALID",
  ]
}
