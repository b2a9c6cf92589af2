/// The state in which a monitor starts the processor it owns: protected mode with paging at CPL 0,
/// interrupts off.
public struct MonitorState: Sendable {
  public var cr0: CR0
  public var cr3: UInt32
  public var cr4: CR4
  public var gdtBase: UInt32
  public var gdtLimit: UInt16
  public var idtBase: UInt32
  public var idtLimit: UInt16
  public var code: UInt16
  public var data: UInt16
  public var task: UInt16
  public var ldt: UInt16
  public var eip: UInt32
  public var esp: UInt32

  public init(
    cr0: CR0, cr3: UInt32, cr4: CR4, gdtBase: UInt32, gdtLimit: UInt16, idtBase: UInt32,
    idtLimit: UInt16, code: UInt16, data: UInt16, task: UInt16, ldt: UInt16, eip: UInt32,
    esp: UInt32
  ) {
    (self.cr0, self.cr3, self.cr4) = (cr0, cr3, cr4)
    (self.gdtBase, self.gdtLimit) = (gdtBase, gdtLimit)
    (self.idtBase, self.idtLimit) = (idtBase, idtLimit)
    (self.code, self.data, self.task, self.ldt) = (code, data, task, ldt)
    (self.eip, self.esp) = (eip, esp)
  }
}

extension CPU {
  /// Puts the processor into a monitor's hands. Descriptors come from the table in memory, which
  /// the monitor has written: one that is missing is the monitor's mistake.
  public mutating func enter(_ state: MonitorState) {
    let now = ticks
    reset()
    targetTick = now
    (cr0, cr3, cr4) = (state.cr0, state.cr3, state.cr4)
    (gdtBase, gdtLimit) = (state.gdtBase, state.gdtLimit)
    (idtBase, idtLimit) = (state.idtBase, state.idtLimit)
    for (index, selector) in [
      (SegmentRegister.cs, state.code), (SegmentRegister.ss, state.data),
      (SegmentRegister.ds, state.data), (SegmentRegister.es, state.data),
      (SegmentRegister.tr, state.task), (SegmentRegister.ldtr, state.ldt),
    ] {
      guard let found = peekDescriptor(selector) else {
        preconditionFailure("the monitor's own descriptor \(selector) is missing")
      }
      setSegment(index, Segment(selector: selector, descriptor: found))
    }
    self[.esp] = state.esp
    flushTLB()
    resume(at: state.eip, cpl: 0)
  }

  /// MOV CR3 of a monitor: another directory, and an empty TLB.
  public mutating func useDirectory(_ address: UInt32) {
    cr3 = address
    flushTLB()
  }

  /// LGDT and LLDT of a monitor that has two of each table, alike in the descriptors that are loaded.
  public mutating func useTables(gdt: UInt32, ldt: UInt32) {
    gdtBase = gdt
    segments[SegmentRegister.ldtr].base = ldt
  }

  /// Replaces CR0 without the checks of MOV CR0: for bits that change no translation.
  public mutating func mirrorCR0(_ bits: CR0, of other: CR0) {
    precondition(bits.isDisjoint(with: [.protection, .paging, .writeProtect]))
    let new = cr0.subtracting(bits).union(other.intersection(bits))
    if new.symmetricDifference(cr0).contains(.alignmentMask) { tlb.withdrawAll() }
    cr0 = new
  }

  /// Replaces bits of CR4 that change no translation.
  public mutating func mirrorCR4(_ bits: CR4, of other: CR4) {
    precondition(bits.isSubset(of: [.fxsave, .debuggingExtensions]))
    cr4 = cr4.subtracting(bits).union(other.intersection(bits))
  }
}
