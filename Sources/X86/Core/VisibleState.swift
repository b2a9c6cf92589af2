/// A part of the processor that software could find out about.
public struct VisibleField: Equatable, Sendable {
  /// In the manual's words: `EAX`, `CS limit`, `ST physical 3`.
  public var name: String
  /// Its contents.
  public var value: UInt64
  /// How many hexadecimal digits it has.
  public var digits: Int
}

extension CPU {
  /// What `combine(into:)` takes in, field by field, between two instructions. AMD-V's own state is
  /// not listed.
  public var visibleState: [VisibleField] {
    let names: [(String, Register)] = [
      ("EAX", .eax), ("ECX", .ecx), ("EDX", .edx), ("EBX", .ebx), ("ESP", .esp), ("EBP", .ebp),
      ("ESI", .esi), ("EDI", .edi),
    ]
    var fields = names.map { VisibleField(name: $0, value: UInt64(self[$1]), digits: 8) }
    func add(_ name: String, _ value: UInt64, _ digits: Int = 8) {
      fields.append(VisibleField(name: name, value: value, digits: digits))
    }
    add("EIP", UInt64(eip))
    add("EFLAGS", UInt64(eflags.rawValue))
    add("CPL", UInt64(cpl), 1)
    for (index, name) in ["ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR"].enumerated() {
      let segment = segments[index]
      // Nobody can tell what is behind a null selector.
      let hidden = segment.isUsable ? segment : Segment()
      add(name, UInt64(segment.selector), 4)
      add(name + " base", UInt64(hidden.base))
      add(name + " limit", UInt64(hidden.limit))
      add(name + " access", UInt64(hidden.access), 2)
      add(name + " usable and D/B", (hidden.isUsable ? 2 : 0) | (hidden.isBig ? 1 : 0), 1)
    }
    add("CR0", UInt64(cr0.rawValue))
    add("CR2", UInt64(cr2))
    add("CR3", UInt64(cr3))
    add("CR4", UInt64(cr4.rawValue))
    add("GDTR base", UInt64(gdtBase))
    add("GDTR limit", UInt64(gdtLimit), 4)
    add("IDTR base", UInt64(idtBase))
    add("IDTR limit", UInt64(idtLimit), 4)
    for index in 0..<8 { add("DR\(index)", UInt64(debugRegisters[index])) }
    for (index, entry) in [pdptes.0, pdptes.1, pdptes.2, pdptes.3].enumerated() {
      add("PDPTE \(index)", entry, 16)
    }
    add("SYSENTER_CS", UInt64(msrs.sysenterCS))
    add("SYSENTER_ESP", UInt64(msrs.sysenterESP))
    add("SYSENTER_EIP", UInt64(msrs.sysenterEIP))
    add("TSC offset", msrs.timeStampOffset, 16)
    add("EFER", msrs.efer, 16)
    add("PAT", msrs.pat, 16)
    for index in 0..<8 {
      add("x87 register \(index)", fpu[physical: index].significand, 16)
      add("x87 register \(index) sign and exponent", UInt64(fpu[physical: index].signExponent), 4)
    }
    add("x87 control word", UInt64(fpu.control), 4)
    add("x87 status word", UInt64(fpu.statusWord), 4)
    add("x87 tags", UInt64(fpu.occupied), 4)
    add("x87 last opcode", UInt64(fpu.lastOpcode), 4)
    add("x87 instruction pointer", UInt64(fpu.instructionPointer))
    add("x87 data pointer", UInt64(fpu.dataPointer))
    add("x87 code selector", UInt64(fpu.codeSelector), 4)
    add("x87 data selector", UInt64(fpu.dataSelector), 4)
    add("halted", isHalted ? 1 : 0, 1)
    add("shut down", isShutDown ? 1 : 0, 1)
    add(
      "NMI requested and blocked", (nonMaskableRequested ? 1 : 0) | (nonMaskableBlocked ? 2 : 0), 1)
    add("FERR#", floatingPointError ? 1 : 0, 1)
    add("interrupt shadow", UInt64(interruptShadow.rawValue), 1)
    add("pending debug conditions", UInt64(pendingDebug), 4)
    add("A20 mask", addressMask, 16)
    add("ticks", ticks, 16)
    add("instructions", instructions, 16)
    return fields
  }
}
