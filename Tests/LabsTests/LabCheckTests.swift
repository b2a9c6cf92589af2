import Machine
import Testing
import X86

@testable import Labs

/// Labs as a whole, with machines.
@Suite struct LabCheckTests {
  @Test func aNewLabWorksAtTheFirstTry() throws {
    let lab = try LabMachine.read(NewLab.text(slug: "x"))
    #expect(LabCheck.mistakes(in: lab, build: try LabMachine.builder()).isEmpty)
  }

  @Test func twoRunsAreTheSameEventForEvent() throws {
    let lab = try LabMachine.read(NewLab.text(slug: "x"))
    let runs = try (0..<2).map { _ in try LabMachine.run(lab, seed: 3) }
    #expect(runs[0].events == runs[1].events && runs[0].console == runs[1].console)
    #expect(runs[0].events.count > 100)
  }

  /// The machine looked at before and behind an event has not, and has just, done it.
  @Test func momentsAreExact() throws {
    let lab = try LabMachine.read(NewLab.text(slug: "x"))
    let run = try LabMachine.run(lab, seed: 3)
    for event in run.events.suffix(60).prefix(40) where event.kind != .halt {
      let before = try run.machine(at: event, isBefore: true)
      #expect(before.cpu.log.count == event.sequence - 1)
      #expect(before.cpu.eip == event.eip && before.cpu.cpl == event.fromCPL)
      let after = try run.machine(at: event, isBefore: false)
      #expect(after.cpu.log.count == event.sequence && after.cpu.cpl == event.toCPL)
      if event.kind.isTransfer { #expect(after.cpu[.esp] == event.toESP) }
    }
  }

  @Test(arguments: [
    (
      "number: {count: \"int 80h and eax 20\"}\n    evidence: {event: \"int 80h and eax 20\", nth: 500}",
      "number 500 is asked for"
    ),
    ("choice: [{text: a, when: [1, =, 1]}, {text: b, when: [2, =, 2]}]", "2 of its options hold"),
    ("number: {console: \"nowhere\"}", "does not match anything"),
    ("number: {field: error code, of: \"int 80h\"}", "has no error code"),
    ("number: 5", "no answer depends on the seed"),
    ("goal: {reach: [{count: cr3}, \">=\", 1], model: [exit]}", "passes"),
  ]) func labsThatDoNotWorkOutAreFound(answer: String, what: String) throws {
    let question = "  - id: calls\n    ask: How many?\n    \(answer)"
    let lab = try LabMachine.read(LabReaderTests.text(questions: question))
    let mistakes = LabCheck.mistakes(in: lab, seeds: 1...2, build: try LabMachine.builder())
    #expect(mistakes.contains { $0.description.contains(what) }, "\(mistakes)")
  }
}
