import Chipset
import Machine
import Panes
import X86

/// The screen's machine in time: with a history, if it has one, and the console's text of every
/// moment in it.
struct Timeline {
  /// How a journey began.
  enum Departure {
    case underway
    /// Not at all, for the reason given.
    case nowhere(String)
  }

  private let machine: Machine
  private let history: History?
  /// Why there is no history.
  private let reason: String
  private var output = SerialRecord()
  /// Where the known history ends for good, and why.
  private var end: (tick: UInt64, stop: Stop)?
  private var way: (done: UInt64, left: UInt64) = (0, 0)
  private var started = 0.0

  /// A machine that begins now; a budget of 0 bytes means without a history.
  init(_ machine: Machine, budget: Int) {
    self.machine = machine
    let obstacle: String? =
      if machine.writesThrough {
        "--write changes the disks"
      } else {
        budget == 0 ? "--history 0" : nil
      }
    history = obstacle == nil ? History(machine, budget: budget) : nil
    reason = "There is no way back: \(obstacle ?? "")."
  }

  /// The last tick that is known.
  var latest: UInt64 { max(history?.latest ?? 0, machine.ticks) }

  // MARK: Forward

  func run(until limit: UInt64, returningWhenIdle: Bool) -> Progress {
    history?.run(until: limit, returningWhenIdle: returningWhenIdle)
      ?? machine.run(until: limit, returningWhenIdle: returningWhenIdle)
  }

  func step() -> Stop? {
    if let history { return history.step() }
    return machine.step()
  }

  func skip(to tick: UInt64) {
    if let history { history.skip(to: tick) } else { machine.skip(to: tick) }
  }

  mutating func receive(_ input: Journal.Input) {
    output.cut(at: machine.board.serialOutputCount)
    end = nil
    if let history { history.receive(input) } else { machine.receive(input) }
  }

  mutating func noteEnd(_ stop: Stop) { end = (machine.ticks, stop) }

  /// The reason why the machine does not go on from where it is.
  var endReached: Stop? {
    guard let end, end.tick == machine.ticks else { return nil }
    return end.stop
  }

  /// What the guest sent since the last time.
  mutating func takeOutput() -> [UInt8] {
    let bytes = machine.board.takeSerialOutput()
    _ = machine.board.takeDebugOutput()
    output.take(bytes, total: machine.board.serialOutputCount)
    return bytes
  }

  /// What the guest had sent at the moment where the machine is.
  var outputUntilNow: ArraySlice<UInt8> { output.bytes(until: machine.board.serialOutputCount) }

  // MARK: To another moment

  mutating func setOut(for destination: Destination) -> Departure {
    guard let history else { return .nowhere(reason) }
    let isAtStart = machine.ticks == history.start
    switch destination {
    case .back, .previousRingChange, .start:
      if isAtStart { return .nowhere("This is where the history begins.") }
    case .latest: if !history.isInThePast { return .nowhere("This is the latest moment.") }
    case .tick: break
    }
    way = (0, 0)
    started = HostClock.now
    switch destination {
    case .back: history.setOut(for: .back)
    case .previousRingChange: history.setOut(for: .previous { $0.fromCPL != $0.toCPL })
    case .start: history.setOut(for: .start)
    case .latest: history.setOut(for: .latest)
    case .tick(let tick): history.setOut(for: .tick(tick))
    }
    return .underway
  }

  mutating func proceed() -> Arrival {
    guard let history else { return .arrived }
    let arrival = history.proceed(instructions: 1_000_000)
    if case .underway(let done, let left) = arrival { way = (done, left) }
    _ = takeOutput()
    return arrival
  }

  /// How much of the way is behind the machine.
  var percent: Int { Int(Double(way.done) / Double(max(1, way.done + way.left)) * 100) }

  /// About how many seconds the rest will take, as fast as it went so far.
  var secondsLeft: Int? {
    let passed = HostClock.now - started
    guard way.done > 0, passed > 0.2 else { return nil }
    return Int((Double(way.left) * passed / Double(way.done)).rounded(.up))
  }
}
