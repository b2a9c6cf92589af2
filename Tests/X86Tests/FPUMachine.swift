@testable import X86

/// A processor with 64 KiB of RAM and flat segments, on which x87 instructions are tried one by one.
struct FPUMachine: ~Copyable {
  private final class NoDevices: Bus {
    func readPort(_ port: UInt16, width: Int, at tick: UInt64) -> UInt32 { 0 }
    func writePort(_ port: UInt16, width: Int, value: UInt32, at tick: UInt64) {}
    func readMemory(_ address: PhysicalAddress, width: Int, at tick: UInt64) -> UInt32 { 0 }
    func writeMemory(_ address: PhysicalAddress, width: Int, value: UInt32, at tick: UInt64) {}
    func acknowledgeInterrupt(at tick: UInt64) -> UInt8 { 0 }
  }

  var cpu: CPU
  let ram: UnsafeMutableRawPointer
  /// A block of one instruction.
  private let place = UnsafeMutablePointer<Instruction>.allocate(capacity: 1)
  /// Where memory operands lie; EBX points there.
  static let operandAddress: UInt32 = 0x2000

  init(profile: Profile = .i686, isProtected: Bool = true) {
    ram = .allocate(byteCount: 0x10000, alignment: 4096)
    ram.initializeMemory(as: UInt8.self, repeating: 0x5A, count: 0x10000)
    var memory = PhysicalMemory()
    memory.map(ram, size: 0x10000, at: 0)
    cpu = CPU(profile: profile, memory: memory, bus: NoDevices())
    cpu.fpu.initialize()
    cpu[.ebx] = Self.operandAddress
    cpu.cr0 = isProtected ? [.protection, .numericError] : [.numericError]
    guard isProtected else {
      cpu.segments[SegmentRegister.cs].loadReal(selector: 0)
      return
    }
    let code = Segment(selector: 8, descriptor: Descriptor(raw: 0x00CF_9A00_0000_FFFF))
    let data = Segment(selector: 16, descriptor: Descriptor(raw: 0x00CF_9200_0000_FFFF))
    cpu.setSegment(SegmentRegister.cs, code)
    for index in [SegmentRegister.es, 2, 3, 4, 5] { cpu.setSegment(index, data) }
  }

  deinit {
    ram.deallocate()
    place.deallocate()
  }

  /// Executes x87 opcode and ModR/M; the memory operand is at `operandAddress`. Returns the fault.
  mutating func execute(_ opcode: UInt32, is16: Bool = false, at eip: UInt32 = 0x1000)
    -> Interruption?
  {
    var instruction = Instruction(handler: .fpu)
    instruction.immediate = opcode
    instruction.base = UInt8(Register.ebx.rawValue * 8)
    if opcode & 0xC0 != 0xC0 { instruction.flags.insert(.memory) }
    if is16 { instruction.flags.insert(.operand16) }
    return execute(instruction, at: eip)
  }

  mutating func execute(_ instruction: Instruction, at eip: UInt32 = 0x1000) -> Interruption? {
    place.pointee = instruction
    cpu.currentInstruction = UnsafePointer(place)
    cpu.blockEnd = cpu.currentInstruction
    cpu.blockStart = eip
    do { try cpu.executeFPU(instruction) } catch { return error }
    return nil
  }

  func bytes(_ count: Int, at address: UInt32 = operandAddress) -> [UInt8] {
    (0..<count).map { (ram + Int(address)).load(fromByteOffset: $0, as: UInt8.self) }
  }

  func setBytes(_ bytes: [UInt8], at address: UInt32 = operandAddress) {
    for (index, byte) in bytes.enumerated() {
      (ram + Int(address)).storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
    }
  }

  /// The state in the terms of the vectors.
  var state: FPUInstructionVector.State {
    get {
      FPUInstructionVector.State(
        fault: nil, control: cpu.fpu.control, status: cpu.fpu.statusWord,
        tags: cpu.fpu.abridgedTags, registers: (0..<8).map { cpu.fpu[physical: $0] },
        flags: cpu.eflags.intersection(.arithmetic).rawValue)
    }
    set {
      cpu.fpu.setControl(newValue.control)
      cpu.fpu.setStatusWord(newValue.status)
      cpu.fpu.abridgedTags = newValue.tags
      for index in 0..<8 { cpu.fpu[physical: index] = newValue.registers[index] }
      cpu.eflags = EFLAGS(rawValue: newValue.flags)
    }
  }
}
