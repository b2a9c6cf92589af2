/// Relates the guest's clock to the host's while somebody watches. A guest that falls behind, or
/// that computes faster than its clock says, is not made to catch up or wait: only HLT waits.
struct Governor {
  private let rate: Double
  private var anchorTime = -Double.greatestFiniteMagnitude
  private var anchorTick: UInt64 = 0
  /// When something was last seen to happen: input, output, a change of the screen.
  private var lastActivity = 0.0
  /// How far the clocks may be apart before they are related anew, in seconds.
  private static let tolerance = 0.5
  /// Shorter rests are not worth waking up for: what was due meanwhile happens at once after it.
  private static let shortest = 1.0 / 60
  /// The same when nothing has happened for a second. Input ends a rest in any case.
  private static let shortestInALull = 0.25

  /// A governor for a machine with this many ticks in a second.
  init(ticksPerSecond: UInt64) { rate = Double(ticksPerSecond) }

  /// How many seconds to sleep at `now` for the guest's clock to get from one tick to another; nil
  /// if the other is due.
  mutating func rest(from current: UInt64, until tick: UInt64, at now: Double) -> Double? {
    if abs(now - time(of: current)) > Self.tolerance { (anchorTime, anchorTick) = (now, current) }
    let seconds = time(of: tick) - now
    let isLull = now - lastActivity > 1
    return seconds <= 0 ? nil : max(seconds, isLull ? Self.shortestInALull : Self.shortest)
  }

  /// Something happened that somebody may be looking at.
  mutating func noteActivity(at now: Double) { lastActivity = now }

  /// What the guest's clock shows at `time`.
  func tick(at time: Double) -> UInt64 {
    anchorTick + UInt64(max(0, (time - anchorTime) * rate))
  }

  private func time(of tick: UInt64) -> Double {
    anchorTime + Double(Int64(bitPattern: tick &- anchorTick)) / rate
  }
}
