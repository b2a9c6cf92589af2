/// The measurements as a table for an 80-column screen.
enum CostTable {
  /// Each with the names that counters have for it; a mode without one of these has no figure there.
  private static let columns: [(title: String, keys: [String], width: Int)] = [
    ("traps", ["traps", "exits", "entries"], 6), ("calls", ["hypercalls"], 6),
    ("mon", ["monitor_instructions"], 5), ("hidden", ["hidden_faults"], 7),
    ("CR3", ["cr3_loads"], 4), ("TLB", ["tlb_flushes"], 4), ("world", ["world_switches"], 6),
  ]

  static let head =
    "".padded(to: 9) + "mode".padded(to: 16) + right("instr", 6)
    + columns.map { right($0.title, $0.width) }.joined() + right("ns", 7) + "\n"

  static let legend = """
    instr: guest instructions; traps: into the monitor or hypervisor, or exits, each with a switch of
    stack there and one back; calls: hypercalls among them; mon: instructions at CPL 0 of monitor or
    hypervisor; hidden: page faults only for the shadow; CR3, TLB: the guest's loads, the processor's
    flushes; world: switches between monitor and hosted process, in para between domains.
    All counted exactly, per operation; - where a mode does not count it, or has no such thing.
    ns: CPU time of this computer, measured, ± half of the range.
    In para the same is done by: cr3 mmuext_op; cr0 fpu_taskswitch; fault, invlpg update_va_mapping;
    context mmuext_op; serial an event channel; flags a byte in shared memory; syscall a gate from
    ring 3 to 1; port, divide, segments, modify the same instructions, in ring 1.

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

  fileprivate static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(1, width - text.count)) + text
  }
}

/// Sessions as a table.
enum SessionTable {
  /// As for operations; figures of several names are added up.
  private static let columns: [(title: String, keys: [String], width: Int)] = [
    ("traps", ["traps", "exits", "entries"], 8), ("calls", ["hypercalls"], 7),
    ("mon", ["monitor_instructions"], 9),
    (
      "tables",
      [
        "hidden_faults", "page_table_faults", "trace_faults", "protected_writes",
        "page_table_changes",
      ], 8
    ), ("CR3", ["cr3_loads"], 6), ("world", ["world_switches"], 7),
  ]

  static let head =
    "Ringlet".padded(to: 16) + CostTable.right("instr", 10)
    + columns.map { CostTable.right($0.title, $0.width) }.joined() + CostTable.right("ms", 7) + "\n"

  static let legend = """
    typed: \(RingletSession.typed.joined(separator: "; "))
    instr: guest instructions; traps: into the monitor or hypervisor, or exits; calls: hypercalls;
    mon: instructions at CPL 0 of monitor or hypervisor; tables: hidden faults and emulated stores for
    a shadow, or changes of page table entries that the guest has asked for; CR3: its loads; world:
    switches between monitor and hosted process, in para between domains and idle loop. All counted
    exactly; - where a mode has no such thing. ms: CPU time of this computer, measured once.
    ?: the guest came to another end, so that it is not the same work.

    """

  static func line(_ row: CostRow, _ session: RingletSession, isSame: Bool) -> String {
    let cells = columns.map { column in
      let found = column.keys.compactMap { session.run.counts[$0] }
      return CostTable.right(found.isEmpty ? "-" : "\(found.reduce(0, +))", column.width)
    }
    return (row.name + (isSame ? "" : " ?")).padded(to: 16)
      + CostTable.right("\(session.run.instructions)", 10) + cells.joined()
      + CostTable.right("\(Int((session.run.seconds * 1000).rounded()))", 7) + "\n"
  }
}
