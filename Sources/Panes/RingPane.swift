import Cells
import Machine

/// The ring the processor is in, the ring the guest believes in, how that changed, and who runs
/// where in this mode.
enum RingPane {
  /// What a mode is, in a sentence that holds for every guest in it.
  static func truth(of mode: Mode) -> String { ModePicture(mode: mode).sentence }

  static func lines(_ view: MachineView, width: Int, height: Int) -> [Line] {
    if height < 8 { return narrow(view) }
    if height >= 18 && width >= 60 { return projector(view, width: width) }
    let picture = ModePicture(mode: view.mode).lines(view.rings, width: width)
    return [rings(view), timeline(view, width: width)] + picture + [place(view)]
  }

  private static func narrow(_ view: MachineView) -> [Line] { [rings(view), place(view)] }

  /// `REAL [0] 1  2  3    GUEST BELIEVES 0`: brackets, not colour alone, say which.
  static func rings(_ view: MachineView) -> Line {
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

  /// Where the processor is, and the flags that rings are about.
  private static func place(_ view: MachineView) -> Line {
    let registers = view.registers
    let cs = registers.segments.first { $0.name == "CS" }?.selector ?? 0
    var line = Line("CS:EIP ", .faint)
    line.add("\(Digits.hex(cs, 4)):\(Digits.hex(registers.eip, 8))")
    let flags = RegisterNames.eflags(registers.eflags).filter { ["IF", "VM", "NT"].contains($0) }
    line.add(" IOPL \(registers.eflags >> 12 & 3) ", .faint)
    line.add(flags.joined(separator: " "))
    return line
  }

  // MARK: For the back row of a lecture hall

  /// The two rings in digits five rows high, and the picture below.
  private static func projector(_ view: MachineView, width: Int) -> [Line] {
    let real = BigDigit.rows(view.rings.real)
    let believed = BigDigit.rows(view.rings.believed)
    let isSame = view.rings.real == view.rings.believed
    var lines = [Line()]
    for row in 0..<BigDigit.height {
      let isMiddle = row == BigDigit.height / 2
      var line = Line(Digits.left(isMiddle ? "  the processor is in ring" : "", 28), .title)
      line.add(real[row], .ring(view.rings.real))
      line.add(
        Digits.left(isMiddle ? (isSame ? "    =" : "    ≠") : "", 10), isSame ? .faint : .title)
      line.add(Digits.left(isMiddle ? "the guest believes in" : "", 23), .title)
      line.add(believed[row], .ring(view.rings.believed))
      lines.append(line)
    }
    lines += [Line(), timeline(view, width: width), Line()]
    lines += ModePicture(mode: view.mode).lines(view.rings, width: width)
    lines.append(Line())
    lines += Paragraph.rows(truth(of: view.mode), width: width).map { Line($0, .faint) }
    return lines + [Line(), place(view)]
  }
}

/// Digits that can be read from far away.
enum BigDigit {
  static let height = 5

  /// A ring's number, 0–3, in rows of the same width.
  static func rows(_ digit: Int) -> [String] {
    let pictures = [
      ["█████", "█   █", "█   █", "█   █", "█████"], ["  █  ", " ██  ", "  █  ", "  █  ", " ███ "],
      ["█████", "    █", "█████", "█    ", "█████"], ["█████", "    █", " ████", "    █", "█████"],
    ]
    return pictures[digit & 3]
  }
}
