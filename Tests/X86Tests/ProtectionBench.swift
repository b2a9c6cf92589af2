import Testing

@testable import X86

/// Ports that remember what was asked of them.
final class RecordingBus: Bus {
  var written: [(port: UInt16, width: Int, value: UInt32)] = []
  func readPort(_ port: UInt16, width: Int, at tick: UInt64) -> UInt32 { 0xA1B2_C3D4 }
  func writePort(_ port: UInt16, width: Int, value: UInt32, at tick: UInt64) {
    written.append((port, width, value))
  }
  func readMemory(_ address: PhysicalAddress, width: Int, at tick: UInt64) -> UInt32 { ~0 }
  func writeMemory(_ address: PhysicalAddress, width: Int, value: UInt32, at tick: UInt64) {}
  func acknowledgeInterrupt(at tick: UInt64) -> UInt8 { 0x20 }
}

/// The selectors of the bench's GDT, RPL 0.
enum Slot {
  static let code0: UInt16 = 0x08
  static let data0: UInt16 = 0x10
  static let code1: UInt16 = 0x18
  static let data1: UInt16 = 0x20
  static let code3: UInt16 = 0x28
  static let data3: UInt16 = 0x30
  /// Conforming, DPL 0.
  static let conforming: UInt16 = 0x38
  static let ldt: UInt16 = 0x40
  /// The current task, 32-bit.
  static let task: UInt16 = 0x48
  static let otherTask: UInt16 = 0x50
  static let task16: UInt16 = 0x58
  /// For a test's own descriptors.
  static let free: UInt16 = 0x60
  static let free2: UInt16 = 0x68
  static let code16: UInt16 = 0x70
  /// Just outside the table.
  static let outside: UInt16 = 0x80
}

/// A processor in protected mode with a GDT, an LDT, an IDT, three TSSs and 4 MiB of RAM, without
/// paging, about to execute the two-byte instruction at 1_0000h of the ring asked for.
final class ProtectionBench {
  static let gdt: UInt32 = 0x1000
  static let idt: UInt32 = 0x2000
  static let ldt: UInt32 = 0x3000
  static let task: UInt32 = 0x4000
  static let otherTask: UInt32 = 0x5000
  static let task16: UInt32 = 0x6000
  static let handler: UInt32 = 0x1_8000
  static let start: UInt32 = 0x1_0000
  static let size = 4 << 20

  var cpu: CPU
  let ram: UnsafeMutableRawPointer
  let bus = RecordingBus()

  init(ring: UInt8 = 0, profile: Profile = .i686) {
    ram = .allocate(byteCount: Self.size, alignment: 4096)
    ram.initializeMemory(as: UInt8.self, repeating: 0, count: Self.size)
    var memory = PhysicalMemory()
    memory.map(ram, size: Self.size, at: 0)
    cpu = CPU(profile: profile, memory: memory, bus: bus)
    cpu.cr0 = [.protection, .extensionType]
    (cpu.gdtBase, cpu.gdtLimit) = (Self.gdt, 0x7F)
    (cpu.idtBase, cpu.idtLimit) = (Self.idt, 0x7FF)
    fillTables()
    var task = Segment(selector: Slot.task, descriptor: descriptor(Slot.task))
    task.access |= 2
    cpu.setSegment(SegmentRegister.tr, task)
    cpu.setSegment(
      SegmentRegister.ldtr, Segment(selector: Slot.ldt, descriptor: descriptor(Slot.ldt)))
    enter(ring)
  }

  deinit { ram.deallocate() }

  private func fillTables() {
    define(Slot.code0, .segment(access: 0x9A))
    define(Slot.data0, .segment(access: 0x92))
    define(Slot.code1, .segment(access: 0xBA))
    define(Slot.data1, .segment(access: 0xB2))
    define(Slot.code3, .segment(access: 0xFA))
    define(Slot.data3, .segment(access: 0xF2))
    define(Slot.conforming, .segment(access: 0x9E))
    define(Slot.ldt, .system(base: Self.ldt, limit: 0xFF, access: 0x82))
    define(Slot.task, .system(base: Self.task, limit: 0x67, access: 0x8B))
    define(Slot.otherTask, .system(base: Self.otherTask, limit: 0x67, access: 0x89))
    define(Slot.task16, .system(base: Self.task16, limit: 0x2B, access: 0x81))
    define(Slot.code16, .system(base: 0, limit: 0xFFFF, access: 0x9A))
    for (level, stack) in [Slot.data0, Slot.data1 | 1].enumerated() {
      store(Self.task + 4 + UInt32(level * 8), UInt32(0x2_0000 + level * 0x1000))
      store(Self.task + 8 + UInt32(level * 8), UInt32(stack))
    }
    store(Self.task + 0x66, UInt16(0x68))
    for vector in 0..<256 {
      gate(UInt8(vector), .gate(Slot.code0, Self.handler + UInt32(vector) * 16, access: 0x8E))
    }
  }

  /// Puts the processor into a ring, with its stack at 3_0000h.
  func enter(_ ring: UInt8) {
    let (code, data): (UInt16, UInt16) =
      ring == 0
      ? (Slot.code0, Slot.data0) : ring == 1 ? (Slot.code1, Slot.data1) : (Slot.code3, Slot.data3)
    let rpl = UInt16(ring)
    cpu.setSegment(
      SegmentRegister.cs, Segment(selector: code | rpl, descriptor: descriptor(code)))
    for index in [0, 2, 3, 4, 5] {
      cpu.setSegment(index, Segment(selector: data | rpl, descriptor: descriptor(data)))
    }
    cpu.setCPL(ring)
    cpu[.esp] = 0x3_0000
    cpu.eip = Self.start
    cpu.nextEIP = Self.start + 2
  }

  /// Virtual-8086 mode, IOPL as given: CS 1000, SS 2000 and the data segments 3000 up.
  func enterVirtual8086(iopl: UInt32) {
    cpu.eflags = EFLAGS(rawValue: 1 << 17 | iopl << 12 | 0x202)
    for (index, selector) in [
      (0, 0x3000), (1, 0x1000), (2, 0x2000), (3, 0x3100), (4, 0x3200), (5, 0x3300),
    ] {
      cpu.loadUnprotected(index, selector: UInt16(selector))
    }
    cpu.setCPL(3)
    cpu[.esp] = 0x1000
    cpu.eip = 0x100
    cpu.nextEIP = 0x102
  }

  func enterRealMode() {
    cpu.cr0 = [.extensionType]
    for index in 0..<6 {
      cpu.loadUnprotected(index, selector: 0x1000)
      var segment = cpu.segments[index]
      segment.limit = 0xFFFF
      segment.isBig = false
      segment.updateBounds()
      cpu.setSegment(index, segment)
    }
    cpu.setCPL(0)
    (cpu.idtBase, cpu.idtLimit) = (0, 0x3FF)
    cpu[.esp] = 0x1000
    cpu.eip = 0x100
    cpu.nextEIP = 0x102
  }

  /// Identity-maps all RAM with writable user pages; tables at 10_0000h.
  func enablePaging() {
    store(0x10_0000, UInt32(0x10_1007))
    for page in 0..<1024 { store(0x10_1000 + UInt32(page * 4), UInt32(page << 12 | 7)) }
    cpu.cr3 = 0x10_0000
    cpu.cr0.insert(.paging)
    cpu.flushTLB()
  }

  /// The page table entry of a linear address after `enablePaging`.
  func setPage(_ linear: UInt32, _ flags: UInt32) {
    store(0x10_1000 + (linear >> 12) * 4, linear & 0xFFFF_F000 | flags)
    cpu.flushTLB()
  }

  // MARK: Memory

  func store<T: FixedWidthInteger>(_ address: UInt32, _ value: T) {
    ram.storeBytes(of: value, toByteOffset: Int(address), as: T.self)
  }
  func word(_ address: UInt32) -> UInt32 {
    ram.loadUnaligned(fromByteOffset: Int(address), as: UInt32.self)
  }
  func half(_ address: UInt32) -> UInt16 {
    ram.loadUnaligned(fromByteOffset: Int(address), as: UInt16.self)
  }
  /// The doublewords on top of the current stack.
  func stack(_ count: Int) -> [UInt32] {
    let top = cpu.segment(SegmentRegister.ss).base &+ cpu.stackPointer
    return (0..<count).map { word(top + UInt32($0 * 4)) }
  }
  func stack16(_ count: Int) -> [UInt16] {
    let top = cpu.segment(SegmentRegister.ss).base &+ cpu.stackPointer
    return (0..<count).map { half(top + UInt32($0 * 2)) }
  }
  /// Writes doublewords to the top of the current stack.
  func prepareStack(_ values: [UInt32]) {
    let top = cpu.segment(SegmentRegister.ss).base &+ cpu.stackPointer
    for (position, value) in values.enumerated() { store(top + UInt32(position * 4), value) }
  }

  func define(_ selector: UInt16, _ descriptor: Descriptor) {
    store((selector & 4 == 0 ? Self.gdt : Self.ldt) + UInt32(selector & 0xFFF8), descriptor.raw)
  }
  func descriptor(_ selector: UInt16) -> Descriptor {
    Descriptor(
      raw: ram.load(fromByteOffset: Int(Self.gdt) + Int(selector & 0xFFF8), as: UInt64.self))
  }
  func gate(_ vector: UInt8, _ descriptor: Descriptor) {
    store(Self.idt + UInt32(vector) * 8, descriptor.raw)
  }

  // MARK: Execution

  /// What an action throws.
  func fault(_ body: (inout CPU) throws(Interruption) -> Void) -> Interruption? {
    do throws(Interruption) { try body(&cpu) } catch { return error }
    return nil
  }

  /// Executes one system instruction; a fault it raises is returned, not delivered.
  func execute(_ handler: Handler, _ prepare: (inout Instruction) -> Void = { _ in })
    -> Interruption?
  {
    var instruction = Instruction(handler: handler, length: 2)
    prepare(&instruction)
    return fault { (cpu: inout CPU) throws(Interruption) in try cpu.executeSystem(instruction) }
  }

  var isShutDown: Bool { cpu.isShutDown }
  var nonMaskableBlocked: Bool { cpu.nonMaskableBlocked }

  /// The newest transition.
  var last: Transition? { cpu.log.last }

  func selector(_ index: Int) -> UInt16 { cpu.segment(index).selector }
}

extension Descriptor {
  /// A flat 32-bit segment, unless other values are given.
  static func segment(
    base: UInt32 = 0, limit: UInt32 = 0xFFFFF, access: UInt8, flags: UInt8 = 0xC
  ) -> Descriptor {
    var raw = UInt64(limit & 0xFFFF) | UInt64(limit >> 16 & 0xF) << 48
    raw |= UInt64(base & 0xFF_FFFF) << 16 | UInt64(base >> 24) << 56
    raw |= UInt64(access) << 40 | UInt64(flags) << 52
    return Descriptor(raw: raw)
  }

  /// Byte-granular, 16-bit: LDTs, TSSs, small segments.
  static func system(base: UInt32, limit: UInt32, access: UInt8) -> Descriptor {
    segment(base: base, limit: limit, access: access, flags: 0)
  }

  static func gate(
    _ selector: UInt16, _ offset: UInt32, access: UInt8, count: UInt8 = 0
  ) -> Descriptor {
    Descriptor(
      raw: UInt64(offset & 0xFFFF) | UInt64(selector) << 16 | UInt64(count) << 32
        | UInt64(access) << 40 | UInt64(offset >> 16) << 48)
  }
}

extension Interruption {
  /// Vector, error code and cause in one line, for tables.
  static func expected(_ vector: UInt8, _ code: UInt32, _ cause: Cause) -> Interruption {
    Interruption(vector: vector, errorCode: code, hasErrorCode: true, cause: cause)
  }
}
