/// The instructions that the run loop hands over: segments, far transfers, flags, ports, control,
/// debug and machine-specific registers.
extension CPU {
  /// Executes one of them. `eip` is its start and `nextEIP` the offset after it.
  mutating func executeSystem(_ i: Instruction) throws(Interruption) {
    switch i.handler {
    case .movFromSegment: try movFromSegment(i)
    case .movToSegment: try movToSegment(i)
    case .pushSegment: try pushSegment(i)
    case .popSegment: try popSegment(i)
    case .loadFarPointer: try loadFarPointer(i)
    case .farJump:
      try requireVirtualizable()
      try farJump(
        selector: UInt16(truncatingIfNeeded: i.displacement), offset: i.immediate, is16: i.is16)
    case .farJumpM:
      try requireVirtualizable()
      let (selector, offset) = try farPointer(i)
      try farJump(selector: selector, offset: offset, is16: i.is16)
    case .farCall:
      try requireVirtualizable()
      try farCall(
        selector: UInt16(truncatingIfNeeded: i.displacement), offset: i.immediate, is16: i.is16)
    case .farCallM:
      try requireVirtualizable()
      let (selector, offset) = try farPointer(i)
      try farCall(selector: selector, offset: offset, is16: i.is16)
    case .farReturn:
      try requireVirtualizable()
      try farReturn(is16: i.is16, popCount: 0)
    case .farReturnI:
      try requireVirtualizable()
      try farReturn(is16: i.is16, popCount: i.immediate & 0xFFFF)
    case .int3: try softwareInterrupt(Vector.breakpoint, kind: .int3)
    case .intN: try softwareInterrupt(UInt8(truncatingIfNeeded: i.immediate), kind: .intN)
    case .into:
      if lazy.overflow { try softwareInterrupt(Vector.overflow, kind: .into) }
    case .icebp: try softwareInterrupt(Vector.debug, kind: .icebp)
    case .interruptReturn: try interruptReturn(is16: i.is16)
    case .sysenter: try sysenter()
    case .sysexit: try sysexit()
    case .cli: try cli()
    case .sti: try sti()
    case .pushf: try pushf(is16: i.is16)
    case .popf: try popf(is16: i.is16)
    case .hlt: try hlt()
    case .inI: try input(UInt16(i.immediate & 0xFF), Int(i.a), i)
    case .inDX: try input(UInt16(truncatingIfNeeded: self[.edx]), Int(i.a), i)
    case .outI: try output(UInt16(i.immediate & 0xFF), Int(i.a), i)
    case .outDX: try output(UInt16(truncatingIfNeeded: self[.edx]), Int(i.a), i)
    case .movFromCR: try movFromCR(i)
    case .movToCR: try movToCR(i)
    case .movFromDR: try movFromDR(i)
    case .movToDR: try movToDR(i)
    case .clts: try clts()
    case .lmsw: try lmsw(i)
    case .smsw: try smsw(i)
    case .lgdt: try loadTable(i, isIDT: false)
    case .lidt: try loadTable(i, isIDT: true)
    case .sgdt: try storeTable(i, isIDT: false)
    case .sidt: try storeTable(i, isIDT: true)
    case .lldt: try lldt(i)
    case .ltr: try ltr(i)
    case .sldt: try storeSelector(i, SegmentRegister.ldtr)
    case .str: try storeSelector(i, SegmentRegister.tr)
    case .lar: try lar(i)
    case .lsl: try lsl(i)
    case .verr: try verify(i, isWrite: false)
    case .verw: try verify(i, isWrite: true)
    case .arpl: try arpl(i)
    case .invlpg: try invlpg(i)
    case .invd: try invalidateCaches(.invd)
    case .wbinvd: try invalidateCaches(.wbinvd)
    case .rdtsc: try rdtsc()
    case .rdpmc: try rdpmc()
    case .rdmsr: try rdmsr()
    case .wrmsr: try wrmsr()
    case .cpuid: try cpuid()
    case .pause: try intercept(.pause)
    case .rsm: try rsm()
    case .vmrun: try vmrun(i)
    case .vmmcall: try vmmcall()
    case .vmload: try vmload(i)
    case .vmsave: try vmsave(i)
    case .stgi: try setGlobalInterruptFlag(true)
    case .clgi: try setGlobalInterruptFlag(false)
    case .invlpga: try invlpga(i)
    case .hostGate: try hostGate()
    default: preconditionFailure("not a system instruction")
    }
  }

  /// Instructions that exist only where selectors name descriptors: #UD in real and V86 mode.
  func requireDescriptors() throws(Interruption) {
    if !usesDescriptors { throw .invalidOpcode(.notInRealMode) }
  }

  func requireMemory(_ i: Instruction) throws(Interruption) {
    if !i.isMemory { throw .invalidOpcode(.memoryOperandRequired) }
  }

  /// Writes a 16-bit value to memory or to a register; a 32-bit register is zero-extended.
  mutating func writeWord(_ i: Instruction, _ value: UInt16) throws(Interruption) {
    if i.isMemory || i.is16 {
      try writeOperand(i, value)
    } else {
      put(i.b, UInt32(value))
    }
  }

  /// HLT — F4.
  private mutating func hlt() throws(Interruption) {
    try requireRing0()
    try intercept(.hlt)
    isHalted = true
    _ = open(.halt)
    requestAttention()
  }

  /// INVD and WBINVD: there are no caches to lose.
  private mutating func invalidateCaches(_ point: ExitCode) throws(Interruption) {
    try require(.i486)
    try requireRing0()
    try intercept(point)
  }
}
