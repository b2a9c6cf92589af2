/// What kind of privilege-relevant event a `Transition` records.
public enum TransitionKind: UInt8, Sendable, CaseIterable {
  case fault
  case interrupt
  case softwareInterrupt
  case interruptReturn
  case farTransfer
  case systemEnter
  case systemExit
  case taskSwitch
  case controlRegisterWrite
  case cr3Load
  case portRead
  case portWrite
  case memoryMappedRead
  case memoryMappedWrite
  case halt
  case reset
  case shutdown
}

/// Who executed the instruction that set an event off.
public enum Actor: UInt8, Sendable {
  case guest
  case stub
  case monitor
}

/// One privilege-relevant event: a fixed-size, trivial value, written the moment it happens.
///
/// Never formatted below the panes. `info` and `detail` depend on the kind: port and value,
/// control register number and new value, selector and offset, CR2 of a page fault.
public struct Transition: Sendable, Equatable {
  /// Number of this event since reset, from 0.
  public var sequence: UInt64 = 0
  /// Machine tick at which it happened (retired instructions and delivered events).
  public var tick: UInt64 = 0
  /// EIP of the instruction that caused it (for interrupts: the one not yet executed).
  public var eip: UInt32 = 0
  public var cs: UInt16 = 0
  public var kind: TransitionKind
  public var cause: Cause = .none
  public var vector: UInt8 = 0
  public var hasErrorCode = false
  /// The D bit of the code at EIP: how its bytes are to be read.
  public var is32Bit = false
  /// Physical CPL before and after, 0...3.
  public var fromCPL: UInt8 = 0
  public var toCPL: UInt8 = 0
  public var actor: Actor = .guest
  public var errorCode: UInt32 = 0
  public var info: UInt32 = 0
  public var detail: UInt32 = 0
  /// The first eight bytes at EIP, little-endian, as far as they were fetched.
  public var bytes: UInt64 = 0

  public init(kind: TransitionKind) { self.kind = kind }
}

/// The most recent transitions in a ring, beside exact counters for each kind and vector.
///
/// A few raw buffers so that recording costs a store and an increment; appending never allocates.
public struct TransitionLog: ~Copyable {
  /// How many transitions are kept; a power of two.
  public let capacity: Int
  /// How many were ever recorded.
  public private(set) var count: UInt64 = 0
  private let ring: UnsafeMutablePointer<Transition>
  private let counters: UnsafeMutablePointer<UInt64>
  private let vectorCounters: UnsafeMutablePointer<UInt64>

  public init(capacity: Int) {
    precondition(capacity > 0 && capacity & (capacity - 1) == 0, "a power of two is needed")
    self.capacity = capacity
    ring = .allocate(capacity: capacity)
    ring.initialize(repeating: Transition(kind: .reset), count: capacity)
    counters = .allocate(capacity: TransitionKind.allCases.count)
    counters.initialize(repeating: 0, count: TransitionKind.allCases.count)
    vectorCounters = .allocate(capacity: 256)
    vectorCounters.initialize(repeating: 0, count: 256)
  }

  deinit {
    ring.deallocate()
    counters.deallocate()
    vectorCounters.deallocate()
  }

  mutating func append(_ transition: Transition) {
    var numbered = transition
    numbered.sequence = count
    ring[Int(truncatingIfNeeded: count) & (capacity - 1)] = numbered
    count &+= 1
    counters[Int(transition.kind.rawValue)] &+= 1
    switch transition.kind {
    case .fault, .interrupt, .softwareInterrupt:
      vectorCounters[Int(transition.vector)] &+= 1
    default: break
    }
  }

  /// Counts an event too frequent to keep, such as a port access when only counters are wanted.
  public func total(of kind: TransitionKind) -> UInt64 { counters[Int(kind.rawValue)] }

  /// How many faults, interrupts and software interrupts went through `vector`.
  public func total(ofVector vector: UInt8) -> UInt64 { vectorCounters[Int(vector)] }

  /// The recorded transition with this sequence number, or nil when it has been overwritten.
  public subscript(sequence: UInt64) -> Transition? {
    guard sequence < count, count - sequence <= UInt64(capacity) else { return nil }
    let found = ring[Int(truncatingIfNeeded: sequence) & (capacity - 1)]
    // After a return to an earlier state, some of what came before it may be overwritten.
    return found.sequence == sequence ? found : nil
  }

  /// The counters and the newest `limit` transitions.
  public func state(limit: Int) -> TransitionLogState {
    let start = count - min(count, UInt64(min(limit, capacity)))
    return TransitionLogState(
      count: count, counters: (0..<TransitionKind.allCases.count).map { counters[$0] },
      vectorCounters: (0..<256).map { vectorCounters[$0] },
      newest: (start..<count).compactMap { self[$0] })
  }

  /// Makes the log what it was. Transitions older than those in `state` stay if they are still here.
  public mutating func restore(_ state: TransitionLogState) {
    count = state.count
    for (index, value) in state.counters.enumerated() { counters[index] = value }
    for (index, value) in state.vectorCounters.enumerated() { vectorCounters[index] = value }
    for transition in state.newest {
      ring[Int(truncatingIfNeeded: transition.sequence) & (capacity - 1)] = transition
    }
  }
}

/// A log at some moment, as a value: exact counters, and the newest transitions.
public struct TransitionLogState: Sendable {
  /// How many transitions had been recorded.
  public let count: UInt64
  let counters: [UInt64]
  let vectorCounters: [UInt64]
  let newest: [Transition]
}
