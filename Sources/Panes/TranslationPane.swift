import Cells
import Monitors
import X86

/// The translated code around EIP: the guest's instructions on the left, on the right what the processor
/// executes in their place, at ring 1.
enum TranslationPane {
  /// The rows, and which of them is the next to be executed.
  static func lines(_ view: MachineView, width: Int) -> (lines: [Line], current: Int?) {
    guard let first = view.translation.first else {
      return (absence(view, width: width), nil)
    }
    let columns = Columns(width: width)
    var heading = Line("block ", .faint)
    heading.add(Digits.hex(first.guest, 8), .title)
    heading.add(": guest | real, at ring 1", .faint)
    var lines = [heading]
    var current: Int?
    for row in view.translation {
      let isCurrent = !row.guestBytes.isEmpty && row.guest == view.registers.eip
      if isCurrent { current = lines.count }
      for (place, real) in instructions(of: row).enumerated() {
        var line = Line()
        columns.addGuest(row, isFirst: place == 0, isCurrent: isCurrent, to: &line)
        columns.addReal(real, row, isNext: view.lab?.eip == real.address, to: &line)
        lines.append(line)
      }
    }
    return (lines, current)
  }

  private static func absence(_ view: MachineView, width: Int) -> [Line] {
    let text =
      switch view.runState {
      case .running, .idle, .travelling: ""
      case .paused, .stopped, .slow:
        view.rings.believed == 0
          ? "EIP \(Digits.hex(view.registers.eip, 8)) has no translation: it is made when the guest comes "
            + "there, unless the monitor interprets it."
          : "Ring \(view.rings.believed) runs as it is: only the guest's ring 0 is translated."
      }
    return Paragraph.rows(text, width: width).map { Line($0, .faint) }
  }

  /// An instruction of the translation cache.
  private struct Real {
    var address: UInt32
    var bytes: [UInt8]
    var text: String
    /// It calls the monitor.
    var isCallout: Bool
  }

  private static func instructions(of row: TranslationRow) -> [Real] {
    var found: [Real] = []
    var place = 0
    while place < row.translatedBytes.count {
      let address = row.translated &+ UInt32(place)
      let decoded = Disassembly.decode(
        row.translatedBytes[place...], address: address, is32Bit: true)
      let bytes = Array(
        row.translatedBytes[place..<min(place + decoded.length, row.translatedBytes.count)])
      found.append(
        Real(
          address: address, bytes: bytes, text: named(decoded.text),
          isCallout: decoded.mnemonic == "hlt"))
      place += bytes.count
      // The rest of an exit is never executed.
      if row.form == .chain { break }
    }
    return found
  }

  /// With names for what translated code keeps in GS.
  private static func named(_ text: String) -> String {
    guard let start = text.firstRange(of: "gs:["),
      let end = text[start.upperBound...].firstIndex(of: "]")
    else { return text }
    let inside = text[start.upperBound..<end]
    let parts = inside.split(separator: "+")
    guard let last = parts.last,
      let offset = last.hasPrefix("0x") ? UInt32(last.dropFirst(2), radix: 16) : UInt32(last),
      let name = TranslationRow.name(ofData: offset)
    else { return text }
    let names = parts.dropLast().map(String.init) + [name]
    return text[..<start.upperBound] + names.joined(separator: "+") + text[end...]
  }

  /// What there is room for.
  private struct Columns {
    let guestText: Int
    let showsAddresses: Bool
    let guestBytes: Int
    let realBytes: Int

    init(width: Int) {
      showsAddresses = width >= 64
      guestText = width >= 100 ? 28 : width >= 64 ? 17 : max(10, width * 2 / 5)
      guestBytes = width >= 120 ? 7 : 0
      realBytes = width >= 100 ? 8 : width >= 76 ? 5 : 0
    }

    func addGuest(_ row: TranslationRow, isFirst: Bool, isCurrent: Bool, to line: inout Line) {
      let isExit = row.guestBytes.isEmpty
      let text =
        isExit
        ? "to \(Digits.hex(row.guest, 8))"
        : Disassembly.decode(row.guestBytes, address: row.guest, is32Bit: true).text
      line.add(isFirst && isCurrent ? ">" : " ", .key)
      if showsAddresses {
        line.add(isFirst && !isExit ? Digits.hex(row.guest, 8) + " " : cells("", 9), .faint)
      }
      if guestBytes > 0 {
        line.add(
          cells(isFirst ? TranslationPane.hex(row.guestBytes, guestBytes) : "", guestBytes * 2 + 2),
          .faint)
      }
      line.add(
        cells(isFirst ? text : "", guestText) + " ", isCurrent ? .selected : isExit ? .faint : .text
      )
      if showsAddresses { line.add(cells(isFirst ? row.form.rawValue : "", 8), .title) }
    }

    func addReal(_ real: Real, _ row: TranslationRow, isNext: Bool, to line: inout Line) {
      line.add(isNext ? ">" : "|", isNext ? .key : .frame)
      if showsAddresses { line.add(Digits.hex(real.address, 8) + " ", .faint) }
      if realBytes > 0 {
        line.add(cells(TranslationPane.hex(real.bytes, realBytes), realBytes * 2 + 2), .faint)
      }
      guard real.isCallout else { return line.add(real.text) }
      line.add("hlt ", .text)
      line.add(row.form == .chain ? "no block yet" : "CALLOUT", .alert)
      if row.calls > 0 { line.add(" \(row.calls)x") }
    }

    private func cells(_ text: String, _ width: Int) -> String {
      Digits.left(text.count > width ? String(text.prefix(width - 1)) + "…" : text, width)
    }
  }

  private static func hex(_ bytes: [UInt8], _ most: Int) -> String {
    bytes.prefix(most).map { Digits.hex($0, 2) }.joined() + (bytes.count > most ? "+" : "")
  }
}
