import Chipset
import Machine
import Panes

/// The same guest in another mode, kept at the same guest tick to be compared.
struct Companion {
  private let built: BuiltMachine
  private var maker: ViewMaker
  private var stop: Stop?

  var mode: Mode { built.machine.configuration.mode }

  init(_ built: BuiltMachine) {
    self.built = built
    maker = ViewMaker(guest: built.name)
  }

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
      maker.receive(built.machine.board.takeSerialOutput())
      _ = built.machine.board.takeDebugOutput()
    }
  }

  mutating func view() -> MachineView {
    maker.view(of: built.machine, state: stop.map { .stopped($0.sentence) } ?? .paused, speed: nil)
  }
}
