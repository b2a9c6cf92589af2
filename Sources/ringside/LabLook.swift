import ArgumentParser
import Labs
import Narration
import X86

extension LabCommand {
  /// `ringside lab look`: registers and memory beside an event, for whoever works without the screen.
  struct Look: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Explain an event of a lab's run, with the registers before or behind it.",
      discussion: """
        Under a monitor there are two columns: what the guest believes its registers to hold, and \
        what the processor that stands for the hardware has in them.
        """)
    @OptionGroup var lab: LabOptions
    @OptionGroup var which: RunOptions
    @Option(help: ArgumentHelp("Look just before this event.", valueName: "number"))
    var before: UInt64?
    @Option(help: ArgumentHelp("Look just behind this event.", valueName: "number"))
    var after: UInt64?
    @Option(help: ArgumentHelp("Eight words from this linear address.", valueName: "address"))
    var memory: String?

    func run() throws {
      guard let number = before ?? after, before == nil || after == nil else {
        throw UserError("look: give --before or --after with the number of an event")
      }
      let run = try which.run(of: lab)
      guard let event = run.event(number) else {
        throw UserError("event \(number) does not exist in this run; see ‘ringside lab events’")
      }
      do throws(LabProblem) {
        OutputSink.standardOutput.write(try text(run, event, isBefore: before != nil))
      } catch {
        throw UserError(error.description)
      }
    }

    private func text(
      _ run: LabRun, _ event: Transition, isBefore: Bool
    ) throws(LabProblem) -> String {
      let registers = try run.registers(at: event, isBefore: isBefore)
      let explanation = Explanation(event)
      var text = EventList.line(of: event)
      text += ([explanation.sentence] + explanation.steps).map { " \($0)\n" }.joined()
      text += registers.contains { $0.real != nil } ? "             believed  real\n" : ""
      for register in registers {
        let name = register.name.padded(to: 12)
        text += " \(name)\(Self.hex(register.believed))"
        if let real = register.real {
          text += "  \(Self.hex(real))\(real == register.believed ? "" : "  ≠")"
        }
        text += "\n"
      }
      let stack = registers.first { $0.name == "esp" }?.believed ?? 0
      let address = memory.flatMap(number).map { UInt32(truncatingIfNeeded: $0) } ?? stack
      let words = try run.words(8, from: address, at: event, isBefore: isBefore)
      text += memory == nil ? " stack" : " memory"
      return text + " from \(Self.hex(address)): \(words.map(Self.hex).joined(separator: " "))\n"
    }

    private static func hex(_ number: UInt32) -> String {
      let digits = String(number, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }
  }
}
