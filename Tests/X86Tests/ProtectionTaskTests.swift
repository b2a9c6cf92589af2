import Testing

@testable import X86

/// Task switches between 32- and 16-bit TSSs, their links, and the checks in the new task.
@Suite struct ProtectionTaskTests {
  /// A bench whose other task would start at 5678h in ring 0.
  private func bench(ring: UInt8 = 0) -> ProtectionBench {
    let bench = ProtectionBench(ring: ring)
    let base = ProtectionBench.otherTask
    bench.store(base + 0x20, UInt32(0x5678))
    bench.store(base + 0x24, UInt32(0x0000_0246))
    for number: UInt32 in 0..<8 { bench.store(base + 0x28 + number * 4, 0x100 + number) }
    bench.store(base + 0x38, UInt32(0x4_0000))
    for (offset, selector): (UInt32, UInt16) in [
      (0x48, Slot.data0), (0x4C, Slot.code0), (0x50, Slot.data0), (0x54, Slot.data3),
      (0x58, 0), (0x5C, Slot.data0), (0x60, Slot.ldt),
    ] {
      bench.store(base + offset, UInt32(selector))
    }
    for number in 0..<8 where number != 4 { bench.cpu.setRegister(number, UInt32(number) * 0x11) }
    return bench
  }

  private func jump(_ bench: ProtectionBench, _ selector: UInt16) -> Interruption? {
    bench.execute(.farJump) { $0.displacement = UInt32(selector) }
  }

  private func call(_ bench: ProtectionBench, _ selector: UInt16) -> Interruption? {
    bench.execute(.farCall) { $0.displacement = UInt32(selector) }
  }

  @Test func jumpSavesAndLoadsEverything() {
    let bench = bench()
    bench.cpu.eflags = EFLAGS(rawValue: 0x4203)
    bench.cpu.debugRegisters[7] = 0x7FF
    #expect(jump(bench, Slot.otherTask) == nil)
    let old = ProtectionBench.task
    #expect(bench.word(old + 0x20) == 0x1_0002)
    #expect(bench.word(old + 0x24) == 0x4203)
    #expect(bench.word(old + 0x28) == 0 && bench.word(old + 0x2C) == 0x11)
    #expect(bench.word(old + 0x38) == 0x3_0000)
    #expect(bench.half(old + 0x4C) == Slot.code0 && bench.half(old + 0x50) == Slot.data0)
    #expect(bench.cpu.nextEIP == 0x5678 && bench.cpu.eip == 0x5678)
    #expect(bench.cpu.eflags.rawValue == 0x246)
    #expect(bench.cpu[.esp] == 0x4_0000 && bench.cpu[.edi] == 0x107)
    #expect(bench.selector(SegmentRegister.ds) == Slot.data3)
    #expect(!bench.cpu.segment(SegmentRegister.fs).isUsable)
    #expect(bench.selector(SegmentRegister.tr) == Slot.otherTask)
    #expect(bench.descriptor(Slot.otherTask).type == SystemType.tss32Busy)
    #expect(bench.descriptor(Slot.task).type == SystemType.tss32Available)
    #expect(bench.cpu.cr0.contains(.taskSwitched))
    #expect(bench.cpu.debugRegisters[7] == 0x6AA)
    #expect(bench.cpu.log.total(of: .taskSwitch) == 1)
  }

  @Test func callNestsAndReturnComesBack() {
    let bench = bench()
    #expect(call(bench, Slot.otherTask) == nil)
    #expect(bench.half(ProtectionBench.otherTask) == Slot.task)
    #expect(bench.cpu.eflags.contains(.nestedTask))
    #expect(bench.descriptor(Slot.task).type == SystemType.tss32Busy)
    bench.cpu.nextEIP = 0x5679
    #expect(bench.execute(.interruptReturn) == nil)
    #expect(bench.cpu.nextEIP == 0x1_0002 && bench.selector(SegmentRegister.tr) == Slot.task)
    #expect(bench.descriptor(Slot.otherTask).type == SystemType.tss32Available)
    #expect(bench.descriptor(Slot.task).type == SystemType.tss32Busy)
    // NT is cleared in what is saved of the task that returned.
    #expect(bench.word(ProtectionBench.otherTask + 0x24) == 0x246)
    #expect(bench.word(ProtectionBench.otherTask + 0x20) == 0x5679)
  }

  @Test func interruptThroughATaskGatePushesTheErrorCodeThere() {
    let bench = bench(ring: 3)
    bench.gate(13, .gate(Slot.otherTask, 0, access: 0x85))
    bench.cpu.deliverFault(.generalProtection(0x1234, .cplNotZero))
    #expect(bench.cpu.cpl == 0 && bench.cpu.eip == 0x5678)
    #expect(bench.stack(1) == [0x1234] && bench.cpu[.esp] == 0x3_FFFC)
    #expect(bench.word(ProtectionBench.task + 0x20) == 0x1_0000)
    #expect(bench.word(ProtectionBench.task + 0x24) == 0x1_0002)
    #expect(bench.half(ProtectionBench.otherTask) == Slot.task)
    let fault = bench.cpu.log[1]
    #expect(fault?.kind == .fault && fault?.fromCPL == 3 && fault?.toCPL == 0)
  }

  @Test func task16LoadsLowHalvesAndNullsFSAndGS() {
    let bench = bench()
    let base = ProtectionBench.task16
    bench.store(base + 0x0E, UInt16(0x4444))
    bench.store(base + 0x10, UInt16(0x0202))
    bench.store(base + 0x12, UInt16(0xAAAA))
    bench.store(base + 0x1A, UInt16(0x8000))
    for (offset, selector): (UInt32, UInt16) in [
      (0x22, Slot.data0), (0x24, Slot.code0), (0x26, Slot.data0), (0x28, Slot.data0), (0x2A, 0),
    ] {
      bench.store(base + offset, selector)
    }
    #expect(jump(bench, Slot.task16) == nil)
    #expect(bench.cpu.nextEIP == 0x4444)
    #expect(bench.cpu[.eax] & 0xFFFF == 0xAAAA)
    #expect(bench.selector(SegmentRegister.fs) == 0)
    #expect(!bench.cpu.segment(SegmentRegister.ldtr).isUsable)
    #expect(bench.descriptor(Slot.task16).type == SystemType.tss16Busy)
    bench.cpu.nextEIP = 0x4446
    #expect(call(bench, Slot.otherTask) == nil)
    #expect(bench.half(base + 0x0E) == 0x4446)
    #expect(bench.half(base + 0x24) == Slot.code0)
  }

  @Test func taskGateAndDebugTrapAndVirtual8086() {
    let bench = bench(ring: 3)
    bench.define(Slot.free, .gate(Slot.otherTask, 0, access: 0xE5))
    bench.store(ProtectionBench.otherTask + 0x64, UInt16(1))
    bench.store(ProtectionBench.otherTask + 0x24, UInt32(0x2_0202))
    #expect(jump(bench, Slot.free | 3) == nil)
    #expect(bench.cpu.isVirtual8086 && bench.cpu.cpl == 3)
    #expect(bench.cpu.segment(SegmentRegister.cs).base == UInt32(Slot.code0) << 4)
    #expect(bench.cpu.pendingDebug == 0x8000)
  }

  @Test func switchLoadsCR3OnlyWithPaging() {
    let bench = bench()
    bench.store(ProtectionBench.otherTask + 0x1C, UInt32(0x10_0000))
    #expect(jump(bench, Slot.otherTask) == nil)
    #expect(bench.cpu.cr3 == 0)
    let other = self.bench()
    other.enablePaging()
    other.store(ProtectionBench.otherTask + 0x1C, UInt32(0x10_2000))
    other.store(0x10_2000, UInt32(0x10_1007))
    #expect(jump(other, Slot.otherTask) == nil)
    #expect(other.cpu.cr3 == 0x10_2000)
  }

  /// Before the commit: nothing has happened, and the fault belongs to the old task.
  @Test func earlyChecks() {
    let table: [(UInt8, UInt16, Descriptor?, Interruption)] = [
      (0, Slot.task, nil, .expected(13, 0x48, .tssBusy)),
      (3, Slot.otherTask, nil, .expected(13, 0x50, .dplBelowCPL)),
      (0, Slot.otherTask | 3, nil, .expected(13, 0x50, .dplBelowRPL)),
      (
        0, Slot.free, .system(base: 0x5000, limit: 0x67, access: 0x09),
        .expected(11, 0x60, .descriptorNotPresent)
      ),
      (
        0, Slot.free, .system(base: 0x5000, limit: 0x66, access: 0x89),
        .expected(10, 0x60, .tssLimitTooSmall)
      ),
      (
        0, Slot.free, .system(base: 0x5000, limit: 0x2A, access: 0x81),
        .expected(10, 0x60, .tssLimitTooSmall)
      ),
      (3, Slot.free, .gate(Slot.otherTask, 0, access: 0x85), .expected(13, 0x60, .gateDPLBelowCPL)),
      (0, Slot.free, .gate(Slot.otherTask, 0, access: 0x05), .expected(11, 0x60, .gateNotPresent)),
    ]
    for (ring, selector, descriptor, expected) in table {
      for isCall in [true, false] {
        let bench = bench(ring: ring)
        if let descriptor { bench.define(selector, descriptor) }
        #expect((isCall ? call(bench, selector) : jump(bench, selector)) == expected)
        #expect(bench.selector(SegmentRegister.tr) == Slot.task)
        #expect(bench.cpu.eip == ProtectionBench.start)
        #expect(bench.word(ProtectionBench.task + 0x20) == 0)
      }
    }
  }

  @Test func returnToALinkThatIsNoBusyTask() {
    let table: [(UInt16, Interruption)] = [
      (Slot.otherTask, .expected(10, 0x50, .nestedTaskLinkInvalid)),
      (Slot.ldt, .expected(10, 0x40, .nestedTaskLinkInvalid)),
      (Slot.task | 4, .expected(10, 0x4C, .nestedTaskLinkInvalid)),
      (Slot.outside, .expected(10, 0x80, .selectorOutsideTable)),
    ]
    for (link, expected) in table {
      let bench = bench()
      bench.cpu.eflags = EFLAGS(rawValue: 0x4002)
      bench.store(ProtectionBench.task, link)
      #expect(bench.execute(.interruptReturn) == expected)
      #expect(bench.selector(SegmentRegister.tr) == Slot.task)
    }
  }

  /// After the commit: the fault is the new task's, and its EIP is the one that gets pushed.
  @Test func lateChecks() {
    let table: [(UInt32, UInt16, Descriptor?, Interruption)] = [
      (0x60, Slot.ldt | 4, nil, .expected(10, 0x44, .selectorOutsideTable)),
      (0x60, Slot.data0, nil, .expected(10, 0x10, .notAnLDT)),
      (
        0x60, Slot.free, .system(base: 0, limit: 7, access: 2),
        .expected(10, 0x60, .descriptorNotPresent)
      ),
      (0x4C, 0, nil, .expected(10, 0, .nullSelector)),
      (0x4C, Slot.outside, nil, .expected(10, 0x80, .selectorOutsideTable)),
      (0x4C, Slot.data0, nil, .expected(10, 0x10, .notCode)),
      (0x4C, Slot.code3, nil, .expected(10, 0x28, .dplNotEqualCPL)),
      (0x4C, Slot.free, .segment(access: 0x1A), .expected(11, 0x60, .descriptorNotPresent)),
      (0x50, 0, nil, .expected(10, 0, .nullSelector)),
      (0x50, Slot.code0, nil, .expected(10, 8, .notWritableData)),
      (0x50, Slot.data3, nil, .expected(10, 0x30, .dplNotEqualCPL)),
      (0x50, Slot.data0 | 1, nil, .expected(10, 0x10, .rplNotEqualCPL)),
      (0x50, Slot.free, .segment(access: 0x12), .expected(12, 0x60, .descriptorNotPresent)),
      (0x54, Slot.outside, nil, .expected(10, 0x80, .selectorOutsideTable)),
      (0x54, Slot.ldt, nil, .expected(10, 0x40, .notASegment)),
      (0x54, Slot.free, .segment(access: 0x98), .expected(10, 0x60, .notReadable)),
      (0x54, Slot.data0 | 3, nil, .expected(10, 0x10, .dplBelowRPL)),
      (0x54, Slot.free, .segment(access: 0x12), .expected(11, 0x60, .descriptorNotPresent)),
    ]
    for (offset, selector, descriptor, expected) in table {
      let bench = bench()
      if let descriptor { bench.define(selector, descriptor) }
      bench.store(ProtectionBench.otherTask + offset, UInt32(selector))
      #expect(jump(bench, Slot.otherTask) == expected)
      #expect(bench.selector(SegmentRegister.tr) == Slot.otherTask)
      #expect(bench.cpu.eip == 0x5678)
    }
    let bench = bench()
    bench.store(ProtectionBench.otherTask + 0x4C, UInt32(Slot.code16))
    bench.store(ProtectionBench.otherTask + 0x20, UInt32(0x1_0000))
    #expect(jump(bench, Slot.otherTask) == .expected(13, 0, .codeLimitExceeded))
  }
}
