import Testing

@testable import X86

/// Protection as programs meet it: through the decoder and the run loop.
@Suite struct ProtectionRunTests {
  private func bench(ring: UInt8 = 0, _ bytes: [UInt8]) -> ProtectionBench {
    let bench = ProtectionBench(ring: ring)
    for (position, byte) in bytes.enumerated() {
      bench.store(ProtectionBench.start + UInt32(position), byte)
    }
    return bench
  }

  /// Runs for so many ticks; the last way out of `run`.
  @discardableResult
  private func run(_ bench: ProtectionBench, _ ticks: UInt64) -> RunExit {
    let target = bench.cpu.ticks + ticks
    var exit = RunExit.budget
    while bench.cpu.ticks < target {
      exit = bench.cpu.run(until: target)
      if exit == .halted || exit == .shutdown { break }
    }
    return exit
  }

  private func handler(_ vector: UInt32) -> UInt32 { ProtectionBench.handler + vector * 16 }

  @Test func interruptsWaitForTheInstructionAfterSTI() {
    // sti; nop; nop
    let bench = bench([0xFB, 0x90, 0x90])
    bench.cpu.interruptRequested = true
    run(bench, 2)
    #expect(bench.cpu.eip == 0x1_0002)
    run(bench, 1)
    #expect(bench.cpu.eip == handler(0x20))
    #expect(bench.stack(1) == [0x1_0002])
  }

  @Test(arguments: [[0xFB], [0xFA], [0xFD], [0x90]] as [[UInt8]])
  func resumeFlagLastsForOneInstruction(code: [UInt8]) {
    // sti, cli, std or nop
    let bench = bench(code)
    bench.cpu.eflags = [.alwaysSet, .resume]
    run(bench, 1)
    #expect(!bench.cpu.eflags.contains(.resume))
  }

  @Test func interruptsAndTrapsWaitForTheInstructionAfterMovSS() {
    // mov ss, ax; nop; nop
    let bench = bench([0x8E, 0xD0, 0x90, 0x90])
    bench.cpu[.eax] = UInt32(Slot.data0)
    bench.cpu.setSystemFlags([.interrupt, .trap])
    run(bench, 1)
    bench.cpu.interruptRequested = true
    bench.cpu.nonMaskableRequested = true
    #expect(bench.cpu.eip == 0x1_0002)
    run(bench, 1)
    #expect(bench.cpu.eip == 0x1_0003)
    run(bench, 1)
    #expect(bench.cpu.eip == handler(1))
    #expect(bench.stack(1) == [0x1_0003])
    #expect(bench.cpu.debugRegisters[6] & 1 << 14 != 0)
  }

  @Test func trapFlagSetByPopfTrapsAfterTheNextInstruction() {
    // push 102h; popf; nop; nop
    let bench = bench([0x68, 0x02, 0x01, 0, 0, 0x9D, 0x90, 0x90])
    run(bench, 3)
    #expect(bench.cpu.eip == 0x1_0007)
    run(bench, 1)
    #expect(bench.cpu.eip == handler(1))
    #expect(bench.stack(3) == [0x1_0007, 8, 0x102])
  }

  @Test func executionBreakpointIsAFaultAndRFLetsItPassOnce() {
    // nop; jmp $-1
    let bench = bench([0x90, 0xEB, 0xFD])
    bench.cpu.debugRegisters[0] = ProtectionBench.start
    bench.cpu.debugRegisters[7] = 0x402
    run(bench, 1)
    #expect(bench.cpu.eip == handler(1))
    #expect(bench.stack(3) == [0x1_0000, 8, 2])
    #expect(bench.cpu.debugRegisters[6] & 0xF == 1)
    bench.cpu.eip = ProtectionBench.start
    bench.cpu.setSystemFlags(.resume)
    run(bench, 2)
    #expect(bench.cpu.eip == 0x1_0000)
    #expect(!bench.cpu.eflags.contains(.resume))
    run(bench, 1)
    #expect(bench.cpu.eip == handler(1))
  }

  @Test func executionBreakpointBehindMovSSIsPassedOver() {
    // mov ss, ax; nop; nop
    let bench = bench([0x8E, 0xD0, 0x90, 0x90])
    bench.cpu[.eax] = UInt32(Slot.data0)
    bench.cpu.debugRegisters[0] = 0x1_0002
    bench.cpu.debugRegisters[1] = 0x1_0003
    bench.cpu.debugRegisters[7] = 0x40A
    run(bench, 2)
    #expect(bench.cpu.eip == 0x1_0003)
    run(bench, 1)
    #expect(bench.cpu.eip == handler(1))
    #expect(bench.cpu.debugRegisters[6] & 0xF == 2)
  }

  @Test func dataBreakpointTrapsAfterTheWrite() {
    // mov eax, [7000h]; mov [7002h], al; nop
    let bench = bench([0xA1, 0, 0x70, 0, 0, 0xA2, 2, 0x70, 0, 0, 0x90])
    bench.cpu.debugRegisters[1] = 0x7000
    // DR1: four bytes, writes.
    bench.cpu.debugRegisters[7] = 0x00D0_0408
    bench.cpu.tlb.withdrawAll()
    run(bench, 3)
    #expect(bench.cpu.eip == handler(1))
    #expect(bench.stack(1) == [0x1_000A])
    #expect(bench.cpu.debugRegisters[6] & 0xF == 2)
  }

  @Test func portBreakpointTrapsAfterTheAccessWithDebuggingExtensions() {
    // in al, 41h; out 42h, ax; nop
    for (controls, ticks): (CR4, UInt64) in [(.debuggingExtensions, 3), ([], 3)] {
      let bench = bench([0xE4, 0x41, 0x66, 0xE7, 0x42, 0x90])
      bench.cpu.cr4 = controls
      bench.cpu.debugRegisters[2] = 0x43
      // DR2: one byte, ports.
      bench.cpu.debugRegisters[7] = 0x0200_0420
      run(bench, ticks)
      let isTaken = controls.contains(.debuggingExtensions)
      #expect(bench.cpu.eip == (isTaken ? handler(1) : 0x1_0006))
      #expect(bench.cpu.debugRegisters[6] & 0xF == (isTaken ? 4 : 0))
      if isTaken { #expect(bench.stack(1) == [0x1_0005]) }
    }
  }

  @Test func aClosedA20GateFoldsDataTablesAndCode() {
    // mov eax, [10_7000h]; jmp 11_0000h
    let bench = bench([0xA1, 0, 0x70, 0x10, 0, 0xE9, 0xF6, 0xFF, 0x0F, 0])
    bench.store(0x7000, UInt32(0x1111))
    bench.store(0x10_7000, UInt32(0x2222))
    // At 1_0000h the same instructions, at 11_0000h HLT.
    bench.store(0x11_0000, UInt8(0xF4))
    bench.cpu.setA20(false)
    run(bench, 2)
    #expect(bench.cpu[.eax] == 0x1111 && bench.cpu.eip == 0x11_0000)
    run(bench, 1)
    #expect(!bench.cpu.isHalted && bench.cpu.eip == 0x11_0005)
    bench.cpu.setA20(true)
    bench.cpu.eip = 0x11_0000
    run(bench, 1)
    #expect(bench.cpu.isHalted == true)
    // The page directory lies at 10_0000h: with the gate closed the walk finds that at 0.
    let paged = ProtectionBench()
    paged.enablePaging()
    paged.cpu.setA20(false)
    #expect(
      paged.fault { (cpu: inout CPU) throws(Interruption) in
        _ = try cpu.read(SegmentRegister.ds, 0x7000, as: UInt32.self)
      }?.cause == .pageDirectoryNotPresent)
  }

  @Test func pageFaultFromRing3() {
    // mov [4_0000h], eax
    let bench = bench(ring: 3, [0xA3, 0, 0, 4, 0])
    bench.enablePaging()
    for (flags, code): (UInt32, UInt32) in [(0, 6), (3, 7), (5, 7)] {
      bench.setPage(0x4_0000, flags)
      bench.enter(3)
      run(bench, 1)
      #expect(bench.cpu.eip == handler(14) && bench.cpu.cr2 == 0x4_0000)
      #expect(bench.stack(3) == [code, 0x1_0000, 0x2B])
    }
  }

  @Test func haltInRing3IsAGeneralProtectionFault() {
    let bench = bench(ring: 3, [0xF4])
    run(bench, 1)
    #expect(bench.cpu.eip == handler(13) && bench.cpu.cpl == 0)
    #expect(bench.last?.cause == .cplNotZero && bench.last?.bytes == 0xF4)
    #expect(bench.cpu.ticks == 1)
  }

  @Test func systemCallAndReturn() {
    // int 80h; nop / iret
    let bench = bench(ring: 3, [0xCD, 0x80, 0x90])
    bench.gate(0x80, .gate(Slot.code0, handler(0x80), access: 0xEE))
    bench.store(handler(0x80), UInt8(0xCF))
    run(bench, 3)
    #expect(bench.cpu.eip == 0x1_0003 && bench.cpu.cpl == 3)
    #expect(bench.cpu.log.total(of: .softwareInterrupt) == 1)
    #expect(bench.cpu.log.total(of: .interruptReturn) == 1)
  }

  @Test func callGateAndReturn() {
    // push 7; call 63:0; nop / retf 4
    let bench = bench(ring: 3, [0x6A, 7, 0x9A, 0, 0, 0, 0, 0x63, 0, 0x90])
    bench.define(Slot.free, .gate(Slot.code0, handler(0), access: 0xEC, count: 1))
    bench.store(handler(0), UInt32(0x04CA))
    run(bench, 4)
    #expect(bench.cpu.eip == 0x1_000A && bench.cpu.cpl == 3)
    #expect(bench.cpu[.esp] == 0x3_0000)
    #expect(bench.cpu.log.total(of: .farTransfer) == 2)
  }

  @Test func faultInTheNewTaskIsPushedWithItsEIP() {
    // jmp 50:0
    let bench = bench([0xEA, 0, 0, 0, 0, 0x50, 0])
    let base = ProtectionBench.otherTask
    for (offset, value): (UInt32, UInt32) in [
      (0x20, 0x5678), (0x24, 2), (0x38, 0x4_0000), (0x4C, 8), (0x50, 0x10), (0x54, 0x80),
    ] {
      bench.store(base + offset, value)
    }
    run(bench, 2)
    #expect(bench.cpu.eip == handler(10))
    #expect(bench.stack(3) == [0x80, 0x5678, 8])
    #expect(bench.last?.vector == 10 && bench.last?.eip == 0x5678)
  }

  @Test func debugTrapOfATaskComesBeforeItsFirstInstruction() {
    // jmp 50:0
    let bench = bench([0xEA, 0, 0, 0, 0, 0x50, 0])
    let base = ProtectionBench.otherTask
    for (offset, value): (UInt32, UInt32) in [
      (0x20, 0x5678), (0x24, 2), (0x38, 0x4_0000), (0x4C, 8), (0x50, 0x10), (0x64, 1),
    ] {
      bench.store(base + offset, value)
    }
    run(bench, 2)
    #expect(bench.cpu.eip == handler(1))
    #expect(bench.stack(2) == [0x5678, 8])
    #expect(bench.cpu.debugRegisters[6] & 1 << 15 != 0)
  }

  @Test func tripleFaultEndsTheRun() {
    let bench = bench([0x0F, 0x0B])
    bench.cpu.idtLimit = 0
    #expect(run(bench, 10) == .shutdown)
    #expect(bench.cpu.log.total(of: .shutdown) == 1)
  }

  @Test func virtual8086SystemCallGoesToRing0() {
    let bench = ProtectionBench()
    bench.enterVirtual8086(iopl: 0)
    // int 21h
    bench.store(0x1_0100, UInt16(0x21CD))
    run(bench, 1)
    #expect(bench.cpu.eip == handler(13) && bench.cpu.cpl == 0)
    #expect(bench.stack(3) == [0, 0x100, 0x1000])
    #expect(bench.last?.cause == .v86WithoutIOPL3)
  }

  @Test func protectedModeAndBack() {
    let bench = ProtectionBench()
    bench.enterRealMode()
    // mov eax, cr0; or al, 1; mov cr0, eax; jmp 8:18000h (32-bit offset)
    let bytes: [UInt8] = [
      0x0F, 0x20, 0xC0, 0x0C, 0x01, 0x0F, 0x22, 0xC0, 0x66, 0xEA, 0, 0x80, 1, 0, 8, 0,
    ]
    for (position, byte) in bytes.enumerated() { bench.store(0x1_0100 + UInt32(position), byte) }
    run(bench, 4)
    #expect(bench.cpu.eip == ProtectionBench.handler)
    #expect(bench.selector(SegmentRegister.cs) == 8 && bench.cpu.segment(1).isBig)
    // and al, FEh; mov cr0, eax
    for (position, byte) in [0x24, 0xFE, 0x0F, 0x22, 0xC0].enumerated() {
      bench.store(ProtectionBench.handler + UInt32(position), UInt8(byte))
    }
    run(bench, 2)
    #expect(bench.cpu.cr0.rawValue == 0x10 && bench.cpu.eip == ProtectionBench.handler + 5)
    #expect(bench.cpu.log.total(of: .controlRegisterWrite) == 2)
  }
}
