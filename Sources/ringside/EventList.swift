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
    // What happened to a virtual processor is told in the rings that the guest believes in.
    let whose = transition.isVirtual ? "virtual " : ""
    return "\(event.sequence) tick \(event.tick) \(whose)\(rings): \(event.text): \(event.why)\n"
  }
}
