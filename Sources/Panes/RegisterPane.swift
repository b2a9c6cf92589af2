import Cells

/// The registers; under a monitor what is real beside what the guest believes.
enum RegisterPane {
  static func lines(_ view: MachineView, width: Int, height: Int) -> [Line] {
    if let lab = view.lab { return pairs(view, lab, width: width, height: height) }
    return height < 20 ? compact(view) : tall(view)
  }

  // MARK: One processor

  private static func compact(_ view: MachineView) -> [Line] {
    let (now, old) = (view.registers, view.before)
    var lines = generalRows(now, old, perRow: 3)
    lines.append(selectors(now, old))
    var control = Line()
    control.add("CR0", now.cr0, was: old?.cr0)
    control.add(" " + RegisterNames.cr0(now.cr0).joined(separator: " "))
    control.add("CR3", now.cr3, was: old?.cr3)
    var task = Line()
    task.add("TR", value: Digits.hex(now.tr.selector, 4))
    task.add("IDTR", value: table(now.idtr))
    var last = Line()
    last.add("CR2", now.cr2, was: old?.cr2)
    last.add("GDTR", value: table(now.gdtr))
    return lines + [control, flags(now, old), task, last]
  }

  private static func tall(_ view: MachineView) -> [Line] {
    let (now, old) = (view.registers, view.before)
    var lines = generalRows(now, old, perRow: 2)
    lines.append(flags(now, nil, withValue: false))
    lines += segmentRows(now)
    lines += [("GDTR", now.gdtr), ("IDTR", now.idtr)].map { name, value in
      var line = Line(Digits.left(name, 10), .faint)
      line.add("\(Digits.hex(value.base, 8)) \(Digits.hex(value.limit, 4))")
      return line
    }
    var first = Line()
    first.add("CR0", now.cr0, was: old?.cr0)
    first.add("CR2", now.cr2, was: old?.cr2)
    var second = Line()
    second.add("CR3", now.cr3, was: old?.cr3)
    second.add("CR4", now.cr4, was: old?.cr4)
    var third = Line(view.rings.operation.rawValue + " ")
    third.add(RegisterNames.cr0(now.cr0).joined(separator: " "), .faint)
    return lines + [first, second, third]
  }

  private static func generalRows(
    _ now: MachineView.Registers, _ old: MachineView.Registers?, perRow: Int
  ) -> [Line] {
    var places = MachineView.GeneralRegisters.names.map { name, path in
      (name, now.general[keyPath: path], old?.general[keyPath: path])
    }
    places.append(("EIP", now.eip, now.eip))
    if perRow == 2 { places.append(("EFL", now.eflags, old?.eflags)) }
    return stride(from: 0, to: places.count, by: perRow).map { start in
      var line = Line()
      for (name, value, old) in places[start..<min(start + perRow, places.count)] {
        line.add(name, value, was: old)
      }
      return line
    }
  }

  private static func selectors(
    _ now: MachineView.Registers, _ old: MachineView.Registers?
  ) -> Line {
    var line = Line()
    for (place, segment) in now.segments.prefix(5).enumerated() {
      line.add(
        segment.name, UInt32(segment.selector),
        was: old?.segments.dropFirst(place).first.map { UInt32($0.selector) }, digits: 4)
    }
    return line
  }

  private static func flags(
    _ now: MachineView.Registers, _ old: MachineView.Registers?, withValue: Bool = true
  ) -> Line {
    var line = Line()
    if withValue { line.add("EFL", now.eflags, was: old?.eflags) }
    line.add("IOPL", value: String(now.eflags >> 12 & 3))
    line.add(" " + RegisterNames.eflags(now.eflags).joined(separator: " "))
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

  private static func table(_ table: MachineView.Table) -> String {
    "\(Digits.hex(table.base, 8))/\(Digits.hex(table.limit, 4))"
  }

  // MARK: Two processors

  /// The lab processor's registers beside the guest's.
  private static func pairs(
    _ view: MachineView, _ lab: MachineView.Registers, width: Int, height: Int
  ) -> [Line] {
    let guest = view.registers
    let old = view.before
    var header = Line(Digits.left("", 6) + Digits.left("real", 15), .faint)
    header.add("guest believes", .faint)
    var rows = [header]
    func add(_ name: String, _ real: String, _ believed: String, was: String? = nil) {
      let isChanged = was != nil && was != believed
      var line = Line(Digits.left(name, 5), .faint)
      line.add(" " + Digits.left(real, 14))
      line.add(isChanged ? "*" : " ", .alert)
      line.add(believed, .text, isChanged ? .bold : [])
      if real != believed { line.add(" ≠", .alert) }
      rows.append(line)
    }
    let names = ["CS", "SS", "DS", "ES"]
    let selectors = names.map { name in
      [lab, guest, old ?? guest].map { registers in
        Digits.hex(registers.segments.first { $0.name == name }?.selector ?? 0, 4)
      }
    }
    for (name, values) in zip(names, selectors).prefix(height < 16 ? 2 : 4) {
      add(name, values[0], values[1], was: old == nil ? nil : values[2])
    }
    func flags(_ registers: MachineView.Registers) -> String {
      Digits.hex(registers.eflags, 8) + (registers.eflags & 0x200 != 0 ? " IF" : "")
    }
    add("EFL", flags(lab), flags(guest), was: old.map(flags))
    add(
      "CR0", Digits.hex(lab.cr0, 8), Digits.hex(guest.cr0, 8),
      was: old.map { Digits.hex($0.cr0, 8) })
    add(
      "CR3", Digits.hex(lab.cr3, 8), Digits.hex(guest.cr3, 8),
      was: old.map { Digits.hex($0.cr3, 8) })
    add("IDTR", table(lab.idtr), table(guest.idtr), was: old.map { table($0.idtr) })
    add("GDTR", table(lab.gdtr), table(guest.gdtr))
    if height > rows.count {
      add("TR", Digits.hex(lab.tr.selector, 4), Digits.hex(guest.tr.selector, 4))
    }
    if height > rows.count + 1 {
      add("CR2", Digits.hex(lab.cr2, 8), Digits.hex(guest.cr2, 8))
      add("CR4", Digits.hex(lab.cr4, 8), Digits.hex(guest.cr4, 8))
    }
    if height > rows.count + 5 {
      rows += [Line()] + generalRows(guest, old, perRow: width < 38 ? 2 : 3)
    }
    return rows
  }
}

extension MachineView.GeneralRegisters {
  /// The registers by name, in the manual's usual order.
  static var names: [(String, KeyPath<Self, UInt32>)] {
    [
      ("EAX", \.eax), ("EBX", \.ebx), ("ECX", \.ecx), ("EDX", \.edx), ("ESI", \.esi),
      ("EDI", \.edi), ("EBP", \.ebp), ("ESP", \.esp),
    ]
  }
}

extension Line {
  /// A register's name and value, with a mark if it has changed.
  fileprivate mutating func add(_ name: String, _ value: UInt32, was old: UInt32?, digits: Int = 8)
  {
    let isChanged = old != nil && old != value
    if width > 0 { add(" ") }
    add(name, .faint)
    add(isChanged ? "*" : " ", .alert)
    add(Digits.hex(value, digits), .text, isChanged ? .bold : [])
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
