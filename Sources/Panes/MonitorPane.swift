import Cells
import Machine

/// What the monitor has of its own (translated code, domains), what it has put into the lab processor,
/// and what it did.
enum MonitorPane {
  /// The rows, and which of them must be in sight.
  static func content(
    _ view: MachineView, _ keys: KeyMap, width: Int
  ) -> (lines: [Line], current: Int?) {
    if view.mode == .fullTranslate {
      let own = TranslationPane.lines(view, width: width)
      return (own.lines + lines(view, keys, width: width), own.current)
    }
    if !view.domains.isEmpty {
      return (DomainPane.lines(view.domains, width: width) + lines(view, keys, width: width), nil)
    }
    return (lines(view, keys, width: width), nil)
  }

  private static func lines(_ view: MachineView, _ keys: KeyMap, width: Int) -> [Line] {
    guard ModePicture(mode: view.mode).hasMonitor else {
      return Paragraph.rows(
        keys.fill(
          "No monitor: in this mode nobody stands between the guest and its processor. {mode} starts "
            + "the guest in another mode."), width: width
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
