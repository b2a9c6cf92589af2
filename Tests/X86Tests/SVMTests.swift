import Testing

@testable import X86

/// AMD's Secure Virtual Machine, as far as no image can try it: pins, address spaces, the memory
/// that both worlds share. What guests do is in MachineTests/SVMTests.swift.
@Suite struct SVMTests {
  private static let vmcb: UInt32 = 0x10_0000
  private static let hostSave: UInt32 = 0x10_1000
  private static let guestCode: UInt32 = 0x2_8000

  /// A host about to execute VMRUN at `ProtectionBench.start`, for a flat guest at `guestCode`.
  private func bench(_ code: [UInt8], controls: UInt32 = 0) -> ProtectionBench {
    let bench = ProtectionBench(profile: .amdSVM)
    bench.cpu.msrs.efer = ExtendedFeatures.virtualMachines
    bench.cpu.svm.hostSaveArea = UInt64(Self.hostSave)
    bench.cpu[.eax] = Self.vmcb
    // vmrun; hlt
    for (offset, byte) in [0x0F, 0x01, 0xD8, 0xF4].enumerated() {
      bench.store(ProtectionBench.start + UInt32(offset), UInt8(byte))
    }
    for (offset, byte) in code.enumerated() {
      bench.store(Self.guestCode + UInt32(offset), byte)
    }
    set(bench, .interceptControls, controls)
    set(bench, .interceptInstructions, 3)
    set(bench, .guestASID, 1)
    for (index, attributes) in [(0, 0xC93), (1, 0xC9B), (2, 0xC93), (3, 0xC93)] {
      let place = Self.vmcb + UInt32(VMCBField.segment(index))
      bench.store(place, UInt32(attributes) << 16 | (index == 1 ? 8 : 0x10))
      bench.store(place + 4, UInt32.max)
    }
    set(bench, .gdtrBase, ProtectionBench.gdt)
    set(bench, .gdtrLimit, 0x7F)
    set(bench, .idtrBase, ProtectionBench.idt)
    set(bench, .idtrLimit, 0x7FF)
    set(bench, .efer, UInt32(ExtendedFeatures.virtualMachines))
    set(bench, .cr0, 0x31)
    set(bench, .rflags, 2)
    set(bench, .rip, Self.guestCode)
    set(bench, .rsp, 0x3_8000)
    return bench
  }

  private func set(_ bench: ProtectionBench, _ field: VMCBField, _ value: UInt32) {
    switch field.width {
    case 1: bench.store(Self.vmcb + UInt32(field.rawValue), UInt8(value))
    case 4: bench.store(Self.vmcb + UInt32(field.rawValue), value)
    default: bench.store(Self.vmcb + UInt32(field.rawValue), UInt64(value))
    }
  }

  private func field(_ bench: ProtectionBench, _ field: VMCBField) -> UInt32 {
    bench.word(Self.vmcb + UInt32(field.rawValue))
  }

  private let hlt: [UInt8] = [0xF4]

  /// Runs on where the processor comes back to have its surroundings looked at.
  @discardableResult
  private func run(_ bench: ProtectionBench, until tick: UInt64) -> RunExit {
    while true {
      let exit = bench.cpu.run(until: tick)
      if exit != .attention { return exit }
    }
  }

  // MARK: Pins

  @Test func interceptedNMIWaitsForTheHost() {
    let bench = bench(hlt, controls: 1 << 1)
    bench.cpu.nonMaskableRequested = true
    run(bench, until: 1)
    #expect(bench.cpu.eip == ProtectionBench.handler + 2 * 16, "the host took it before VMRUN")

    let second = self.bench(hlt, controls: 1 << 1)
    run(second, until: 1)
    second.cpu.nonMaskableRequested = true
    run(second, until: 2)
    #expect(field(second, .exitCode) == 0x61)
    #expect(second.cpu.nonMaskableRequested && !second.cpu.svm.globalInterruptFlag)
    #expect(run(second, until: 100) == .halted, "GIF holds it back")
    second.cpu.svm.globalInterruptFlag = true
    run(second, until: second.cpu.ticks + 1)
    #expect(second.cpu.eip == ProtectionBench.handler + 2 * 16)
  }

  @Test func nmiWithoutTheInterceptGoesToTheGuest() {
    let bench = bench([0x90, 0x90])
    run(bench, until: 1)
    bench.cpu.nonMaskableRequested = true
    run(bench, until: 2)
    #expect(bench.cpu.svm.isGuest && bench.cpu.eip == ProtectionBench.handler + 2 * 16)
  }

  @Test func frozenNumericErrorLeavesTheGuest() {
    // fninit; fldcw [40000h]; fld1; fldz; fdivp; fwait
    let bench = bench(
      [0xDB, 0xE3, 0xD9, 0x2D, 0, 0, 4, 0, 0xD9, 0xE8, 0xD9, 0xEE, 0xDE, 0xF9, 0x9B],
      controls: 1 << 30)
    bench.store(0x4_0000, UInt16(0x37B))
    set(bench, .cr0, 0x11)
    run(bench, until: 20)
    #expect(field(bench, .exitCode) == 0x7E && field(bench, .rip) == Self.guestCode + 14)
  }

  // MARK: What the part does not have

  /// SKINIT, RDTSCP, MONITOR, MWAIT, XSETBV: #UD comes before any intercept.
  @Test(arguments: [0xDE, 0xF9, 0xC8, 0xC9, 0xD1] as [UInt8])
  func absentInstructionsAreUndefined(last: UInt8) {
    let bench = bench([0x0F, 0x01, last])
    set(bench, .interceptInstructions, 0xFFFF)
    set(bench, .interceptExceptions, 1 << 6)
    run(bench, until: 2)
    #expect(field(bench, .exitCode) == 0x46)
  }

  /// VMRUN to INVLPGA without the extension.
  @Test(arguments: 0xD8...0xDF as ClosedRange<UInt8>)
  func otherProfilesHaveNoVirtualMachines(last: UInt8) {
    let bench = ProtectionBench()
    for (offset, byte) in [0x0F, 0x01, last].enumerated() {
      bench.store(ProtectionBench.start + UInt32(offset), byte)
    }
    run(bench, until: 1)
    #expect(bench.cpu.eip == ProtectionBench.handler + 6 * 16)
  }

  @Test func identifiesItself() {
    let bench = ProtectionBench(profile: .amdSVM)
    func leaf(_ number: UInt32) -> [UInt32] {
      bench.cpu[.eax] = number
      #expect(bench.execute(.cpuid) == nil)
      return [bench.cpu[.eax], bench.cpu[.ebx], bench.cpu[.ecx], bench.cpu[.edx]]
    }
    // AuthenticAMD in EBX, EDX, ECX.
    #expect(leaf(0) == [1, 0x6874_7541, 0x444D_4163, 0x6974_6E65])
    #expect(leaf(0x8000_0000)[0] == 0x8000_000A)
    let features = leaf(0x8000_0001)
    #expect(features[2] == 0x14, "SVM and CR8 by LOCK MOV CR0")
    #expect(features[3] & (1 << 29) == 0, "no long mode")
    #expect(leaf(0x8000_0008)[0] == 0x2024)
    #expect(leaf(0x8000_000A) == [1, 64, 0, 0x49], "nested paging, nRIP, flushes by ASID")
  }

  // MARK: Control registers of the extension

  @Test func disabledExtensionCannotBeEnabled() {
    let bench = ProtectionBench(profile: .amdSVM)
    func write(_ number: UInt32, _ value: UInt32) -> Interruption? {
      (bench.cpu[.ecx], bench.cpu[.eax], bench.cpu[.edx]) = (number, value, 0)
      return bench.execute(.wrmsr)
    }
    #expect(write(0xC001_0114, 0x18) == nil)
    #expect(write(0xC000_0080, 0x1000) == .generalProtection(0, .reservedMSRBits))
    #expect(write(0xC001_0114, 0) == nil && bench.cpu.svm.control == 0x18, "locked")
    bench.cpu.reset()
    #expect(write(0xC000_0080, 0x1000) == nil)
  }

  @Test func vmrunNeedsAPlaceForTheHost() {
    let bench = bench(hlt)
    bench.cpu.svm.hostSaveArea = 0
    #expect(bench.execute(.vmrun) == .generalProtection(0, .hostSaveAreaMissing))
  }

  @Test func virtualMachinesNeedProtectedMode() {
    let bench = bench(hlt)
    bench.enterRealMode()
    for handler in [Handler.vmrun, .vmload, .vmsave, .stgi, .clgi, .invlpga] {
      #expect(bench.execute(handler) == .invalidOpcode(.notInRealMode))
    }
    #expect(bench.execute(.vmmcall) == .invalidOpcode(.hypercallNotIntercepted))
  }

  // MARK: One essential byte

  @Test func theHostComesBackToWhatIsInItsSaveArea() {
    let bench = bench(hlt, controls: 1 << 24)
    run(bench, until: 1)
    bench.store(Self.hostSave + UInt32(VMCBField.rip.rawValue), UInt32(0x2_9000))
    run(bench, until: 2)
    #expect(bench.cpu.eip == 0x2_9000)
  }

  @Test func aClearedInterceptBitLetsItsInstructionEscape() {
    for (controls, code) in [(UInt32(1 << 24), UInt32(0x78)), (0, 0x81)] {
      // hlt, woken by an interrupt that no intercept stops; vmmcall behind it.
      let bench = bench([0xF4, 0x0F, 0x01, 0xD9], controls: controls)
      run(bench, until: 3)
      bench.cpu.isHalted = false
      run(bench, until: 4)
      #expect(field(bench, .exitCode) == code)
    }
  }

  // MARK: Address spaces

  @Test(arguments: [
    (asid: UInt32(1), flush: UInt32(0), seen: UInt32(0x1111)), (1, 1, 0x2222), (1, 3, 0x2222),
    (1, 7, 0x2222), (2, 0, 0x2222),
  ])
  func translationsBelongToAnASID(asid: UInt32, flush: UInt32, seen: UInt32) {
    let bench = pagedGuest()
    run(bench, until: 3)
    #expect(field(bench, .rax) == 0x1111)
    // Another page; the guest executes no INVLPG.
    bench.store(0x20_1000, UInt32(0x4_1007))
    set(bench, .guestASID, asid)
    set(bench, .tlbControl, flush)
    enterAgain(bench)
    #expect(field(bench, .rax) == seen)
  }

  @Test(arguments: [(asid: UInt32(1), seen: UInt32(0x2222)), (2, 0x1111)])
  func invlpgaForgetsAPageOfItsASID(asid: UInt32, seen: UInt32) {
    let bench = pagedGuest()
    run(bench, until: 3)
    bench.store(0x20_1000, UInt32(0x4_1007))
    (bench.cpu[.eax], bench.cpu[.ecx]) = (0x40_0000, asid)
    #expect(bench.execute(.invlpga) == nil)
    enterAgain(bench)
    #expect(field(bench, .rax) == seen)
  }

  /// A guest with page tables at 20_0000h that reads 40_0000h, mapped to 4_0000h, and leaves.
  private func pagedGuest() -> ProtectionBench {
    // mov eax, [400000h]; vmmcall
    let bench = bench([0xA1, 0, 0, 0x40, 0, 0x0F, 0x01, 0xD9])
    bench.store(0x20_0000, UInt32(0x87))
    bench.store(0x20_0004, UInt32(0x20_1007))
    bench.store(0x20_1000, UInt32(0x4_0007))
    bench.store(0x4_0000, UInt32(0x1111))
    bench.store(0x4_1000, UInt32(0x2222))
    set(bench, .cr0, 0x8000_0031)
    set(bench, .cr3, 0x20_0000)
    set(bench, .cr4, 0x10)
    return bench
  }

  private func enterAgain(_ bench: ProtectionBench) {
    set(bench, .rip, Self.guestCode)
    bench.cpu[.eax] = Self.vmcb
    bench.cpu.eip = ProtectionBench.start
    run(bench, until: bench.cpu.ticks + 3)
  }

  // MARK: The layout

  @Test func fieldsDoNotOverlap() {
    let fields = VMCBField.allCases.sorted { $0.rawValue < $1.rawValue }
    for (field, next) in zip(fields, fields.dropFirst()) {
      #expect(field.rawValue + field.width <= next.rawValue, "\(field.name)")
    }
    #expect(VMCBField.csBase.name == "CS.base" && VMCBField.rip.name == "RIP")
    #expect(VMCBField.csLimit.width == 4 && VMCBField.csBase.width == 8)
  }
}
