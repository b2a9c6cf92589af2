import Chipset
import Labs
import Machine
import Monitors
import X86

/// What `--stats` reports about a run that ended.
struct Statistics {
  /// Names and values, in the order they are printed.
  private var fields: [(name: String, value: Value)]

  private enum Value {
    case text(String), whole(UInt64), decimal(Double), table([(String, UInt64)]), none
  }

  init(_ machine: Machine, stop: Stop) {
    let seconds = HostClock.processorTime
    let instructions = machine.instructions
    let events = TransitionKind.allCases.map {
      ($0.name(separator: "_"), machine.cpu.log.total(of: $0))
    }
    let vectors = (UInt8.min...UInt8.max).map { (String($0), machine.cpu.log.total(ofVector: $0)) }
    fields = [
      ("stop", .text(stop.name)),
      ("exit_code", .none),
      ("missing", .none),
      ("mode", .text(machine.configuration.mode.rawValue)),
      ("cpu", .text(machine.configuration.profile.name)),
      ("memory_mib", .whole(UInt64(machine.configuration.memory))),
      ("instructions", .whole(instructions)),
      ("ticks", .whole(machine.ticks)),
      (
        "guest_seconds",
        .decimal(Double(machine.ticks) / Double(machine.configuration.ticksPerSecond))
      ),
      ("cpu_seconds", .decimal(seconds)),
      ("mips", .decimal(Double(instructions) / 1e6 / max(seconds, 1e-6))),
      ("events", .table(events)),
      ("vectors", .table(vectors.filter { $0.1 > 0 })),
      ("post", machine.board.lastPOST.map { .whole(UInt64($0)) } ?? .none),
      ("digest", .text(Self.hexadecimal(machine.digest))),
    ]
    if let counts = machine.monitor?.counts {
      fields.append(("monitor", .table(counts.map { ($0.name, $0.count) })))
    }
    if let monitor = machine.monitor as? FullVirtualization {
      let audit = monitor.audit(machine.cpu)
      fields.append(
        (
          "shadow",
          .table([
            ("pages", UInt64(audit.pages)), ("entries", UInt64(audit.entries)),
            ("wrong", UInt64(audit.wrong.count)), ("stale", UInt64(audit.stale)),
            ("evictions", monitor.evictions),
          ])
        ))
    }
    if case .exit(let code) = stop { fields[1].value = .whole(UInt64(code)) }
    if case .unsupported(let name) = stop { fields[2].value = .text(name) }
  }

  private static func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// One JSON object on one line.
  var json: String {
    "{" + fields.map { "\(quoted($0.name)): \(Self.json($0.value))" }.joined(separator: ", ")
      + "}\n"
  }

  /// A line for each field that has a value.
  var text: String {
    fields.compactMap { name, value in
      switch value {
      case .text(let text): "\(name): \(text)\n"
      case .whole(let number): "\(name): \(number)\n"
      case .decimal(let number): "\(name): \(Self.rounded(number))\n"
      case .table(let rows):
        "\(name):" + rows.filter { $0.1 > 0 }.map { " \($0.0) \($0.1)" }.joined(separator: ",")
          + "\n"
      case .none: nil
      }
    }.joined()
  }

  private static func json(_ value: Value) -> String {
    switch value {
    case .text(let text): quoted(text)
    case .whole(let number): String(number)
    case .decimal(let number): rounded(number)
    case .table(let rows):
      "{" + rows.map { "\(quoted($0.0)): \($0.1)" }.joined(separator: ", ") + "}"
    case .none: "null"
    }
  }

  private static func rounded(_ number: Double) -> String {
    let thousandths = UInt64(max(0, number * 1000).rounded())
    let fraction = String(thousandths % 1000)
    return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
  }
}

extension TransitionKind {
  /// `softwareInterrupt` as `software`, the separator and `interrupt`.
  func name(separator: Character) -> String {
    "\(self)".reduce(into: "") { text, letter in
      if letter.isUppercase { text.append(separator) }
      text += letter.lowercased()
    }
  }
}
