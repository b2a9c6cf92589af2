/// What a fault leaves in its transition for whoever asks why: `info` and `detail`, by the fault.
///
/// | the fault | `info` | `detail` |
/// |---|---|---|
/// | #PF | CR2 | the directory entry in the upper, the table entry in the lower half; with PAE the entry that refused |
/// | error code names a selector or a gate | the descriptor, if it is in its table | – |
/// | a memory operand outside its segment | offset, and the segment register's number in the upper half | limit, and selector in the upper half |
/// | other #GP(0) and #UD | EAX, and EDX in the upper half | ECX, and EBX in the upper half |
/// | #DF | the second fault's vector; its cause in bits 8-15 | its error code |
/// | #DB | DR6 | – |
extension CPU {
  /// Fills `info` and `detail` of a fault that has changed nothing yet.
  @inline(never)
  mutating func collectEvidence(
    of event: Event, into entry: UnsafeMutablePointer<Transition>
  ) {
    let code = entry.pointee.code
    switch entry.pointee.vector {
    case Vector.pageFault:
      entry.pointee.detail = pageEntries(for: UInt32(truncatingIfNeeded: event.info))
    case Vector.invalidTSS, Vector.segmentNotPresent, Vector.stackFault, Vector.generalProtection:
      if code & 0xFFFC != 0 {
        entry.pointee.info = peekDescriptor(code)
      } else if let violation = event.violation {
        let segment = segments[Int(violation.segment)]
        entry.pointee.info = UInt64(violation.segment) << 32 | UInt64(violation.offset)
        entry.pointee.detail = UInt64(segment.selector) << 32 | UInt64(segment.limit)
      } else {
        keepRegisters(entry)
      }
    case Vector.invalidOpcode: keepRegisters(entry)
    case Vector.debug: entry.pointee.info = UInt64(debugRegisters[6])
    default: break
    }
  }

  private mutating func keepRegisters(_ entry: UnsafeMutablePointer<Transition>) {
    entry.pointee.info = UInt64(self[.edx]) << 32 | UInt64(self[.eax])
    entry.pointee.detail = UInt64(self[.ebx]) << 32 | UInt64(self[.ecx])
  }

  /// The descriptor or gate that an error code names (SDM 3A, figure 6-7); 0 outside its table.
  private mutating func peekDescriptor(_ code: UInt32) -> UInt64 {
    let offset = code & 0xFFF8
    let base: UInt32
    let limit: UInt32
    if code & 2 != 0 {
      (base, limit) = (idtBase, UInt32(idtLimit))
    } else if code & 4 != 0 {
      let table = segments[SegmentRegister.ldtr]
      guard table.isUsable else { return 0 }
      (base, limit) = (table.base, table.limit)
    } else {
      (base, limit) = (gdtBase, UInt32(gdtLimit))
    }
    return offset + 7 <= limit ? peekQuadword(base &+ offset) ?? 0 : 0
  }
}
