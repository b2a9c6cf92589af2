import Testing

@testable import X86

/// The x87 state as a whole: traps, pending exceptions, state images, pointers.
struct FPUStateTests {
  private static let one = Extended.one
  private static func word(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32($1 * 8) }
  }
  private static func half(_ bytes: [UInt8], _ offset: Int) -> UInt16 {
    UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8
  }

  // MARK: Reset and traps

  @Test func resetUnmasksEverythingAndTagsZeros() {
    var machine = FPUMachine()
    machine.cpu.reset()
    #expect(machine.cpu.fpu.control == 0x0040)
    #expect(machine.cpu.fpu.statusWord == 0)
    #expect(machine.cpu.fpu.tagWord == 0x5555)
    machine.cpu.fpu.initialize()
    #expect(machine.cpu.fpu.control == 0x037F)
    #expect(machine.cpu.fpu.tagWord == 0xFFFF)
  }

  /// FADD, FNSTSW AX and FNINIT alike; FXSAVE too.
  @Test(arguments: [0xD8C1, 0xDFE0, 0xDBE3, 0xD903] as [UInt32])
  func emulationAndTaskSwitchTrap(opcode: UInt32) {
    var machine = FPUMachine()
    machine.cpu.cr0.insert(.taskSwitched)
    #expect(machine.execute(opcode)?.cause == .taskSwitched)
    machine.cpu.cr0.insert(.emulation)
    let fault = machine.execute(opcode)
    #expect(fault?.vector == Vector.deviceNotAvailable)
    #expect(fault?.cause == .coprocessorEmulated)
    #expect(machine.executeImage(.fxsave)?.vector == Vector.deviceNotAvailable)
    #expect(machine.executeImage(.fxrstor)?.vector == Vector.deviceNotAvailable)
  }

  @Test func waitTrapsOnlyWithMonitorCoprocessor() {
    var machine = FPUMachine()
    machine.cpu.cr0.formUnion([.taskSwitched, .emulation])
    #expect(machine.execute(Instruction(handler: .fwait)) == nil)
    machine.cpu.cr0.insert(.monitorCoprocessor)
    #expect(machine.execute(Instruction(handler: .fwait))?.cause == .taskSwitched)
    machine.cpu.cr0.remove(.taskSwitched)
    #expect(machine.execute(Instruction(handler: .fwait)) == nil)
  }

  // MARK: Pending exceptions

  /// 1/0 with ZE unmasked.
  private func machineWithPendingZeroDivide(numericError: Bool = true) -> FPUMachine {
    var machine = FPUMachine()
    if !numericError { machine.cpu.cr0.remove(.numericError) }
    machine.cpu.fpu.setControl(0x037B)
    #expect(machine.execute(0xD9E8) == nil)
    #expect(machine.execute(0xD9EE) == nil)
    #expect(machine.execute(0xDEF9) == nil)
    #expect(machine.cpu.fpu.statusWord == 0xB084)
    #expect(machine.cpu.fpu[1] == .one)
    return machine
  }

  @Test func pendingExceptionFaultsAtTheNextWaitingInstruction() {
    var machine = machineWithPendingZeroDivide()
    #expect(machine.cpu.floatingPointError == false)
    for opcode in [0xD9E8, 0xD8C1, 0xD903, 0xD92B, 0xD923, 0xDD23] as [UInt32] {
      let fault = machine.execute(opcode)
      #expect(fault?.vector == Vector.floatingPoint)
      #expect(fault?.cause == .floatingPointPending)
      #expect(fault?.hasErrorCode == false)
    }
    #expect(machine.execute(Instruction(handler: .fwait))?.vector == Vector.floatingPoint)
    // FNSTSW, FNSTCW, FNSTENV do not wait; the last masks everything.
    #expect(machine.execute(0xDFE0) == nil)
    #expect(machine.cpu[.eax] & 0xFFFF == 0xB084)
    #expect(machine.execute(0xD93B) == nil)
    #expect(machine.execute(0xD933) == nil)
    #expect(machine.cpu.fpu.statusWord == 0x3004)
    #expect(machine.execute(0xD9E8) == nil)
  }

  @Test func statesAreSavedWithAnExceptionPending() {
    var machine = machineWithPendingZeroDivide()
    #expect(machine.executeImage(.fxsave) == nil)
    #expect(Self.half(machine.bytes(4), 2) == 0xB084)
    #expect(machine.execute(0xDBE2) == nil)
    #expect(machine.cpu.fpu.statusWord == 0x3000)
    #expect(machine.executeImage(.fxrstor) == nil)
    #expect(machine.execute(0xD9E8)?.vector == Vector.floatingPoint)
  }

  @Test func withoutNumericErrorTheExceptionGoesToThePin() {
    var machine = machineWithPendingZeroDivide(numericError: false)
    #expect(machine.cpu.floatingPointError == true)
    #expect(machine.cpu.needsAttention == true)
    #expect(machine.execute(0xD9E8) == nil)
    #expect(machine.execute(Instruction(handler: .fwait)) == nil)
    #expect(machine.cpu.floatingPointError == true)
    #expect(machine.execute(0xDBE2) == nil)
    #expect(machine.cpu.floatingPointError == false)
  }

  @Test func unmaskingARaisedExceptionMakesItPending() {
    var machine = FPUMachine()
    machine.cpu.fpu.setStatusWord(0x0004)
    machine.setBytes([0x7B, 0x03])
    #expect(machine.execute(0xD92B) == nil)
    #expect(machine.cpu.fpu.statusWord == 0x8084)
  }

  // MARK: Pointers and environments

  /// FLD m32 at CS:1234, operand DS:2000.
  private func machineWithPointers(isProtected: Bool) -> FPUMachine {
    var machine = FPUMachine(isProtected: isProtected)
    machine.setBytes([0, 0, 0x80, 0x3F])
    #expect(machine.execute(0xD903, at: 0x1234) == nil)
    // Control instructions leave no trace.
    #expect(machine.execute(0xD93B, at: 0x1300) == nil)
    #expect(machine.execute(0xDFE0, at: 0x1300) == nil)
    return machine
  }

  @Test func protectedEnvironmentNamesSelectors() {
    var machine = machineWithPointers(isProtected: true)
    #expect(machine.execute(0xD933) == nil)
    let wide = machine.bytes(28)
    #expect(Self.word(wide, 0) == 0xFFFF_037F)
    #expect(Self.word(wide, 4) == 0xFFFF_3800)
    #expect(Self.word(wide, 8) == 0xFFFF_3FFF)
    #expect(Self.word(wide, 12) == 0x1234)
    #expect(Self.word(wide, 16) == 0x0103_0008)
    #expect(Self.word(wide, 20) == 0x2000)
    #expect(Self.word(wide, 24) == 0xFFFF_0010)
    #expect(machine.execute(0xD933, is16: true) == nil)
    let narrow = machine.bytes(14)
    #expect(Self.half(narrow, 6) == 0x1234)
    #expect(Self.half(narrow, 8) == 8)
    #expect(Self.half(narrow, 10) == 0x2000)
    #expect(Self.half(narrow, 12) == 0x10)
  }

  @Test func realEnvironmentNamesLinearAddressesAndTheOpcode() {
    var machine = machineWithPointers(isProtected: false)
    machine.cpu.fpu.codeSelector = 0x8765
    machine.cpu.fpu.dataSelector = 0x4321
    #expect(machine.execute(0xD933) == nil)
    let wide = machine.bytes(28)
    // 87650 + 1234 and 43210 + 2000
    #expect(Self.word(wide, 12) == 0xFFFF_8884)
    #expect(Self.word(wide, 16) == 0x0000_8103)
    #expect(Self.word(wide, 20) == 0xFFFF_5210)
    #expect(Self.word(wide, 24) == 0x0000_4000)
    #expect(machine.execute(0xD933, is16: true) == nil)
    let narrow = machine.bytes(14)
    #expect(Self.half(narrow, 0) == 0x037F)
    #expect(Self.half(narrow, 6) == 0x8884)
    #expect(Self.half(narrow, 8) == 0x8103)
    #expect(Self.half(narrow, 10) == 0x5210)
    #expect(Self.half(narrow, 12) == 0x4000)
  }

  @Test(arguments: [(true, false), (true, true), (false, false), (false, true)])
  func environmentsComeBack(isProtected: Bool, is16: Bool) {
    var machine = machineWithPointers(isProtected: isProtected)
    #expect(machine.execute(0xDD33, is16: is16) == nil)  // FNSAVE
    #expect(machine.cpu.fpu.tagWord == 0xFFFF)
    #expect(machine.cpu.fpu.instructionPointer == 0)
    let saved = machine.bytes(108)
    #expect(machine.execute(0xDD23, is16: is16) == nil)  // FRSTOR
    #expect(machine.cpu.fpu.tagWord == 0x3FFF)
    #expect(machine.cpu.fpu[0] == .one)
    #expect(machine.cpu.fpu.instructionPointer == 0x1234)
    #expect(machine.cpu.fpu.dataPointer == 0x2000)
    // The narrow protected image has no room for the opcode.
    #expect(machine.cpu.fpu.lastOpcode == (isProtected && is16 ? 0 : 0x103))
    #expect(machine.execute(0xDD33, is16: is16) == nil)
    #expect(machine.bytes(108) == saved)
  }

  @Test func virtual8086UsesTheRealLayout() {
    var machine = machineWithPointers(isProtected: true)
    machine.cpu.systemFlags.insert(.virtual8086)
    machine.cpu.fpu.codeSelector = 0x100
    #expect(machine.execute(0xD933) == nil)
    #expect(Self.word(machine.bytes(28), 12) == 0xFFFF_2234)
    #expect(Self.word(machine.bytes(28), 16) == 0x0103)
  }

  // MARK: FXSAVE

  @Test func fxsaveLeavesWhatBelongsToSSEAlone() {
    var machine = machineWithPointers(isProtected: true)
    machine.setBytes([UInt8](repeating: 0x5A, count: 512))
    #expect(machine.executeImage(.fxsave) == nil)
    let image = machine.bytes(512)
    #expect(Self.half(image, 0) == 0x037F)
    #expect(Self.half(image, 2) == 0x3800)
    #expect(image[4] == 0x80)
    #expect(Self.half(image, 6) == 0x103)
    #expect(Self.word(image, 8) == 0x1234)
    #expect(Self.half(image, 12) == 8)
    #expect(Self.word(image, 16) == 0x2000)
    #expect(Self.half(image, 20) == 0x10)
    #expect(image[24..<32].allSatisfy { $0 == 0x5A })
    #expect(Self.word(image, 36) == 0x8000_0000)
    #expect(Self.word(image, 40) == 0x3FFF)
    #expect(image[160...].allSatisfy { $0 == 0x5A })
    machine.cpu.fpu.initialize()
    #expect(machine.executeImage(.fxrstor) == nil)
    #expect(machine.cpu.fpu[0] == .one)
    #expect(machine.cpu.fpu.tagWord == 0x3FFF)
    #expect(machine.cpu.fpu.lastOpcode == 0x103)
  }

  @Test func fxsaveWantsAlignmentAndTheFeature() {
    var machine = FPUMachine()
    machine.cpu[.ebx] += 8
    let fault = machine.executeImage(.fxsave)
    #expect(fault == .generalProtection(0, .unalignedAccess))
    var older = FPUMachine(profile: .pentium)
    #expect(older.executeImage(.fxsave)?.vector == Vector.invalidOpcode)
    #expect(older.executeImage(.fxrstor)?.vector == Vector.invalidOpcode)
  }

  // MARK: Opcodes that came later

  @Test(arguments: [0xDB0B, 0xDD0B, 0xDF0B] as [UInt32])
  func truncatingStoresAreUndefined(opcode: UInt32) {
    var machine = FPUMachine()
    #expect(machine.execute(opcode)?.vector == Vector.invalidOpcode)
  }

  @Test(arguments: [0xDAC1, 0xDBD9, 0xDBE9, 0xDFF1] as [UInt32])
  func conditionalMovesNeedTheSixthGeneration(opcode: UInt32) {
    var machine = FPUMachine(profile: .pentium)
    #expect(machine.execute(opcode)?.vector == Vector.invalidOpcode)
    var newer = FPUMachine()
    #expect(newer.execute(opcode) == nil)
  }

  // MARK: Memory operands

  /// Every memory form with its operand cut off by the segment limit: the fault comes first.
  @Test(arguments: 0..<64)
  func aFaultingOperandChangesNothing(form: Int) {
    let opcode = UInt32(0xD803 | (form >> 3) << 8 | (form & 7) << 3)
    var machine = FPUMachine()
    _ = machine.execute(0xD9E8)
    _ = machine.execute(0xD9EB)
    machine.setBytes([UInt8](repeating: 0x11, count: 16), at: 0x2FF0)
    machine.cpu[.ebx] = 0x2FFF
    var segment = machine.cpu.segments[SegmentRegister.ds]
    segment.limit = 0x2FFF
    segment.updateBounds()
    machine.cpu.setSegment(SegmentRegister.ds, segment)
    let before = machine.state
    let fault = machine.execute(opcode, at: 0x5555)
    let isUndefined = [0o11, 0o31, 0o34, 0o36, 0o51, 0o55, 0o71].contains(form)
    #expect(
      fault?.vector == (isUndefined ? Vector.invalidOpcode : Vector.generalProtection))
    #expect(machine.state == before)
    #expect(machine.cpu.fpu.instructionPointer == 0x1000)
    #expect(machine.bytes(16, at: 0x2FF0).allSatisfy { $0 == 0x11 })
  }

  /// Ten bytes across the end of a page go through the slow path.
  @Test func registersAreStoredAndLoadedAcrossPages() {
    for address in [0x2FF6, 0x2FF7, 0x2FF9, 0x2FFF] as [UInt32] {
      var machine = FPUMachine()
      machine.cpu[.ebx] = address
      #expect(machine.execute(0xD9EB) == nil)
      let pi = machine.cpu.fpu[0]
      #expect(machine.execute(0xDB3B) == nil)
      #expect(machine.execute(0xDB2B) == nil)
      #expect(machine.cpu.fpu[0] == pi)
      #expect(machine.bytes(10, at: address)[8] == 0x00)
      #expect(machine.bytes(10, at: address)[9] == 0x40)
      #expect(machine.execute(0xDD1B) == nil)
      #expect(Self.word(machine.bytes(8, at: address), 4) == 0x4009_21FB)
      #expect(machine.execute(0xDD03) == nil)
      #expect(machine.cpu.fpu[0].significand == 0xC90F_DAA2_2168_C000)
    }
  }
}

extension FPUMachine {
  /// FXSAVE or FXRSTOR at EBX.
  mutating func executeImage(_ handler: Handler) -> Interruption? {
    var instruction = Instruction(handler: handler)
    instruction.base = UInt8(Register.ebx.rawValue * 8)
    instruction.flags.insert(.memory)
    return execute(instruction)
  }
}
