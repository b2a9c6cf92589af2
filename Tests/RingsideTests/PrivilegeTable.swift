@testable import Monitors

/// The report of `ring1` as the manuals would have it (Intel SDM 2A-2D, each instruction's
/// Operation section; 3A 5.9, 6.12.1), for descriptors with the DPL of their ring: ring r's code
/// segment is 08 + 10h × r, its data segment 10 + 10h × r. Written down apart from the processor.
enum PrivilegeTable {
  static let names = [
    "cli", "sti", "in", "out", "insb", "outsb", "hlt", "mov r,cr0", "mov r,cr2", "mov r,cr3",
    "mov r,cr4", "mov cr0,r", "mov cr2,r", "mov cr3,r", "mov cr4,r", "mov r,dr7", "mov dr7,r",
    "clts", "lmsw", "lgdt", "lidt", "lldt", "ltr", "invlpg", "invd", "wbinvd", "rdmsr", "wrmsr",
    "sysexit", "sgdt", "sidt", "sldt", "str", "smsw", "pushf", "mov r,cs", "push cs", "mov r,ss",
    "cpuid", "rdtsc", "popf IF=0", "popf IOPL=3", "iret IF=0", "iret IOPL=3", "iret ring 3", "lar",
    "lsl", "verr", "verw", "mov ds,10", "pop ss 10", "jmp 08", "call 08", "retf 08", "iret 08",
    "mov ds,rpl0", "mov ss,rpl0", "jmp rpl0", "retf rpl0", "int 80", "int3",
  ]

  /// On a processor that is the guest's own.
  static var lines: [String] { lines(outcome(of:in:iopl:)) }

  /// Where the guest's ring 0 is really ring 1, and nothing is translated.
  static var linesUnderRingCompression: [String] { lines(compressed(of:in:iopl:)) }

  private static func lines(_ outcome: (String, Int, Int) -> String) -> [String] {
    var lines: [String] = []
    for iopl in 0..<4 {
      lines.append("IOPL \(iopl)      CPL0  CPL1  CPL2  CPL3")
      for name in names {
        var line = name
        for ring in 0..<4 {
          line = padded(line, to: 12 + 6 * ring) + outcome(name, ring, iopl)
        }
        lines.append(line)
      }
      lines.append("")
    }
    return lines
  }

  private static func outcome(of name: String, in ring: Int, iopl: Int) -> String {
    let (code, data) = (0x08 + 0x10 * ring, 0x10 + 0x10 * ring)
    let (interrupt, level) = (0x200, iopl << 12)
    let isKernel = ring == 0
    switch name {
    // CPL must not exceed IOPL.
    case "cli": return ring <= iopl ? value(level) : refused(0)
    case "sti": return ring <= iopl ? value(level | interrupt) : refused(0)
    case "in", "out", "insb", "outsb": return ring <= iopl ? "ok" : refused(0)
    // Answers that depend on no privilege: table limits, selectors, CR0, EFLAGS.
    case "sgdt": return value(0x57)
    case "sidt": return value(0x407)
    case "sldt": return value(0)
    case "str": return value(0x50)
    case "smsw": return value(1)
    case "pushf": return value(level | interrupt)
    case "mov r,cs", "push cs": return value(code | ring)
    case "mov r,ss": return value(data | ring)
    case "cpuid", "rdtsc": return "ok"
    // IF changes if CPL does not exceed IOPL, IOPL only in ring 0; otherwise nothing is said.
    case "popf IF=0", "iret IF=0", "iret ring 3":
      return value(ring <= iopl ? level : level | interrupt)
    case "popf IOPL=3", "iret IOPL=3":
      return value(isKernel ? 0x3000 | interrupt : level | interrupt)
    // Ring 0's descriptors are invisible from outside,
    case "lar", "lsl", "verr", "verw": return value(isKernel ? 1 : 0)
    // and its segments out of reach.
    case "mov ds,10", "pop ss 10": return isKernel ? value(0x10) : refused(0x10)
    case "jmp 08", "call 08", "retf 08", "iret 08": return isKernel ? value(8) : refused(8)
    // DS takes any RPL up to the DPL, SS only that of the ring; JMP puts CPL in place of the RPL,
    // and a return never leads inwards.
    case "mov ds,rpl0": return value(data)
    case "mov ss,rpl0": return isKernel ? value(data) : refused(data)
    case "jmp rpl0": return value(code | ring)
    case "retf rpl0": return isKernel ? value(code) : refused(code)
    // Vector × 8 + 2: the error code points into the IDT.
    case "int 80": return isKernel ? "ok" : refused(0x80 * 8 + 2)
    case "int3": return isKernel ? "ok" : refused(3 * 8 + 2)
    // All others are privileged.
    case "mov r,cr0": return isKernel ? value(1) : refused(0)
    default: return isKernel ? "ok" : refused(0)
    }
  }

  /// The holes: what traps nowhere tells the truth about ring 1. Rings 1 and 2 of the guest, and ring 3 with
  /// an IOPL, are interpreted.
  private static func compressed(of name: String, in ring: Int, iopl: Int) -> String {
    let bare = outcome(of: name, in: ring, iopl: iopl)
    guard ring == 0 || ring == 3 && iopl == 0 else { return bare }
    switch name {
    case "sldt": return value(Int(MonitorLayout.ldtSelector))
    case "str": return value(Int(MonitorLayout.taskSelector))
    default: if ring == 3 { return bare }
    }
    switch name {
    // IF is always on, IOPL always 0, and neither changes.
    case "cli", "sti", "pushf", "popf IF=0", "popf IOPL=3", "iret IF=0", "iret IOPL=3",
      "iret ring 3":
      return value(0x200)
    // The RPL of CS and SS.
    case "mov r,cs", "push cs", "jmp 08", "call 08", "retf 08", "iret 08", "jmp rpl0", "retf rpl0":
      return value(0x09)
    case "mov r,ss", "pop ss 10", "mov ss,rpl0": return value(0x11)
    default: return bare
    }
  }

  private static func value(_ number: Int) -> String {
    "=" + String(repeating: "0", count: 4 - hexadecimal(number).count) + hexadecimal(number)
  }

  private static func refused(_ errorCode: Int) -> String { "GP" + hexadecimal(errorCode) }

  private static func hexadecimal(_ number: Int) -> String { String(number, radix: 16) }

  private static func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: width - text.count)
  }
}
