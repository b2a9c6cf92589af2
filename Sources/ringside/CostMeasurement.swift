import Chipset
import Machine
import Monitors
import X86

/// One operation in one mode.
struct Measurement {
  /// The programs of `bench` that are about one privileged operation each.
  static let programs = [
    "syscall", "port", "cr3", "cr0", "fault", "divide", "invlpg", "context", "serial", "flags",
    "segments", "modify",
  ]

  /// Guest instructions, and what the monitor counts by name; for one operation.
  private(set) var instructions = 0.0
  private(set) var counts: [String: Double] = [:]
  /// CPU time in nanoseconds for one operation: the median, and half of the range.
  private(set) var nanoseconds = 0.0
  private(set) var spread = 0.0
  /// What the two runs printed.
  private(set) var sums: [String] = []

  /// Runs of these lengths are compared for the counts. With as many digits each, they print as much.
  private static let lengths: (short: Int, long: Int) = (100, 900)

  init(_ program: String, _ row: CostRow, _ command: CostsCommand) throws {
    let (short, long) = Self.lengths
    let one = try Self.run(program, short, row, command)
    let other = try Self.run(program, long, row, command)
    let operations = Double(long - short)
    sums = [one.output, other.output]
    instructions = Double(other.run.instructions - one.run.instructions) / operations
    for (name, count) in other.run.counts {
      counts[name] = (Double(count) - Double(one.run.counts[name] ?? 0)) / operations
    }
    var times: [Double] = []
    for _ in 0..<command.rounds {
      let base = try Self.run(program, short, row, command).run.seconds
      let whole = try Self.run(program, short + command.operations, row, command).run.seconds
      times.append((whole - base) / Double(command.operations) * 1e9)
    }
    times.sort()
    nanoseconds = times[times.count / 2]
    spread = (times[times.count - 1] - times[0]) / 2
  }

  private typealias Run = (output: String, run: MeasuredRun)

  private static func run(
    _ program: String, _ count: Int, _ row: CostRow, _ command: CostsCommand
  ) throws -> Run {
    let machine = try row.machine("bench", append: "\(program) \(count)", command)
    let run = MeasuredRun(machine)
    return (String(decoding: machine.board.takeSerialOutput(), as: UTF8.self), run)
  }
}

/// A whole session of Ringlet in one mode.
struct RingletSession {
  /// Its demos that do the same work in every mode, and what a shell is for.
  static let typed = [
    "getpid", "ctxsw", "forks", "pages", "divide", "illegal", "port", "cli", "rings", "timer 2",
    "diskcopy", "puts 3", "smc", "ls | wc", "ps", "cat readme | wc", "exit 7",
  ]

  let run: MeasuredRun
  /// What it printed, without the lines that may differ.
  let lines: [Substring]

  init(_ row: CostRow, _ command: CostsCommand) throws {
    let machine = try row.machine("ringlet", append: nil, command)
    machine.receive(.serial(Array((Self.typed.joined(separator: "\r") + "\r").utf8)))
    run = MeasuredRun(machine)
    let text = String(decoding: machine.board.takeSerialOutput(), as: UTF8.self)
    lines = text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("~") }
  }

  /// It has come to its last line.
  var isComplete: Bool { run.progress == .stopped(.exit(code: 7)) }
}

/// A machine's run to its end, and what was counted.
struct MeasuredRun {
  let progress: Progress
  /// The guest's own.
  let instructions: UInt64
  /// What the monitor counts, by name.
  let counts: [String: UInt64]
  let seconds: Double

  init(_ machine: Machine) {
    let start = HostClock.processorTime
    // Far more than the longest of them takes.
    progress = machine.run(until: 1 << 40)
    seconds = HostClock.processorTime - start
    var counts = Dictionary(
      (machine.monitor?.counts ?? []).map { ($0.name, $0.count) },
      uniquingKeysWith: { one, _ in one })
    if counts["cr3_loads"] == nil { counts["cr3_loads"] = machine.cpu.log.total(of: .cr3Load) }
    // Where there is one processor, it executes the hypervisor's instructions too.
    let isShared = machine.monitor is Paravirtualization
    instructions = machine.instructions - (isShared ? counts["monitor_instructions"] ?? 0 : 0)
    self.counts = counts
  }
}

extension CostRow {
  /// A machine with one of our own guests, in this mode.
  fileprivate func machine(
    _ guest: String, append: String?, _ command: CostsCommand
  ) throws -> Machine {
    var options = MachineOptions.usual
    options.mode = mode.rawValue
    options.paging = paging.rawValue
    if let append { options.append = append }
    if mode == .fullTrap { options.labCpu = command.labCpu }
    guard let library = GuestLibrary(program: CommandLine.arguments[0]) else {
      throw UserError(
        "costs: Ringside's own folder ‘images’ is not here; it has the guest ‘\(guest)’")
    }
    return try options.build(image: library.folder + "/\(guest).elf").machine
  }
}
