import Cells

/// The words on top of the stack.
enum StackPane {
  static func lines(_ view: MachineView, _ keys: KeyMap, height: Int) -> [Line] {
    let registers = view.registers
    let ss = registers.segments.first { $0.name == "SS" }?.selector ?? 0
    var first = Line("SS:ESP ", .faint)
    first.add("\(Digits.hex(ss, 4)):\(Digits.hex(registers.general.esp, 8))")
    first.add("  EBP ", .faint)
    first.add(Digits.hex(registers.general.ebp, 8))
    guard !view.stack.isEmpty else {
      return [first, Line(keys.fill("({pause} pauses and shows it)"), .faint)]
    }
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
