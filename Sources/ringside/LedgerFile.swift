import Machine
import Narration
import Predicates
import X86

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A ledger on its way into a file or a pipe: every transition that a predicate asks for, none lost
/// as long as the file takes them.
final class LedgerFile: LedgerSink {
  /// Why no more is to be written.
  enum End: Equatable {
    /// As many as were asked for.
    case enough
    /// The reader of the pipe has gone.
    case closed
    /// The host refuses, for this reason; the last event that is in the file with all before it.
    case failed(String)
  }

  private(set) var end: End?
  private let path: String
  private let sink: OutputSink
  private let format: LedgerFormat
  private let predicate: CompiledPredicate?
  private let most: UInt64
  private var written: UInt64 = 0
  /// Lines not handed to the host yet, and the number of the last transition handed over.
  private var lines: [UInt8] = []
  private var newest: UInt64 = 0
  private var safe: UInt64 = 0

  private static let batch = 1 << 16

  /// Opens the file; `-` is standard output. Ends after `most` transitions.
  init(
    path: String, format: LedgerFormat, events predicate: CompiledPredicate?, most: UInt64 = .max
  ) throws(UserError) {
    self.path = path
    self.format = format
    self.predicate = predicate
    self.most = most
    sink = try OutputSink(path: path)
    lines += Array(format.header.utf8)
  }

  /// Whether accesses to devices are wanted, which the machine keeps only when asked.
  var wantsAccesses: Bool { predicate?.asksAccessEvents ?? false }

  func receive(_ transition: Transition) {
    guard end == nil else { return }
    if let predicate, !predicate.matches(Moment(transition)) { return }
    lines += Array(format.line(transition).utf8)
    newest = transition.sequence
    written += 1
    if written == most {
      flush()
      end = end ?? .enough
    } else if lines.count >= Self.batch {
      flush()
    }
  }

  /// Hands what is waiting to the host. To be called at the end as well.
  func flush() {
    guard !lines.isEmpty, end == nil else { return }
    let error = sink.writeAll(lines)
    lines.removeAll(keepingCapacity: true)
    switch error {
    case 0: safe = newest
    case EPIPE: end = .closed
    case ENOSPC, EDQUOT: end = .failed(failure("the disk is full"))
    default: end = .failed(failure(String(cString: strerror(error))))
    }
  }

  private func failure(_ reason: String) -> String {
    let part =
      safe == 0 ? "nothing of the ledger was written" : "the ledger is complete up to event \(safe)"
    return "\(path): \(reason); \(part)"
  }
}

extension Predicate {
  /// A predicate from the command line; a mistake is shown with a caret under its place.
  init(option: String, _ text: String) throws(UserError) {
    do throws(PredicateError) {
      try self.init(parsing: text)
    } catch {
      throw UserError("\(option): " + error.lines.joined(separator: "\n"))
    }
  }
}

extension CompiledPredicate {
  /// A filter for events; words about anything else are refused.
  init(events text: String) throws(UserError) {
    let predicate = try Predicate(option: "--events", text)
    let stray = predicate.atoms.first { atom in
      switch atom.word.subject {
      case .instruction, .access: true
      case .event, .state: atom.word == .instruction
      }
    }
    if let stray {
      throw UserError(
        "--events: ‘\(stray.word.rawValue)’ is nothing that the ledger records; --break can use it")
    }
    self.init(predicate, default: .event)
  }
}
