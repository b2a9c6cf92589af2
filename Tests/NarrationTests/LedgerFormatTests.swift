import Foundation
import Testing
import X86

@testable import Narration

/// The ledger in files: JSON Lines and CSV say the same, text a sentence.
@Suite struct LedgerFormatTests {
  private func sample(_ kind: TransitionKind) -> Transition {
    var event = Transition(kind: kind)
    (event.sequence, event.parentDistance, event.tick, event.guestTick) = (42, 2, 9_000, 9_000)
    (event.eip, event.cs, event.bytes, event.byteCount) = (0x1000, 0x1B, 0x80CD, 2)
    (event.vector, event.code, event.info, event.detail) = (0x80, 4, 0x3F8, 0x41)
    event.marks = [.errorCode, .delivered, .is32Bit]
    event.cause = .softwareInterrupt
    (event.fromCPL, event.toCPL) = (3, 0)
    event.gate = 0xEE
    return event
  }

  private func object(_ line: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
  }

  @Test(arguments: TransitionKind.allCases) func everyKindIsAnObjectOfKnownNames(
    kind: TransitionKind
  ) throws {
    let line = LedgerFormat.jsonl.line(sample(kind))
    #expect(line.hasSuffix("}\n") && line.filter { $0 == "\n" }.count == 1)
    let object = try object(line)
    #expect(Set(object.keys).isSubset(of: Set(LedgerFields.names)))
    #expect(object["sequence"] as? Int == 42 && object["parent"] as? Int == 40)
    #expect(object["kind"] as? String == kind.name && object["ring_from"] as? Int == 3)
    #expect(object["bytes"] as? String == "cd80" && object["instruction"] as? String == "int 0x80")
    // Fields stand in the order of the columns, each once.
    let order = LedgerFields(sample(kind)).values.map(\.name)
    #expect(order == LedgerFields.names.filter { order.contains($0) })
  }

  @Test(arguments: TransitionKind.allCases) func everyRowHasAllColumns(kind: TransitionKind) throws
  {
    let format = LedgerFormat.csv
    let names = format.header.dropLast().split(separator: ",").map(String.init)
    let cells = Self.cells(format.line(sample(kind)))
    #expect(cells.count == names.count)
    let object = try object(LedgerFormat.jsonl.line(sample(kind)))
    for (name, cell) in zip(names, cells) {
      #expect(cell == object[name].map { "\($0)" } ?? "")
    }
  }

  /// RFC 4180 without line breaks in cells.
  private static func cells(_ line: String) -> [String] {
    var cells = [""]
    var isQuoted = false
    for character in line.dropLast() {
      switch character {
      case "\"": isQuoted.toggle()
      case "," where !isQuoted: cells.append("")
      default: cells[cells.count - 1].append(character)
      }
    }
    return cells
  }

  @Test func textIsASentence() {
    let line = LedgerFormat.text.line(sample(.softwareInterrupt))
    #expect(line.hasPrefix("42 (from 40) tick 9000 ring 3>0: INT 80h eax=3F8h: int 0x80 at CPL 3"))
    #expect(line.hasSuffix("(SDM 3A 6.12.1).\n"))
  }

  /// Documentation/Ledger.md describes every field, kind, cause and cost, and nothing else.
  @Test func theSchemaIsDocumented() throws {
    let page = try String(contentsOfFile: "Documentation/Ledger.md", encoding: .utf8)
    let documented = page.split(separator: "\n").compactMap { row -> String? in
      guard row.hasPrefix("| `") else { return nil }
      return row.dropFirst(3).split(separator: "`").first.map(String.init)
    }
    let kinds = TransitionKind.allCases.map(\.name)
    #expect(Set(LedgerFields.names + kinds) == Set(documented))
  }

  @Test func namesAreSnakeCase() {
    #expect(Cause.cplAboveIOPL.name == "cpl_above_iopl" && Cause.notAGate.name == "not_a_gate")
    #expect(Cause.v86EntryNotToRing0.name == "v86_entry_not_to_ring0")
    #expect(Cause.ioPermissionBitmap.name == "io_permission_bitmap")
    #expect(TransitionKind.cr3Load.name == "cr3_load" && Actor.guestUser.name == "guest_user")
  }
}
