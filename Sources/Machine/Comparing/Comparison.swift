import Chipset
import X86

/// Two machines with the same guest side by side, of which one is to do what the other does: the same
/// guest under another mode, as a rule.
///
/// Both run in stretches of guest ticks. Behind each stretch all is compared that the guest could find
/// out: the processor it believes in, devices, disks, and of memory the pages that either has written
/// to. Where there is a difference both go back to the stretch's beginning, and each instruction of it is
/// looked at. A difference that is gone again at the end of an earlier stretch goes unseen.
///
/// To be the only one that runs the two machines.
public final class Comparison {
  /// The machine to go by.
  public let expected: Machine
  /// The one that is looked at.
  public let seen: Machine
  /// Guest ticks between two looks.
  public let stretch: UInt64

  /// How far the two came.
  public enum Outcome {
    /// To the tick that was asked for, without a difference.
    case same
    /// Both came to the same end before that.
    case ended(Stop)
    case different(Divergence)
  }

  /// Two machines built for the same guest that have not run yet, or have run alike.
  public init(expected: Machine, seen: Machine, stretch: UInt64) {
    precondition(stretch > 0 && expected.ticks == seen.ticks, "they start at one tick")
    (self.expected, self.seen, self.stretch) = (expected, seen, stretch)
    for machine in [expected, seen] { _ = machine.keepOldPages() }
  }

  /// Gives both an input, now.
  public func receive(_ input: Journal.Input) {
    expected.receive(input)
    seen.receive(input)
  }

  /// Runs both to a guest tick, or to their end, or to the first difference.
  public func run(until limit: UInt64) -> Outcome {
    while expected.ticks < limit {
      let base = Base(self)
      let end = min(limit, expected.ticks + stretch)
      let stops = advance(to: end)
      let changes = takeChanges()
      guard isSame(changes, stops) else {
        return .different(look(from: base, to: max(expected.ticks, seen.ticks), changes))
      }
      changes.drop()
      if let stop = stops.0 { return .ended(stop) }
    }
    return .same
  }

  // MARK: Forward

  private typealias Stops = (Stop?, Stop?)

  private func advance(to tick: UInt64) -> Stops {
    (Self.advance(expected, to: tick), Self.advance(seen, to: tick))
  }

  private static func advance(_ machine: Machine, to tick: UInt64) -> Stop? {
    while machine.ticks < tick {
      switch machine.run(until: tick) {
      case .reached, .reset, .breakpoint, .watched: break
      // Nothing but an input wakes it.
      case .idle: return .haltedForGood
      case .stopped(let stop): return stop
      }
    }
    return nil
  }

  // MARK: Back

  /// Both machines at a tick at which they were the same, memory aside.
  private struct Base {
    let expected: MachineState
    let seen: MachineState

    init(_ comparison: Comparison) {
      expected = comparison.expected.moment(logLimit: 256)
      seen = comparison.seen.moment(logLimit: 256)
    }
  }

  /// Pages written to since the last look, with their old contents.
  private struct Changes {
    private(set) var expected: [PageChange]
    private(set) var seen: [PageChange]
    private var expectedPages: Set<PhysicalAddress>
    private var seenPages: Set<PhysicalAddress>

    init(expected: [PageChange], seen: [PageChange]) {
      (self.expected, self.seen) = (expected, seen)
      expectedPages = Set(expected.map(\.address))
      seenPages = Set(seen.map(\.address))
    }

    /// Takes in what came after: of each page the oldest contents count.
    mutating func add(_ later: Changes) {
      Self.add(later.expected, to: &expected, &expectedPages)
      Self.add(later.seen, to: &seen, &seenPages)
    }

    private static func add(
      _ later: [PageChange], to list: inout [PageChange], _ pages: inout Set<PhysicalAddress>
    ) {
      for change in later {
        if pages.insert(change.address).inserted {
          list.append(change)
        } else {
          change.old?.deallocate()
        }
      }
    }

    func drop() { for change in expected + seen { change.old?.deallocate() } }
  }

  private func takeChanges() -> Changes {
    Changes(expected: expected.takeChanges(), seen: seen.takeChanges())
  }

  private func goBack(to base: Base, _ changes: Changes) {
    for (machine, state, list) in [
      (expected, base.expected, changes.expected), (seen, base.seen, changes.seen),
    ] {
      for change in list { machine.write(bytes: change.old, at: change.address) }
      let isTaken = machine.restore(state)
      precondition(isTaken, "a machine takes back what it was")
    }
    changes.drop()
  }

  // MARK: The search

  /// Goes through a stretch again, an instruction at a time, up to the first difference in processors or
  /// memory; so what is different and alike again before the stretch ends is found too. If there is none,
  /// the devices differ, and halving finds where.
  private func look(from base: Base, to tick: UInt64, _ made: Changes) -> Divergence {
    goBack(to: base, made)
    var all = Changes(expected: [], seen: [])
    while max(expected.ticks, seen.ticks) < tick {
      let before = expected.ticks
      let stops = advance(to: before + 1)
      let changes = takeChanges()
      let isSame =
        stops.0 == stops.1 && Self.processor(expected) == Self.processor(seen)
        && pages(changes).allSatisfy { self.isSame(page: $0) }
      all.add(changes)
      if isSame && stops.0 == nil { continue }
      if isSame { break }
      goBack(to: base, all)
      _ = advance(to: before)
      takeChanges().drop()
      return describe()
    }
    return search(from: base, to: tick, all)
  }

  /// The first tick from `base` on behind which the two differ, when they do at `tick`.
  private func search(from first: Base, to tick: UInt64, _ made: Changes) -> Divergence {
    var (base, high, changes) = (first, tick, made)
    while true {
      goBack(to: base, changes)
      let low = expected.ticks
      guard high - low > 1 else { break }
      let middle = low + (high - low) / 2
      let stops = advance(to: middle)
      changes = takeChanges()
      if isSame(changes, stops) {
        changes.drop()
        base = Base(self)
        changes = Changes(expected: [], seen: [])
      } else {
        high = middle
      }
    }
    return describe()
  }

  /// Both stand before the tick that makes the difference: lets them do it.
  private func describe() -> Divergence {
    let code = expected.cpu.segment(SegmentRegister.cs)
    let linear = code.base &+ expected.cpu.eip
    var divergence = Divergence(
      tick: expected.ticks, instructions: expected.instructions, cs: code.selector,
      eip: expected.cpu.eip,
      bytes: (UInt32(0)..<15).compactMap { expected.cpu.peekByte(linear &+ $0) },
      is32Bit: code.isBig, ring: expected.cpu.cpl, events: [], differences: [])
    let place = expected.cpu.log.end
    let stops = advance(to: expected.ticks + 1)
    let changes = takeChanges()
    defer { changes.drop() }
    divergence.events = (max(place, expected.cpu.log.start)..<expected.cpu.log.end).map {
      expected.cpu.log[place: $0]
    }
    divergence.differences =
      registerDifferences() + memoryDifferences(changes) + deviceDifferences()
    if stops.0 != stops.1 {
      divergence.differences.append(
        .end(expected: stops.0?.name ?? "goes on", seen: stops.1?.name ?? "goes on"))
    }
    return divergence
  }
}

// MARK: - What is compared

extension Comparison {
  private func isSame(_ changes: Changes, _ stops: Stops) -> Bool {
    guard stops.0 == stops.1, Self.processor(expected) == Self.processor(seen) else { return false }
    return Self.board(expected) == Self.board(seen) && differingDisks.isEmpty
      && pages(changes).allSatisfy { isSame(page: $0) }
  }

  private static func processor(_ machine: Machine) -> UInt64 {
    var hash = StateHash()
    machine.cpu.combine(into: &hash)
    return hash.value
  }

  private static func board(_ machine: Machine) -> [UInt8] {
    var writer = StateWriter(omittingMedia: true)
    machine.board.save(into: &writer)
    return writer.bytes
  }

  private var differingDisks: [Int] {
    expected.disks.indices.filter { expected.disks[$0].changed != seen.disks[$0].changed }
  }

  private func pages(_ changes: Changes) -> [PhysicalAddress] {
    Set((changes.expected + changes.seen).map(\.address)).sorted()
  }

  private func isSame(page: PhysicalAddress) -> Bool {
    guard let one = expected.cpu.memory.host(at: page), let other = seen.cpu.memory.host(at: page)
    else { return true }
    for offset in stride(from: 0, to: 4096, by: 8)
    where one.load(fromByteOffset: offset, as: UInt64.self)
      != other.load(fromByteOffset: offset, as: UInt64.self)
    {
      return false
    }
    return true
  }

  private func registerDifferences() -> [Divergence.Difference] {
    zip(expected.cpu.visibleState, seen.cpu.visibleState).filter { $0 != $1 }.map {
      .register(name: $0.name, expected: $0.value, seen: $1.value, digits: $0.digits)
    }
  }

  private func memoryDifferences(_ changes: Changes) -> [Divergence.Difference] {
    var found: [Divergence.Difference] = []
    for page in pages(changes) where !isSame(page: page) {
      guard let one = expected.cpu.memory.host(at: page), let other = seen.cpu.memory.host(at: page)
      else { continue }
      for offset in stride(from: 0, to: 4096, by: 4) where found.count < 16 {
        let (left, right) = (
          UInt32(littleEndian: one.load(fromByteOffset: offset, as: UInt32.self)),
          UInt32(littleEndian: other.load(fromByteOffset: offset, as: UInt32.self))
        )
        if left != right {
          found.append(.memory(address: page + UInt64(offset), expected: left, seen: right))
        }
      }
    }
    return found
  }

  private func deviceDifferences() -> [Divergence.Difference] {
    zip(expected.board.deviceStates, seen.board.deviceStates).filter { $0.bytes != $1.bytes }
      .map { .device($0.0.name) } + differingDisks.map { .disk($0) }
  }
}
