public import X86

/// Lift and project: the guest's registers between the lab processor, where ring 0 is really
/// ring 1, and the virtual one, where it is what the guest believes.
extension FullVirtualization {
  /// Brings the virtual processor up to date with the lab processor, wherever that is.
  public func synchronize(_ guest: inout CPU) {
    for page in lab.takeWrittenPages() {
      guest.memoryChanged(at: page - MonitorLayout.guestOffset, size: 4096)
    }
    for page in lab.takeNewCodePages() where page >= MonitorLayout.guestOffset {
      guest.watch(page: page - MonitorLayout.guestOffset)
    }
    guard isProjected else { return }
    if isInMonitor {
      lift(TrapFrame(in: memory), &guest)
    } else {
      lift(
        TrapFrame(
          eip: lab.eip, cs: lab.segment(SegmentRegister.cs).selector, eflags: lab.eflags,
          esp: lab[.esp], ss: lab.segment(SegmentRegister.ss).selector), &guest)
    }
  }

  /// The guest's registers as it believes them to be: ring 1 is ring 0, and IF, IOPL are its own.
  private func lift(_ real: TrapFrame, _ guest: inout CPU) {
    var frame = real
    guest.takeRegisters(of: lab)
    guest[.esp] = frame.esp
    liftTranslated(&frame, &guest)
    let own: EFLAGS = [
      .interrupt, .ioPrivilegeLevel, .virtualInterrupt, .virtualInterruptPending,
    ]
    guest.eflags =
      frame.eflags.subtracting(own).subtracting(.resume).union(guest.eflags.intersection(own))
    liftCodeAndStack(frame, &guest)
    for index in [
      SegmentRegister.es, SegmentRegister.ds, SegmentRegister.fs, SegmentRegister.gs,
    ] {
      let real = lab.segment(index)
      if real != projected[index] {
        liftSegment(index, real.selector, isUsable: real.isUsable, &guest)
        projected[index] = real
      }
    }
    if !isInMonitor { guest.takeInterruptShadow(of: lab) }
    // A guest that has gone to its ring 2 by itself is really there.
    let level = UInt8(frame.cs & 3)
    guest.resume(at: frame.eip, cpl: level == 1 ? 0 : level)
  }

  private func liftCodeAndStack(_ frame: TrapFrame, _ guest: inout CPU) {
    for (index, selector) in [(SegmentRegister.cs, frame.cs), (SegmentRegister.ss, frame.ss)]
    where selector != projected[index].selector {
      // What the guest has loaded itself carries the ring it is really in.
      let believed = selector & 3 == 1 ? selector & ~3 : selector
      liftSegment(index, believed, isUsable: true, &guest)
      projected[index].selector = selector
    }
  }

  /// A segment register that the guest has loaded while it ran: from its own table.
  private func liftSegment(
    _ index: Int, _ selector: UInt16, isUsable: Bool, _ guest: inout CPU
  ) {
    var segment = Segment()
    segment.selector = selector
    if isUsable, let found = guest.peekDescriptor(selector) {
      var accessed = found
      accessed.raw |= 1 << 40
      segment = Segment(selector: selector, descriptor: accessed)
    }
    guest.replaceSegment(index, segment)
  }

  /// CS and SS as the exit's IRET will load them stand for what the guest has, and every segment
  /// has a safe shadow.
  func isProjectable(_ guest: borrowing CPU) -> Bool {
    guard guest.segment(SegmentRegister.ss).selector & 3 == UInt16(guest.cpl) else { return false }
    let image = ShadowDescriptors.Image(ring: guest.cpl)
    for index in 0..<6 {
      let segment = guest.segment(index)
      guard let shadow = ShadowDescriptors.shadow(segment, image) else { return false }
      // The exit's IRET would take the RPL off a null selector, which the guest can read.
      if segment.selector != 0 && segment.selector & 0xFFFC == 0 { return false }
      if index == SegmentRegister.cs && translation != nil && guest.cpl == 0 { continue }
      guard index == SegmentRegister.cs || index == SegmentRegister.ss else { continue }
      let found =
        descriptors.segment(shadow.selector, image) ?? descriptors.admit(shadow.selector, image)
      guard var loaded = found else { return false }
      // The visible part is for the program; what counts is the hidden one.
      loaded.selector = shadow.selector
      guard loaded == shadow else { return false }
      if index == SegmentRegister.cs && guest.eip > shadow.limit { return false }
    }
    return true
  }

  /// Puts the guest's registers into the lab processor: ring 0 becomes ring 1, IF is on, IOPL 0.
  func project(_ guest: borrowing CPU) {
    let isTranslated = translation != nil && guest.cpl == 0
    if isTranslated { projectTranslated(guest) }
    let image = ShadowDescriptors.Image(ring: guest.cpl)
    useTables(of: image)
    for index in 0..<6 {
      if isTranslated, let own = translatedSegment(index) {
        if index != SegmentRegister.cs { lab.replaceSegment(index, own) }
        projected[index] = own
        continue
      }
      guard var shadow = ShadowDescriptors.shadow(guest.segment(index), image) else {
        preconditionFailure("checked before")
      }
      if index == SegmentRegister.cs || index == SegmentRegister.ss {
        if shadow.selector & 3 == 0 { shadow.selector |= 1 }
      } else {
        lab.replaceSegment(index, shadow)
      }
      projected[index] = shadow
    }
    let hidden: EFLAGS = [
      .ioPrivilegeLevel, .trap, .resume, .virtual8086, .virtualInterrupt, .virtualInterruptPending,
    ]
    TrapFrame(
      eip: isTranslated ? translatedEIP : guest.eip, cs: projected[SegmentRegister.cs].selector,
      eflags: guest.eflags.subtracting(hidden).union([.interrupt, .alwaysSet]),
      esp: guest[.esp], ss: projected[SegmentRegister.ss].selector
    ).store(in: memory)
    let stack = lab[.esp]
    lab.takeRegisters(of: guest)
    lab[.esp] = stack
    lab.mirrorCR0(
      [.taskSwitched, .emulation, .monitorCoprocessor, .alignmentMask], of: guest.cr0)
    lab.mirrorCR4([.fxsave, .debuggingExtensions], of: guest.cr4)
  }

  /// LGDT and LLDT, when the guest changes between its ring 3 and the others.
  private func useTables(of image: ShadowDescriptors.Image) {
    guard lab.gdtBase != MonitorLayout.hole + image.gdt else { return }
    counters.tableChanges &+= 1
    lab.useTables(gdt: MonitorLayout.hole + image.gdt, ldt: MonitorLayout.hole + image.ldt)
  }

  func giveFPUToLab(_ guest: inout CPU) {
    guard !fpuIsInLab else { return }
    lab.exchangeFPU(with: &guest)
    fpuIsInLab = true
  }

  func giveFPUToGuest(_ guest: inout CPU) {
    guard fpuIsInLab else { return }
    if let translation { mapFloatingPointInstruction(translation) } else { mapSelectorsOfFPU() }
    lab.exchangeFPU(with: &guest)
    fpuIsInLab = false
  }

  /// What the x87 has kept of CS and SS has the RPL of ring 1 where the guest believes in ring 0.
  private func mapSelectorsOfFPU() {
    let last = lab.floatingPointInstruction
    if last.selector & 3 == 1 { lab.floatingPointInstruction = (last.selector & ~3, last.offset) }
    let operand = lab.floatingPointOperandSelector
    if operand & 3 == 1 { lab.floatingPointOperandSelector = operand & ~3 }
  }

  public func lift(_ guest: inout CPU) {
    synchronize(&guest)
    giveFPUToGuest(&guest)
    followFlush(&guest)
  }

  /// The debugger's hand, not an interrupt: the lab processor is put into the monitor as at a start.
  public func release(_ guest: inout CPU) {
    lift(&guest)
    isProjected = false
    if !isInMonitor { enterMonitor() }
  }
}
