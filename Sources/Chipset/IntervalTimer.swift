/// The 8254 programmable interval timer at ports 40h–43h: three counters at 1193182 Hz.
///
/// Counter 0 is IRQ 0, counter 1 once refreshed memory, counter 2 is gated by port 61h and heard
/// in the speaker.
final class IntervalTimer: Device {
  static let frequency: UInt64 = 1_193_182

  private let oscillator: Oscillator
  private var counters = [Counter(gate: true), Counter(gate: true), Counter(gate: false)]
  /// OUT of counter 0.
  private(set) var interruptLine = true
  private(set) var deadline = UInt64.max

  init(ticksPerSecond: UInt64) {
    oscillator = Oscillator(frequency: Self.frequency, ticksPerSecond: ticksPerSecond)
    reset()
  }

  func reset() {
    counters = [Counter(gate: true), Counter(gate: true), Counter(gate: false)]
    // OUT is undefined until a control word comes; high, it makes no edge then.
    interruptLine = true
    deadline = .max
  }

  func read(_ port: UInt16, at tick: UInt64) -> UInt8 {
    guard port & 3 < 3 else { return 0xFF }  // The control word cannot be read.
    return counters[Int(port & 3)].read(at: oscillator.cycle(at: tick))
  }

  func write(_ port: UInt16, _ value: UInt8, at tick: UInt64) {
    let clock = oscillator.cycle(at: tick)
    switch (port & 3, value >> 6) {
    case (3, 3): readBack(value, at: clock)
    case (3, let number):
      counters[Int(number)].control(value, at: clock)
      if number == 0 { updateInterrupt(at: clock) }
    case (let number, _):
      counters[Int(number)].write(value, at: clock)
      if number == 0 { updateInterrupt(at: clock) }
    }
  }

  private func readBack(_ command: UInt8, at clock: Int64) {
    for number in 0..<3 where command >> UInt8(number + 1) & 1 != 0 {
      if command & 0x20 == 0 { counters[number].latchCount(at: clock) }
      if command & 0x10 == 0 { counters[number].latchStatus(at: clock) }
    }
  }

  func advance(to tick: UInt64) { updateInterrupt(at: oscillator.cycle(at: tick)) }

  private func updateInterrupt(at clock: Int64) {
    counters[0].settle(to: clock)
    interruptLine = counters[0].output(at: clock)
    deadline = counters[0].nextEdge(after: clock).map(oscillator.tick(of:)) ?? .max
  }

  /// GATE of counter 2, from bit 0 of port 61h.
  var speakerGate: Bool { counters[2].gate }

  func setSpeakerGate(_ level: Bool, at tick: UInt64) {
    counters[2].setGate(level, at: oscillator.cycle(at: tick))
  }

  /// What counter 2 would play in the speaker, as a divisor of `frequency`; nil for no tone.
  var speakerTone: UInt32? { counters[2].squareWave.map { UInt32($0) } }

  /// OUT of counter 2, bit 5 of port 61h.
  func speakerOutput(at tick: UInt64) -> Bool {
    let clock = oscillator.cycle(at: tick)
    counters[2].settle(to: clock)
    return counters[2].output(at: clock)
  }

  /// Bit 4 of port 61h, which changed with every refresh of memory: every 18 clocks, 15 µs.
  func refreshToggle(at tick: UInt64) -> Bool { oscillator.cycle(at: tick) / 18 & 1 != 0 }

  func save(into writer: inout StateWriter) {
    for counter in counters { counter.save(into: &writer) }
    writer.write(interruptLine)
    writer.write(deadline)
  }

  func load(from reader: inout StateReader) throws(StateError) {
    for index in counters.indices { try counters[index].load(from: &reader) }
    interruptLine = try reader.readFlag()
    deadline = try reader.read()
  }
}
