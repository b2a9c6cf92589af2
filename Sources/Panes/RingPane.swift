import Cells

/// The ring the processor is in, the ring the guest believes in, and the registers behind both.
enum RingPane {
  static let title = "rings"

  static func draw(
    _ view: MachineView, _ state: ScreenState, into surface: inout Surface, in rect: Rect
  ) {
    let lines =
      switch rect.height {
      case ..<8: narrow(view)
      case 8..<24: compact(view, width: rect.width)
      default: tall(view, width: rect.width)
      }
    for (row, line) in lines.enumerated() { line.draw(into: &surface, in: rect, row: row) }
  }

  /// What a mode is, in a sentence that holds for every guest in it.
  static func truth(of mode: String) -> String {
    switch mode {
    case "emulation": "emulation: the processor is a program; CPL is a variable in it."
    case "full:trap":
      "full:trap: the guest's kernel is in ring 1, a monitor in ring 0; what traps is emulated."
    default: "\(mode): the lab CPU enforces the real ring; the guest may believe in another."
    }
  }

  private static func narrow(_ view: MachineView) -> [Line] {
    var place = Line("CS:EIP ", .faint)
    let registers = view.registers
    let cs = registers.segments.first { $0.name == "CS" }?.selector ?? 0
    place.add("\(Digits.hex(cs, 4)):\(Digits.hex(registers.eip, 8))")
    place.add("EFL", value: Digits.hex(registers.eflags, 8))
    return [rings(view), place]
  }

  private static func compact(_ view: MachineView, width: Int) -> [Line] {
    let registers = view.registers
    var lines = [rings(view), timeline(view, width: width)]
    lines += generalRows(registers, perRow: 3)
    lines.append(selectors(registers))
    var control = Line()
    control.add("CR0", value: Digits.hex(registers.cr0, 8))
    control.add(" " + RegisterNames.cr0(registers.cr0).joined(separator: " "))
    control.add("CR3", value: Digits.hex(registers.cr3, 8))
    return lines + [control, flags(registers, withValue: true)]
  }

  private static func tall(_ view: MachineView, width: Int) -> [Line] {
    let registers = view.registers
    var lines = [rings(view)]
    lines += Paragraph.rows(truth(of: view.mode), width: width).map { Line($0, .faint) }
    lines.append(timeline(view, width: width))
    lines += generalRows(registers, perRow: 2)
    lines.append(flags(registers, withValue: false))
    lines += segmentRows(registers)
    lines += tableRows(registers)
    lines += controlRows(view)
    return lines
  }

  /// `REAL [0] 1  2  3    GUEST BELIEVES 0`: brackets, not colour alone, say which.
  private static func rings(_ view: MachineView) -> Line {
    var line = Line("REAL ", .title)
    for ring in 0...3 {
      let isHere = ring == view.rings.real
      line.add(isHere ? "[\(ring)]" : " \(ring) ", isHere ? .ring(ring) : .faint)
    }
    line.add("  GUEST BELIEVES ", .title)
    line.add("\(view.rings.believed)", .ring(view.rings.believed))
    if view.rings.believed != view.rings.real { line.add(" ≠", .alert) }
    return line
  }

  /// One digit for each ring change, the current ring last.
  private static func timeline(_ view: MachineView, width: Int) -> Line {
    var line = Line("CPL ", .faint)
    for ring in view.rings.timeline.suffix(max(0, width - 4)) {
      line.add("\(ring)", .ring(Int(ring)))
    }
    return line
  }

  private static func generalRows(
    _ registers: MachineView.Registers, perRow: Int
  ) -> [Line] {
    let general = registers.general
    var pairs = [
      ("EAX", general.eax), ("EBX", general.ebx), ("ECX", general.ecx), ("EDX", general.edx),
      ("ESI", general.esi), ("EDI", general.edi), ("EBP", general.ebp), ("ESP", general.esp),
      ("EIP", registers.eip),
    ]
    if perRow == 2 { pairs.append(("EFL", registers.eflags)) }
    return stride(from: 0, to: pairs.count, by: perRow).map { start in
      var line = Line()
      for (name, value) in pairs[start..<min(start + perRow, pairs.count)] {
        line.add(name, value: Digits.hex(value, 8))
      }
      return line
    }
  }

  private static func selectors(_ registers: MachineView.Registers) -> Line {
    var line = Line()
    for segment in registers.segments.prefix(5) {
      line.add(segment.name, value: Digits.hex(segment.selector, 4))
    }
    return line
  }

  private static func flags(_ registers: MachineView.Registers, withValue: Bool) -> Line {
    var line = Line()
    if withValue { line.add("EFL", value: Digits.hex(registers.eflags, 8)) }
    line.add("IOPL", value: String(registers.eflags >> 12 & 3))
    line.add(" " + RegisterNames.eflags(registers.eflags).joined(separator: " "))
    return line
  }

  private static func segmentRows(_ registers: MachineView.Registers) -> [Line] {
    let header = Line("     sel  base     limit    DPL", .faint)
    return [header]
      + (registers.segments + [registers.ldtr, registers.tr]).map { segment in
        var line = Line(Digits.left(segment.name, 5), .faint)
        line.add(Digits.hex(segment.selector, 4) + " ")
        if segment.isPresent {
          line.add("\(Digits.hex(segment.base, 8)) \(Digits.hex(segment.limit, 8)) ")
          line.add("\(segment.dpl)", .ring(Int(segment.dpl)))
        } else {
          line.add("(null)", .faint)
        }
        return line
      }
  }

  private static func tableRows(_ registers: MachineView.Registers) -> [Line] {
    [("GDTR", registers.gdtr), ("IDTR", registers.idtr)].map { name, table in
      var line = Line(Digits.left(name, 10), .faint)
      line.add("\(Digits.hex(table.base, 8)) \(Digits.hex(table.limit, 4))")
      return line
    }
  }

  private static func controlRows(_ view: MachineView) -> [Line] {
    let registers = view.registers
    var first = Line()
    first.add("CR0", value: Digits.hex(registers.cr0, 8))
    first.add("CR2", value: Digits.hex(registers.cr2, 8))
    var second = Line()
    second.add("CR3", value: Digits.hex(registers.cr3, 8))
    second.add("CR4", value: Digits.hex(registers.cr4, 8))
    var third = Line(view.rings.operation.rawValue + " ")
    third.add(RegisterNames.cr0(registers.cr0).joined(separator: " "), .faint)
    return [first, second, third]
  }
}

/// Bits by their names in the manual.
enum RegisterNames {
  /// The bits of CR0 that decide how the processor works.
  static func cr0(_ value: UInt32) -> [String] {
    named([(0, "PE"), (31, "PG"), (16, "WP"), (3, "TS")], in: value)
  }

  /// The set bits of EFLAGS, those that concern rings first.
  static func eflags(_ value: UInt32) -> [String] {
    named(
      [
        (9, "IF"), (17, "VM"), (14, "NT"), (8, "TF"), (10, "DF"), (0, "CF"), (6, "ZF"), (7, "SF"),
        (11, "OF"), (4, "AF"), (2, "PF"),
      ], in: value)
  }

  private static func named(_ bits: [(Int, String)], in value: UInt32) -> [String] {
    bits.filter { value >> UInt32($0.0) & 1 != 0 }.map(\.1)
  }
}
