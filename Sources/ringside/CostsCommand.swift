import ArgumentParser
import Chipset
import Machine
import Monitors
import X86

/// `ringside costs`: what privileged operations cost in each mode.
struct CostsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "costs",
    abstract: "What each privileged operation costs in each mode.",
    discussion: """
      Runs the system programs of the guest ‘bench’ in every mode. Counts are exact, for one \
      operation: the difference between two runs of different length, divided. Nanoseconds are \
      measured on this computer: CPU time, the median of --rounds, and half of the range. A ? says \
      that the guest came to another result than in emulation, so that the figures are not those \
      of the same work.
      """)

  @Option(help: ArgumentHelp("Only these operations, as in syscall,cr3.", valueName: "names"))
  var only: String?
  @Option(
    help: ArgumentHelp("The processor under full:trap.", valueName: "profile"))
  var labCpu: String?
  @Option(help: ArgumentHelp("How often to measure the time.", valueName: "n"))
  var rounds = 3
  @Option(help: ArgumentHelp("Operations between the two lengths that are timed.", valueName: "n"))
  var operations = 20_000

  func run() throws {
    guard (1...1000).contains(rounds) else { throw UserError("--rounds \(rounds): 1 to 1000") }
    guard (1...100_000_000).contains(operations) else {
      throw UserError("--operations \(operations): 1 to 100000000")
    }
    let names = try chosen()
    OutputSink.standardOutput.write(CostTable.head)
    for name in names {
      let reference = try Measurement(name, .emulation, self)
      for row in CostRow.all {
        let measured = row == .emulation ? reference : try Measurement(name, row, self)
        let isSame = measured.sums == reference.sums
        OutputSink.standardOutput.write(CostTable.line(name, row, measured, isSame: isSame))
      }
    }
    OutputSink.standardOutput.write(CostTable.legend)
  }

  private func chosen() throws(UserError) -> [String] {
    guard let only else { return Measurement.programs }
    let names = only.split(separator: ",").map(String.init)
    for name in names where !Measurement.programs.contains(name) {
      throw UserError(
        "--only \(name): there is no such operation; use some of "
          + Measurement.programs.joined(separator: ", "))
    }
    return names
  }
}

/// A mode, and how it keeps its shadow page tables where it has them.
struct CostRow: Equatable {
  let mode: Mode
  let paging: PagingPolicy

  static let emulation = CostRow(mode: .emulation, paging: .flush)
  static let all: [CostRow] =
    // `bench` is no paravirtual kernel.
    Mode.allCases.filter { $0 != .para }.map { CostRow(mode: $0, paging: .flush) }
    + [CostRow(mode: .fullTrap, paging: .trace)]

  var name: String { paging == .flush ? mode.rawValue : "\(mode.rawValue) \(paging.rawValue)" }
}

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
    instructions = Double(other.instructions - one.instructions) / operations
    for (name, count) in other.counts {
      counts[name] = (Double(count) - Double(one.counts[name] ?? 0)) / operations
    }
    var times: [Double] = []
    for _ in 0..<command.rounds {
      let base = try Self.run(program, short, row, command).seconds
      let whole = try Self.run(program, short + command.operations, row, command).seconds
      times.append((whole - base) / Double(command.operations) * 1e9)
    }
    times.sort()
    nanoseconds = times[times.count / 2]
    spread = (times[times.count - 1] - times[0]) / 2
  }

  private struct Run {
    var output: String
    var instructions: UInt64
    var counts: [String: UInt64]
    var seconds: Double
  }

  private static func run(
    _ program: String, _ count: Int, _ row: CostRow, _ command: CostsCommand
  ) throws -> Run {
    var options = MachineOptions.usual
    options.mode = row.mode.rawValue
    options.paging = row.paging.rawValue
    options.append = "\(program) \(count)"
    if row.mode == .fullTrap { options.labCpu = command.labCpu }
    guard let library = GuestLibrary(program: CommandLine.arguments[0]) else {
      throw UserError("costs: Ringside's own folder ‘images’ is not here; it has the guest ‘bench’")
    }
    let machine = try options.build(image: library.folder + "/bench.elf").machine
    let start = HostClock.processorTime
    // Far more than the longest of them takes.
    _ = machine.run(until: 1 << 40)
    let seconds = HostClock.processorTime - start
    var counts = Dictionary(
      (machine.monitor?.counts ?? []).map { ($0.name, $0.count) },
      uniquingKeysWith: { one, _ in one })
    if machine.monitor == nil { counts["cr3_loads"] = machine.cpu.log.total(of: .cr3Load) }
    return Run(
      output: String(decoding: machine.board.takeSerialOutput(), as: UTF8.self),
      instructions: machine.instructions, counts: counts, seconds: seconds)
  }
}

/// The measurements as a table for an 80-column screen.
enum CostTable {
  /// Each with the names that counters have for it; a mode without one of these has no figure there.
  private static let columns: [(title: String, keys: [String], width: Int)] = [
    ("traps", ["traps", "exits"], 6), ("mon", ["monitor_instructions"], 5),
    ("hidden", ["hidden_faults"], 7), ("CR3", ["cr3_loads"], 4), ("TLB", ["tlb_flushes"], 4),
    ("stack", ["stack_switches"], 6), ("world", ["world_switches"], 6),
  ]

  static let head =
    "".padded(to: 9) + "mode".padded(to: 16) + right("instr", 6)
    + columns.map { right($0.title, $0.width) }.joined() + right("ns", 7) + "\n"

  static let legend = """
    instr: guest instructions; traps: into the monitor, or exits; mon: its instructions at CPL 0;
    hidden: page faults only for the shadow; CR3, TLB: the guest's loads, the processor's flushes;
    stack, world: switches of stack, between monitor and hosted process. All exact, per operation;
    - where a mode does not count it.
    ns: CPU time of this computer, measured, ± half of the range.

    """

  static func line(
    _ name: String, _ row: CostRow, _ measured: Measurement, isSame: Bool
  ) -> String {
    let cells = columns.map { column in
      let count = column.keys.compactMap { measured.counts[$0] }.first
      return right(count.map(number) ?? "-", column.width)
    }
    return name.padded(to: 9) + (row.name + (isSame ? "" : " ?")).padded(to: 16)
      + right(number(measured.instructions), 6) + cells.joined()
      + right("\(Int(measured.nanoseconds.rounded()))", 7)
      + " ±\(Int(measured.spread.rounded()))\n"
  }

  /// With two decimals where it is no whole number: some things happen once in many operations.
  private static func number(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    if hundredths % 100 == 0 { return String(hundredths / 100) }
    let rest = String(hundredths % 100)
    return "\(hundredths / 100)." + (rest.count == 1 ? "0" : "") + rest
  }

  private static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(1, width - text.count)) + text
  }
}
