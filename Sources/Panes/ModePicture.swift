import Cells
import Machine

/// Who runs where in a mode: what architecture and truth of that mode are, as a picture in words.
///
/// Most of it holds for a family of modes.
struct ModePicture {
  /// Somebody who runs on the processor.
  struct Layer {
    /// Who.
    let who: String
    /// The ring it really runs in, and the one it believes in; nil where that means nothing.
    let real: Int
    let believed: Int?
  }

  /// What everything below runs on.
  let ground: String
  /// From the most to the least privileged; the guest's kernel and programs are the last two.
  let layers: [Layer]
  /// What else has to be said, in a row.
  let note: String
  /// The mode in one sentence.
  let sentence: String
  /// The same in a few words, for a list.
  let summary: String
  /// Whether a lab processor stands for the hardware.
  var hasMonitor: Bool { layers.count > 2 }

  init(mode: Mode) {
    switch mode.family {
    case .emulation:
      ground = "your CPU runs Ringside, in its ring 3;"
      layers = [
        Layer(who: "guest's kernel", real: 0, believed: 0),
        Layer(who: "guest's programs", real: 3, believed: 3),
      ]
      note = "run directly by your CPU: nothing"
      summary = "its processor is a program"
      sentence =
        "emulation: the processor is a program; CPL is a variable in it."
    case .full:
      ground = "lab CPU: the hardware"
      layers = [
        Layer(who: "monitor", real: 0, believed: nil),
        Layer(who: "guest's kernel", real: 1, believed: 0),
        Layer(who: "guest's programs", real: 3, believed: 3),
      ]
      note = "devices: Ringside, as hosted process"
      summary =
        mode == .fullTrap
        ? "kernel in ring 1; what traps is done for it" : "kernel in ring 1, its code translated"
      sentence =
        mode == .fullTrap
        ? "full:trap: the guest's kernel is in ring 1, a monitor in ring 0 does what traps."
        : "\(mode.rawValue): the guest's kernel is in ring 1, a monitor in ring 0 translates its code."
    case .para:
      ground = "lab CPU: bare metal"
      layers = [
        Layer(who: "hypervisor", real: 0, believed: nil),
        Layer(who: "guest's kernel, ported", real: 1, believed: 1),
        Layer(who: "guest's programs", real: 3, believed: 3),
      ]
      note = "the kernel knows, and asks by hypercall"
      summary = "ported kernel in ring 1, hypercalls"
      sentence = "para: the kernel knows that it is in ring 1, and asks the hypervisor in ring 0."
    case .hardware:
      ground = "lab CPU, with AMD-V"
      layers = [
        Layer(who: "monitor, host mode", real: 0, believed: nil),
        Layer(who: "kernel, guest mode", real: 0, believed: 0),
        Layer(who: "programs, guest mode", real: 3, believed: 3),
      ]
      note = "ring 0 twice: host and guest mode"
      summary =
        mode == .hardwareShadow
        ? "AMD-V's guest mode, shadow page tables" : "AMD-V's guest mode, nested page tables"
      sentence =
        "\(mode.rawValue): the guest has rings 0 to 3 of its own; #VMEXIT leaves them."
    }
  }

  /// The place in `layers` of what the processor is at.
  func present(_ rings: MachineView.Rings) -> Int {
    let kernel = layers.count - 2
    if hasMonitor && rings.isInMonitor { return 0 }
    return rings.believed == 3 ? kernel + 1 : kernel
  }

  /// Where a guest that is itself a hypervisor has its processor.
  private static func ownMode(_ rings: MachineView.Rings) -> String? {
    rings.isInGuestMode.map { "its AMD-V: the CPU is in \($0 ? "guest" : "host") mode" }
  }

  /// The picture as rows, `ground` and `note` included.
  func lines(_ rings: MachineView.Rings, width: Int) -> [Line] {
    let column = min(26, width - 14)
    var first = Line(hasMonitor ? Digits.left(ground, column + 2) : ground)
    if hasMonitor { first.add("real guest", .faint) }
    let here = present(rings)
    var lines = [first]
    if !hasMonitor { lines.append(Line("the PC is its data, the guest's CPL too:")) }
    for (place, layer) in layers.enumerated() {
      let isHere = place == here
      var line = Line(isHere ? "> " : "  ", isHere ? .alert : .text)
      line.add(place == layers.count - 1 ? "└ " : "├ ", .frame)
      line.add(Digits.left(layer.who, column), .text, isHere ? .bold : [])
      line.add("\(layer.real)", .ring(layer.real))
      if hasMonitor {
        line.add("    ")
        line.add(layer.believed.map(String.init) ?? "-", layer.believed.map(Role.ring) ?? .faint)
        if let believed = layer.believed, believed != layer.real { line.add(" ≠", .alert) }
      }
      lines.append(line)
    }
    if let reason = rings.interpretation {
      lines.append(Line("interpreted: \(reason)", .alert))
    } else {
      lines.append(Line(hasMonitor ? note : Self.ownMode(rings) ?? note, .faint))
    }
    return lines
  }
}
