import Cells

/// What the monitor has put into the lab processor, and what it did.
enum MonitorPane {
  static func lines(_ view: MachineView, width: Int) -> [Line] {
    guard ModePicture(mode: view.mode).hasMonitor else {
      return Paragraph.rows(
        "No monitor: in this mode nobody stands between the guest and its processor. m starts the "
          + "guest in another mode.", width: width
      ).map { Line($0, .faint) }
    }
    var lines: [Line] = []
    if !view.controlBlock.isEmpty {
      lines += controlBlock(view.controlBlock, width: width)
    } else if let lab = view.lab {
      var first = Line("its page tables: CR3 ", .faint)
      first.add(Digits.hex(lab.cr3, 8))
      var second = Line("its IDT ", .faint)
      second.add(Digits.hex(lab.idtr.base, 8))
      second.add("  its GDT ", .faint)
      second.add(Digits.hex(lab.gdtr.base, 8))
      lines += [first, second]
    }
    return lines + CounterPane.rows(view.monitorCounters, width: width)
  }

  /// The VMCB's fields, as many in a row as fit.
  private static func controlBlock(_ fields: [MachineView.Field], width: Int) -> [Line] {
    var lines: [Line] = []
    var line = Line("VMCB", .title)
    for field in fields {
      let value = Digits.hex(field.value, field.digits)
      if line.width + 2 + field.name.count + value.count > width {
        lines.append(line)
        line = Line()
      }
      line.add(field.name, value: value)
    }
    return lines + [line]
  }
}
