import Narration
import Predicates
import X86

extension Moment {
  /// Where and why a run stopped, as the end of a sentence that begins with `stopped`.
  var sentence: String {
    let time = "tick \(tick)"
    switch subject {
    case .event:
      let words = EventWords(transition)
      return
        "after event \(transition.sequence) at tick \(transition.tick): \(words.text): \(words.why)"
    case .access:
      let verb = isWrite ? "write to" : "read of"
      return "at \(time) after a \(verb) \(Self.hex(UInt64(linear), 8)), \(size) bytes, by \(place)"
    case .instruction, .state: return "at \(time) before the instruction at \(place), ring \(cpl)"
    }
  }

  private var place: String { "\(Self.hex(UInt64(cs), 4)):\(Self.hex(UInt64(eip), 8))" }

  private static func hex(_ value: UInt64, _ digits: Int) -> String {
    let text = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
