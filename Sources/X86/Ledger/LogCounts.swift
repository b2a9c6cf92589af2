/// A log's exact counters as numbers, for a file. The transitions themselves stay behind.
extension TransitionLogState {
  /// How many transitions there were, how many of them were kept, how many kinds there are, and
  /// the counters of each kind and of each vector.
  public var counts: [UInt64] {
    [count, end, UInt64(counters.count)] + counters + vectorCounters
  }

  /// A log with these counters and without transitions; nil if they are none.
  public init?(counts: [UInt64]) {
    let kinds = TransitionKind.allCases.count
    guard counts.count == 3 + kinds + 256, counts[2] == UInt64(kinds), counts[1] <= counts[0],
      counts[0] < 1 << 62
    else { return nil }
    self.init(
      count: counts[0], end: counts[1], counters: Array(counts[3..<3 + kinds]),
      vectorCounters: Array(counts[(3 + kinds)...]), newest: [])
  }

  /// What it takes in memory, in bytes, roughly.
  public var size: Int {
    (counters.count + vectorCounters.count) * 8 + newest.count * MemoryLayout<Transition>.stride
  }
}
