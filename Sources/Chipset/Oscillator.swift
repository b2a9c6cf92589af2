/// A clock of fixed frequency beside the machine's ticks, in exact integer arithmetic.
///
/// Cycle n begins at the first tick at or after n / frequency seconds. Nothing is rounded twice,
/// so no error collects however long the machine runs.
struct Oscillator {
  /// Cycles in a second.
  let frequency: UInt64
  let ticksPerSecond: UInt64

  /// The cycle that a tick lies in, counted from 0.
  func cycle(at tick: UInt64) -> Int64 {
    let product = tick.multipliedFullWidth(by: frequency)
    return Int64(ticksPerSecond.dividingFullWidth(product).quotient)
  }

  /// The first tick of a cycle.
  func tick(of cycle: Int64) -> UInt64 {
    let product = UInt64(cycle).multipliedFullWidth(by: ticksPerSecond)
    let (quotient, remainder) = frequency.dividingFullWidth(product)
    return remainder == 0 ? quotient : quotient + 1
  }
}
