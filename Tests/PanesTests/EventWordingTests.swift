import Testing
import X86

@testable import Panes

/// Transitions in words.
@Suite struct EventWordingTests {
  @Test(arguments: TransitionKind.allCases) func everyKindHasWords(kind: TransitionKind) {
    let event = MachineView.Event(Transition(kind: kind))
    #expect(!event.text.isEmpty && event.text.count <= 40)
    #expect(event.why.hasSuffix("."))
    #expect(event.sequence == 0)
  }

  @Test func faultsNameTheirInstruction() {
    var fault = Transition(kind: .fault)
    fault.vector = Vector.generalProtection
    fault.hasErrorCode = true
    fault.cause = .cplAboveIOPL
    fault.bytes = 0xFA
    fault.byteCount = 1
    fault.fromCPL = 3
    let event = MachineView.Event(fault)
    #expect(event.text == "#GP(0) cli" && event.kind == .fault)
    #expect(event.why == "General protection: this instruction needs CPL <= IOPL.")
    #expect(event.from == 3 && event.to == 0)
  }

  @Test func bytesAreReadByTheDBitOfTheirCode() {
    var fault = Transition(kind: .fault)
    fault.vector = Vector.pageFault
    fault.hasErrorCode = true
    fault.code = 6
    fault.info = 0x8048000
    fault.bytes = 0x0789
    fault.byteCount = 2
    fault.is32Bit = true
    #expect(MachineView.Event(fault).text == "#PF(6) at 08048000 mov [edi],eax")
    fault.is32Bit = false
    #expect(MachineView.Event(fault).text == "#PF(6) at 08048000 mov [bx],ax")
  }

  @Test func theSpeakerHasItsTone() {
    var sound = Transition(kind: .speaker)
    #expect(MachineView.Event(sound).text == "speaker off")
    (sound.info, sound.detail) = (0x4A9, 1000)
    #expect(MachineView.Event(sound).text == "speaker 1000 Hz")
  }

  @Test func callsAndReturnsSayWhere() {
    var call = Transition(kind: .softwareInterrupt)
    call.vector = 0x80
    call.info = 20
    call.cause = .softwareInterrupt
    #expect(MachineView.Event(call).text == "INT 80h eax=14h")
    var back = Transition(kind: .interruptReturn)
    back.toCS = 0x1B
    back.toEIP = 0x4000_0000
    back.toCPL = 3
    let event = MachineView.Event(back)
    #expect(event.text == "IRET to 001B:40000000" && event.kind == .back && event.to == 3)
  }
}
