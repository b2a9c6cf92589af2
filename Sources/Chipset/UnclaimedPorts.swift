/// Accesses to ports where no device is, by port number.
public struct UnclaimedPorts: Sendable {
  /// How often a port was read and written.
  public struct Count: Sendable, Equatable {
    /// The port number.
    public var port: UInt16
    /// Accesses that found all ones.
    public var reads: UInt64
    /// Accesses that nobody noticed.
    public var writes: UInt64
  }

  /// The ports that were tried, in order of their numbers.
  public private(set) var counts: [Count] = []

  /// The entry of a port, made if there is none.
  private mutating func index(of port: UInt16) -> Int {
    var low = 0
    var high = counts.count
    while low < high {
      let middle = (low + high) / 2
      if counts[middle].port < port { low = middle + 1 } else { high = middle }
    }
    if low == counts.count || counts[low].port != port {
      counts.insert(Count(port: port, reads: 0, writes: 0), at: low)
    }
    return low
  }

  mutating func countRead(_ port: UInt16) { counts[index(of: port)].reads &+= 1 }

  mutating func countWrite(_ port: UInt16) { counts[index(of: port)].writes &+= 1 }

  func save(into writer: inout StateWriter) {
    writer.write(UInt32(counts.count))
    for count in counts {
      writer.write(count.port)
      writer.write(count.reads)
      writer.write(count.writes)
    }
  }

  mutating func load(from reader: inout StateReader) throws(StateError) {
    counts = []
    for _ in 0..<(try reader.read(UInt32.self)) {
      counts.append(
        Count(port: try reader.read(), reads: try reader.read(), writes: try reader.read()))
    }
    guard zip(counts, counts.dropFirst()).allSatisfy({ $0.port < $1.port }) else {
      throw .malformed
    }
  }
}
