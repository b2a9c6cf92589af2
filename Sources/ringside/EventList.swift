import Machine
import Panes
import X86

/// The machine's newest events as lines of text.
enum EventList {
  /// At most `count` lines, oldest first, each with its end.
  static func lines(of machine: Machine, count: UInt64) -> [String] {
    let end = machine.cpu.log.end
    let start = max(machine.cpu.log.start, end - min(end, count))
    return (start..<end).map { "  " + line(of: machine.cpu.log[place: $0]) }
  }

  /// One event, with the line's end.
  static func line(of transition: Transition) -> String {
    let event = MachineView.Event(transition)
    let rings = event.from == event.to ? "ring \(event.to)" : "ring \(event.from)>\(event.to)"
    return "\(event.sequence) tick \(event.tick) \(rings): \(event.text): \(event.why)\n"
  }
}
