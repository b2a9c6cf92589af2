import Predicates
import X86

/// Which events of the ledger are meant: a predicate, in which drawn values may stand.
struct EventPattern: Sendable {
  let template: Template

  /// What is wrong with a predicate, whatever the values will be; nil if nothing is.
  static func mistake(in template: Template) -> String? {
    // Any number will do for the grammar.
    let text = template.filled(with: { _ in "1" })
    do throws(PredicateError) {
      let predicate = try Predicate(parsing: text)
      let compiled = CompiledPredicate(predicate, default: .event)
      guard compiled.asksEvents, !compiled.asksInstructions, !compiled.asksAccesses else {
        return "this is not about events of the ledger"
      }
      // ‘any’ alone asks for accesses too, but not only for them.
      guard !compiled.asksAccessEvents || compiled.kinds == .all else {
        return "device accesses are not kept in a lab's run; count faults or exits"
      }
      return nil
    } catch {
      return "\(error.reason), at ‘\(error.text.dropFirst(error.position).prefix(12))’"
    }
  }
}

/// A pattern with values in it, ready to be compared with events.
struct EventMatcher {
  private let predicate: CompiledPredicate

  init(_ pattern: EventPattern, values: DrawnValues) throws(LabFailure) {
    let text = pattern.template.filled(with: values)
    do throws(PredicateError) {
      predicate = CompiledPredicate(try Predicate(parsing: text), default: .event)
    } catch {
      throw LabFailure(
        line: pattern.template.line, "‘\(text)’: \(error.reason)", "see Documentation/Predicates.md"
      )
    }
  }

  func matches(_ event: Transition) -> Bool { predicate.matches(Moment(event)) }
}

extension DrawnValues {
  /// A number that a lab has written, with values in it.
  func number(_ template: Template) throws(LabFailure) -> Int64 {
    let text = template.filled(with: self)
    guard let number = Int64(notation: text) else {
      throw LabFailure(
        line: template.line, "‘\(text)’ is not a whole number", "write it as 128, 0x80 or 80h")
    }
    return number
  }
}

/// A lab that does not work out in a run, though its file can be read: a mistake of its author's.
struct LabFailure: Error, Sendable {
  /// In the lab's YAML text; 0 if it is the question as a whole.
  let line: Int
  let what: String
  let remedy: String

  init(line: Int, _ what: String, _ remedy: String) {
    self.line = line
    self.what = what
    self.remedy = remedy
  }
}
