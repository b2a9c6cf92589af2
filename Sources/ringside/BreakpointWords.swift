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
      return "at \(time) after a \(verb) \(Numbers.hex(linear)), \(size) bytes, by \(place)"
    case .instruction, .state: return "at \(time) before the instruction at \(place), ring \(cpl)"
    }
  }

  private var place: String { Numbers.place(cs, eip) }
}
