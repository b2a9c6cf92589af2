import Testing

@testable import X86

/// Far JMP, CALL and RET: segments, call gates, rings.
@Suite struct ProtectionTransferTests {
  struct Transfer: Sendable, CustomTestStringConvertible {
    var name: String
    var ring: UInt8
    var selector: UInt16
    var offset: UInt32
    /// What the selector names, when the bench's GDT has nothing fitting.
    var descriptor: Descriptor?
    /// What `Slot.free2` names: the target of a gate.
    var target: Descriptor?
    var jump: Interruption?
    var call: Interruption?
    var testDescription: String { name }

    init(
      _ name: String, ring: UInt8 = 0, _ selector: UInt16, offset: UInt32 = 0x1234,
      _ descriptor: Descriptor? = nil, target: Descriptor? = nil, jump: Interruption? = nil,
      call: Interruption? = nil, both: Interruption? = nil
    ) {
      self.name = name
      self.ring = ring
      self.selector = selector
      self.offset = offset
      self.descriptor = descriptor
      self.target = target
      self.jump = both ?? jump
      self.call = both ?? call
    }
  }

  private static func callGate(
    _ selector: UInt16 = Slot.free2, _ offset: UInt32 = 0x1234, access: UInt8 = 0xEC
  ) -> Descriptor {
    .gate(selector, offset, access: access)
  }

  static let transfers: [Transfer] = [
    Transfer("same level", Slot.code0),
    Transfer("same level, RPL below CPL", ring: 3, Slot.code3),
    Transfer("conforming from ring 3", ring: 3, Slot.conforming | 3),
    Transfer("null", 2, both: .expected(13, 0, .nullSelector)),
    Transfer("outside", Slot.outside, both: .expected(13, 0x80, .selectorOutsideTable)),
    Transfer("data", Slot.data0, both: .expected(13, 0x10, .notCode)),
    Transfer("LDT", Slot.ldt, both: .expected(13, 0x40, .notAGate)),
    Transfer("inner ring", ring: 3, Slot.code0, both: .expected(13, 0x08, .dplNotEqualCPL)),
    Transfer("outer ring", Slot.code3, both: .expected(13, 0x28, .dplNotEqualCPL)),
    Transfer("RPL above CPL", Slot.code0 | 3, both: .expected(13, 0x08, .rplNotEqualCPL)),
    Transfer(
      "conforming above CPL", Slot.free, .segment(access: 0xFE),
      both: .expected(13, 0x60, .conformingDPLAboveCPL)),
    Transfer(
      "not present", Slot.free, .segment(access: 0x1A),
      both: .expected(11, 0x60, .descriptorNotPresent)),
    Transfer(
      "beyond the limit", Slot.code16, offset: 0x1_0000,
      both: .expected(13, 0, .codeLimitExceeded)),

    Transfer("gate, same level", Slot.free, callGate(), target: .segment(access: 0x9A)),
    Transfer(
      "gate, conforming", ring: 3, Slot.free | 3, callGate(), target: .segment(access: 0x9E)),
    Transfer(
      "gate DPL below CPL", ring: 3, Slot.free, callGate(access: 0x8C),
      both: .expected(13, 0x60, .gateDPLBelowCPL)),
    Transfer(
      "gate DPL below RPL", Slot.free | 3, callGate(access: 0x8C),
      both: .expected(13, 0x60, .gateDPLBelowRPL)),
    Transfer(
      "gate not present", Slot.free, callGate(access: 0x6C),
      both: .expected(11, 0x60, .gateNotPresent)),
    Transfer("gate to null", Slot.free, callGate(3), both: .expected(13, 0, .gateTargetNull)),
    Transfer(
      "gate to outside", Slot.free, callGate(Slot.outside),
      both: .expected(13, 0x80, .selectorOutsideTable)),
    Transfer(
      "gate to data", Slot.free, callGate(Slot.data0),
      both: .expected(13, 0x10, .gateTargetNotCode)),
    Transfer(
      "gate to an outer ring", Slot.free, callGate(), target: .segment(access: 0xFA),
      both: .expected(13, 0x68, .gateTargetDPLAboveCPL)),
    Transfer(
      "gate target not present", Slot.free, callGate(), target: .segment(access: 0x1A),
      both: .expected(11, 0x68, .descriptorNotPresent)),
    Transfer(
      "gate beyond the limit", Slot.free, callGate(Slot.free2, 0x1_0000),
      target: .system(base: 0, limit: 0xFFFF, access: 0x9A),
      both: .expected(13, 0, .codeLimitExceeded)),
    Transfer(
      "gate to an inner ring: CALL only", ring: 3, Slot.free, callGate(),
      target: .segment(access: 0x9A), jump: .expected(13, 0x68, .dplNotEqualCPL)),
  ]

  @Test(arguments: transfers, [true, false])
  func transferring(_ transfer: Transfer, isCall: Bool) {
    let bench = ProtectionBench(ring: transfer.ring)
    if let descriptor = transfer.descriptor { bench.define(transfer.selector, descriptor) }
    if let target = transfer.target { bench.define(Slot.free2, target) }
    let code = bench.cpu.segment(SegmentRegister.cs)
    let expected = isCall ? transfer.call : transfer.jump
    let fault = bench.execute(isCall ? .farCall : .farJump) {
      $0.immediate = transfer.offset
      $0.displacement = UInt32(transfer.selector)
    }
    #expect(fault == expected)
    if expected == nil {
      #expect(bench.cpu.nextEIP == 0x1234)
      #expect(UInt8(bench.selector(SegmentRegister.cs) & 3) == bench.cpu.cpl)
      if isCall { #expect(bench.stack(2) == [0x1_0002, UInt32(code.selector)]) }
    } else {
      #expect(bench.cpu.segment(SegmentRegister.cs) == code)
      #expect(bench.cpu[.esp] == 0x3_0000)
      #expect(bench.cpu.nextEIP == 0x1_0002)
    }
  }

  @Test func callGateMovesParametersToTheInnerStack() {
    let bench = ProtectionBench(ring: 3)
    bench.define(Slot.free, .gate(Slot.code0, 0x4321, access: 0xEC, count: 3))
    bench.prepareStack([11, 22, 33, 44])
    #expect(bench.execute(.farCall) { $0.displacement = UInt32(Slot.free | 3) } == nil)
    #expect(bench.cpu.cpl == 0)
    #expect(bench.selector(SegmentRegister.cs) == Slot.code0)
    #expect(bench.selector(SegmentRegister.ss) == Slot.data0)
    #expect(bench.cpu.nextEIP == 0x4321)
    #expect(bench.cpu[.esp] == 0x2_0000 - 28)
    #expect(bench.stack(7) == [0x1_0002, 0x2B, 11, 22, 33, 0x3_0000, 0x33])
    #expect(bench.last?.kind == .farTransfer)
    #expect(bench.last?.fromCPL == 3 && bench.last?.toCPL == 0)
  }

  @Test func callGate16PushesWords() {
    let bench = ProtectionBench(ring: 3)
    bench.define(Slot.free, .gate(Slot.code0, 0xFFFF_4321, access: 0xE4, count: 1))
    bench.prepareStack([0x7777_5555])
    bench.cpu.nextEIP = 0x2_0002
    #expect(bench.execute(.farCall) { $0.displacement = UInt32(Slot.free) } == nil)
    #expect(bench.cpu.nextEIP == 0x4321)
    #expect(bench.stack16(5) == [0x0002, 0x2B, 0x5555, 0x0000, 0x33])
  }

  @Test func callGateWithA16BitTSS() {
    let bench = ProtectionBench(ring: 3)
    bench.define(Slot.free, .gate(Slot.code1, 0x4321, access: 0xEC))
    bench.cpu.setSegment(
      SegmentRegister.tr,
      Segment(selector: Slot.task16, descriptor: bench.descriptor(Slot.task16)))
    bench.store(ProtectionBench.task16 + 6, UInt16(0x9000))
    bench.store(ProtectionBench.task16 + 8, Slot.data1 | 1)
    #expect(bench.execute(.farCall) { $0.displacement = UInt32(Slot.free) } == nil)
    #expect(bench.cpu.cpl == 1)
    #expect(bench.cpu[.esp] == 0x9000 - 16)
    #expect(bench.selector(SegmentRegister.cs) == Slot.code1 | 1)
  }

  /// What can be wrong with the stack that the TSS names, and the error code it gives.
  @Test func innerStackChecks() {
    let table: [(UInt16, Descriptor?, Interruption)] = [
      (0, nil, .expected(10, 0, .tssStackSelectorNull)),
      (Slot.outside, nil, .expected(10, 0x80, .selectorOutsideTable)),
      (Slot.data0 | 1, nil, .expected(10, 0x10, .tssStackInvalid)),
      (Slot.data3, nil, .expected(10, 0x30, .tssStackInvalid)),
      (Slot.code0, nil, .expected(10, 0x08, .tssStackInvalid)),
      (Slot.free, .segment(access: 0x90), .expected(10, 0x60, .tssStackInvalid)),
      (Slot.free, .segment(access: 0x12), .expected(12, 0x60, .descriptorNotPresent)),
      (
        Slot.free, .segment(limit: 0x1F, access: 0x92, flags: 4),
        .expected(12, 0x60, .limitExceeded)
      ),
    ]
    for (selector, descriptor, expected) in table {
      let bench = ProtectionBench(ring: 3)
      bench.define(Slot.free2, .gate(Slot.code0, 0x4321, access: 0xEC))
      if let descriptor { bench.define(selector, descriptor) }
      bench.store(ProtectionBench.task + 8, UInt32(selector))
      #expect(bench.execute(.farCall) { $0.displacement = UInt32(Slot.free2) } == expected)
      #expect(bench.cpu.cpl == 3 && bench.cpu[.esp] == 0x3_0000)
    }
    let bench = ProtectionBench(ring: 3)
    bench.define(Slot.free2, .gate(Slot.code1, 0x4321, access: 0xEC))
    var task = bench.cpu.segment(SegmentRegister.tr)
    task.limit = 0x10
    bench.cpu.setSegment(SegmentRegister.tr, task)
    #expect(
      bench.execute(.farCall) { $0.displacement = UInt32(Slot.free2) }
        == .expected(10, 0x48, .tssLimitTooSmall))
  }

  @Test func callWithoutRoomIsAStackFault() {
    let bench = ProtectionBench()
    bench.define(Slot.free, .segment(limit: 0x5, access: 0x92, flags: 4))
    bench.cpu.setSegment(
      SegmentRegister.ss, Segment(selector: Slot.free, descriptor: bench.descriptor(Slot.free)))
    bench.cpu[.esp] = 6
    #expect(
      bench.execute(.farCall) { $0.displacement = UInt32(Slot.code0) }
        == .expected(12, 0, .limitExceeded))
    #expect(bench.cpu[.esp] == 6)
  }

  // MARK: RET

  @Test func returnToTheSameRing() {
    let bench = ProtectionBench()
    bench.prepareStack([0x5678, UInt32(Slot.code0)])
    #expect(bench.execute(.farReturnI) { $0.immediate = 12 } == nil)
    #expect(bench.cpu.nextEIP == 0x5678)
    #expect(bench.cpu[.esp] == 0x3_0000 + 8 + 12)
  }

  @Test func returnToAnOuterRingDropsInnerSegments() {
    let bench = ProtectionBench()
    bench.prepareStack([0x5678, UInt32(Slot.code3 | 3), 1, 2, 0x8_0000, UInt32(Slot.data3 | 3)])
    bench.cpu.setSegment(
      SegmentRegister.es, Segment(selector: Slot.data3, descriptor: bench.descriptor(Slot.data3)))
    bench.cpu.setSegment(
      SegmentRegister.fs,
      Segment(selector: Slot.conforming, descriptor: bench.descriptor(Slot.conforming)))
    // A null selector may have an RPL, until the return.
    var null = Segment()
    null.loadNull(selector: 3)
    bench.cpu.setSegment(SegmentRegister.gs, null)
    #expect(bench.execute(.farReturnI) { $0.immediate = 8 } == nil)
    #expect(bench.cpu.cpl == 3)
    #expect(bench.cpu[.esp] == 0x8_0008)
    #expect(bench.selector(SegmentRegister.ss) == Slot.data3 | 3)
    #expect(bench.selector(SegmentRegister.ds) == 0)
    #expect(!bench.cpu.segment(SegmentRegister.ds).isUsable)
    #expect(bench.cpu.segment(SegmentRegister.es).isUsable)
    #expect(bench.cpu.segment(SegmentRegister.fs).isUsable)
    #expect(bench.selector(SegmentRegister.gs) == 0)
    #expect(bench.last?.kind == .farTransfer)
  }

  struct Return: Sendable, CustomTestStringConvertible {
    var name: String
    var ring: UInt8 = 0
    var code: UInt16
    var stack: UInt16 = Slot.data3 | 3
    var free: Descriptor?
    var offset: UInt32 = 0x5678
    var fault: Interruption
    var testDescription: String { name }
  }

  static let returns: [Return] = [
    Return(name: "null", code: 1, fault: .expected(13, 0, .nullSelector)),
    Return(
      name: "outside", code: Slot.outside, fault: .expected(13, 0x80, .selectorOutsideTable)),
    Return(name: "data", code: Slot.data0, fault: .expected(13, 0x10, .notCode)),
    Return(name: "gate", code: Slot.ldt, fault: .expected(13, 0x40, .notCode)),
    Return(
      name: "inner ring", ring: 3, code: Slot.code0, fault: .expected(13, 8, .returnToInnerRing)),
    Return(name: "DPL", code: Slot.code3, fault: .expected(13, 0x28, .dplNotEqualCPL)),
    Return(
      name: "conforming DPL", code: Slot.free, free: .segment(access: 0xBE),
      fault: .expected(13, 0x60, .conformingDPLAboveCPL)),
    Return(
      name: "not present", code: Slot.free, free: .segment(access: 0x1A),
      fault: .expected(11, 0x60, .descriptorNotPresent)),
    Return(
      name: "limit", code: Slot.code16, offset: 0x1_0000,
      fault: .expected(13, 0, .codeLimitExceeded)),
    Return(
      name: "stack null", code: Slot.code3 | 3, stack: 3, fault: .expected(13, 0, .nullSelector)),
    Return(
      name: "stack outside", code: Slot.code3 | 3, stack: Slot.outside | 3,
      fault: .expected(13, 0x80, .selectorOutsideTable)),
    Return(
      name: "stack RPL", code: Slot.code3 | 3, stack: Slot.data3,
      fault: .expected(13, 0x30, .rplNotEqualCPL)),
    Return(
      name: "stack DPL", code: Slot.code3 | 3, stack: Slot.data1 | 3,
      fault: .expected(13, 0x20, .dplNotEqualCPL)),
    Return(
      name: "stack code", code: Slot.code3 | 3, stack: Slot.code3 | 3,
      fault: .expected(13, 0x28, .notWritableData)),
    Return(
      name: "stack not present", code: Slot.code3 | 3, stack: Slot.free | 3,
      free: .segment(access: 0x72), fault: .expected(12, 0x60, .descriptorNotPresent)),
  ]

  /// RET and IRET make the same checks.
  @Test(arguments: returns, [Handler.farReturn, .interruptReturn])
  func returning(_ value: Return, _ handler: Handler) {
    let bench = ProtectionBench(ring: value.ring)
    if let free = value.free { bench.define(Slot.free, free) }
    let flags: [UInt32] = handler == .interruptReturn ? [2] : []
    bench.prepareStack(
      [value.offset, UInt32(value.code)] + flags + [0x8_0000, UInt32(value.stack)])
    let code = bench.cpu.segment(SegmentRegister.cs)
    #expect(bench.execute(handler) == value.fault)
    #expect(bench.cpu.segment(SegmentRegister.cs) == code)
    #expect(bench.cpu.cpl == value.ring && bench.cpu[.esp] == 0x3_0000)
  }

  // MARK: Real mode

  @Test func realModeCallAndReturn() {
    let bench = ProtectionBench()
    bench.enterRealMode()
    let call = bench.execute(.farCall) {
      $0.flags = .operand16
      $0.immediate = 0x777
      $0.displacement = 0x2222
    }
    #expect(call == nil)
    #expect(bench.selector(SegmentRegister.cs) == 0x2222 && bench.cpu.nextEIP == 0x777)
    #expect(bench.cpu.segment(SegmentRegister.cs).base == 0x22220)
    #expect(bench.stack16(2) == [0x102, 0x1000])
    #expect(bench.execute(.farReturn) { $0.flags = .operand16 } == nil)
    #expect(bench.selector(SegmentRegister.cs) == 0x1000 && bench.cpu.nextEIP == 0x102)
    #expect(bench.cpu[.esp] == 0x1000)
    let far = bench.execute(.farJump) { $0.immediate = 0x1_0000 }
    #expect(far == .expected(13, 0, .codeLimitExceeded))
  }
}
