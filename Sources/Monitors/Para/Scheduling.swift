import X86

/// Which domain runs, and for how long: a credit scheduler like Xen's.
///
/// Credit is processor time. Every accounting period is shared out among the domains by their weights;
/// who runs pays. Who has credit left comes before who has not, and who has just been woken by an
/// event, with credit left, before both. Equals take turns, a slice each: the physical timer ends it.
extension Paravirtualization {
  /// In nanoseconds.
  static let slice: UInt64 = 10_000_000
  static let period: UInt64 = 30_000_000

  /// The weight of a domain that nobody has given one.
  public static let usualWeight: UInt32 = 256

  /// The domain to run now; nil if none can.
  func choose(_ cpu: inout CPU) -> Int? {
    defer { mustYield = false }
    guard domains.count > 1 else { return domains[0].state == .runnable ? 0 : nil }
    let now = time(cpu)
    charge(now)
    let hasTurn = !isIdle && !mustYield && now < sliceEnd && domains[running].state == .runnable
    if !isIdle { domains[running].lastRun = now }
    // Among equals who has a turn keeps it, and then it is for whoever has waited longest.
    func rank(_ index: Int) -> (Int, UInt64) {
      (priority(index), hasTurn && index == running ? 0 : domains[index].lastRun + 1)
    }
    let able = domains.indices.filter { domains[$0].state == .runnable }
    guard let best = able.min(by: { rank($0) < rank($1) }) else {
      sliceEnd = .max
      return nil
    }
    if best != running || isIdle || !hasTurn {
      sliceEnd = now &+ Self.slice
      armTimer(&cpu)
    }
    domains[best].isBoosted = false
    return best
  }

  /// The lower the better.
  private func priority(_ index: Int) -> Int {
    if domains[index].isBoosted { return 0 }
    return domains[index].credit > 0 ? 1 : 2
  }

  /// Who runs pays for the time since the last look; a period that is over is shared out.
  private func charge(_ now: UInt64) {
    if !isIdle { domains[running].credit -= Int64(now - chargedUntil) }
    chargedUntil = now
    guard now >= periodEnd else { return }
    periodEnd = now - now % Self.period + Self.period
    // Nobody saves up for more than a period, or goes deeper into debt. Who waits for an event with half
    // of that in hand takes nothing from those who want the processor.
    let most = Int64(Self.period)
    let takers = domains.indices.filter {
      domains[$0].state == .runnable
        || domains[$0].state == .blocked && domains[$0].credit < most / 2
    }
    let total = takers.reduce(UInt64(0)) { $0 + UInt64(domains[$1].weight) }
    for index in takers {
      let share = Int64(Self.period * UInt64(domains[index].weight) / max(1, total))
      domains[index].credit = max(-most, min(most, domains[index].credit + share))
    }
  }

  /// Time passes in a state: what the domain's account says of it grows.
  func note(_ now: UInt64, _ index: Int) {
    let account =
      switch domains[index].state {
      case .runnable: index == running && !isIdle ? 0 : 1
      case .blocked: 2
      case .shutDown, .crashed: 3
      }
    domains[index].times[account] &+= now &- domains[index].stateSince
    domains[index].stateSince = now
  }

  /// An event has come for a domain that may be waiting.
  func wake(_ index: Int, _ cpu: borrowing CPU) {
    guard domains[index].state == .blocked else { return }
    note(time(cpu), index)
    domains[index].state = .runnable
    domains[index].isBoosted = domains[index].credit > 0
    domains[index].polled = []
    domains[index].pollEnd = nil
  }
}
