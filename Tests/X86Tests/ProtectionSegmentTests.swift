import Testing

@testable import X86

/// MOV and POP into segment registers, and the instructions that ask about selectors.
@Suite struct ProtectionSegmentTests {
  struct Load: Sendable, CustomTestStringConvertible {
    var name: String
    var ring: UInt8
    var register: Int
    var selector: UInt16
    var descriptor: Descriptor?
    var fault: Interruption?
    var testDescription: String { name }

    init(
      _ name: String, ring: UInt8 = 0, _ register: Int, _ selector: UInt16,
      _ descriptor: Descriptor? = nil, _ fault: Interruption? = nil
    ) {
      self.name = name
      self.ring = ring
      self.register = register
      self.selector = selector
      self.descriptor = descriptor
      self.fault = fault
    }
  }

  private static let ds = SegmentRegister.ds
  private static let ss = SegmentRegister.ss

  static let loads: [Load] = [
    Load("data segment", ds, Slot.data0),
    Load("null into DS", ds, 3),
    Load("readable code", ds, Slot.code0),
    Load("conforming code of any DPL", ring: 3, ds, Slot.conforming | 3),
    Load("DPL 3 data from ring 0", ds, Slot.data3 | 3),
    Load("LDT entry", ds, 0x0C, .segment(access: 0x92)),
    Load("outside the GDT", ds, Slot.outside, nil, .expected(13, 0x80, .selectorOutsideTable)),
    Load("outside the LDT", ds, 0x105, nil, .expected(13, 0x104, .selectorOutsideTable)),
    Load("system descriptor", ds, Slot.ldt, nil, .expected(13, 0x40, .notASegment)),
    Load(
      "execute-only code", ds, Slot.free, .segment(access: 0x98),
      .expected(13, 0x60, .notReadable)),
    Load("RPL above DPL", ds, Slot.data0 | 3, nil, .expected(13, 0x10, .dplBelowRPL)),
    Load("CPL above DPL", ring: 3, ds, Slot.data1, nil, .expected(13, 0x20, .dplBelowCPL)),
    Load(
      "not present", ds, Slot.free, .segment(access: 0x12),
      .expected(11, 0x60, .descriptorNotPresent)),
    Load("stack", ss, Slot.data0),
    Load("stack of ring 3", ring: 3, ss, Slot.data3 | 3),
    Load("null into SS", ss, 0, nil, .expected(13, 0, .nullSelector)),
    Load("stack outside", ss, Slot.outside, nil, .expected(13, 0x80, .selectorOutsideTable)),
    Load("stack RPL", ss, Slot.data0 | 1, nil, .expected(13, 0x10, .rplNotEqualCPL)),
    Load("stack DPL", ss, Slot.data3, nil, .expected(13, 0x30, .dplNotEqualCPL)),
    Load("code as stack", ss, Slot.code0, nil, .expected(13, 0x08, .notWritableData)),
    Load(
      "read-only stack", ss, Slot.free, .segment(access: 0x90),
      .expected(13, 0x60, .notWritableData)),
    Load(
      "stack not present", ss, Slot.free, .segment(access: 0x12),
      .expected(12, 0x60, .descriptorNotPresent)),
  ]

  @Test(arguments: loads) func loading(_ load: Load) {
    let bench = ProtectionBench(ring: load.ring)
    if let descriptor = load.descriptor { bench.define(load.selector, descriptor) }
    let before = bench.cpu.segment(load.register)
    let fault = bench.execute(.movToSegment) {
      $0.a = UInt8(load.register)
      $0.b = 0
      bench.cpu[.eax] = UInt32(load.selector)
    }
    #expect(fault == load.fault)
    if load.fault == nil {
      #expect(bench.selector(load.register) == load.selector)
      #expect(bench.cpu.segment(load.register).isUsable == (load.selector & 0xFFFC != 0))
    } else {
      #expect(bench.cpu.segment(load.register) == before)
    }
  }

  @Test func loadingSetsTheAccessedBitInTheTable() {
    let bench = ProtectionBench()
    #expect(bench.descriptor(Slot.data3).access == 0xF2)
    let fault = bench.fault { (cpu: inout CPU) throws(Interruption) in
      try cpu.loadSegment(SegmentRegister.es, selector: Slot.data3)
    }
    #expect(fault == nil)
    #expect(bench.descriptor(Slot.data3).access == 0xF3)
    #expect(bench.cpu.segment(SegmentRegister.es).access == 0xF3)
  }

  @Test func popLeavesTheStackPointerWhenTheSelectorIsBad() {
    let bench = ProtectionBench()
    bench.prepareStack([UInt32(Slot.outside)])
    let fault = bench.execute(.popSegment) { $0.a = UInt8(SegmentRegister.es) }
    #expect(fault == .expected(13, 0x80, .selectorOutsideTable))
    #expect(bench.cpu[.esp] == 0x3_0000)
    bench.prepareStack([UInt32(Slot.data3)])
    #expect(bench.execute(.popSegment) { $0.a = UInt8(SegmentRegister.es) } == nil)
    #expect(bench.cpu[.esp] == 0x3_0004)
  }

  @Test func pushOfASegmentWritesOnlyItsSixteenBits() {
    let bench = ProtectionBench()
    bench.store(0x2_FFFC, UInt32(0xDEAD_BEEF))
    #expect(bench.execute(.pushSegment) { $0.a = UInt8(SegmentRegister.cs) } == nil)
    #expect(bench.stack(1) == [0xDEAD_0008])
  }

  @Test func realAndVirtual8086ModeLoadAnything() {
    let bench = ProtectionBench()
    bench.enterRealMode()
    _ = bench.fault { (cpu: inout CPU) throws(Interruption) in
      try cpu.loadSegment(SegmentRegister.ds, selector: 0xABCD)
    }
    #expect(bench.cpu.segment(SegmentRegister.ds).base == 0xABCD0)
    let other = ProtectionBench()
    other.enterVirtual8086(iopl: 0)
    _ = other.fault { (cpu: inout CPU) throws(Interruption) in
      try cpu.loadSegment(SegmentRegister.ss, selector: 0xFFFF)
    }
    #expect(other.cpu.segment(SegmentRegister.ss).base == 0xFFFF0)
  }

  @Test func movIntoCSIsUndefined() {
    let bench = ProtectionBench()
    bench.cpu[.eax] = UInt32(Slot.data0)
    #expect(bench.execute(.movToSegment) { $0.a = 1 } == .invalidOpcode(.loadOfCS))
    #expect(bench.execute(.movToSegment) { $0.a = 6 } == .invalidOpcode(.undefinedOpcode))
    #expect(bench.execute(.movFromSegment) { $0.a = 7 } == .invalidOpcode(.undefinedOpcode))
    #expect(bench.execute(.movToSegment) { $0.a = 2 } == nil)
  }

  // MARK: LAR, LSL, VERR, VERW, ARPL

  struct Query: Sendable, CustomTestStringConvertible {
    var selector: UInt16
    var access: UInt8
    var ring: UInt8
    /// LAR, LSL, VERR, VERW succeed.
    var answers: [Bool]
    var testDescription: String {
      "access \(String(access, radix: 16)) selector \(String(selector, radix: 16)) ring \(ring)"
    }
  }

  static let queries: [Query] = [
    Query(selector: 0x60, access: 0x92, ring: 0, answers: [true, true, true, true]),
    Query(selector: 0x60, access: 0x90, ring: 0, answers: [true, true, true, false]),
    Query(selector: 0x60, access: 0x9A, ring: 0, answers: [true, true, true, false]),
    Query(selector: 0x60, access: 0x98, ring: 0, answers: [true, true, false, false]),
    Query(selector: 0x60, access: 0x92, ring: 3, answers: [false, false, false, false]),
    Query(selector: 0x63, access: 0x92, ring: 0, answers: [false, false, false, false]),
    Query(selector: 0x63, access: 0x9E, ring: 3, answers: [true, true, true, false]),
    Query(selector: 0x60, access: 0x12, ring: 0, answers: [true, true, true, true]),
    Query(selector: 0x60, access: 0x82, ring: 0, answers: [true, true, false, false]),
    Query(selector: 0x60, access: 0x84, ring: 0, answers: [true, false, false, false]),
    Query(selector: 0x60, access: 0x85, ring: 0, answers: [true, false, false, false]),
    Query(selector: 0x60, access: 0x86, ring: 0, answers: [false, false, false, false]),
    Query(selector: 0x60, access: 0x89, ring: 0, answers: [true, true, false, false]),
    Query(selector: 0x60, access: 0x8B, ring: 0, answers: [true, true, false, false]),
    Query(selector: 0x60, access: 0x8C, ring: 0, answers: [true, false, false, false]),
    Query(selector: 0x60, access: 0x8E, ring: 0, answers: [false, false, false, false]),
    Query(selector: 0x00, access: 0x92, ring: 0, answers: [false, false, false, false]),
    Query(selector: 0x80, access: 0x92, ring: 0, answers: [false, false, false, false]),
  ]

  @Test(arguments: queries) func asking(_ query: Query) {
    let bench = ProtectionBench(ring: query.ring)
    bench.define(Slot.free, .segment(access: query.access))
    for (handler, answer) in zip([Handler.lar, .lsl, .verr, .verw], query.answers) {
      bench.cpu[.eax] = UInt32(query.selector)
      bench.cpu[.ecx] = 0x5555_5555
      let fault = bench.execute(handler) { $0.a = 8 }
      #expect(fault == nil)
      #expect(bench.cpu.eflags.contains(.zero) == answer, "\(handler)")
      guard handler == .lar || handler == .lsl else { continue }
      let rights = UInt32(query.access) << 8 | 0xCF_0000
      let value: UInt32 = handler == .lar ? rights : 0xFFFF_FFFF
      #expect(bench.cpu[.ecx] == (answer ? value : 0x5555_5555))
    }
  }

  @Test(arguments: [Handler.lar, .lsl, .verr, .verw, .arpl, .lldt, .ltr, .sldt, .str])
  func selectorsMeanNothingOutsideProtectedMode(_ handler: Handler) {
    let bench = ProtectionBench()
    bench.enterRealMode()
    #expect(bench.execute(handler) == .invalidOpcode(.notInRealMode))
    let other = ProtectionBench()
    other.enterVirtual8086(iopl: 3)
    #expect(other.execute(handler) == .invalidOpcode(.notInRealMode))
  }

  @Test(
    arguments: [
      (0x60, 0x03, 0x63, true), (0x63, 0x00, 0x63, false), (0x61, 0x01, 0x61, false),
      (0x61, 0x02, 0x62, true),
    ] as [(UInt32, UInt32, UInt32, Bool)])
  func arplRaisesTheRPL(_ selector: UInt32, _ requester: UInt32, _ result: UInt32, _ zero: Bool) {
    let bench = ProtectionBench()
    bench.cpu[.eax] = selector
    bench.cpu[.ecx] = requester
    #expect(bench.execute(.arpl) { $0.a = 8 } == nil)
    #expect(bench.cpu[.eax] == result)
    #expect(bench.cpu.eflags.contains(.zero) == zero)
  }

  // MARK: LLDT, LTR

  @Test func lldtChecks() {
    let table: [(UInt16, Descriptor?, Interruption?)] = [
      (Slot.ldt, nil, nil),
      (0, nil, nil),
      (Slot.ldt | 4, nil, .expected(13, 0x44, .selectorOutsideTable)),
      (Slot.outside, nil, .expected(13, 0x80, .selectorOutsideTable)),
      (Slot.data0, nil, .expected(13, 0x10, .notAnLDT)),
      (Slot.task, nil, .expected(13, 0x48, .notAnLDT)),
      (
        Slot.free, .system(base: 0, limit: 0, access: 0x02),
        .expected(11, 0x60, .descriptorNotPresent)
      ),
    ]
    for (selector, descriptor, expected) in table {
      let bench = ProtectionBench()
      if let descriptor { bench.define(selector, descriptor) }
      bench.cpu[.eax] = UInt32(selector)
      #expect(bench.execute(.lldt) == expected)
      if expected == nil {
        #expect(bench.cpu.segment(SegmentRegister.ldtr).isUsable == (selector != 0))
      }
    }
    #expect(ProtectionBench(ring: 3).execute(.lldt) == .expected(13, 0, .cplNotZero))
  }

  @Test func ltrChecksAndMarksTheTaskBusy() {
    let table: [(UInt16, Descriptor?, Interruption?)] = [
      (Slot.otherTask, nil, nil),
      (Slot.task16, nil, nil),
      (0, nil, .expected(13, 0, .nullSelector)),
      (Slot.task, nil, .expected(13, 0x48, .tssBusy)),
      (Slot.otherTask | 4, nil, .expected(13, 0x54, .selectorOutsideTable)),
      (Slot.ldt, nil, .expected(13, 0x40, .notATSS)),
      (Slot.code0, nil, .expected(13, 0x08, .notATSS)),
      (
        Slot.free, .system(base: 0, limit: 0x67, access: 0x09),
        .expected(11, 0x60, .descriptorNotPresent)
      ),
    ]
    for (selector, descriptor, expected) in table {
      let bench = ProtectionBench()
      if let descriptor { bench.define(selector, descriptor) }
      bench.cpu[.eax] = UInt32(selector)
      #expect(bench.execute(.ltr) == expected)
      if expected == nil {
        #expect(bench.selector(SegmentRegister.tr) == selector)
        #expect(bench.descriptor(selector).access & 2 == 2)
      }
    }
    #expect(ProtectionBench(ring: 1).execute(.ltr) == .expected(13, 0, .cplNotZero))
  }
}
