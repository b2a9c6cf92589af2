import Chipset
import Machine
import Panes
import Predicates

/// The same guest in another mode, kept where the first one is to be compared: at the same guest tick; or,
/// where one of them is another kernel, where it has printed as much.
struct Companion {
  private let built: BuiltMachine
  private var maker: ViewMaker
  private var stop: Stop?
  /// How far its console has come, and what it has been given on the way there.
  private var printed = Milestone()
  private var given: [Journal.Input] = []

  /// Where a machine is, for one with another kernel.
  struct Place {
    var printed: Milestone
    /// What had come in until then, each with how much had been printed when it came.
    var inputs: [(input: Journal.Input, printed: Milestone)]
  }

  var mode: Mode { built.machine.configuration.mode }

  init(_ built: BuiltMachine) {
    self.built = built
    maker = ViewMaker(guest: built.name)
  }

  mutating func view() -> MachineView {
    var view = maker.view(of: built.machine, state: state, speed: nil)
    view.comparedAt = .printed(lines: printed.lines, column: printed.column)
    return view
  }

  private var state: MachineView.RunState { stop.map { .stopped($0.sentence) } ?? .paused }

  // MARK: By ticks

  /// Whether it can still come to where `machine` is: time does not run backwards here.
  func canFollow(_ machine: Machine) -> Bool { built.machine.ticks <= machine.ticks }

  /// Goes to the tick where `machine` is, with the same input at the same ticks.
  mutating func follow(_ machine: Machine) {
    var news = Journal()
    let known = built.machine.journal.entries.count
    for entry in machine.journal.entries.dropFirst(known) where entry.tick >= built.machine.ticks {
      news.append(entry.input, at: entry.tick)
    }
    built.machine.replay(news)
    while stop == nil && built.machine.ticks < machine.ticks {
      if case .stopped(let reason) = built.machine.run(until: machine.ticks) { stop = reason }
      listen()
    }
  }

  private mutating func listen() {
    let bytes = built.machine.board.takeSerialOutput()
    maker.receive(bytes)
    printed.take(bytes)
    _ = built.machine.board.takeDebugOutput()
  }

  // MARK: By what is printed

  func canFollow(to place: Place) -> Bool {
    printed <= place.printed && given.count <= place.inputs.count
      && zip(given, place.inputs).allSatisfy { $0 == $1.input }
  }

  /// How long it may be silent on the way, in seconds of its own time, and what it may execute.
  private static let patience: UInt64 = 5
  private static let most: UInt64 = 200_000_000

  /// Goes to where its guest has printed as much, with the same input where it had printed as much as the
  /// other one when that got it. It may never come there; then it stands where it fell silent.
  mutating func follow(to place: Place) {
    let machine = built.machine
    machine.stop(when: Self.sending)
    defer { machine.stop(when: nil) }
    let silence = machine.configuration.ticksPerSecond * Self.patience
    var limit = machine.ticks + silence
    let work = machine.instructions + Self.most
    while stop == nil {
      while given.count < place.inputs.count, place.inputs[given.count].printed <= printed {
        machine.receive(place.inputs[given.count].input)
        given.append(place.inputs[given.count].input)
      }
      guard printed < place.printed, machine.ticks < limit, machine.instructions < work else {
        return
      }
      let before = printed
      if case .stopped(let reason) = machine.run(until: min(limit, machine.ticks + 1_000_000)) {
        stop = reason
      }
      listen()
      if printed != before { limit = machine.ticks + silence }
    }
  }

  /// The first serial line's register for what is sent.
  private static let sending = (try? Predicate(parsing: "out 0x3f8")).map {
    CompiledPredicate($0, default: .event)
  }
}
