@testable import X86

/// A processor at CPL 3, in flat 32-bit segments at first, with tables in memory that catch every fault in
/// ring 0: what an operating system makes of it before it starts a user program.
final class UserProgram {
  static let ramSize = 0x7_0000
  private static let gdt = 0x1000
  private static let idt = 0x2000
  private static let tss = 0x3000
  private static let ldt = 0x3800
  private static let stackTop = 0x5000
  private static let handlers = 0x6000

  let ram: UnsafeMutableRawPointer
  var cpu: CPU

  /// A processor whose LDT holds these descriptors, by index.
  init(profile: Profile = .i686, ldt: [Int: UInt64] = [:]) {
    ram = .allocate(byteCount: Self.ramSize, alignment: 4096)
    ram.initializeMemory(as: UInt8.self, repeating: 0, count: Self.ramSize)
    var memory = PhysicalMemory()
    memory.map(ram, size: Self.ramSize, at: 0)
    cpu = CPU(profile: profile, memory: memory, bus: FloatingBus())
    cpu.reset()
    // The places are those of the GDT of a 64-bit Linux, where the vectors come from: a selector
    // that is pushed or loaded means the same here and there.
    let flat: [Int: UInt64] = [
      1: 0x00CF_9B00_0000_FFFF, 2: 0x00CF_9B00_0000_FFFF, 3: 0x00CF_9300_0000_FFFF,
      4: 0x00CF_FB00_0000_FFFF, 5: 0x00CF_F300_0000_FFFF, 12: 0x00DF_F300_0000_FFFF,
    ]
    for (index, descriptor) in ldt { store(descriptor, at: Self.ldt + index * 8) }
    for (index, descriptor) in flat { store(descriptor, at: Self.gdt + index * 8) }
    store(UInt64(0x0000_8B00_0000_0067) | UInt64(Self.tss) << 16, at: Self.gdt + 8 * 8)
    store(UInt32(Self.stackTop), at: Self.tss + 4)
    store(UInt32(0x18), at: Self.tss + 8)
    // No I/O permission bitmap: it would begin beyond the limit.
    store(UInt16(0x68), at: Self.tss + 0x66)
    for vector in 0..<32 {
      let handler = UInt64(Self.handlers + vector * 16)
      let type: UInt64 = (3...4).contains(vector) ? 0xEE00 : 0x8E00
      store(handler | 0x08 << 16 | type << 32, at: Self.idt + vector * 8)
      store(UInt16(0xFEEB), at: Int(handler))
    }
  }

  deinit { ram.deallocate() }

  func store<T: FixedWidthInteger>(_ value: T, at address: Int) {
    ram.storeBytes(of: value, toByteOffset: address, as: T.self)
  }

  /// Makes the processor stand at an instruction. `selectors` are those of ES CS SS DS FS GS.
  func enter(at eip: UInt32, registers: [UInt32], selectors: [UInt16], flags: UInt32) {
    cpu.reset()
    cpu.cr0 = [.protection, .extensionType, .alignmentMask]
    (cpu.gdtBase, cpu.gdtLimit) = (UInt32(Self.gdt), 16 * 8 - 1)
    (cpu.idtBase, cpu.idtLimit) = (UInt32(Self.idt), 32 * 8 - 1)
    cpu.setSegment(SegmentRegister.tr, segment(0x40))
    let table = Descriptor(raw: 0x0000_8200_0000_007F | UInt64(Self.ldt) << 16)
    cpu.setSegment(SegmentRegister.ldtr, Segment(selector: 0x48, descriptor: table))
    for (index, selector) in selectors.enumerated() {
      cpu.setSegment(index, segment(selector))
    }
    cpu.setCPL(3)
    for index in 0..<8 { cpu.setRegister(index, registers[index]) }
    cpu.eflags = EFLAGS(rawValue: flags)
    cpu.eip = eip
  }

  /// The segment register that a selector loads, without checks.
  private func segment(_ selector: UInt16) -> Segment {
    if selector < 4 {
      var null = Segment()
      null.loadNull(selector: selector)
      return null
    }
    let table = selector & 4 == 0 ? Self.gdt : Self.ldt
    let address = table + Int(selector & ~7)
    let raw = ram.load(fromByteOffset: address, as: UInt64.self)
    return Segment(selector: selector, descriptor: Descriptor(raw: raw))
  }

  /// What a fault pushed on its way to ring 0.
  struct Frame {
    var vector: Int
    var errorCode: UInt32
    var eip: UInt32
    var cs: UInt16
    var flags: UInt32
    var esp: UInt32
    var ss: UInt16
  }

  /// The fault that took the processor to ring 0; nil if none did.
  var fault: Frame? {
    guard cpu.cpl == 0 else { return nil }
    func pushed(_ place: Int) -> UInt32 {
      ram.load(fromByteOffset: Self.stackTop - 4 * place, as: UInt32.self)
    }
    return Frame(
      vector: (Int(cpu.eip) - Self.handlers) / 16, errorCode: pushed(6), eip: pushed(5),
      cs: UInt16(truncatingIfNeeded: pushed(4)), flags: pushed(3), esp: pushed(2),
      ss: UInt16(truncatingIfNeeded: pushed(1)))
  }
}
