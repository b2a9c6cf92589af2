public import X86

/// The ways to write a ledger down, a line for each transition.
public enum LedgerFormat: String, CaseIterable, Sendable {
  /// A JSON object on each line.
  case jsonl
  /// Comma-separated values (RFC 4180) under a line of names.
  case csv
  /// A sentence on each line.
  case text

  /// What stands before the first transition.
  public var header: String {
    self == .csv ? LedgerFields.names.joined(separator: ",") + "\n" : ""
  }

  /// A transition as a line, with its end.
  public func line(_ event: Transition) -> String {
    switch self {
    case .jsonl: Self.json(LedgerFields(event)) + "\n"
    case .csv: Self.commaSeparated(LedgerFields(event)) + "\n"
    case .text: Self.sentence(event) + "\n"
    }
  }

  private static func json(_ fields: LedgerFields) -> String {
    var line = "{"
    for (name, value) in fields.values {
      if line.utf8.count > 1 { line += "," }
      line += "\"\(name)\":"
      switch value {
      case .number(let number): line += String(number)
      case .hex(let number, let digits): line += "\"\(hexadecimal(number, digits))\""
      // Names, mnemonics and sections: none has a quote or a backslash.
      case .text(let text): line += "\"\(text)\""
      }
    }
    return line + "}"
  }

  private static func commaSeparated(_ fields: LedgerFields) -> String {
    var columns = LedgerFields.names[...]
    var line = ""
    for (name, value) in fields.values {
      while let column = columns.first, column != name {
        line += ","
        columns.removeFirst()
      }
      columns = columns.dropFirst()
      switch value {
      case .number(let number): line += String(number)
      case .hex(let number, let digits): line += hexadecimal(number, digits)
      case .text(let text): line += text.utf8.contains(UInt8(ascii: ",")) ? "\"\(text)\"" : text
      }
      if !columns.isEmpty { line += "," }
    }
    return line + String(repeating: ",", count: max(0, columns.count - 1))
  }

  private static func hexadecimal(_ value: UInt64, _ digits: Int) -> String {
    let text = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }

  private static func sentence(_ event: Transition) -> String {
    let rings =
      event.levelBefore == event.levelAfter
      ? "\(event.levelAfter)" : "\(event.levelBefore)>\(event.levelAfter)"
    let ring = (event.isVirtual ? "virtual ring " : "ring ") + rings
    let words = EventWords(event)
    let parent = event.parent.map { " (from \($0))" } ?? ""
    return "\(event.sequence)\(parent) tick \(event.tick) \(ring): \(words.text): "
      + Explanation(event).sentence + "."
  }
}
