import Cells

/// The words on top of the stack.
enum StackPane {
  static func lines(_ view: MachineView, height: Int) -> [Line] {
    let registers = view.registers
    let ss = registers.segments.first { $0.name == "SS" }?.selector ?? 0
    var first = Line("SS:ESP ", .faint)
    first.add("\(Digits.hex(ss, 4)):\(Digits.hex(registers.general.esp, 8))")
    first.add("  EBP ", .faint)
    first.add(Digits.hex(registers.general.ebp, 8))
    guard !view.stack.isEmpty else { return [first, Line("(p pauses and shows it)", .faint)] }
    return [first]
      + view.stack.prefix(max(0, height - 1)).enumerated().map { place, word in
        var line = Line("+\(Digits.left(Digits.hex(place * 4, 2), 3))", .faint)
        line.add(Digits.hex(word.offset, 8) + "  ", .faint)
        line.add(word.value.map { Digits.hex($0, 8) } ?? "????????")
        if let role = word.role { line.add("  " + role, .call) }
        if word.offset == registers.general.ebp { line.add("  <EBP", .faint) }
        return line
      }
  }
}

/// How addresses are translated.
enum PagePane {
  static func lines(_ view: MachineView, width: Int, height: Int) -> [Line] {
    guard !view.walks.isEmpty else { return [Line("(p pauses and shows it)", .faint)] }
    var lines: [Line] = []
    for walk in view.walks {
      let rows = rows(walk, hasMonitor: view.lab != nil)
      let isWhole = lines.count + rows.count <= height
      lines += isWhole ? rows : [summary(walk)]
    }
    return lines
  }

  private static func rows(_ walk: MachineView.PageWalk, hasMonitor: Bool) -> [Line] {
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
    var last = Line("physical ", .faint)
    last.add(walk.physical.map { Digits.hex($0, 8) } ?? "none: #PF")
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

/// What the monitor has put into the lab processor, and what it did.
enum MonitorPane {
  static func lines(_ view: MachineView, width: Int) -> [Line] {
    guard let lab = view.lab else {
      return Paragraph.rows(
        "No monitor: in this mode nobody stands between the guest and its processor. m restarts the "
          + "guest in another mode.", width: width
      ).map { Line($0, .faint) }
    }
    var lines: [Line] = []
    var first = Line("its page tables: CR3 ", .faint)
    first.add(Digits.hex(lab.cr3, 8))
    var second = Line("its IDT ", .faint)
    second.add(Digits.hex(lab.idtr.base, 8))
    second.add("  its GDT ", .faint)
    second.add(Digits.hex(lab.gdtr.base, 8))
    lines += [first, second]
    return lines + CounterPane.rows(view.monitorCounters, width: width)
  }
}

/// How often what happened.
enum CounterPane {
  static func lines(_ view: MachineView, width: Int, height: Int) -> [Line] {
    let all = [MachineView.Counter("events", view.clock.events)] + view.counters
    guard all.count > height, width < 60 else { return rows(all, width: width) }
    // The rarer ones are dropped where there is no room.
    let kept = Set(all.sorted { $0.count > $1.count }.prefix(height).map(\.name))
    return rows(all.filter { kept.contains($0.name) }, width: width)
  }

  static func rows(_ counters: [MachineView.Counter], width: Int) -> [Line] {
    let number = counters.map { String($0.count).count }.max() ?? 0
    return counters.map { counter in
      var line = Line(Digits.right(String(counter.count), number) + "  ")
      line.add(counter.name, .faint)
      return line
    }
  }
}
