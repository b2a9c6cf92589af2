import Foundation
import Testing

/// `ringside trace`, `run --ledger` and `run --break` from outside.
@Suite struct TraceTests {
  @Test func aTraceIsASentenceForEachEvent() throws {
    let run = try Program(["trace", "ringlet", "--events", "fault or ring 3>0", "--max", "3"])
    #expect(run.status == 0 && run.errors.isEmpty)
    let lines = run.output.split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines.allSatisfy { $0.contains(" tick ") && $0.hasSuffix(").") && $0.contains("SDM") })
  }

  @Test func jsonLinesAndCSVHoldTheSame() throws {
    let words = ["trace", "demo", "--events", "cr3 or iret", "--max", "5", "--format"]
    let objects = try Program(words + ["jsonl"]).output.split(separator: "\n").map { line in
      try #require(
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
    let rows = try Program(words + ["csv"]).output.split(separator: "\n")
    #expect(objects.count == 5 && rows.count == 6)
    #expect(rows[0].hasPrefix("sequence,parent,tick,"))
    for (object, row) in zip(objects, rows.dropFirst()) {
      let number = try #require(object["sequence"] as? Int)
      #expect(row.hasPrefix("\(number),"))
      #expect(["cr3_load", "interrupt_return"].contains(object["kind"] as? String))
    }
  }

  @Test func numbersDoNotDependOnWhatIsKept() throws {
    func numbers(_ events: String) throws -> [Substring] {
      try Program(["trace", "hello", "--events", events]).output.split(separator: "\n")
    }
    let all = try numbers("any")
    let some = try numbers("not port 0..0xffff and any")
    #expect(some.count < all.count && Set(some).isSubset(of: Set(all)))
    for (place, line) in all.enumerated() { #expect(line.hasPrefix("\(place + 1) ")) }
  }

  @Test func aLedgerIsWrittenBesideTheRun() throws {
    let path = "/tmp/ringside-ledger-\(ProcessInfo.processInfo.processIdentifier).jsonl"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let run = try Program(["run", "hello", "--ledger", path, "--events", "any", "--stats", "json"])
    #expect(run.status == 0 && run.output == "Hello from ring 0\n")
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    #expect(lines.count > 17)
    let writes = lines.filter { $0.contains("\"kind\":\"port_write\"") }
    #expect(run.errors.contains("\"port_write\": \(writes.count)"))
    let plain = try Program(["run", "hello", "--stats", "json"])
    func digest(_ text: String) -> Substring? { text.split(separator: "digest").last }
    #expect(digest(plain.errors) == digest(run.errors))
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "there is no /dev/full"))
  func aFullDiskEndsTheRunWithASentence() throws {
    let run = try Program([
      "run", "ringlet", "--ledger", "/dev/full", "--max-instructions", "50000000",
    ])
    #expect(run.status == 74)
    #expect(
      run.errors == "ringside: /dev/full: the disk is full; nothing of the ledger was written\n")
  }

  @Test func aBreakpointEndsTheRunAndSaysWhere() throws {
    let fault = try Program([
      "run", "ringlet", "--send", "\\$ =cli\\n", "--break", "#GP and cpl 3", "--timeout", "60",
      "--stats", "json",
    ])
    #expect(fault.status == 0 && fault.errors.contains("\"stop\": \"breakpoint\""))
    #expect(fault.errors.hasPrefix("ringside: stopped after event "))
    let place = try Program(["run", "hello", "--break", "out 3f8h"])
    #expect(place.output == "H", "after the event")
    #expect(place.errors.contains("port 03F8"))
    #expect(try Program(["run", "hello", "--break", "#PF"]).status == 0)
  }

  @Test func aMistakeInAPredicateHasACaret() throws {
    for arguments in [
      ["run", "hello", "--break", "#GP and cpl 9"],
      ["trace", "hello", "--events", "#GP and cpl 9"],
    ] {
      let run = try Program(arguments)
      #expect(run.status == 64 && run.output.isEmpty)
      let lines = run.errors.split(separator: "\n")
      #expect(lines.count == 3 && lines[0].hasPrefix("ringside: --"))
      #expect(lines[1].dropFirst(2) == "#GP and cpl 9" && lines[2].hasSuffix("^"))
      #expect(lines[2].count == "  #GP and cpl 9".count)
    }
  }

  @Test(arguments: [
    ["trace", "hello", "--events", "exec 5"], ["trace", "hello", "--max", "0"],
    ["trace", "hello", "--format", "xml"], ["trace", "hello", "--ledger", "x"],
    ["run", "hello", "--events", "fault"], ["trace", "hello", "--output", "/nonexistent/x"],
    ["trace"],
  ]) func mistakesAreOneSentence(arguments: [String]) throws {
    let run = try Program(arguments)
    #expect(run.status == 64 && run.output.isEmpty)
    #expect(run.errors.hasPrefix("ringside: ") && run.errors.split(separator: "\n").count == 1)
  }
}
