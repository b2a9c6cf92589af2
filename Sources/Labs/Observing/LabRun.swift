import Chipset
public import Machine
public import X86

/// A run of a lab's guest, from its start to its end, with the ledger of all that happened.
///
/// Everything follows from the lab, the seed and what is typed, so all hosts see the same, down to
/// the numbers of the events.
public final class LabRun {
  /// Makes the lab's machine, at its start.
  public typealias Builder = (Lab) throws(LabProblem) -> Machine

  let lab: Lab
  let values: DrawnValues
  /// All events, oldest first.
  public let events: [Transition]
  /// All that the guest wrote to the first serial line, without carriage returns.
  public let console: String
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

  /// What a machine for a lab is like.
  public static func configuration(of lab: Lab) -> Machine.Configuration {
    var configuration = Machine.Configuration()
    configuration.memory = lab.memory
    configuration.logCapacity = capacity
    return configuration
  }

  /// Runs a lab with what it types itself, or with the lines that a student types.
  public init(
    _ lab: Lab, values: DrawnValues, typing lines: [String]? = nil, build: @escaping Builder
  ) throws(LabProblem) {
    self.lab = lab
    self.values = values
    self.build = build
    typed = lines ?? lab.typed.map { $0.filled(with: values) }
    let machine = try build(lab)
    Self.type(typed, into: machine)
    let progress = machine.run(until: Self.limit(lab, machine))
    if lines == nil, let mistake = Self.mistake(progress, lab) { throw mistake }
    let log = machine.cpu.log.count
    guard log <= UInt64(Self.capacity) else {
      throw LabProblem(
        file: lab.file, what: "the run has \(log) events, and \(Self.capacity) can be kept",
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

  private static func limit(_ lab: Lab, _ machine: Machine) -> UInt64 {
    UInt64(lab.seconds) * machine.configuration.ticksPerSecond
  }

  /// A lab's own run must come to an end by itself.
  private static func mistake(_ progress: Progress, _ lab: Lab) -> LabProblem? {
    switch progress {
    case .stopped(.exit), .stopped(.haltedForGood), .stopped(.tripleFault): nil
    case .stopped(let stop):
      LabProblem(
        file: lab.file, what: "the run ended with ‘\(stop.name)’", remedy: "use another guest")
    default:
      LabProblem(
        file: lab.file, what: "the run did not end within \(lab.seconds) seconds of its time",
        remedy: "let the last line typed end it, or raise ‘seconds’")
    }
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
  func total(_ total: RunTotal) -> Int64 {
    switch total {
    case .instructions: Int64(finished.instructions)
    case .ticks: Int64(finished.ticks)
    case .events: Int64(finished.cpu.log.count)
    }
  }

  /// The machine after the run.
  var atEnd: Machine { finished }

  /// The machine just before or behind an event: the run is made once more, up to there.
  func machine(at event: Transition, isBefore: Bool) throws(LabProblem) -> Machine {
    let instant = Place(event: event.sequence, isBefore: isBefore)
    if let looked, looked.moment == instant { return looked.machine }
    let machine = try build(lab)
    Self.type(typed, into: machine)
    _ = machine.run(until: event.guestTick)
    if !isBefore {
      while machine.cpu.log.count < event.sequence, machine.step() == nil {}
    }
    looked = (instant, machine)
    return machine
  }
}
