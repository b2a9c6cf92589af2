/// MOV, POP and LDS/LES/LFS/LGS/LSS into ES, SS, DS, FS and GS (SDM 2B, MOV).
extension CPU {
  /// Loads a data or stack segment register in whatever mode the processor is.
  mutating func loadSegment(_ index: Int, selector: UInt16) throws(Interruption) {
    guard usesDescriptors else { return loadUnprotected(index, selector: selector) }
    if index == SegmentRegister.ss {
      setSegment(index, try checkedStack(selector))
    } else if Selector.isNull(selector) {
      var segment = segments[index]
      segment.loadNull(selector: selector)
      setSegment(index, segment)
    } else {
      setSegment(index, try checkedData(selector))
    }
  }

  /// A segment register in real or virtual-8086 mode: the base is 16 × the selector.
  mutating func loadUnprotected(_ index: Int, selector: UInt16) {
    var segment = segments[index]
    if isVirtual8086 {
      segment.loadVirtual8086(selector: selector)
    } else {
      segment.loadReal(selector: selector)
    }
    setSegment(index, segment)
  }

  private mutating func checkedStack(_ selector: UInt16) throws(Interruption) -> Segment {
    if Selector.isNull(selector) { throw .generalProtection(0, .nullSelector) }
    let found = try descriptor(selector)
    if Selector.rpl(selector) != cpl {
      throw .generalProtection(selector: selector, .rplNotEqualCPL)
    }
    if !found.isWritable { throw .generalProtection(selector: selector, .notWritableData) }
    if found.dpl != cpl { throw .generalProtection(selector: selector, .dplNotEqualCPL) }
    if !found.isPresent { throw .stackFault(selector: selector, .descriptorNotPresent) }
    return try load(selector, found)
  }

  private mutating func checkedData(_ selector: UInt16) throws(Interruption) -> Segment {
    let found = try descriptor(selector)
    if found.isSystem { throw .generalProtection(selector: selector, .notASegment) }
    if !found.isReadable { throw .generalProtection(selector: selector, .notReadable) }
    if !found.isConforming {
      if found.dpl < Selector.rpl(selector) {
        throw .generalProtection(selector: selector, .dplBelowRPL)
      }
      if found.dpl < cpl { throw .generalProtection(selector: selector, .dplBelowCPL) }
    }
    if !found.isPresent { throw .notPresent(selector: selector) }
    return try load(selector, found)
  }

  /// On a return to an outer ring: segments it must not see become null (SDM 3A, 5.8.6), and a null
  /// selector loses its RPL (SDM 2A, IRET: "if SegmentSelector = NULL … SegmentSelector ← NULL").
  mutating func dropInnerSegments() {
    for index in [SegmentRegister.es, SegmentRegister.ds, SegmentRegister.fs, SegmentRegister.gs] {
      var segment = segments[index]
      if segment.isUsable && (segment.isConforming || segment.dpl >= cpl) { continue }
      segment.loadNull(selector: 0)
      setSegment(index, segment)
    }
  }
}
