public import X86

/// Where in its history a machine is to go.
public enum Goal {
  /// To where the history begins.
  case start
  /// To the end of what is known of it.
  case latest
  /// To a machine tick. After the end of what is known, it is a run like any other.
  case tick(UInt64)
  /// Back by an instruction, or an event's delivery; out of a HLT to its beginning.
  case back
  /// To the moment right behind the latest transition before now that satisfies a condition.
  case previous((Transition) -> Bool)
  /// To the latest moment before now at which something happens that the machine is to watch for:
  /// before the instruction, or before the one that makes the access.
  case previousWatched
}

/// How far a machine has come on its way to a goal.
public enum Arrival: Equatable, Sendable {
  /// It is on its way; so many instructions have been run again, and about so many are to be.
  case underway(done: UInt64, left: UInt64)
  /// It is there.
  case arrived
  /// There is no such place in its past; it is where it was.
  case nowhere
  /// It came to an end on the way.
  case stopped(Stop)
}

/// A way that a machine is on.
struct Journey {
  enum Aim {
    case tick(UInt64)
    case instruction(UInt64)
    /// Something that happened: first in the stretch that begins at a checkpoint and ends at tick
    /// `end`.
    case happening(Happening, end: UInt64)
  }

  enum Happening {
    case transition((Transition) -> Bool)
    case watched
  }

  var aim: Aim
  /// Instructions run again so far.
  var done: UInt64 = 0
  /// The tick at which the machine was when it set out.
  let origin: UInt64
  /// While searching: the tick at which this stretch begins, that of the latest match in it, and
  /// the place in the log of the first transition that has not been looked at.
  var first: UInt64 = 0
  var found: UInt64?
  var unseen: UInt64 = 0
}

extension History {
  /// Goes to a place in the history, however long it takes.
  @discardableResult
  public func go(to goal: Goal) -> Arrival {
    setOut(for: goal)
    while true {
      let arrival = proceed(instructions: .max)
      if case .underway = arrival { continue }
      return arrival
    }
  }

  /// Begins to go to a place in the history; `proceed` does the rest, and whoever does not want to
  /// go on leaves the machine where it is.
  public func setOut(for goal: Goal) {
    let now = machine.ticks
    foundHit = nil
    switch goal {
    case .start: setOut(towards: .tick(start))
    case .latest: setOut(towards: .tick(latest))
    case .tick(let tick): setOut(towards: .tick(max(tick, start)))
    case .back: setOutBack()
    case .previous(let condition):
      if let tick = newestKept({ condition($0) && $1 < now }) {
        return setOut(towards: .tick(tick))
      }
      search(for: .transition(condition), before: now)
    case .previousWatched: search(for: .watched, before: now)
    }
  }

  private func search(for happening: Journey.Happening, before now: UInt64) {
    journey = Journey(aim: .happening(happening, end: now), origin: now)
    beginStretch(before: now)
  }

  private func setOut(towards aim: Journey.Aim) {
    journey = Journey(aim: aim, origin: machine.ticks)
    let (now, executed) = (machine.ticks, machine.instructions)
    switch aim {
    case .tick(let tick):
      let best = checkpoints.last { $0.moment.ticks <= tick }
      if tick < now || best.moment.ticks > now { checkpoints.restore(best) }
    case .instruction(let count):
      let best = checkpoints.last { $0.moment.instructions < count }
      if count <= executed || best.moment.instructions > executed { checkpoints.restore(best) }
    case .happening: break
    }
  }

  /// The boundary before this one. A halted processor has executed nothing for a while: then it is
  /// the beginning of the halt.
  private func setOutBack() {
    let executed = machine.instructions
    if machine.cpu.isHalted && haltStart < machine.ticks {
      return setOut(towards: .instruction(executed))
    }
    setOut(towards: .instruction(executed - min(executed, 1)))
  }

  /// The tick of the HLT that the processor is in.
  private var haltStart: UInt64 {
    newestKept { event, _ in event.kind == .halt } ?? 0
  }

  /// The tick right behind the latest transition that satisfies a condition, of those that the log
  /// still has and that belong to the history.
  private func newestKept(_ condition: (Transition, _ behind: UInt64) -> Bool) -> UInt64? {
    var place = machine.cpu.log.end
    while place > machine.cpu.log.start {
      place -= 1
      let event = machine.cpu.log[place: place]
      guard event.guestTick >= start else { return nil }
      if condition(event, event.guestTick + 1) { return event.guestTick + 1 }
    }
    return nil
  }

  // MARK: On the way

  /// Goes on for at most about `instructions`, see `setOut`.
  public func proceed(instructions: UInt64) -> Arrival {
    guard let journey else { return .arrived }
    // What the machine is to stop at is for the way forward.
    let condition = machine.condition?.predicate
    if condition != nil { machine.stop(when: nil) }
    defer { if condition != nil { machine.stop(when: condition) } }
    let before = machine.instructions
    let end = before + min(instructions, 1 << 40)
    let arrival =
      switch journey.aim {
      case .tick(let tick): proceed(toTick: tick, end)
      case .instruction(let count): proceed(toInstruction: count, end)
      case .happening(let happening, let tick): search(for: happening, before: tick, end)
      }
    self.journey?.done += machine.instructions - min(before, machine.instructions)
    if case .underway = arrival { return arrival }
    self.journey = nil
    return arrival
  }

  private func proceed(toTick tick: UInt64, _ end: UInt64) -> Arrival {
    while machine.ticks < tick && machine.instructions < end {
      let pause = [Self.far, Self.near].map { tick - min(tick, $0) }.first { $0 > machine.ticks }
      let limit = min(pause ?? tick, machine.ticks + (end - machine.instructions))
      switch run(until: limit) {
      case .reached, .reset, .breakpoint, .watched: break
      case .idle: skip(to: limit)
      case .stopped(let stop): return machine.ticks < tick ? .stopped(stop) : .arrived
      }
      if machine.ticks == pause { checkpoints.add() }
    }
    return machine.ticks < tick ? underway(before: tick) : .arrived
  }

  /// Checkpoints so far before the goal, in ticks, make the next steps back short.
  private static let far: UInt64 = 500_000
  private static let near: UInt64 = 20_000

  private func proceed(toInstruction count: UInt64, _ end: UInt64) -> Arrival {
    while machine.instructions < min(count, end) {
      let missing = count - machine.instructions
      let pause = [Self.far, Self.near].first { $0 < missing }
      let stretch = min(missing - (pause ?? 0), end - machine.instructions)
      switch run(until: machine.ticks + stretch) {
      case .reached, .reset, .breakpoint, .watched: break
      case .idle: return .stopped(.haltedForGood)
      case .stopped(let stop): return machine.instructions < count ? .stopped(stop) : .arrived
      }
      if let pause, count - machine.instructions == pause { checkpoints.add() }
    }
    if machine.instructions >= count { return .arrived }
    return .underway(done: journey?.done ?? 0, left: count - machine.instructions)
  }

  /// Runs a stretch and looks at what happens in it; then the one before it, and so on.
  private func search(
    for happening: Journey.Happening, before tick: UInt64, _ end: UInt64
  ) -> Arrival {
    stretch: while machine.ticks < tick && machine.instructions < end {
      switch run(until: min(tick, machine.ticks + Self.look), returningWhenIdle: true) {
      case .reached, .reset, .breakpoint: break
      case .watched(let hit): note(hit, happening)
      case .idle(let next): skip(to: min(tick, next))
      case .stopped: break stretch
      }
      lookForMatches(happening)
    }
    guard machine.ticks >= tick || machine.instructions < end else { return underway(before: tick) }
    lookForMatches(happening)
    if let found = journey?.found {
      setOut(towards: .tick(found))
      return proceed(toTick: found, end)
    }
    let first = journey?.first ?? start
    if first > start {
      journey?.aim = .happening(happening, end: first)
      beginStretch(before: first)
      return underway(before: first)
    }
    // In vain: back to where the machine was.
    let origin = journey?.origin ?? tick
    setOut(towards: .tick(origin))
    _ = proceed(toTick: origin, machine.instructions + 1 << 40)
    return .nowhere
  }

  /// So few ticks that the log cannot forget a transition among them.
  private static let look: UInt64 = 512

  private func beginStretch(before tick: UInt64) {
    checkpoints.restore(checkpoints.last { $0.moment.ticks < tick })
    journey?.first = machine.ticks
    journey?.found = nil
    journey?.unseen = machine.cpu.log.end
  }

  private func lookForMatches(_ happening: Journey.Happening) {
    guard case .transition(let condition) = happening, let current = journey else { return }
    for place in current.unseen..<max(current.unseen, machine.cpu.log.end) {
      let event = machine.cpu.log[place: place]
      // Right behind the event; where the search began, only what lies before counts.
      let place = event.guestTick + 1
      if place < current.origin && condition(event) { journey?.found = place }
    }
    journey?.unseen = machine.cpu.log.end
  }

  private func note(_ hit: Watch.Hit, _ happening: Journey.Happening) {
    guard case .watched = happening, let origin = journey?.origin else { return }
    let place =
      switch hit {
      case .instruction: machine.ticks
      case .access: machine.ticks - 1
      }
    if place < origin {
      journey?.found = place
      foundHit = hit
    }
  }

  /// An estimate: as if instructions were spread evenly to the next checkpoint.
  private func underway(before tick: UInt64) -> Arrival {
    let next = checkpoints.list.first { $0.moment.ticks >= tick }?.moment
    var left = tick - machine.ticks
    if let next, next.ticks > machine.ticks, next.instructions > machine.instructions {
      let share = Double(left) / Double(next.ticks - machine.ticks)
      left = UInt64(Double(next.instructions - machine.instructions) * share)
    }
    return .underway(done: journey?.done ?? 0, left: left)
  }
}
