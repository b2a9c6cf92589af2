/// What whoever drives the processor waits for: instructions about to be executed, memory accesses,
/// events of certain kinds. Costs nothing while nobody waits.
///
/// Unlike the guest's debug registers these never show in the machine: no tick, no translation, no
/// accessed bit differs in a run that is watched.
extension CPU {
  /// An access to watched memory.
  public struct WatchedAccess: Sendable, Equatable {
    /// Linear address of its first byte.
    public var linear: UInt32
    /// Bytes, 1...8.
    public var size: UInt8
    /// A write; a read otherwise.
    public var isWrite: Bool
    /// The instruction that made it, and its ring.
    public var cs: UInt16
    public var eip: UInt32
    public var cpl: UInt8
  }

  /// Linear addresses.
  public typealias AddressRange = ClosedRange<UInt32>

  /// Has `run` return before an instruction in `code` is executed, after one that accesses `data`,
  /// and after an event of which the bit in `kinds` (by raw value) is set. To be called between runs.
  public mutating func watch(code: [AddressRange], data: [AddressRange], kinds: UInt64) {
    if code != watchedCode {
      watchedCode = code
      stopsAtCode = !code.isEmpty
      // Blocks must begin at breakpoints from now on, and be looked up there.
      blocks.removeAll(&memory)
    }
    if data != watchedData {
      watchedData = data
      notesAccesses = !data.isEmpty
      tlb.withdrawAll()
    }
    accesses = []
    log.watchedKinds = kinds
  }

  /// Lets the next `run` execute the instruction at EIP even if it is watched.
  public mutating func passWatchedInstruction() { passedTick = ticks }

  /// Whether the instruction at EIP is to be executed even if it is watched.
  public var passesWatchedInstruction: Bool { passedTick == ticks }

  /// Takes over accesses that another processor has made for this one.
  public mutating func note(_ made: [WatchedAccess]) { accesses += made }

  /// The accesses to watched memory since the last call.
  public mutating func takeWatchedAccesses() -> [WatchedAccess] {
    guard !accesses.isEmpty else { return [] }
    defer { accesses.removeAll(keepingCapacity: true) }
    return accesses
  }

  /// An event may be one that somebody waits for, or the log needs emptying: the run ends after it.
  @inline(never)
  mutating func noteEvent(_ kind: TransitionKind) {
    if log.watchedKinds >> UInt64(kind.rawValue) & 1 != 0 || log.end >= log.fullAt {
      requestAttention()
    }
  }

  /// Whether an interrupt or trap comes before the next instruction.
  public var hasPendingEvent: Bool {
    mutating get {
      let shadow = interruptShadow
      if pendingDebug != 0 || nonMaskableRequested && !nonMaskableBlocked {
        return shadow != .afterMovSS
      }
      return interruptRequested && systemFlags.contains(.interrupt) && shadow == .none
    }
  }

  // MARK: Instructions

  /// Whether execution is to stop before the instruction at a linear address.
  mutating func isStopped(at linear: UInt32) -> Bool {
    passedTick != ticks && watchedCode.contains { $0.contains(linear) }
  }

  /// Whether a block has instructions behind its first that are watched, seen from `linear`.
  mutating func hidesWatchedCode(
    _ instructions: UnsafePointer<Instruction>, _ count: Int, _ linear: UInt32
  ) -> Int? {
    guard stopsAtCode else { return nil }
    for index in 1..<max(1, count) {
      let address = linear &+ UInt32(instructions[index].offset)
      if watchedCode.contains(where: { $0.contains(address) }) { return index }
    }
    return nil
  }

  /// Whether the instruction at a linear address is watched: its block is looked up every time.
  mutating func isWatched(_ linear: UInt32) -> Bool {
    stopsAtCode && watchedCode.contains { $0.contains(linear) }
  }

  // MARK: Accesses

  /// Whether a page has watched bytes: it gets no fast path.
  mutating func isWatchedPage(_ page: UInt32) -> Bool {
    watchedData.contains { $0.lowerBound <= page | 0xFFF && page <= $0.upperBound }
  }

  /// An access has been made.
  @inline(never)
  mutating func noteAccess(_ linear: UInt32, _ size: Int, isWrite: Bool) {
    let last = UInt64(linear) + UInt64(size - 1)
    guard
      watchedData.contains(where: { UInt64($0.lowerBound) <= last && linear <= $0.upperBound })
    else { return }
    accesses.append(
      WatchedAccess(
        linear: linear, size: UInt8(size), isWrite: isWrite,
        cs: segments[SegmentRegister.cs].selector, eip: instructionPointer, cpl: cpl))
    requestAttention()
  }
}
