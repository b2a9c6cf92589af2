/// The most recent transitions in a ring, beside exact counters for each kind and vector.
///
/// A few raw buffers so that writing down costs a few stores and an increment; it never allocates.
/// Every event has a number and is counted; which of them are kept changes neither.
public struct TransitionLog: ~Copyable {
  /// How many transitions are kept; a power of two.
  public let capacity: Int
  /// How many events there were: the number of the newest.
  public private(set) var count: UInt64 = 0
  /// How many of these were kept, overwritten ones included: places in the log go from 0 to this.
  public private(set) var end: UInt64 = 0
  /// Whether port and device memory accesses and interrupt edges are kept.
  public var keepsAccesses = false
  /// The kinds that somebody waits for, as bits by raw value.
  var watchedKinds: UInt64 = 0 { didSet { updateAttention() } }
  /// The place at which whoever empties the log wants to be called.
  public var fullAt = UInt64.max { didSet { updateAttention() } }
  /// From this place on somebody looks at every new entry.
  private(set) var attentionAt = UInt64.max
  /// Before this place nothing is left, though the ring has not come round.
  private var firstPlace: UInt64 = 0
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

  private mutating func updateAttention() { attentionAt = watchedKinds == 0 ? fullAt : 0 }

  /// A place for the next event, numbered and counted; the caller fills it in at once.
  @inline(__always)
  mutating func open(_ kind: TransitionKind) -> UnsafeMutablePointer<Transition> {
    let entry = ring + (Int(truncatingIfNeeded: end) & (capacity - 1))
    end &+= 1
    count(kind)
    entry.pointee = Transition(kind: kind)
    entry.pointee.sequence = count
    return entry
  }

  /// Takes over what another processor of the same machine has written down, under a number of this
  /// log. Returns the number.
  @discardableResult
  public mutating func append(_ transition: Transition) -> UInt64 {
    let entry = open(transition.kind)
    let number = entry.pointee.sequence
    entry.pointee = transition
    entry.pointee.sequence = number
    if transition.kind.hasVector { count(vector: transition.vector) }
    return number
  }

  /// Whether whoever drives the machine should look at the log after an event of this kind.
  public func isNotable(_ kind: TransitionKind) -> Bool {
    watchedKinds >> UInt64(kind.rawValue) & 1 != 0 || end >= fullAt
  }

  /// Completes the transition at a place from `start` to `end`.
  public mutating func amend(place: UInt64, _ body: (inout Transition) -> Void) {
    precondition(place >= start && place < end, "the transition there is gone, or yet to come")
    body(&ring[Int(truncatingIfNeeded: place) & (capacity - 1)])
  }

  /// Counts an event that is not kept.
  @inline(__always)
  mutating func count(_ kind: TransitionKind) {
    count &+= 1
    counters[Int(kind.rawValue)] &+= 1
  }

  /// Counts the vector of an event.
  @inline(__always)
  mutating func count(vector: UInt8) { vectorCounters[Int(vector)] &+= 1 }

  /// How many events of a kind there were, kept or not.
  public func total(of kind: TransitionKind) -> UInt64 { counters[Int(kind.rawValue)] }

  /// How many faults, interrupts and software interrupts went through `vector`.
  public func total(ofVector vector: UInt8) -> UInt64 { vectorCounters[Int(vector)] }

  /// The first place that still holds its transition.
  public var start: UInt64 { max(firstPlace, end - min(end, UInt64(capacity))) }

  /// The transition at a place from `start` to `end`.
  public subscript(place place: UInt64) -> Transition {
    precondition(place >= start && place < end, "the transition there is gone, or yet to come")
    return ring[Int(truncatingIfNeeded: place) & (capacity - 1)]
  }

  /// The transition with a number, or nil when it was not kept or has been overwritten.
  public subscript(sequence: UInt64) -> Transition? {
    var (low, high) = (start, end)
    while low < high {
      let middle = low + (high - low) / 2
      if self[place: middle].sequence < sequence { low = middle + 1 } else { high = middle }
    }
    guard low < end, self[place: low].sequence == sequence else { return nil }
    return self[place: low]
  }

  /// The newest transition.
  public var last: Transition? { end == start ? nil : self[place: end - 1] }

  /// The counters and the newest `limit` transitions.
  public func state(limit: Int) -> TransitionLogState {
    let first = max(start, end - min(end, UInt64(limit)))
    return TransitionLogState(
      count: count, end: end, counters: (0..<TransitionKind.allCases.count).map { counters[$0] },
      vectorCounters: (0..<256).map { vectorCounters[$0] },
      newest: (first..<end).map { self[place: $0] })
  }

  /// Makes the log what it was. Going back, transitions older than those in `state` stay if they
  /// are still here.
  public mutating func restore(_ state: TransitionLogState) {
    let first = state.end - UInt64(state.newest.count)
    firstPlace = state.end <= end && start <= first ? start : first
    count = state.count
    end = state.end
    for (index, value) in state.counters.enumerated() { counters[index] = value }
    for (index, value) in state.vectorCounters.enumerated() { vectorCounters[index] = value }
    for (place, transition) in zip(first..., state.newest) {
      ring[Int(truncatingIfNeeded: place) & (capacity - 1)] = transition
    }
  }
}

/// A log at some moment, as a value: exact counters, and the newest transitions.
public struct TransitionLogState: Sendable {
  /// How many events there had been.
  public let count: UInt64
  let end: UInt64
  let counters: [UInt64]
  let vectorCounters: [UInt64]
  let newest: [Transition]
}
