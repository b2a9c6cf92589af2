import X86

/// The frame on the hypervisor's stack behind a stub's gate, entered from a guest.
///
///     esp+24  SS        esp+12  CS
///     esp+20  ESP       esp+8   EIP
///     esp+16  EFLAGS    esp+4   error code
///                       esp+0   vector
struct EntryFrame: Equatable {
  static let size: UInt32 = 28
  /// Where it lies when the hypervisor was entered from an outer ring.
  static let offset = HypervisorLayout.stackTop - size

  var vector: UInt32 = 0
  var errorCode: UInt32 = 0
  var eip: UInt32 = 0
  var cs: UInt16 = 0
  var eflags: EFLAGS = .alwaysSet
  var esp: UInt32 = 0
  var ss: UInt16 = 0

  /// The ring that it came from, or goes to.
  var ring: UInt8 { UInt8(cs & 3) }

  init() {}

  /// The frame at the stack pointer. From the idle loop, at CPL 0, it has no ESP and SS.
  init(_ cpu: inout CPU) {
    let place = cpu[.esp] &- HypervisorLayout.own
    func field(_ index: UInt32, _ cpu: inout CPU) -> UInt32 {
      cpu.load(at: HypervisorMemory.machine(place &+ index * 4))
    }
    vector = field(0, &cpu)
    errorCode = field(1, &cpu)
    eip = field(2, &cpu)
    cs = UInt16(truncatingIfNeeded: field(3, &cpu))
    eflags = EFLAGS(rawValue: field(4, &cpu))
    guard cs & 3 != 0 else { return }
    esp = field(5, &cpu)
    ss = UInt16(truncatingIfNeeded: field(6, &cpu))
  }

  /// Puts it where a stub's IRET finds it.
  func store(_ cpu: inout CPU) {
    for (index, value) in [
      vector, errorCode, eip, UInt32(cs), eflags.rawValue, esp, UInt32(ss),
    ].enumerated() {
      cpu.store(value, at: HypervisorMemory.machine(Self.offset + UInt32(index * 4)))
    }
  }
}
