/// Why a monitor that only traps and emulates gets a guest wrong: the instructions that do not trap at
/// CPL 1 and answer differently there (Robin and Irvine, USENIX Security 2000; SDM 2, each
/// instruction's Operation).
public enum SilentInstruction {
  /// What the instruction does outside ring 0 that no monitor is told of, as a sentence; nil for
  /// instructions that hide nothing. `mnemonic` and `operands` are the disassembler's.
  public static func sentence(mnemonic: String, operands: String) -> String? {
    switch mnemonic {
    case "pushf", "pushfd", "pushfw":
      return "PUSHF does not trap at CPL 1: it pushed the real EFLAGS, in which IF is always 1 and "
        + "IOPL 0, whatever the guest has set."
    case "popf", "popfd", "popfw":
      return "POPF does not trap at CPL 1 with IOPL 0: it left IF and IOPL as they were, and the "
        + "monitor never heard of the change."
    case "iret", "iretd", "iretw":
      return "IRET inside a ring does not trap at CPL 1: it left IF and IOPL as they were."
    case "sgdt": return table("SGDT", "GDT")
    case "sidt": return table("SIDT", "IDT")
    case "sldt": return selector("SLDT", "LDT")
    case "str": return selector("STR", "TSS")
    case "smsw": return "SMSW does not trap outside ring 0: it read the real CR0, not the guest's."
    case "lar", "lsl", "verr", "verw":
      return "\(mnemonic.uppercased()) does not trap outside ring 0: it looked into the monitor's "
        + "descriptor table, in which ring 0 is ring 1 and limits end below the monitor."
    case "mov" where reads(operands, "cs") || reads(operands, "ss"),
      "push" where operands == "cs" || operands == "ss":
      return "CS and SS can be read in every ring: the selector's RPL showed that the kernel is in "
        + "ring 1."
    case "fnstenv", "fnsave", "fxsave":
      return
        "\(mnemonic.uppercased()) does not trap outside ring 0: the CS that the last x87 instruction "
        + "had shows by its RPL that the kernel is in ring 1."
    case "call", "jmp", "retf", "ret", "callf", "jmpf":
      return "A far transfer inside ring 1 does not trap: CS is loaded with RPL 1, where the guest "
        + "believes in ring 0."
    case "cpuid", "rdtsc":
      return "\(mnemonic.uppercased()) does not trap here: it answered for the real processor."
    default: return nil
    }
  }

  private static func reads(_ operands: String, _ register: String) -> Bool {
    operands.split(separator: ",").last.map { $0 == register } ?? false
  }

  private static func table(_ name: String, _ table: String) -> String {
    "\(name) does not trap outside ring 0: it stored where the monitor's \(table) is, not the guest's."
  }

  private static func selector(_ name: String, _ table: String) -> String {
    "\(name) does not trap outside ring 0: it read the selector of the monitor's \(table)."
  }
}
