import X86

/// Who has the processor: saving one domain's registers and loading another's.
extension Paravirtualization {
  /// Sees to it that a domain runs which can, or that the idle loop does.
  func schedule(_ cpu: inout CPU) {
    guard let next = choose(&cpu) else {
      guard !isIdle else { return }
      save(&cpu)
      isIdle = true
      counters.worldSwitches &+= 1
      return
    }
    guard isIdle || next != running else { return }
    if !isIdle { save(&cpu) }
    let before = running
    enter(next, &cpu)
    counters.worldSwitches &+= 1
    if before != next {
      recordSwitch(from: domains[before].id, to: domains[next].id, &cpu)
    }
  }

  /// The running domain's registers into its context.
  private func save(_ cpu: inout CPU) {
    var context = Context()
    context.general = Register.allCases.map { cpu[$0] }
    context.frame = frame
    context.selectors = Self.dataSegments.map { cpu.segment($0).selector }
    current.context = context
    closePorts(&cpu)
    note(time(cpu), running)
  }

  private static let dataSegments = [
    SegmentRegister.es, SegmentRegister.ds, SegmentRegister.fs, SegmentRegister.gs,
  ]

  /// A domain's address space, tables and registers into the processor.
  func enter(_ index: Int, _ cpu: inout CPU) {
    note(time(cpu), index)
    running = index
    isIdle = false
    chargedUntil = time(cpu)
    let base = current.directory << 12
    if cpu.cr3 != base { cpu.loadPageDirectory(base) }
    storeKernelStack(&cpu)
    storeSystemCallGate(&cpu)
    loadLocalTable(&cpu)
    frame = current.context.frame
    for (register, value) in zip(Register.allCases, current.context.general) where register != .esp
    {
      cpu[register] = value
    }
    for (segment, selector) in zip(Self.dataSegments, current.context.selectors) {
      load(segment, selector, &cpu)
    }
    cpu.setTaskSwitched(current.isTaskSwitched || fpuOwner != index)
    storeTime(&cpu)
    storeRunstate(&cpu)
  }

  /// A data segment register as the guest had it; null if its descriptor is not what it was.
  private func load(_ index: Int, _ selector: UInt16, _ cpu: inout CPU) {
    var segment = Segment()
    segment.selector = selector
    if selector & 0xFFFC != 0 {
      guard let found = cpu.peekDescriptor(selector), !found.isSystem, found.isPresent,
        found.isReadable, found.isConforming || found.dpl >= max(UInt8(selector & 3), frame.ring)
      else { return cpu.replaceSegment(index, Segment()) }
      segment = Segment(selector: selector, descriptor: found)
    }
    cpu.replaceSegment(index, segment)
  }

  /// SS1:ESP1 in the TSS: where the processor finds the kernel's stack by itself.
  func storeKernelStack(_ cpu: inout CPU) {
    let task = HypervisorMemory.machine(HypervisorLayout.task)
    cpu.store(current.kernelStack, at: task + 12)
    cpu.store(UInt32(current.kernelStackSelector), at: task + 16)
  }

  /// The gate for INT 80h: to the domain's kernel itself, if its entry lets events in on the way. A gate
  /// that masks them cannot be had from the processor, which knows no such flag.
  func storeSystemCallGate(_ cpu: inout CPU) {
    let vector = HypervisorMemory.systemCallVector
    let entry = current.traps[vector]
    guard systemCalls == .direct, entry.address != 0, !entry.masksEvents,
      entry.selector & 3 == 1
    else { return HypervisorMemory.storeGate(vector, dpl: 0, &cpu) }
    // A trap gate: IF stays on, as it always is outside the hypervisor.
    cpu.store(
      EntryBytes.gate(
        entry.selector, entry.address, access: 0x8F | UInt64(entry.level) << 5),
      at: HypervisorMemory.machine(HypervisorLayout.idt) + UInt64(vector * 8))
  }

  /// The LDT as the domain has set it.
  func loadLocalTable(_ cpu: inout CPU) {
    let descriptor = EntryBytes.system(
      base: HypervisorLayout.ldt, limit: current.ldtCount * 8 &- 1, type: 0x82)
    cpu.store(
      current.ldtCount == 0 ? 0 : descriptor,
      at: HypervisorMemory.descriptorAddress(HypervisorLayout.ldtSelector))
    cpu.replaceLocalTable(
      current.ldtCount == 0
        ? Segment()
        : Segment(
          selector: HypervisorLayout.ldtSelector, descriptor: Descriptor(raw: descriptor)))
  }

  /// The x87 becomes the running domain's.
  func takeFPU(_ cpu: inout CPU) {
    if fpuOwner != running {
      if let owner = fpuOwner { cpu.exchangeFPU(with: &domains[owner].fpu) }
      var mine = current.fpu
      cpu.exchangeFPU(with: &mine)
      fpuOwner = running
    }
    cpu.setTaskSwitched(false)
  }
}
