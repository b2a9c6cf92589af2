import Testing
import X86

@testable import Narration

/// Why things happen, in the manual's terms.
@Suite struct ExplanationTests {
  /// CLI in ring 3, as the core writes it down.
  private func cli() -> Transition {
    var fault = Transition(kind: .fault)
    fault.vector = Vector.generalProtection
    fault.cause = .cplAboveIOPL
    fault.marks = [.errorCode, .is32Bit, .delivered, .stackSwitched]
    (fault.bytes, fault.byteCount) = (0xFA, 1)
    (fault.fromCPL, fault.toCPL) = (3, 0)
    (fault.cs, fault.eip, fault.ss, fault.esp) = (0x1B, 0x4000_01EC, 0x23, 0xBFFF_F000)
    (fault.toCS, fault.toEIP, fault.toSS, fault.toESP) = (8, 0x10_2030, 0x10, 0x11_FFE8)
    (fault.gate, fault.flags) = (0x8E, 0x246)
    return fault
  }

  @Test func aFaultSaysItsCheckItsGateItsStackAndItsFrame() {
    let why = Explanation(cli())
    #expect(
      why.sentence
        == "cli at CPL 3 with IOPL 0: #GP(0), because CPL > IOPL (SDM 3A 6.8.1)")
    #expect(
      why.steps == [
        "Gate 0Dh of the IDT: 32-bit interrupt gate, DPL 0, which only INT n has to respect; "
          + "to 0008:00102030, IF is cleared.",
        "CS 0008 is of ring 0, further in than 3: SS0:ESP0 = 0010:00120000 from the TSS.",
        "Pushed, at 0010:0011FFE8: +0 error code 00000000, +4 EIP 400001EC, +8 CS 001B, "
          + "+C EFLAGS 00000246, +10 ESP BFFFF000, +14 SS 0023.",
      ])
  }

  @Test func portsAreAMatterOfAnotherChapter() {
    var fault = cli()
    fault.bytes = 0xEC
    #expect(Explanation(fault).section == "SDM 1 18.5.1")
    fault.cause = .ioPermissionBitmap
    #expect(Explanation(fault).section == "SDM 1 18.5.2")
  }

  @Test func aSystemCallSaysWhyTheGateLetItPass() {
    var call = cli()
    call.kind = .softwareInterrupt
    (call.vector, call.cause, call.gate, call.toESP) = (0x80, .softwareInterrupt, 0xEF, 0x11_FFEC)
    (call.bytes, call.byteCount, call.marks) = (0x80CD, 2, [.is32Bit, .delivered, .stackSwitched])
    let why = Explanation(call)
    #expect(why.sentence.contains("DPL 3 of the gate is not below CPL 3"))
    #expect(why.steps[0].contains("DPL 3 >= CPL 3") && why.steps[0].contains("IF stays"))
    #expect(why.steps[1].contains("0010:00120000"))
    #expect(why.steps[2].contains("+0 EIP 400001EE"), "the next instruction")
  }

  @Test func aPageFaultSaysWhichEntryRefused() {
    var fault = cli()
    (fault.vector, fault.cause, fault.code) = (14, .pageReadOnly, 7)
    (fault.info, fault.detail) = (0x804_8123, 0x10_1067 << 32 | 0x5_0065)
    let why = Explanation(fault)
    #expect(why.sentence.contains("user write to 08048123") && why.section == "SDM 3A 4.6")
    #expect(why.steps.contains { $0.contains("table entry 00050065: read-only, user") })
  }

  @Test func aSegmentThatRefusesAnOperandIsNamed() {
    var fault = cli()
    (fault.cause, fault.info) = (.limitExceeded, UInt64(3) << 32 | 0xFFE)
    fault.detail = UInt64(0x33) << 32 | 0xFFF
    #expect(
      Explanation(fault).sentence.contains(
        "the operand at DS:00000FFE lies outside the segment 0033, whose limit is 00000FFF"))
  }

  @Test func aSilentIRETIsTold() {
    var back = Transition(kind: .interruptReturn)
    (back.fromCPL, back.toCPL, back.flags, back.info) = (1, 1, 0x202, 0x2)
    #expect(
      Explanation(back).steps.last
        == "The image's IF is 0, but CPL 1 > IOPL 0: IF stays, and nothing tells.")
  }

  @Test func aDoubleFaultNamesTheSecond() {
    var fault = cli()
    (fault.vector, fault.cause) = (8, .faultDuringDelivery)
    fault.info = UInt64(Cause.gateNotPresent.rawValue) << 8 | 11
    fault.detail = 0x6B
    #expect(Explanation(fault).sentence.contains("#NP(6Bh) came while another fault"))
  }

  @Test(arguments: Cause.allCases) func everyCauseHasASentenceAndASection(cause: Cause) {
    #expect(cause.sentence.hasSuffix(".") && cause.sentence != "the processor gave no reason.")
    #expect(cause.sentence.count < 100)
    #expect(Cause.sections[cause] != nil)
    var fault = cli()
    fault.cause = cause
    for vector in [0, 6, 8, 10, 11, 12, 13, 14] as [UInt8] {
      for code in [0, 0x10, 0x6B, 0x402] as [UInt32] {
        (fault.vector, fault.code) = (vector, code)
        (fault.info, fault.detail) = (.max, .max)
        let why = Explanation(fault)
        #expect(why.sentence.contains("#") && why.sentence.hasSuffix("(\(why.section))"))
        #expect(why.steps.allSatisfy { $0.hasSuffix(".") })
      }
    }
  }

  @Test(arguments: TransitionKind.allCases) func everyKindHasWordsAndASection(kind: TransitionKind)
  {
    let event = Transition(kind: kind)
    let words = EventWords(event)
    #expect(!words.text.isEmpty && words.text.count <= 40 && words.why.hasSuffix("."))
    #expect(kind.section.contains(" "))
    let why = Explanation(event)
    #expect(!why.sentence.isEmpty && why.sentence.hasSuffix("(\(why.section))"))
  }
}
