/// The PC speaker: what counter 2 of the timer plays in it while port 61h lets it through.
///
/// Only tones are heard here, square waves of mode 3. A program that moves the membrane itself, bit
/// by bit, is not.
final class Speaker {
  /// The divisor of the tone that sounds; nil for silence.
  private var divisor: UInt32?
  private var sounds: [Board.Sound] = []

  /// How many sounds wait for somebody who takes them; then the oldest go.
  private static let room = 256

  func reset() {
    divisor = nil
  }

  /// The tone after an access to the timer or port 61h.
  func play(_ divisor: UInt32?, at tick: UInt64) {
    guard divisor != self.divisor else { return }
    self.divisor = divisor
    if sounds.count == Self.room { sounds.removeFirst() }
    sounds.append(Board.Sound(tick: tick, divisor: divisor))
  }

  var hasSounds: Bool { !sounds.isEmpty }

  func takeSounds() -> [Board.Sound] {
    guard !sounds.isEmpty else { return [] }
    defer { sounds = [] }
    return sounds
  }

  func save(into writer: inout StateWriter) { writer.write(divisor) }

  func load(from reader: inout StateReader) throws(StateError) {
    divisor = try reader.readOptional()
    sounds = []
  }
}
