import Cells
import Machine

/// How addresses are translated.
enum PagePane {
  static func lines(
    _ view: MachineView, _ keys: KeyMap, width: Int, height: Int
  ) -> [Line] {
    guard !view.walks.isEmpty else {
      return [Line(keys.fill("({pause} pauses and shows it)"), .faint)]
    }
    var lines: [Line] = []
    for walk in view.walks {
      let rows = rows(walk, hasMonitor: view.lab != nil, isPara: view.mode == .para)
      let isWhole = lines.count + rows.count <= height
      lines += isWhole ? rows : [summary(walk)]
    }
    return lines
  }

  private static func rows(
    _ walk: MachineView.PageWalk, hasMonitor: Bool, isPara: Bool
  ) -> [Line] {
    var first = Line(walk.register + " ", .title)
    first.add(Digits.hex(walk.linear, 8))
    guard let root = walk.root else {
      first.add("  no paging: it is physical", .faint)
      return [first] + (hasMonitor ? [inMachine(walk)] : [])
    }
    first.add("  CR3 ", .faint)
    first.add(Digits.hex(root, 8))
    var lines = [first]
    for entry in walk.entries {
      var line = Line(Digits.left(entry.name, 4), .faint)
      line.add(Digits.hex(entry.index, 3) + " at ", .faint)
      line.add(Digits.hex(entry.address, 8) + " ")
      line.add(Digits.hex(entry.value, 8) + " ")
      line.add(bits(entry.value), .call)
      lines.append(line)
    }
    var last = Line(isPara ? "machine  " : "physical ", .faint)
    last.add(walk.physical.map { Digits.hex($0, 8) } ?? "none: #PF")
    if isPara, walk.physical != nil {
      last.add(" pseudo ", .faint)
      last.add(walk.pseudoPhysical.map { Digits.hex($0, 8) } ?? "none")
    }
    lines.append(last)
    return lines + (hasMonitor ? [inMachine(walk)] : [])
  }

  private static func inMachine(_ walk: MachineView.PageWalk) -> Line {
    var line = Line("machine  ", .faint)
    line.add(walk.machine.map { Digits.hex($0, 8) } ?? "not given yet")
    line.add("  (monitor's tables)", .faint)
    return line
  }

  private static func summary(_ walk: MachineView.PageWalk) -> Line {
    var line = Line(walk.register + " ", .title)
    line.add(Digits.hex(walk.linear, 8) + " is ")
    line.add(walk.physical.map { Digits.hex($0, 8) } ?? "no page")
    if let machine = walk.machine { line.add(", in the machine " + Digits.hex(machine, 8), .faint) }
    return line
  }

  /// P W U A D L: Intel SDM volume 3, 4.3.
  private static func bits(_ entry: UInt64) -> String {
    guard entry & 1 != 0 else { return "not P" }
    let bits = [(1, "W"), (5, "A"), (6, "D"), (7, "L")].filter { entry >> $0.0 & 1 != 0 }.map(\.1)
    return (["P", entry & 4 != 0 ? "U" : "S"] + bits).joined(separator: " ")
  }
}
