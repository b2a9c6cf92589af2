/// How an instruction stands to the processor's privilege rules: the classes of Popek and
/// Goldberg ("Formal Requirements for Virtualizable Third Generation Architectures", 1974), applied
/// to IA-32 as Robin and Irvine did ("Analysis of the Intel Pentium's Ability to Support a Secure
/// Virtual Machine Monitor", USENIX Security 2000).
///
/// A monitor that only traps and emulates needs every sensitive instruction to be privileged.
/// `sensitiveUnprivileged` is the set that breaks this on IA-32.
///
/// The class belongs to the encoding, not to one execution: it is what holds in protected mode with
/// the control registers as reset leaves them. Therefore RDPMC is privileged (CR4.PCE is 0) and
/// RDTSC and CPUID are innocuous (CR4.TSD is 0). Instructions that always raise an exception or
/// always leave to a hypervisor (UD2, ICEBP, VMMCALL) hide nothing from a monitor: innocuous.
public enum Sensitivity: String, CaseIterable, Sendable {
  /// Does the same at every privilege level.
  case innocuous
  /// Faults unless CPL is 0: HLT, LGDT, LIDT, LLDT, LTR, LMSW, CLTS, MOV to or from CRn and DRn,
  /// INVD, WBINVD, INVLPG, RDMSR, WRMSR, RDPMC, SYSEXIT, RSM, the SVM instructions, the host gate.
  case privileged
  /// Faults unless IOPL (and for ports, the I/O permission bitmap) allows it: CLI, STI, IN, OUT,
  /// INS, OUTS.
  case ioSensitive
  /// Runs without a trap outside ring 0, yet reads or changes protected state, or answers
  /// differently there: SGDT, SIDT, SLDT, STR, SMSW, PUSHF, POPF, LAR, LSL, VERR, VERW; MOV, PUSH
  /// and POP of segment registers, LDS and its kin; far CALL, JMP and RET; INT n, INT3, INTO,
  /// SYSENTER and IRET. And what Robin and Irvine left out: FNSTENV, FNSAVE and FXSAVE store the CS that
  /// the last x87 instruction had, with its RPL.
  case sensitiveUnprivileged
}
