import Cells
import Narration
import X86

/// The guest's VMCB by name: what its last exit has changed, old and new, then everything.
enum ControlBlockPane {
  static func lines(_ view: MachineView, width: Int, height: Int) -> [Line] {
    guard let block = view.wholeControlBlock else {
      return Paragraph.rows(
        "Only in the mode hardware is there a VMCB: the page in which a hypervisor writes what its "
          + "guest may do, and finds why it came out.", width: width
      ).map { Line($0, .faint) }
    }
    let changed = block.exit.changes(since: block.entry)
    var lines = exit(block, width: width)
    lines += changed.filter { $0 != .exitCode }.map { field in
      var line = Line("*", .alert)
      line.add(Digits.left(field.name, 12) + " ", .faint)
      line.add(short(field, block.entry) + " -> ", .faint)
      line.add(short(field, block.exit), .text, .bold)
      return line
    }
    lines = Array(lines.prefix(max(3, height / 2)))
    // Where there is little room, words without a bit are left out.
    let words = VMCBField.allCases.filter {
      $0.firstIntercept != nil && (block.now[$0] != 0 || height >= 30)
    }
    lines += words.flatMap { field in
      let text = "\(field.name) \(ControlBlockWords.meaning(field, block.now[field]))"
      return Paragraph.rows(text, width: width).map { Line($0) }
    }
    return lines + rest(block, width: width, room: height - lines.count)
  }

  /// Why the guest came out the last time.
  private static func exit(_ block: MachineView.ControlBlock, width: Int) -> [Line] {
    guard block.hasExited else { return [Line("The guest has not been left yet.", .faint)] }
    let text = "#VMEXIT " + ControlBlockWords.exit(block.exit[.exitCode])
    return Paragraph.rows(text, width: width).map { Line($0, .title) }
  }

  /// The other fields, in as many columns as fit; the segments' hidden parts last.
  private static func rest(
    _ block: MachineView.ControlBlock, width: Int, room: Int
  ) -> [Line] {
    let fields = VMCBField.allCases.filter { $0.firstIntercept == nil }
    let isHidden = { (field: VMCBField) in field.name.contains(".") && !field.name.hasSuffix("tor")
    }
    let ordered = fields.filter { !isHidden($0) } + fields.filter(isHidden)
    let columns = max(1, width / 26)
    let rows = (ordered.count + columns - 1) / columns
    return (0..<min(rows, max(0, room))).map { row in
      var line = Line()
      for field in ordered.dropFirst(row * columns).prefix(columns) {
        line.add(Digits.left(String(field.name.prefix(14)), 15), .faint)
        line.add(Digits.left(short(field, block.now), 11))
      }
      return line
    }
  }

  /// Of 64 bits as many as are used on this processor, and more only if they are.
  private static func short(_ field: VMCBField, _ image: ControlBlockImage) -> String {
    let value = image[field]
    return Digits.hex(value, min(field.width * 2, 8))
  }
}
