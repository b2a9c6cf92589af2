import Testing

@testable import X86

/// Exceptions and interrupts into handlers, and IRET back.
@Suite struct ProtectionDeliveryTests {
  private let bad = Interruption.generalProtection(0, .cplNotZero)

  @Test func faultInRing3EntersRing0WithItsFrame() {
    let bench = ProtectionBench(ring: 3)
    bench.cpu.eflags = EFLAGS(rawValue: 0x4347)
    bench.store(ProtectionBench.start, UInt64(0x8877_6655_4433_22F4))
    bench.cpu.deliverFault(.generalProtection(0x58, .cplNotZero))
    #expect(bench.cpu.cpl == 0)
    #expect(bench.cpu.eip == ProtectionBench.handler + 13 * 16)
    #expect(bench.selector(SegmentRegister.cs) == Slot.code0)
    #expect(bench.selector(SegmentRegister.ss) == Slot.data0)
    #expect(bench.cpu[.esp] == 0x2_0000 - 24)
    // The pushed EFLAGS has RF; the handler runs without TF, IF, NT and RF.
    #expect(bench.stack(6) == [0x58, 0x1_0000, 0x2B, 0x1_4347, 0x3_0000, 0x33])
    #expect(bench.cpu.eflags.rawValue == 0x47)
    let transition = bench.last
    #expect(transition?.kind == .fault && transition?.vector == 13)
    #expect(transition?.fromCPL == 3 && transition?.toCPL == 0)
    #expect(transition?.eip == ProtectionBench.start && transition?.cs == 0x2B)
    #expect(transition?.code == 0x58 && transition?.cause == .cplNotZero)
    #expect(transition?.bytes == 0x8877_6655_4433_22F4)
  }

  @Test func trapGateKeepsInterruptsOnAndSameRingKeepsTheStack() {
    let bench = ProtectionBench()
    bench.cpu.eflags = EFLAGS(rawValue: 0x202)
    bench.gate(0, .gate(Slot.code0, 0x777, access: 0x8F))
    bench.cpu.deliverFault(Interruption(vector: 0, cause: .divideByZero))
    #expect(bench.cpu.eip == 0x777)
    #expect(bench.cpu.eflags.contains(.interrupt))
    #expect(bench.stack(3) == [0x1_0000, 8, 0x1_0202])
  }

  @Test func conformingHandlerRunsAtTheInterruptedLevel() {
    let bench = ProtectionBench(ring: 3)
    bench.gate(6, .gate(Slot.conforming, 0x777, access: 0x8E))
    bench.cpu.deliverFault(.invalidOpcode(.undefinedOpcode))
    #expect(bench.cpu.cpl == 3)
    #expect(bench.selector(SegmentRegister.cs) == Slot.conforming | 3)
    #expect(bench.stack(3) == [0x1_0000, 0x2B, 0x1_0002])
  }

  @Test func gate16PushesWords() {
    let bench = ProtectionBench(ring: 3)
    bench.gate(13, .gate(Slot.code0, 0xFFFF_0777, access: 0x86))
    bench.cpu.deliverFault(bad)
    #expect(bench.cpu.eip == 0x777)
    #expect(bench.stack16(6) == [0, 0, 0x2B, 2, 0, 0x33])
  }

  @Test func softwareInterruptPushesTheNextInstructionAndNoResumeFlag() {
    let bench = ProtectionBench(ring: 3)
    bench.gate(0x80, .gate(Slot.code0, 0x777, access: 0xEF))
    bench.cpu.eflags = EFLAGS(rawValue: 0x1_0202)
    #expect(bench.execute(.intN) { $0.immediate = 0x80 } == nil)
    #expect(bench.cpu.nextEIP == 0x777 && bench.cpu.cpl == 0)
    #expect(bench.stack(5) == [0x1_0002, 0x2B, 0x202, 0x3_0000, 0x33])
    #expect(bench.last?.kind == .softwareInterrupt && bench.last?.vector == 0x80)
    #expect(bench.last?.eip == ProtectionBench.start)
  }

  struct Gate: Sendable, CustomTestStringConvertible {
    var name: String
    var gate: Descriptor
    var free: Descriptor?
    /// What INT 40h from ring 3 raises.
    var fault: Interruption
    var testDescription: String { name }
  }

  static let gates: [Gate] = [
    Gate(
      name: "not a gate", gate: .gate(Slot.code0, 0, access: 0xEC),
      fault: .expected(13, 0x202, .notAGate)),
    Gate(
      name: "code segment", gate: .segment(access: 0xFA),
      fault: .expected(13, 0x202, .notAGate)),
    Gate(
      name: "DPL", gate: .gate(Slot.code0, 0, access: 0x8E),
      fault: .expected(13, 0x202, .gateDPLBelowCPL)),
    Gate(
      name: "not present", gate: .gate(Slot.code0, 0, access: 0x6E),
      fault: .expected(11, 0x202, .gateNotPresent)),
    Gate(
      name: "null target", gate: .gate(2, 0, access: 0xEE),
      fault: .expected(13, 0, .gateTargetNull)),
    Gate(
      name: "target outside", gate: .gate(Slot.outside, 0, access: 0xEE),
      fault: .expected(13, 0x80, .selectorOutsideTable)),
    Gate(
      name: "target data", gate: .gate(Slot.data0, 0, access: 0xEE),
      fault: .expected(13, 0x10, .gateTargetNotCode)),
    Gate(
      name: "target not present", gate: .gate(Slot.free, 0, access: 0xEE),
      free: .segment(access: 0x1A), fault: .expected(11, 0x60, .descriptorNotPresent)),
    Gate(
      name: "limit", gate: .gate(Slot.code16, 0x1_0000, access: 0xEE),
      fault: .expected(13, 0, .codeLimitExceeded)),
    Gate(
      name: "task gate to the LDT", gate: .gate(Slot.otherTask | 4, 0, access: 0xE5),
      fault: .expected(13, 0x54, .selectorOutsideTable)),
    Gate(
      name: "task gate to a busy task", gate: .gate(Slot.task, 0, access: 0xE5),
      fault: .expected(13, 0x48, .tssBusy)),
    Gate(
      name: "task gate to no task", gate: .gate(Slot.ldt, 0, access: 0xE5),
      fault: .expected(13, 0x40, .notATSS)),
    Gate(
      name: "task not present", gate: .gate(Slot.free, 0, access: 0xE5),
      free: .system(base: 0, limit: 0x67, access: 9),
      fault: .expected(11, 0x60, .descriptorNotPresent)),
  ]

  @Test(arguments: gates) func gateChecks(_ value: Gate) {
    let bench = ProtectionBench(ring: 3)
    bench.gate(0x40, value.gate)
    if let free = value.free { bench.define(Slot.free, free) }
    #expect(bench.execute(.intN) { $0.immediate = 0x40 } == value.fault)
    #expect(bench.cpu.cpl == 3 && bench.cpu[.esp] == 0x3_0000)
    #expect(bench.cpu.eip == ProtectionBench.start)
    // The same gate for an interrupt from outside: EXT is set and the gate's DPL does not count.
    let other = ProtectionBench(ring: 3)
    other.gate(0x40, value.gate)
    if let free = value.free { other.define(Slot.free, free) }
    other.cpu.deliverInterrupt(0x40, isNonMaskable: false)
    if value.fault.cause == .gateDPLBelowCPL {
      #expect(other.cpu.eip == 0)
    } else {
      #expect(other.cpu.eip == ProtectionBench.handler + UInt32(value.fault.vector) * 16)
      #expect(other.stack(1) == [value.fault.errorCode | 1])
    }
  }

  @Test func vectorOutsideTheIDT() {
    let bench = ProtectionBench()
    bench.cpu.idtLimit = 0x3FF
    #expect(
      bench.execute(.intN) { $0.immediate = 0x80 } == .expected(13, 0x402, .vectorOutsideIDT))
  }

  // MARK: Double and triple faults

  /// First exception, the vector whose gate is broken in the way that raises the second, the vector
  /// that finally gets in.
  @Test(
    arguments: [
      (13, 11), (0, 11), (10, 13), (12, 12), (14, 11), (14, 13),
    ] as [(UInt8, UInt8)])
  func contributoryPairsMakeADoubleFault(_ first: UInt8, _ second: UInt8) {
    let bench = ProtectionBench(ring: 3)
    bench.gate(first, Self.gateRaising(second, in: bench))
    bench.cpu.deliverFault(Self.exception(first))
    #expect(bench.cpu.eip == ProtectionBench.handler + 8 * 16)
    #expect(bench.stack(3) == [0, 0x1_0000, 0x2B])
    #expect(bench.last?.vector == 8 && bench.last?.cause == .faultDuringDelivery)
    #expect(bench.cpu.log.total(of: .fault) == 2)
  }

  @Test(arguments: [(6, 11), (3, 13), (7, 12)] as [(UInt8, UInt8)])
  func benignFirstFaultsAreHandledInTurn(_ first: UInt8, _ second: UInt8) {
    let bench = ProtectionBench(ring: 3)
    bench.gate(first, Self.gateRaising(second, in: bench))
    bench.cpu.deliverFault(Self.exception(first))
    #expect(bench.cpu.eip == ProtectionBench.handler + UInt32(second) * 16)
    #expect(bench.stack(1)[0] & 1 == 1)
  }

  private static func exception(_ vector: UInt8) -> Interruption {
    Interruption(vector: vector, hasErrorCode: (10...14).contains(vector), cause: .none)
  }

  private static func gateRaising(_ vector: UInt8, in bench: ProtectionBench) -> Descriptor {
    switch vector {
    case 11: return .gate(Slot.code0, 0, access: 0x0E)
    case 12:
      // A task gate's target would do too; this one is an inner stack without room.
      bench.define(Slot.free, .segment(limit: 3, access: 0xB2, flags: 4))
      bench.store(ProtectionBench.task + 0x0C, UInt32(0x100))
      bench.store(ProtectionBench.task + 0x10, UInt32(Slot.free | 1))
      return .gate(Slot.code1, 0, access: 0x8E)
    default: return .gate(0, 0, access: 0x8E)
    }
  }

  @Test func pageFaultAfterAContributoryOneIsHandledInTurn() {
    let bench = ProtectionBench(ring: 3)
    bench.enablePaging()
    bench.store(ProtectionBench.task + 0x0C, UInt32(0x4_1000))
    bench.gate(13, .gate(Slot.code1, 0, access: 0x8E))
    bench.setPage(0x4_0000, 0)
    bench.cpu.deliverFault(bad)
    #expect(bench.cpu.eip == ProtectionBench.handler + 14 * 16)
    #expect(bench.cpu.cr2 == 0x4_0FFC)
    #expect(bench.stack(2) == [2, 0x1_0000])
    #expect(bench.last?.info == 0x4_0FFC)
  }

  @Test func pageFaultDuringAPageFaultIsADoubleFault() {
    let bench = ProtectionBench(ring: 3)
    bench.enablePaging()
    bench.store(ProtectionBench.task + 0x0C, UInt32(0x4_1000))
    bench.gate(14, .gate(Slot.code1, 0, access: 0x8E))
    bench.setPage(0x4_0000, 0)
    bench.cpu.deliverFault(.pageFault(4, .pageNotPresent))
    #expect(bench.cpu.eip == ProtectionBench.handler + 8 * 16)
  }

  @Test func faultDuringADoubleFaultShutsDown() {
    let bench = ProtectionBench(ring: 3)
    bench.cpu.idtLimit = 0
    let frame = bench.stack(8)
    bench.cpu.deliverFault(bad)
    #expect(bench.isShutDown)
    #expect(bench.last?.kind == .shutdown)
    // The first, the double fault, and nothing changed but that.
    #expect(bench.cpu.log.total(of: .fault) == 2)
    #expect(bench.cpu.cpl == 3 && bench.cpu[.esp] == 0x3_0000 && bench.cpu.eip == 0x1_0000)
    #expect(bench.stack(8) == frame)
  }

  @Test func notAllPushesOfAFrameAreWrittenWhenOneFaults() {
    let bench = ProtectionBench(ring: 3)
    bench.enablePaging()
    // The frame of ring 0 crosses into a page that is not there.
    bench.store(ProtectionBench.task + 4, UInt32(0x4_1008))
    bench.setPage(0x4_0000, 0)
    bench.cpu.deliverInterrupt(0x30, isNonMaskable: false)
    #expect(bench.isShutDown)
    #expect(bench.word(0x4_1004) == 0 && bench.word(0x4_1000) == 0)
    #expect(bench.cpu.cpl == 3)
  }

  @Test func conformingHandlerOnAnUnalignedStackIsAnAlignmentCheck() {
    let bench = ProtectionBench(ring: 3)
    bench.gate(6, .gate(Slot.conforming, 0x777, access: 0x8E))
    bench.cpu.cr0.insert(.alignmentMask)
    bench.cpu.eflags = EFLAGS(rawValue: 0x4_0002)
    bench.cpu[.esp] = 0x3_0002
    bench.cpu.deliverFault(.invalidOpcode(.undefinedOpcode))
    #expect(bench.cpu.eip == ProtectionBench.handler + 17 * 16)
    #expect(bench.stack(5) == [0, 0x1_0000, 0x2B, 0x5_0002, 0x3_0002])
  }

  // MARK: Interrupts, NMI, #DB

  @Test func interruptWakesAHaltedProcessorAndNMIBlocksFurtherOnes() {
    let bench = ProtectionBench()
    bench.cpu.isHalted = true
    bench.cpu.nonMaskableRequested = true
    bench.cpu.deliverInterrupt(2, isNonMaskable: true)
    #expect(!bench.cpu.isHalted && bench.cpu.nonMaskableBlocked)
    #expect(bench.last?.kind == .interrupt && bench.last?.cause == .nonMaskableInterrupt)
    #expect(bench.execute(.interruptReturn) == nil)
    #expect(!bench.nonMaskableBlocked)
  }

  @Test func debugTrapSetsItsBitsAndClearsGeneralDetect() {
    let bench = ProtectionBench()
    bench.cpu.debugRegisters[7] = 0x2400
    bench.cpu.debugRegisters[6] = 0xFFFF_0FF1
    bench.cpu.deliverDebug(1 << 14)
    #expect(bench.cpu.debugRegisters[6] == 0xFFFF_4FF1)
    #expect(bench.cpu.debugRegisters[7] == 0x400)
    #expect(bench.cpu.eip == ProtectionBench.handler + 16)
    #expect(bench.stack(3) == [0x1_0000, 8, 2])
    #expect(bench.last?.cause == .singleStep)
  }

  @Test func icebpIgnoresTheGateLevelAndIntoAsksForOverflow() {
    let bench = ProtectionBench(ring: 3)
    #expect(bench.execute(.icebp) == nil)
    #expect(bench.cpu.cpl == 0 && bench.stack(1) == [0x1_0002])
    let other = ProtectionBench(ring: 3)
    #expect(other.execute(.into) == nil)
    #expect(other.cpu.cpl == 3)
    other.cpu.eflags = EFLAGS(rawValue: 0x802)
    #expect(other.execute(.into) == .expected(13, 4 * 8 + 2, .gateDPLBelowCPL))
    #expect(other.execute(.int3) == .expected(13, 3 * 8 + 2, .gateDPLBelowCPL))
  }

  // MARK: IRET

  @Test func iretToRing3LoadsFlagsByTheOldLevel() {
    let bench = ProtectionBench()
    bench.prepareStack([
      0x5678, UInt32(Slot.code3 | 3), 0xFFFD_FFFF, 0x8_0000, UInt32(Slot.data3 | 3),
    ])
    #expect(bench.execute(.interruptReturn) == nil)
    #expect(bench.cpu.cpl == 3 && bench.cpu.nextEIP == 0x5678 && bench.cpu[.esp] == 0x8_0000)
    #expect(bench.cpu.eflags.rawValue == 0x25_7FD7)
    #expect(bench.last?.kind == .interruptReturn)
    #expect(bench.last?.fromCPL == 0 && bench.last?.toCPL == 3)
  }

  @Test(arguments: [(0, 0x7FD7), (1, 0x4DD7), (3, 0x4FD7)] as [(UInt32, UInt32)])
  func iretInRing3ChangesOnlyWhatItMay(_ iopl: UInt32, _ expected: UInt32) {
    // Ring 0 may change all; rings 1 and 3 depend on IOPL.
    let bench = ProtectionBench(ring: iopl == 0 ? 0 : 3)
    let code = bench.selector(SegmentRegister.cs)
    bench.cpu.eflags = EFLAGS(rawValue: 2 | iopl << 12)
    bench.prepareStack([UInt32(code) << 16 | 0x5678, 0xFFFF])
    #expect(bench.execute(.interruptReturn) { $0.flags = .operand16 } == nil)
    #expect(bench.cpu.eflags.rawValue == expected | iopl << 12)
    #expect(bench.cpu[.esp] == 0x3_0006)
  }

  // MARK: Virtual-8086 mode

  @Test func virtual8086RoundTrip() {
    let bench = ProtectionBench()
    bench.prepareStack([
      0x100, 0x1000, 0x2_3202, 0x1000, 0x2000, 0x3000, 0x3100, 0x3200, 0x3300,
    ])
    #expect(bench.execute(.interruptReturn) == nil)
    #expect(bench.cpu.isVirtual8086 && bench.cpu.cpl == 3)
    #expect(bench.cpu.segment(SegmentRegister.cs).base == 0x10000)
    #expect(bench.cpu.segment(SegmentRegister.ss).base == 0x20000)
    #expect(bench.selector(SegmentRegister.gs) == 0x3300)
    #expect(bench.cpu[.esp] == 0x1000 && bench.cpu.nextEIP == 0x100)
    bench.cpu.eip = 0x100
    bench.cpu.deliverFault(bad)
    #expect(!bench.cpu.isVirtual8086 && bench.cpu.cpl == 0)
    #expect(
      bench.stack(10) == [
        0, 0x100, 0x1000, 0x3_3202, 0x1000, 0x2000, 0x3000, 0x3100, 0x3200, 0x3300,
      ])
    for index in [SegmentRegister.es, SegmentRegister.ds, SegmentRegister.fs, SegmentRegister.gs] {
      #expect(bench.selector(index) == 0 && !bench.cpu.segment(index).isUsable)
    }
  }

  @Test func virtual8086EntersOnlyRing0() {
    for (selector, expected): (UInt16, UInt32) in [(Slot.code1, 0x18), (Slot.conforming, 0x38)] {
      let bench = ProtectionBench()
      bench.enterVirtual8086(iopl: 3)
      bench.gate(0x40, .gate(selector, 0, access: 0xEE))
      #expect(
        bench.execute(.intN) { $0.immediate = 0x40 }
          == .expected(13, expected, .v86EntryNotToRing0))
    }
  }

  @Test func sensitiveInstructionsOfVirtual8086NeedIOPL3() {
    for handler in [Handler.intN, .interruptReturn, .pushf, .popf, .cli, .sti] {
      let bench = ProtectionBench()
      bench.enterVirtual8086(iopl: 2)
      #expect(bench.execute(handler) == .expected(13, 0, .v86WithoutIOPL3))
      let other = ProtectionBench()
      other.enterVirtual8086(iopl: 3)
      other.gate(0, .gate(Slot.code0, 0, access: 0xEE))
      #expect(other.execute(handler) { $0.flags = .operand16 } == nil)
    }
    let bench = ProtectionBench()
    bench.enterVirtual8086(iopl: 0)
    bench.gate(3, .gate(Slot.code0, 0, access: 0xEE))
    #expect(bench.execute(.int3) == nil)
  }

  @Test func iretWithinVirtual8086KeepsIOPL() {
    let bench = ProtectionBench()
    bench.enterVirtual8086(iopl: 3)
    bench.prepareStack([0x2345_0678, 0x0000_0000])
    #expect(bench.execute(.interruptReturn) { $0.flags = .operand16 } == nil)
    #expect(bench.selector(SegmentRegister.cs) == 0x2345 && bench.cpu.nextEIP == 0x678)
    #expect(bench.cpu.eflags.rawValue == 0x2_3002)
    #expect(bench.cpu[.esp] == 0x1006)
  }

  // MARK: Real mode

  @Test func realModeInterruptAndReturn() {
    let bench = ProtectionBench()
    bench.enterRealMode()
    bench.cpu.eflags = EFLAGS(rawValue: 0x302)
    bench.store(0x21 * 4, UInt32(0x4000_0123))
    #expect(bench.execute(.intN) { $0.immediate = 0x21 } == nil)
    #expect(bench.selector(SegmentRegister.cs) == 0x4000 && bench.cpu.nextEIP == 0x123)
    #expect(bench.stack16(3) == [0x102, 0x1000, 0x302])
    #expect(bench.cpu.eflags.rawValue == 2)
    #expect(bench.execute(.interruptReturn) { $0.flags = .operand16 } == nil)
    #expect(bench.selector(SegmentRegister.cs) == 0x1000 && bench.cpu.nextEIP == 0x102)
    #expect(bench.cpu.eflags.rawValue == 0x302)
  }

  @Test func realModeFaultPushesNoErrorCodeAndAStackOfOneByteShutsDown() {
    let bench = ProtectionBench()
    bench.enterRealMode()
    bench.store(13 * 4, UInt32(0x4000_0123))
    bench.cpu.deliverFault(bad)
    #expect(bench.cpu.eip == 0x123)
    #expect(bench.stack16(3) == [0x100, 0x1000, 2])
    let other = ProtectionBench()
    other.enterRealMode()
    other.cpu[.esp] = 1
    other.cpu.deliverFault(bad)
    #expect(other.isShutDown)
  }

  /// The vector is read when the frame is on the stack (SDM 2A, INT n), which may lie over it.
  @Test func realModeReadsTheVectorAfterThePushes() {
    let bench = ProtectionBench()
    bench.enterRealMode()
    bench.cpu.loadUnprotected(SegmentRegister.ss, selector: 0)
    bench.cpu[.esp] = 13 * 4 + 8
    bench.store(13 * 4, UInt32(0x4000_0123))
    bench.cpu.deliverFault(bad)
    // IP 100h has gone where the vector's selector was.
    #expect(bench.cpu.segment(SegmentRegister.cs).selector == 0x100)
    #expect(bench.cpu.eip == 0x123)
  }
}
