import Testing

@testable import X86

/// What a transition remembers, whose consequence it is, and how many are kept.
@Suite struct LedgerTests {
  private func transitions(_ bench: ProtectionBench) -> [Transition] {
    (bench.cpu.log.start..<bench.cpu.log.end).map { bench.cpu.log[place: $0] }
  }

  @Test func aTransitionFitsIn96Bytes() {
    #expect(MemoryLayout<Transition>.stride == 96)
  }

  @Test func aFaultRemembersGateAndStacks() {
    let bench = ProtectionBench(ring: 3)
    bench.cpu.deliverFault(.generalProtection(0, .cplNotZero))
    let fault = bench.last
    #expect(fault?.sequence == 1 && fault?.parent == nil)
    #expect(fault?.marks == [.errorCode, .is32Bit, .delivered, .stackSwitched])
    #expect(fault?.gate == 0x8E && fault?.actor == .guestUser)
    #expect(fault?.ss == Slot.data3 | 3 && fault?.esp == 0x3_0000)
    #expect(fault?.toSS == Slot.data0 && fault?.toESP == 0x2_0000 - 24)
    #expect(fault?.toCS == Slot.code0 && fault?.toEIP == ProtectionBench.handler + 13 * 16)
    #expect(fault?.fromVirtualRing == 3 && fault?.toVirtualRing == 0)
    #expect(fault?.guestTick == fault?.tick && fault?.cost == .exceptionInnerRing)
  }

  @Test func theFrameLiesWhereTheTransitionSays() {
    let bench = ProtectionBench(ring: 3)
    bench.cpu.eflags = EFLAGS(rawValue: 0x246)
    #expect(
      bench.execute(.intN) { $0.immediate = 0x33 } == .expected(13, 0x33 * 8 + 2, .gateDPLBelowCPL))
    #expect(bench.cpu.log.count == 0, "an INT that was refused did not happen")
    bench.gate(0x33, .gate(Slot.code0, 0x1_9000, access: 0xEF))
    #expect(bench.execute(.intN) { $0.immediate = 0x33 } == nil)
    let call = bench.last
    #expect(call?.kind == .softwareInterrupt && call?.gate == 0xEF && call?.flags == 0x246)
    #expect(bench.word(call?.toESP ?? 0) == ProtectionBench.start + 2)
    #expect(bench.word((call?.toESP ?? 0) + 8) == call?.flags)
    #expect(bench.word((call?.toESP ?? 0) + 12) == call?.esp)
  }

  @Test func aDoubleFaultIsTheChildOfTheFirst() {
    let bench = ProtectionBench(ring: 3)
    bench.gate(13, .gate(Slot.code0, 0, access: 0x0E))
    bench.cpu.deliverFault(.generalProtection(0, .cplNotZero))
    let all = transitions(bench)
    #expect(all.map(\.vector) == [13, 8] && all.map(\.parent) == [nil, 1])
    #expect(!all[0].marks.contains(.delivered) && all[1].marks.contains(.delivered))
    // What the first one's delivery met: #NP on gate 13, EXT set.
    #expect(all[1].info == UInt64(Cause.gateNotPresent.rawValue) << 8 | 11)
    #expect(all[1].detail == 13 * 8 + 3)
    bench.cpu.deliverFault(.invalidOpcode(.undefinedOpcode))
    #expect(bench.last?.parent == nil, "the next event is nobody's child")
  }

  @Test func aTripleFaultIsTheEndOfAChain() {
    let bench = ProtectionBench(ring: 3)
    bench.cpu.idtLimit = 0
    bench.cpu.deliverFault(.generalProtection(0, .cplNotZero))
    #expect(transitions(bench).map(\.kind) == [.fault, .fault, .shutdown])
    #expect(transitions(bench).map(\.parent) == [nil, 1, 2])
  }

  /// INT through a task gate, under paging: the call, the switch, the load of CR3.
  private func taskGate(codeSelector: UInt16) -> ProtectionBench {
    let bench = ProtectionBench(ring: 3)
    bench.enablePaging()
    let base = ProtectionBench.otherTask
    bench.store(base + 0x1C, UInt32(0x10_0000))
    bench.store(base + 0x20, UInt32(0x5678))
    bench.store(base + 0x24, UInt32(0x2))
    bench.store(base + 0x38, UInt32(0x4_0000))
    for (offset, selector): (UInt32, UInt16) in [(0x4C, codeSelector), (0x50, Slot.data0)] {
      bench.store(base + offset, UInt32(selector))
    }
    bench.gate(0x44, .gate(Slot.otherTask, 0, access: 0xE5))
    return bench
  }

  @Test func aTaskSwitchIsATree() {
    let bench = taskGate(codeSelector: Slot.code0)
    #expect(bench.execute(.intN) { $0.immediate = 0x44 } == nil)
    let all = transitions(bench)
    #expect(all.map(\.kind) == [.softwareInterrupt, .taskSwitch, .cr3Load])
    #expect(all.map(\.parent) == [nil, 1, 2])
    #expect(all[0].toCS == Slot.code0 && all[0].toEIP == 0x5678 && all[0].toCPL == 0)
    #expect(all[1].info == UInt64(Slot.otherTask) && all[1].detail == UInt64(Slot.task))
    #expect(all.allSatisfy { $0.eip == ProtectionBench.start || $0.kind == .cr3Load })
  }

  @Test func aFaultInTheNewTaskBelongsToTheSwitch() {
    let bench = taskGate(codeSelector: Slot.data0)
    let fault = bench.execute(.intN) { $0.immediate = 0x44 }
    #expect(fault == .expected(10, UInt32(Slot.data0), .notCode))
    if let fault { bench.cpu.deliverFault(fault) }
    let all = transitions(bench)
    #expect(all.map(\.kind).prefix(4) == [.softwareInterrupt, .taskSwitch, .cr3Load, .fault])
    #expect(all.map(\.parent).prefix(4) == [nil, 1, 2, 2])
  }

  @Test func aSwitchThatIsRefusedLeavesNothing() {
    let bench = taskGate(codeSelector: Slot.code0)
    bench.define(Slot.otherTask, .system(base: 0x5000, limit: 0x20, access: 0x89))
    let fault = bench.execute(.intN) { $0.immediate = 0x44 }
    #expect(fault?.cause == .tssLimitTooSmall && bench.cpu.log.count == 0)
  }

  // MARK: Evidence

  @Test func aPageFaultKeepsTheEntriesThatRefused() {
    let bench = ProtectionBench(ring: 3)
    bench.enablePaging()
    bench.setPage(0x5_0000, 0x65)
    let fault = bench.fault { (cpu: inout CPU) throws(Interruption) in
      try cpu.write(SegmentRegister.ds, 0x5_0123, 1 as UInt8)
    }
    #expect(fault?.cause == .pageReadOnly)
    if let fault { bench.cpu.deliverFault(fault) }
    #expect(bench.last?.info == 0x5_0123)
    // The walk found the directory entry before it was accessed.
    #expect(bench.last.map { $0.detail >> 32 & ~0x20 } == 0x10_1007)
    #expect(bench.last.map { $0.detail & 0xFFFF_FFFF } == 0x5_0065)
  }

  @Test func aRefusedSelectorKeepsItsDescriptor() {
    let bench = ProtectionBench(ring: 3)
    bench.cpu.deliverFault(.generalProtection(selector: Slot.data0, .dplBelowCPL))
    #expect(
      bench.last?.info == bench.descriptor(Slot.data0).raw | 1 << 40
        || bench.last?.info == bench.descriptor(Slot.data0).raw)
    bench.cpu.deliverFault(.generalProtection(Slot.outside.asCode, .selectorOutsideTable))
    #expect(bench.last?.info == 0)
  }

  @Test func anOperandBeyondItsSegmentIsKept() {
    let bench = ProtectionBench(ring: 3)
    bench.define(Slot.free, .segment(limit: 0xFFF, access: 0xF2, flags: 4))
    bench.cpu.setSegment(
      SegmentRegister.es, Segment(selector: Slot.free | 3, descriptor: bench.descriptor(Slot.free)))
    let fault = bench.fault { (cpu: inout CPU) throws(Interruption) in
      _ = try cpu.read(SegmentRegister.es, 0xFFE, as: UInt32.self)
    }
    #expect(fault == .expected(13, 0, .limitExceeded))
    if let fault { bench.cpu.deliverFault(fault) }
    #expect(bench.last?.info == 0xFFE)
    #expect(bench.last?.detail == UInt64(Slot.free | 3) << 32 | 0xFFF)
    bench.cpu.deliverFault(.generalProtection(0, .cplNotZero))
    #expect(bench.last?.detail != UInt64(Slot.free | 3) << 32 | 0xFFF, "used up")
  }

  // MARK: What is kept

  @Test func accessesAreCountedWhetherKeptOrNot() {
    let bench = ProtectionBench()
    for keeps in [false, true, false] {
      bench.cpu.log.keepsAccesses = keeps
      #expect(bench.execute(.outI) { ($0.a, $0.immediate) = (1, 0x80) } == nil)
      #expect(bench.execute(.hlt) == nil)
    }
    #expect(bench.cpu.log.total(of: .portWrite) == 3 && bench.cpu.log.count == 6)
    #expect(transitions(bench).map(\.sequence) == [2, 3, 4, 6], "numbers do not move")
    #expect(bench.cpu.log[3]?.kind == .portWrite && bench.cpu.log[5] == nil)
    #expect(bench.cpu.log[3]?.code == 1 && bench.cpu.log[3]?.info == 0x80)
  }

  @Test func theRingKeepsTheNewest() {
    var log = TransitionLog(capacity: 4)
    for _ in 0..<10 { _ = log.open(.halt) }
    #expect(log.count == 10 && log.start == 6 && log.end == 10)
    #expect(log[6] == nil && log[7]?.sequence == 7 && log[10]?.sequence == 10 && log[11] == nil)
    #expect(log.total(of: .halt) == 10)
  }

  @Test func aRestoredLogHasNoHoles() {
    var log = TransitionLog(capacity: 8)
    for _ in 0..<10 { _ = log.open(.halt) }
    let state = log.state(limit: 2)
    for _ in 0..<5 { _ = log.open(.reset) }
    log.restore(state)
    // Places 7 up survived, of which the state knew 8 and 9.
    #expect(log.count == 10 && (log.start..<log.end).map { log[place: $0].sequence } == [8, 9, 10])
    #expect(log.total(of: .reset) == 0 && log.last?.kind == .halt)
    var other = TransitionLog(capacity: 8)
    other.restore(state)
    #expect((other.start..<other.end).map { other[place: $0].sequence } == [9, 10])
    _ = other.open(.shutdown)
    #expect(other.last?.sequence == 11 && other.count == 11)
  }
}

extension UInt16 {
  fileprivate var asCode: UInt32 { UInt32(self) }
}
