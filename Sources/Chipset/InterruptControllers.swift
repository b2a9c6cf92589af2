/// The PC's two 8259A: the first at 20h and 21h, the second at A0h and A1h behind line 2 of the
/// first, and the edge/level registers at 4D0h and 4D1h.
final class InterruptControllers: Device {
  private var first = InterruptController()
  private var second = InterruptController()

  func reset() {
    // A power-on 8259 is undefined until ICW1; fully masked, it keeps quiet.
    first = InterruptController()
    second = InterruptController()
    output = first.output
  }

  /// INTR of the processor.
  private(set) var output = false

  /// The IRQ that would be acknowledged now; 7 if it went away meanwhile.
  var requestedLine: UInt8 {
    guard let line = first.pending else { return 7 }
    guard line == 2, first.isCascaded(2) else { return line }
    return 8 + (second.pending ?? 7)
  }

  /// Sets those of IRQ 0–15 that have changed, the lowest first; 2 is the second controller.
  func setLines(_ levels: UInt16, changed: UInt16) {
    var rest = changed
    while rest != 0 {
      let number = rest.trailingZeroBitCount
      rest &= rest &- 1
      let level = levels >> UInt16(number) & 1 != 0
      if number < 8 {
        first.setLine(number, level)
      } else {
        second.setLine(number - 8, level)
        first.setLine(2, second.output)
      }
    }
    output = first.output
  }

  /// The two INTA cycles: the vector of the most urgent request. If it went away meanwhile, the
  /// vector is that of line 7 of the controller that was asked, with nothing in service.
  func acknowledge() -> UInt8 {
    defer { output = first.output }
    let (vector, level) = first.acknowledge()
    guard level == 2, first.isCascaded(2) else { return vector }
    let answer = second.acknowledge().vector
    reconsiderCascade()
    return answer
  }

  /// INT of the second controller falls with every INTA, so that what still waits is an edge.
  private func reconsiderCascade() {
    first.setLine(2, false)
    first.setLine(2, second.output)
  }

  func read(_ port: UInt16, at tick: UInt64) -> UInt8 {
    defer { output = first.output }
    switch port {
    case 0x20, 0x21: return first.read(isCommand: port & 1 == 0)
    case 0xA0, 0xA1:
      let value = second.read(isCommand: port & 1 == 0)
      first.setLine(2, second.output)
      return value
    case 0x4D0: return first.levelTriggered
    default: return second.levelTriggered
    }
  }

  func write(_ port: UInt16, _ value: UInt8, at tick: UInt64) {
    switch port {
    case 0x20, 0x21: first.write(value, isCommand: port & 1 == 0)
    case 0xA0, 0xA1: second.write(value, isCommand: port & 1 == 0)
    // The timer, the keyboard, the cascade, the clock and the coprocessor are edges for ever.
    case 0x4D0: first.levelTriggered = value & 0xF8
    default: second.levelTriggered = value & 0xDE
    }
    first.setLine(2, second.output)
    output = first.output
  }

  func save(into writer: inout StateWriter) {
    first.save(into: &writer)
    second.save(into: &writer)
  }

  func load(from reader: inout StateReader) throws(StateError) {
    try first.load(from: &reader)
    try second.load(from: &reader)
    output = first.output
  }
}
