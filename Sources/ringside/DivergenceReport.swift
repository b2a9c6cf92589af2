import Machine
import Narration
import X86

/// A divergence in words, for people.
struct DivergenceReport {
  let lines: [String]

  init(_ divergence: Divergence, guest: String, modes: (String, String), hasMonitor: Bool) {
    let instruction = Disassembly.decode(
      divergence.bytes, address: divergence.eip, is32Bit: divergence.is32Bit)
    let place = Numbers.place(divergence.cs, divergence.eip)
    var lines = [
      "\(guest): \(modes.0) and \(modes.1) differ after \(divergence.instructions) instructions, "
        + "at tick \(divergence.tick)",
      "  at \(place), ring \(divergence.ring): \(instruction.text)",
    ]
    for event in divergence.events where event.kind == .interrupt || event.kind == .fault {
      let words = EventWords(event)
      lines.append("  \(modes.0) had \(words.text): \(words.why)")
    }
    let width = max(modes.0.count, modes.1.count)
    for difference in divergence.differences {
      let (name, one, other, note) = Self.words(difference)
      lines.append("  \(name)\(note)")
      lines.append("    \(modes.0.padded(to: width))  \(one)")
      lines.append("    \(modes.1.padded(to: width))  \(other)")
    }
    if hasMonitor,
      let reason = SilentInstruction.sentence(
        mnemonic: instruction.mnemonic, operands: instruction.operands)
    {
      lines.append(reason)
    } else if Self.isAccessedOnly(divergence) {
      lines.append(
        "Only bits 5 and 6 differ: in a page table A and D, which a processor sets when it walks the "
          + "tables, and that depends on what its TLB holds (SDM 3A, 4.8 and 4.10.2.3).")
    }
    self.lines = lines
  }

  private static func words(
    _ difference: Divergence.Difference
  ) -> (name: String, one: String, other: String, note: String) {
    switch difference {
    case .register(let name, let expected, let seen, let digits):
      let note = name == "EFLAGS" ? flags(expected ^ seen) : ""
      return (name, Numbers.hex(expected, digits), Numbers.hex(seen, digits), note)
    case .memory(let address, let expected, let seen):
      return (
        "memory at \(Numbers.hex(address))", Numbers.hex(expected), Numbers.hex(seen),
        flagsIfLikely(expected, seen)
      )
    case .device(let name): return (name, "its state", "another state", "")
    case .disk(let place): return ("disk \(place)", "its sectors", "other sectors", "")
    case .end(let expected, let seen): return ("the run", expected, seen, "")
    }
  }

  /// The names of flags that differ, in brackets.
  private static func flags(_ bits: UInt64) -> String {
    let names: [(UInt64, String)] = [
      (1, "CF"), (4, "PF"), (0x10, "AF"), (0x40, "ZF"), (0x80, "SF"), (0x100, "TF"), (0x200, "IF"),
      (0x400, "DF"), (0x800, "OF"), (0x3000, "IOPL"), (0x4000, "NT"), (0x10000, "RF"),
      (0x20000, "VM"), (0x40000, "AC"), (0x8_0000, "VIF"), (0x10_0000, "VIP"), (0x20_0000, "ID"),
    ]
    let found = names.filter { bits & $0.0 != 0 }.map(\.1)
    return found.isEmpty ? "" : " (\(found.joined(separator: " ")))"
  }

  /// Two words that look like EFLAGS and differ in flags.
  private static func flagsIfLikely(_ one: UInt32, _ other: UInt32) -> String {
    let look: (UInt32) -> Bool = { $0 & 0xFFC0_802A == 2 }
    return look(one) && look(other) ? flags(UInt64(one ^ other)) : ""
  }

  private static func isAccessedOnly(_ divergence: Divergence) -> Bool {
    !divergence.differences.isEmpty
      && divergence.differences.allSatisfy {
        if case .memory(_, let one, let other) = $0 { (one ^ other) & ~0x60 == 0 } else { false }
      }
  }
}
