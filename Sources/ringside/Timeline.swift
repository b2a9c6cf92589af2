import Chipset
import Machine
import Panes
import Predicates
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
  /// How much the guest had sent when something came in, by tick.
  private var sentBefore: [UInt64: UInt64] = [:]
  /// Where the known history ends for good, and why.
  private var end: (tick: UInt64, stop: Stop)?
  private var way: (done: UInt64, left: UInt64) = (0, 0)
  /// A way back that depends on calls, and whether its stretch is being run.
  private var search: (calls: CallSearch, isInStretch: Bool)?
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

  /// Where the known history begins; nil if there is none.
  var start: UInt64? { history?.start }

  /// Where the machine can return to at once.
  var checkpoints: [UInt64] { history?.checkpointTicks ?? [] }

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
    let sent = machine.board.serialOutputCount
    output.cut(at: sent)
    end = nil
    sentBefore[machine.ticks] = sent
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

  /// How far the console's text has come.
  var printed: Milestone { Milestone(outputUntilNow) }

  /// What has come in until now, and how far the console's text had come then.
  var inputs: [(input: Journal.Input, printed: Milestone)] {
    machine.journal.entries.filter { $0.tick <= machine.ticks }.map { entry in
      (entry.input, Milestone(output.bytes(until: sentBefore[entry.tick] ?? 0)))
    }
  }

  // MARK: To another moment

  /// `events` says which events are meant where the destination is one.
  mutating func setOut(
    for destination: Destination, events: CompiledPredicate?
  ) -> Departure {
    guard let history else { return .nowhere(reason) }
    let isAtStart = machine.ticks == history.start
    switch destination {
    case .back, .start:
      if isAtStart { return .nowhere("This is where the history begins.") }
    case .latest: if !history.isInThePast { return .nowhere("This is the latest moment.") }
    case .tick, .fiftieths: break
    }
    way = (0, 0)
    search = nil
    started = HostClock.now
    switch destination {
    case .back(.instruction): history.setOut(for: .back)
    case .back(.ringChange):
      history.setOut(
        for: .previous {
          $0.fromCPL != $0.toCPL || $0.fromVirtualRing != $0.toVirtualRing
        })
    case .back(.over), .back(.out):
      let calls = CallSearch(from: machine.ticks, isOut: destination == .back(.out))
      beginStretch(calls, history)
    case .back:
      guard let events, events.asksEvents else {
        return .nowhere("Back to an event only; this condition is about instructions or accesses.")
      }
      history.setOut(for: .previous { events.matches(Moment($0)) })
    case .start: history.setOut(for: .start)
    case .latest: history.setOut(for: .latest)
    case .tick(let tick): history.setOut(for: .tick(tick))
    case .fiftieths(let count):
      let step = Int64(max(50, history.latest - history.start) / 50)
      let aim = Int64(machine.ticks) + Int64(count) * step
      history.setOut(
        for: .tick(UInt64(max(Int64(history.start), min(Int64(history.latest), aim)))))
    }
    return .underway
  }

  mutating func proceed() -> Arrival {
    guard let history else { return .arrived }
    if search?.isInStretch == true { return runStretch(history) }
    let arrival = history.proceed(instructions: 1_000_000)
    if case .underway(let done, let left) = arrival { way = (done, left) }
    _ = takeOutput()
    if search != nil, case .underway = arrival { return arrival }
    guard search != nil else { return arrival }
    search?.isInStretch = true
    return .underway(done: 0, left: search?.calls.reach ?? 0)
  }

  // MARK: Back by calls

  private mutating func beginStretch(_ calls: CallSearch, _ history: History) {
    let begin = max(history.start, calls.origin - min(calls.origin, calls.reach))
    search = (calls, false)
    history.setOut(for: .tick(begin))
  }

  /// A part of the stretch; at its end it is known where to go.
  private mutating func runStretch(_ history: History) -> Arrival {
    guard var calls = search?.calls else { return .arrived }
    for _ in 0..<20_000 where machine.ticks < calls.origin {
      let before = machine.ticks
      if calls.step(machine, { history.step() }) != nil || machine.ticks == before { break }
    }
    _ = takeOutput()
    search?.calls = calls
    guard machine.ticks >= calls.origin else {
      let left = calls.origin - machine.ticks
      way = (calls.reach - min(left, calls.reach), left)
      return .underway(done: way.done, left: left)
    }
    if let found = calls.found {
      search = nil
      history.setOut(for: .tick(found))
    } else if calls.origin - history.start <= calls.reach {
      search = nil
      return .nowhere
    } else {
      calls.reachFurther()
      beginStretch(calls, history)
    }
    return .underway(done: 0, left: calls.reach)
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
