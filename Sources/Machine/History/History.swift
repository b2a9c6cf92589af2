import X86

/// A machine with its past: it runs forward like any other, and goes back.
///
/// Going back is a return to the nearest checkpoint and a run from there; so every place between
/// two instructions can be reached, and the machine is there exactly what it was. From there it
/// goes forward along the same history, in which known inputs arrive again, or into another one,
/// which begins with a new input.
///
/// To be the only one that runs the machine. The disks must not be written through to their files:
/// what is in a file cannot be taken back.
public final class History {
  /// The machine.
  public let machine: Machine
  /// What checkpoints may take, in bytes. Two always stay: the first and the last.
  public let budget: Int
  /// The last tick of the history that is known, at or after the machine's present one.
  public internal(set) var latest: UInt64
  /// What the last journey to something watched for has found.
  public internal(set) var foundHit: Watch.Hit?
  var checkpoints: Checkpoints
  var journey: Journey?

  /// Instructions between two checkpoints while they are fresh.
  static let interval: UInt64 = 4_000_000
  /// The same in ticks, which also pass while nothing is executed.
  private static let tickInterval: UInt64 = 1_000_000_000
  /// Instructions between two looks at the budget.
  private static let slice: UInt64 = 500_000

  /// The budget if nothing else is said: 64 MiB.
  public static let defaultBudget = 64 << 20

  /// The history of a machine that begins now, at a place between two instructions.
  public init(_ machine: Machine, budget: Int = defaultBudget) {
    precondition(!machine.writesThrough, "what is written to a file cannot be taken back")
    self.machine = machine
    self.budget = budget
    latest = machine.ticks
    checkpoints = Checkpoints(machine)
  }

  /// The tick at which the history begins.
  public var start: UInt64 { checkpoints.list[0].moment.ticks }

  /// The ticks of the places to which the machine can return at once, in order.
  public var checkpointTicks: [UInt64] { checkpoints.list.map(\.moment.ticks) }

  /// What checkpoints take now, in bytes.
  public var size: Int { checkpoints.size }

  /// Whether the machine stands before the end of its known history.
  public var isInThePast: Bool { machine.ticks < latest }

  // MARK: Forward

  /// Runs the machine, see `Machine.run`.
  public func run(until limit: UInt64, returningWhenIdle: Bool = false) -> Progress {
    defer { noteArrival() }
    while true {
      let (last, nextTick) = neighbours
      let executed = machine.instructions - last.instructions
      let room = min(Self.interval - min(Self.interval, executed), Self.slice)
      let due = min(machine.ticks + max(1, room), last.ticks + Self.tickInterval, nextTick)
      let end = min(limit, max(due, machine.ticks + 1))
      let progress = machine.run(until: end, returningWhenIdle: returningWhenIdle)
      if machine.instructions - last.instructions >= Self.interval
        || machine.ticks - last.ticks >= Self.tickInterval
      {
        checkpoints.add()
      }
      checkpoints.thin(to: budget)
      guard case .reached = progress, machine.ticks < limit else { return progress }
    }
  }

  /// Executes one instruction, see `Machine.step`.
  public func step() -> Stop? {
    defer { noteArrival() }
    return machine.step()
  }

  /// Lets time pass in HLT, see `Machine.skip`.
  public func skip(to tick: UInt64) {
    machine.skip(to: tick)
    noteArrival()
  }

  /// Takes an input in. In the past, this begins another history: what was known of the future is
  /// forgotten.
  public func receive(_ input: Journal.Input) {
    checkpoints.cut(after: machine.ticks)
    latest = machine.ticks
    machine.receive(input)
  }

  func noteArrival() { latest = max(latest, machine.ticks) }

  /// The checkpoint at or before the machine's place, and the tick of the next one.
  private var neighbours: (last: MachineState, nextTick: UInt64) {
    let now = machine.ticks
    let next = checkpoints.list.firstIndex { $0.moment.ticks > now } ?? checkpoints.list.count
    return (
      checkpoints.list[max(0, next - 1)].moment,
      next < checkpoints.list.count ? checkpoints.list[next].moment.ticks : .max
    )
  }
}
