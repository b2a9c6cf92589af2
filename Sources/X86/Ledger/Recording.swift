/// Writing transitions down: where the processor is, what it is about to do, where it went.
///
/// A transfer is opened when nothing can stop it any more and nothing has changed yet, and closed
/// behind it. So an event stands before all that it sets off.
extension CPU {
  /// A new entry with the current place, ring and stack filled in.
  mutating func open(_ kind: TransitionKind) -> UnsafeMutablePointer<Transition> {
    let entry = log.open(kind)
    if _slowPath(log.end >= log.attentionAt) { noteEvent(kind) }
    let code = segments + SegmentRegister.cs
    let now = ticks
    let offset = instructionPointer
    entry.pointee.tick = now
    entry.pointee.guestTick = now
    entry.pointee.eip = offset
    entry.pointee.cs = code.pointee.selector
    entry.pointee.esp = self[.esp]
    entry.pointee.ss = segments[SegmentRegister.ss].selector
    entry.pointee.flags = systemFlags.rawValue
    entry.pointee.fromCPL = cpl
    entry.pointee.toCPL = cpl
    entry.pointee.fromVirtualRing = cpl
    entry.pointee.toVirtualRing = cpl
    entry.pointee.actor = cpl == 3 ? .guestUser : .guestKernel
    var marks: Transition.Marks = code.pointee.isBig ? .is32Bit : []
    if _slowPath(!isProtected) { marks.insert(.realMode) }
    if _slowPath(isVirtual8086) { marks.insert(.virtual8086) }
    if _slowPath(svm.isGuest) { marks.insert(.guestMode) }
    entry.pointee.marks = marks
    if _slowPath(setOffBy != 0) {
      entry.pointee.parentDistance = UInt32(clamping: log.count - setOffBy)
    }
    fetchBytes(at: code.pointee.base &+ offset, into: entry)
    return entry
  }

  /// Where the transfer went: CS:EIP (with `nextEIP`), SS:ESP, the ring.
  @inline(__always)
  mutating func close(_ entry: UnsafeMutablePointer<Transition>) {
    entry.pointee.toCPL = cpl
    entry.pointee.toVirtualRing = cpl
    entry.pointee.toCS = segments[SegmentRegister.cs].selector
    entry.pointee.toEIP = nextEIP
    entry.pointee.toSS = segments[SegmentRegister.ss].selector
    entry.pointee.toESP = self[.esp]
  }

  /// A register that decides about privilege or addressing has been written.
  mutating func recordWrite(
    _ kind: TransitionKind, register: UInt32, old: UInt64 = 0, new: UInt64
  ) {
    let entry = open(kind)
    entry.pointee.code = register
    entry.pointee.info = old
    entry.pointee.detail = new
  }

  /// A device was accessed by the guest: counted, and kept when asked for.
  @inline(__always)
  mutating func recordAccess(
    _ kind: TransitionKind, at address: UInt64, width: Int, value: UInt64
  ) {
    guard _slowPath(log.keepsAccesses) else { return log.count(kind) }
    keepAccess(kind, at: address, width: width, value: value)
  }

  @inline(never)
  private mutating func keepAccess(
    _ kind: TransitionKind, at address: UInt64, width: Int, value: UInt64
  ) {
    let entry = open(kind)
    entry.pointee.code = UInt32(width)
    entry.pointee.info = address
    entry.pointee.detail = value
  }

  /// The interrupt controllers have raised INTR for an IRQ line. To be called between runs.
  public mutating func recordInterruptRequest(line: UInt8) {
    guard log.keepsAccesses else { return log.count(.deviceEdge) }
    let entry = open(.deviceEdge)
    entry.pointee.actor = .device
    entry.pointee.code = UInt32(line)
  }

  /// The speaker plays a tone of so many hertz, or none (0). To be called between runs. `divisor` is
  /// the timer's count for it.
  public mutating func recordSpeaker(frequency: UInt32, divisor: UInt32) {
    let entry = open(.speaker)
    entry.pointee.actor = .device
    entry.pointee.info = UInt64(divisor)
    entry.pointee.detail = UInt64(frequency)
  }

  /// Writes a reset of the whole machine down in the log; to be called before it happens.
  public mutating func recordReset() {
    open(.reset).pointee.actor = .device
  }

  // MARK: The bytes at CS:EIP

  /// Up to eight bytes at a linear address; disturbs nothing.
  @inline(__always)
  private mutating func fetchBytes(
    at linear: UInt32, into entry: UnsafeMutablePointer<Transition>
  ) {
    guard let physical = fetchAddress(linear), let host = memory.host(at: physical) else { return }
    if _fastPath(linear & 0xFFF <= 0xFF8) {
      entry.pointee.bytes = host.loadUnaligned(as: UInt64.self)
      entry.pointee.byteCount = 8
    } else {
      fetchAcrossPages(host, linear, into: entry)
    }
  }

  @inline(never)
  private mutating func fetchAcrossPages(
    _ host: UnsafeMutableRawPointer, _ linear: UInt32, into entry: UnsafeMutablePointer<Transition>
  ) {
    let room = 0x1000 - Int(linear & 0xFFF)
    var value: UInt64 = 0
    var count = 0
    while count < 8 {
      let byte =
        count < room
        ? host.load(fromByteOffset: count, as: UInt8.self) : peekByte(linear &+ UInt32(count))
      guard let byte else { break }
      value |= UInt64(byte) << UInt64(count * 8)
      count += 1
    }
    entry.pointee.bytes = value
    entry.pointee.byteCount = UInt8(count)
  }

  /// Where an instruction at a linear address is fetched from; nil when that would fault.
  @inline(__always)
  private mutating func fetchAddress(_ linear: UInt32) -> PhysicalAddress? {
    guard isTranslating else { return UInt64(linear) & addressMask }
    let entry = codeTLB.entry(for: linear, user: cpl == 3)
    // The processor has just been there, as a rule.
    if entry.pointee.generation == generation {
      return entry.pointee.physical | UInt64(linear & 0xFFF)
    }
    return peekTranslate(linear)
  }
}
