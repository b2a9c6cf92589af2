import Cells

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
