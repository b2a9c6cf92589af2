import Machine
import Panes
import X86

/// The machine's newest events as lines of text.
enum EventList {
  /// At most `count` lines, oldest first, each with its end.
  static func lines(of machine: Machine, count: UInt64) -> [String] {
    let end = machine.cpu.log.count
    return (end - min(end, count)..<end).compactMap { sequence in
      guard let transition = machine.cpu.log[sequence] else { return nil }
      let event = MachineView.Event(transition)
      let rings = event.from == event.to ? "ring \(event.to)" : "ring \(event.from)>\(event.to)"
      return "  \(event.sequence) tick \(event.tick) \(rings): \(event.text): \(event.why)\n"
    }
  }
}
