import ArgumentParser
import Machine
import Monitors
import Narration
import X86

/// `ringside translation`: the guest's code beside what the translator has made of it.
struct TranslationCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "translation",
    abstract: "Run a guest with --mode full:translate and show its code beside the translated one.",
    discussion: """
      A row for each instruction: the guest's address, bytes and words; what became of it (IDENT, \
      INLINE, CALLOUT, CHAIN), the translated bytes, and how often it has called the monitor. \
      Without --at the blocks are listed. Documentation/FullVirtualization.md says more.
      """)

  @Argument(help: "The guest: a file, or a built-in name.")
  var image: String
  @OptionGroup
  var machine: MachineOptions
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "A guest address (EIP) in a block; may be given again.", valueName: "address"))
  var at: [String] = []
  @Option(help: ArgumentHelp("Run N instructions first.", valueName: "n"))
  var after: UInt64 = 1_000_000

  func run() throws {
    var options = machine
    if Mode(named: options.mode) == .emulation { options.mode = Mode.fullTranslate.rawValue }
    let addresses = try at.map { text throws(UserError) in
      guard let address = number(text).flatMap({ UInt32(exactly: $0) }) else {
        throw UserError("--at \(text): an address is a number from 0 to 0xFFFFFFFF")
      }
      return address
    }
    let machine = try options.build(image: image, postPort: nil).machine
    guard let monitor = machine.monitor as? FullVirtualization, monitor.translatedBlocks != nil
    else { throw UserError("--mode \(options.mode): nothing is translated; use full:translate") }
    Self.run(machine, instructions: after)
    for address in addresses {
      guard let rows = monitor.translation(of: address) else {
        throw UserError("--at \(Numbers.hex(address)): no block has it after \(after) instructions")
      }
      for row in rows { write(line(row)) }
    }
    if addresses.isEmpty { list(monitor) }
  }

  private static func run(_ machine: Machine, instructions: UInt64) {
    while machine.instructions < instructions {
      switch machine.run(until: machine.ticks + instructions - machine.instructions) {
      case .reached, .reset: continue
      case .stopped, .idle, .breakpoint, .watched: return
      }
    }
  }

  private func list(_ monitor: FullVirtualization) {
    for block in monitor.translatedBlocks ?? [] {
      let rows = monitor.translation(of: block) ?? []
      let count = { (form: TranslationRow.Form) in rows.filter { $0.form == form }.count }
      write(
        "\(Numbers.hex(block))  \("\(count(.identical)) IDENT".padded(to: 9))"
          + "  \("\(count(.inline)) INLINE".padded(to: 9))  \("\(count(.callout)) CALLOUT".padded(to: 10))"
          + "  \("\(count(.chain)) CHAIN".padded(to: 8))  called \(rows.reduce(0) { $0 + $1.calls })"
      )
    }
  }

  private func line(_ row: TranslationRow) -> String {
    let words =
      row.guestBytes.isEmpty
      ? "(to here)"
      : Disassembly.decode(row.guestBytes, address: row.guest, is32Bit: true).text
    let head =
      "\(Numbers.hex(row.guest))  \(bytes(row.guestBytes).padded(to: 21))  \(words.padded(to: 30))"
    return "\(head)  \(row.form.rawValue.padded(to: 7))  \("\(row.calls)".padded(to: 6))"
      + "  \(Numbers.hex(row.translated))  \(bytes(row.translatedBytes))"
  }

  private func bytes(_ bytes: [UInt8]) -> String {
    bytes.map { Numbers.hex(UInt32($0), 2) }.joined(separator: " ")
  }

  private func write(_ line: String) { OutputSink.standardOutput.write(line + "\n") }
}
