import X86

/// The monitor's 4 MiB of machine memory: real tables and real code, which the lab processor uses
/// by its own rules. Damage a byte of it, and the guest fails as under any monitor.
struct MonitorMemory {
  let start: UnsafeMutableRawPointer

  func store<T: FixedWidthInteger>(_ value: T, at offset: UInt32) {
    start.storeBytes(of: value.littleEndian, toByteOffset: Int(offset), as: T.self)
  }

  func load<T: FixedWidthInteger>(_ offset: UInt32, as: T.Type = T.self) -> T {
    T(littleEndian: start.loadUnaligned(fromByteOffset: Int(offset), as: T.self))
  }

  func clear(_ offset: UInt32, size: Int) {
    (start + Int(offset)).initializeMemory(as: UInt8.self, repeating: 0, count: size)
  }

  /// Writes everything that never changes: gates, stubs, TSS, own descriptors, the hole's pages.
  func build() {
    for vector in 0..<256 { storeGate(vector) }
    for vector in 0..<256 { storeStub(vector) }
    store(MonitorLayout.hole + MonitorLayout.stackTop, at: MonitorLayout.task + 4)
    store(UInt32(MonitorLayout.dataSelector), at: MonitorLayout.task + 8)
    // The I/O bitmap lies beyond the limit: every port faults.
    store(UInt16(0x68), at: MonitorLayout.task + 0x66)
    for image in [ShadowDescriptors.Image.kernel, .user] {
      func put(_ selector: UInt16, _ raw: UInt64) { store(raw, at: image.gdt + UInt32(selector)) }
      put(MonitorLayout.codeSelector, Descriptor.flatCode.raw)
      put(MonitorLayout.dataSelector, Descriptor.flatData.raw)
      put(
        MonitorLayout.taskSelector,
        EntryBytes.system(base: MonitorLayout.hole + MonitorLayout.task, limit: 0x67, type: 0x8B))
      put(
        MonitorLayout.ldtSelector,
        EntryBytes.system(base: MonitorLayout.hole + image.ldt, limit: 0xFFFF, type: 0x82))
    }
    // Supervisor only: from ring 3 the hole is out of reach by paging, from ring 1 by limits.
    for page in stride(from: 0, to: MonitorLayout.mappedSize, by: 4096) {
      store(page | 0x63, at: MonitorLayout.holeTable + page >> 10)
    }
  }

  /// An interrupt gate with DPL 0: INT n in the guest is #GP, and the monitor decides about it.
  private func storeGate(_ vector: Int) {
    let target = MonitorLayout.hole + Self.stub(vector) + EntryBytes.entryOffset(vector)
    store(
      EntryBytes.gate(
        MonitorLayout.codeSelector, target, access: EntryBytes.interruptGate(dpl: 0)),
      at: MonitorLayout.idt + UInt32(vector * 8))
  }

  // MARK: Stubs

  static func stub(_ vector: Int) -> UInt32 { MonitorLayout.stubs + UInt32(vector * 16) }

  /// Where a stub goes on when the monitor is done.
  static let exitOffset = EntryBytes.exitOffset

  /// Instructions from the handler's first to the gate, both included.
  static func entryLength(_ vector: Int) -> UInt64 {
    EntryBytes.hasErrorCode(vector) ? 2 : 3
  }
  /// Instructions from the gate to the guest: ADD and IRET.
  static let exitLength: UInt64 = 2

  /// A stub begins at its entry: what is before that is nothing that the processor comes by.
  private func storeStub(_ vector: Int) {
    let skipped = EntryBytes.entryOffset(vector)
    let start = Self.stub(vector) + skipped
    for (index, byte) in EntryBytes.stub(vector).dropFirst(Int(skipped)).enumerated() {
      store(byte, at: start + UInt32(index))
    }
  }
}

/// The frame on the monitor's stack when a gate is reached from the guest.
///
///     esp+24  SS        esp+12  CS
///     esp+20  … ESP     esp+8   EIP
///     esp+16  EFLAGS    esp+4   error code
///                       esp+0   vector
struct TrapFrame {
  static let size: UInt32 = 28
  /// Where it lies, always: the monitor is only ever entered from outer rings.
  static let offset = MonitorLayout.stackTop - size

  var vector: UInt32
  var errorCode: UInt32
  var eip: UInt32
  var cs: UInt16
  var eflags: EFLAGS
  var esp: UInt32
  var ss: UInt16

  init(in memory: MonitorMemory) {
    func field(_ index: UInt32) -> UInt32 { memory.load(Self.offset + index * 4) }
    vector = field(0)
    errorCode = field(1)
    eip = field(2)
    cs = UInt16(truncatingIfNeeded: field(3))
    eflags = EFLAGS(rawValue: field(4))
    esp = field(5)
    ss = UInt16(truncatingIfNeeded: field(6))
  }

  init(eip: UInt32, cs: UInt16, eflags: EFLAGS, esp: UInt32, ss: UInt16) {
    (vector, errorCode) = (0, 0)
    (self.eip, self.cs, self.eflags, self.esp, self.ss) = (eip, cs, eflags, esp, ss)
  }

  /// Puts it where the exit's IRET finds it.
  func store(in memory: MonitorMemory) {
    for (index, value) in [
      vector, errorCode, eip, UInt32(cs), eflags.rawValue, esp, UInt32(ss),
    ].enumerated() {
      memory.store(value, at: Self.offset + UInt32(index * 4))
    }
  }
}
