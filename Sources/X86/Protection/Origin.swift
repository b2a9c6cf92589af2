/// Where an event came from: what its transition says of the place that was left.
struct Origin {
  var eip: UInt32
  var cs: UInt16
  var is32Bit: Bool
  var cpl: UInt8
  var bytes: UInt64
}

extension CPU {
  /// The instruction being executed, or about to be.
  var origin: Origin {
    mutating get {
      Origin(
        eip: eip, cs: segments[SegmentRegister.cs].selector,
        is32Bit: segments[SegmentRegister.cs].isBig, cpl: cpl,
        bytes: bytes(at: segments[SegmentRegister.cs].base &+ eip))
    }
  }

  /// Up to eight bytes at a linear address, little-endian, missing ones zero; disturbs nothing.
  private mutating func bytes(at linear: UInt32) -> UInt64 {
    guard let physical = fetchAddress(linear), let host = memory.host(at: physical) else {
      return 0
    }
    let room = 0x1000 - Int(linear & 0xFFF)
    if room >= 8 { return host.loadUnaligned(as: UInt64.self) }
    var value: UInt64 = 0
    for index in 0..<8 {
      let byte =
        index < room
        ? host.load(fromByteOffset: index, as: UInt8.self) : peekByte(linear &+ UInt32(index))
      value |= UInt64(byte ?? 0) << UInt64(index * 8)
    }
    return value
  }

  /// Where an instruction at a linear address is fetched from; nil when that would fault.
  private mutating func fetchAddress(_ linear: UInt32) -> PhysicalAddress? {
    guard cr0.contains(.paging) else { return UInt64(linear) & addressMask }
    let entry = codeTLB.entry(for: linear, user: cpl == 3)
    // The processor has just been there, as a rule.
    if entry.pointee.generation == generation {
      return entry.pointee.physical | UInt64(linear & 0xFFF)
    }
    return peekTranslate(linear)
  }

  /// Writes down a transition that began at `from` and has arrived where the processor is now.
  mutating func record(
    _ kind: TransitionKind, from: Origin, _ fill: (inout Transition) -> Void
  ) {
    record(kind) {
      $0.eip = from.eip
      $0.cs = from.cs
      $0.is32Bit = from.is32Bit
      $0.fromCPL = from.cpl
      $0.bytes = from.bytes
      fill(&$0)
    }
  }

  /// A far transfer that changed the level: where it went.
  mutating func recordFarTransfer(_ from: Origin) {
    let selector = segments[SegmentRegister.cs].selector
    let offset = nextEIP
    record(.farTransfer, from: from) {
      $0.info = UInt32(selector)
      $0.detail = offset
    }
  }
}
