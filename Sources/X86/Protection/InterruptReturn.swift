/// IRET in all its forms (SDM 2A, IRET).
extension CPU {
  /// IRET and IRETD. Sets CS, EFLAGS and `nextEIP`.
  mutating func interruptReturn(is16: Bool) throws(Interruption) {
    try requireVirtualizable()
    try intercept(.iret)
    if isVirtual8086 && iopl < 3 { throw .generalProtection(0, .v86WithoutIOPL3) }
    nonMaskableBlocked = false
    if !usesDescriptors {
      try returnUnprotected(is16: is16)
    } else if systemFlags.contains(.nestedTask) {
      try returnToPreviousTask()
    } else {
      try returnProtected(is16: is16)
    }
  }

  private mutating func openReturn(
    _ image: UInt32, is16: Bool
  ) -> UnsafeMutablePointer<Transition> {
    let entry = open(.interruptReturn)
    entry.pointee.info = UInt64(image)
    entry.pointee.marks.insert(is16 ? [.delivered, .frame16] : .delivered)
    return entry
  }

  private mutating func returnUnprotected(is16: Bool) throws(Interruption) {
    let offset = try stackItem(0, is16: is16)
    let selector = UInt16(truncatingIfNeeded: try stackItem(1, is16: is16))
    let image = try stackItem(2, is16: is16)
    try checkCodeLimit(offset, segments[SegmentRegister.cs].limit)
    let entry = openReturn(image, is16: is16)
    stackPointer = stackPointer &+ (is16 ? 6 : 12)
    loadUnprotected(SegmentRegister.cs, selector: selector)
    nextEIP = offset
    var mask = poppableFlags(is16: is16)
    if !is16 { mask.insert(.resume) }
    loadFlags(image, mask: mask)
    close(entry)
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
    let entry: UnsafeMutablePointer<Transition>
    if level == cpl {
      try checkCodeLimit(offset, target.limit)
      let code = try loadCode(selector, target, level: level)
      entry = openReturn(image, is16: is16)
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
      entry = openReturn(image, is16: is16)
      entry.pointee.marks.insert(.stackSwitched)
      // The level that decides about IF and IOPL is the one being left: `mask` is from before.
      enterOuterRing(code, offset, stackSegment, pointer)
    }
    loadFlags(image, mask: mask)
    close(entry)
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
    let entry = openReturn(image, is16: false)
    entry.pointee.marks.insert(.stackSwitched)
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
    close(entry)
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
    try prepareTaskSwitch(to: link, found, .interruptReturn, flags: eflags)
    let entry = openReturn(0, is16: false)
    setOffBy = entry.pointee.sequence
    do throws(Interruption) {
      try switchTask(to: link, found, .interruptReturn, returnEIP: nextEIP, flags: eflags)
    } catch {
      close(entry)
      throw error
    }
    close(entry)
    setOffBy = 0
  }
}
