/// IRET in all its forms (SDM 2A, IRET).
extension CPU {
  /// IRET and IRETD. Sets CS, EFLAGS and `nextEIP`.
  mutating func interruptReturn(is16: Bool) throws(Interruption) {
    if isVirtual8086 && iopl < 3 { throw .generalProtection(0, .v86WithoutIOPL3) }
    try intercept(.iret)
    let from = origin
    nonMaskableBlocked = false
    if !usesDescriptors {
      try returnUnprotected(is16: is16)
    } else if systemFlags.contains(.nestedTask) {
      try returnToPreviousTask()
    } else {
      try returnProtected(is16: is16)
    }
    let selector = segments[SegmentRegister.cs].selector
    let offset = nextEIP
    record(.interruptReturn, from: from) {
      $0.info = UInt32(selector)
      $0.detail = offset
    }
  }

  private mutating func returnUnprotected(is16: Bool) throws(Interruption) {
    let offset = try stackItem(0, is16: is16)
    let selector = UInt16(truncatingIfNeeded: try stackItem(1, is16: is16))
    let image = try stackItem(2, is16: is16)
    try checkCodeLimit(offset, segments[SegmentRegister.cs].limit)
    stackPointer = stackPointer &+ (is16 ? 6 : 12)
    loadUnprotected(SegmentRegister.cs, selector: selector)
    nextEIP = offset
    var mask = poppableFlags(is16: is16)
    if !is16 { mask.insert(.resume) }
    loadFlags(image, mask: mask)
  }

  private mutating func returnProtected(is16: Bool) throws(Interruption) {
    let offset = try stackItem(0, is16: is16)
    let selector = UInt16(truncatingIfNeeded: try stackItem(1, is16: is16))
    let image = try stackItem(2, is16: is16)
    if !is16 && cpl == 0 && EFLAGS(rawValue: image).contains(.virtual8086) {
      return try returnToVirtual8086(offset, selector, image)
    }
    var mask = poppableFlags(is16: is16)
    if !is16 { mask.insert(.resume) }
    let target = try returnTarget(selector)
    let level = Selector.rpl(selector)
    if level == cpl {
      try checkCodeLimit(offset, target.limit)
      let code = try loadCode(selector, target, level: level)
      stackPointer = stackPointer &+ (is16 ? 6 : 12)
      setSegment(SegmentRegister.cs, code)
      nextEIP = offset
    } else {
      let pointer = try stackItem(3, is16: is16)
      let stackSelector = UInt16(truncatingIfNeeded: try stackItem(4, is16: is16))
      let stack = try outerStack(stackSelector, level: level)
      try checkCodeLimit(offset, target.limit)
      let code = try loadCode(selector, target, level: level)
      let stackSegment = try load(stackSelector, stack)
      // The level that decides about IF and IOPL is the one being left: `mask` is from before.
      enterOuterRing(code, offset, stackSegment, pointer)
    }
    loadFlags(image, mask: mask)
  }

  /// CPL 0 enters virtual-8086 mode: nine doublewords, all segments (SDM 3A, 20.2.1).
  private mutating func returnToVirtual8086(
    _ offset: UInt32, _ selector: UInt16, _ image: UInt32
  ) throws(Interruption) {
    let pointer = try stackItem(3, is16: false)
    let stack = try stackItem(4, is16: false)
    let extra = try stackItem(5, is16: false)
    let data = try stackItem(6, is16: false)
    let fs = try stackItem(7, is16: false)
    let gs = try stackItem(8, is16: false)
    try checkCodeLimit(offset, 0xFFFF)
    loadFlags(image, mask: implementedFlags)
    loadUnprotected(SegmentRegister.cs, selector: selector)
    for (index, value) in [
      (SegmentRegister.ss, stack), (SegmentRegister.es, extra), (SegmentRegister.ds, data),
      (SegmentRegister.fs, fs), (SegmentRegister.gs, gs),
    ] {
      loadUnprotected(index, selector: UInt16(truncatingIfNeeded: value))
    }
    setCPL(3)
    self[.esp] = pointer
    nextEIP = offset
  }

  /// NT: back to the task whose TSS the current one links to (SDM 3A, 7.4).
  private mutating func returnToPreviousTask() throws(Interruption) {
    let link: UInt16 = try readSystem(segments[SegmentRegister.tr].base)
    if Selector.isLocal(link) { throw .invalidTSS(selector: link, .nestedTaskLinkInvalid) }
    let found = try descriptor(link, orElse: Vector.invalidTSS)
    guard
      found.isSystem,
      found.type == SystemType.tss16Busy || found.type == SystemType.tss32Busy
    else { throw .invalidTSS(selector: link, .nestedTaskLinkInvalid) }
    if !found.isPresent { throw .notPresent(selector: link) }
    try switchTask(to: link, found, .interruptReturn, returnEIP: nextEIP, flags: eflags)
  }
}
