import Chipset
public import Machine
import Monitors
public import X86

/// A run of a lab's guest, from its start to its end, with the ledger of all that happened.
///
/// Everything follows from the lab, the seed and what is typed, so all hosts see the same, down to
/// the numbers of the events.
public final class LabRun {
  /// Makes a run's machine, at its start.
  public typealias Builder = (LabMachinePlan) throws(LabProblem) -> Machine

  let lab: Lab
  let values: DrawnValues
  /// How it was set up.
  public let plan: RunPlan
  /// All events, oldest first.
  public let events: [Transition]
  /// All that the guest wrote to the first serial line, without carriage returns.
  public let console: String
  /// The guest's tick at which it would have been ended.
  let limit: UInt64
  private let machinePlan: LabMachinePlan
  private let typed: [String]
  private let build: Builder
  private let finished: Machine
  /// The machine at the moment that was last asked for.
  private var looked: (moment: Place, machine: Machine)?

  private struct Place: Equatable {
    let event: UInt64
    let isBefore: Bool
  }

  /// How many events a run can have.
  static let capacity = 1 << 16

  /// Makes one of a lab's runs, its own without a name, with what it types itself, or with the lines
  /// that a student types, or with the guest that a student has written.
  public init(
    _ name: String?, of lab: Lab, values: DrawnValues, typing lines: [String]? = nil,
    submitting source: String? = nil, build: @escaping Builder
  ) throws(LabProblem) {
    var machinePlan = try lab.machine(of: name, values: values)
    machinePlan.submission = source
    guard let plan = lab.run(named: name) else { preconditionFailure("it has a machine") }
    self.lab = lab
    self.values = values
    self.plan = plan
    self.machinePlan = machinePlan
    self.build = build
    typed = lines ?? plan.typed.map { $0.filled(with: values) }
    let machine = try build(machinePlan)
    Self.type(typed, into: machine)
    limit = UInt64(plan.seconds) * machine.configuration.ticksPerSecond
    let progress =
      source == nil ? machine.run(until: limit) : Self.runWithinLog(machine, until: limit)
    if lines == nil, source == nil, let mistake = Self.mistake(progress, machine, plan, lab) {
      throw mistake
    }
    let log = machine.cpu.log.count
    guard log <= UInt64(Self.capacity) else {
      throw LabProblem(
        file: lab.file,
        what: "the run ‘\(plan.name)’ has \(log) events, and \(Self.capacity) can be kept",
        remedy: "let it do less")
    }
    events = (machine.cpu.log.start..<machine.cpu.log.end).map { machine.cpu.log[place: $0] }
    console = String(
      decoding: machine.board.takeSerialOutput().filter { $0 != 0x0D }, as: UTF8.self)
    finished = machine
  }

  private static func type(_ lines: [String], into machine: Machine) {
    let bytes = lines.flatMap { line -> [UInt8] in Array(line.utf8) + [0x0D] }
    if !bytes.isEmpty { machine.receive(.serial(bytes)) }
  }

  /// Runs a student's guest, but only as far as all its events can be kept: one that goes round in a
  /// circle of faults has done before that what it does.
  private static func runWithinLog(_ machine: Machine, until limit: UInt64) -> Progress {
    let slice: UInt64 = 4096
    var (tick, progress) = (UInt64(0), Progress.reached)
    while case .reached = progress, tick < limit, machine.cpu.log.count < UInt64(capacity / 2) {
      tick = min(tick + slice, limit)
      progress = machine.run(until: tick)
    }
    return progress
  }

  /// A lab's own runs must come to an end by themselves: a hypervisor's first domain that crashes has.
  private static func mistake(
    _ progress: Progress, _ machine: Machine, _ plan: RunPlan, _ lab: Lab
  ) -> LabProblem? {
    let hasCrashed = machine.monitor?.counts.contains { $0.name == "crashes" && $0.count > 0 }
    return switch progress {
    case .stopped(.unsupported) where hasCrashed == true: nil
    case .stopped(.exit), .stopped(.haltedForGood), .stopped(.tripleFault): nil
    case .stopped(let stop):
      LabProblem(
        file: lab.file, what: "the run ‘\(plan.name)’ ended with ‘\(stop.name)’",
        remedy: "use another guest")
    default:
      LabProblem(
        file: lab.file,
        what: "the run ‘\(plan.name)’ did not end within \(plan.seconds) seconds of its time",
        remedy: "let the last line typed end it, or raise ‘seconds’")
    }
  }

  /// Its machine before anything was executed, with what is typed waiting for it.
  func atStart() throws(LabProblem) -> Machine {
    let machine = try build(machinePlan)
    Self.type(typed, into: machine)
    return machine
  }

  /// The event with a number.
  public func event(_ number: UInt64) -> Transition? {
    var (low, high) = (0, events.count)
    while low < high {
      let middle = (low + high) / 2
      if events[middle].sequence < number { low = middle + 1 } else { high = middle }
    }
    guard low < events.count, events[low].sequence == number else { return nil }
    return events[low]
  }

  /// A total of the whole run.
  public func total(_ total: RunTotal) -> Int64 {
    switch total {
    case .instructions: Int64(finished.instructions)
    case .ticks: Int64(finished.ticks)
    case .events: Int64(finished.cpu.log.count)
    }
  }

  /// What its monitor has counted, by name; nothing in emulation.
  public var counters: [(name: String, count: UInt64)] { finished.monitor?.counts ?? [] }

  /// The machine after the run.
  var atEnd: Machine { finished }

  /// The machine just before or behind an event: the run is made once more, up to there. Under a
  /// monitor, behind it is where the guest's instruction, or what it is given, is done with.
  public func machine(at event: Transition, isBefore: Bool) throws(LabProblem) -> Machine {
    let instant = Place(event: event.sequence, isBefore: isBefore)
    if let looked, looked.moment == instant { return looked.machine }
    let machine = try atStart()
    _ = machine.run(until: event.guestTick)
    if !isBefore {
      while machine.cpu.log.count < event.sequence, machine.step() == nil {}
    }
    looked = (instant, machine)
    return machine
  }
}
