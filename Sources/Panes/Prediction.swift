import Cells

/// A guess about the next instruction, made before it is executed.
public struct Prediction: Equatable, Sendable {
  /// What somebody says will happen.
  public enum Guess: Equatable, Sendable {
    /// Afterwards the guest believes in this ring.
    case ring(Int)
    /// It faults.
    case fault
  }

  /// nil while the screen waits for it.
  public internal(set) var guess: Guess?
  /// The tick before the instruction, and the number of the newest event then.
  let tick: UInt64
  let newest: UInt64

  init(before view: MachineView) {
    tick = view.clock.ticks
    newest = view.events.last?.sequence ?? 0
  }

  static let question =
    " Before it is executed: what will be?  0-3: that ring afterwards  t: a fault  Esc: leave it "

  /// The guess that a key stands for.
  static func guess(_ key: Key) -> Guess? {
    switch key {
    case .character("t"), .character("T"): .fault
    case .character("0"): .ring(0)
    case .character("1"): .ring(1)
    case .character("2"): .ring(2)
    case .character("3"): .ring(3)
    default: nil
    }
  }

  /// What came of it, when the machine has gone on to what `view` shows; nil before.
  func verdict(_ view: MachineView) -> String? {
    guard let guess, view.clock.ticks != tick || view.runState != .paused else { return nil }
    let news = view.events.filter { $0.sequence > newest }
    let fault = news.first { $0.kind == .fault }
    let happened = news.first { $0.from != $0.to } ?? news.first
    let ring = view.rings.believed
    let isRight: Bool
    switch guess {
    case .fault: isRight = fault != nil
    case .ring(let guessed): isRight = guessed == ring
    }
    let fact = fault.map { "it faulted: \($0.text)" } ?? happened.map { "ring \(ring), \($0.text)" }
    let said: String
    switch guess {
    case .fault: said = "a fault"
    case .ring(let guessed): said = "ring \(guessed)"
    }
    let outcome = fact ?? "nothing changed, still ring \(ring)"
    return isRight ? "Right: \(outcome)." : "You said \(said); \(outcome). {why} says why."
  }
}
