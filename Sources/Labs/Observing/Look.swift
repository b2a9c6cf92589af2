import Machine
import Monitors
public import X86

/// What can be looked at beside an event: the same that measures ask for.
extension LabRun {
  /// A register of both processors; in emulation there is only the one.
  public struct RegisterPair: Sendable {
    /// As measures call it.
    public let name: String
    /// What the guest believes it to hold.
    public let believed: UInt32
    /// What the processor that stands for the hardware holds in it; nil in emulation.
    public let real: UInt32?
  }

  /// All registers just before or behind an event.
  public func registers(at event: Transition, isBefore: Bool) throws(LabProblem) -> [RegisterPair] {
    let machine = try machine(at: event, isBefore: isBefore)
    return RegisterName.allCases.map { name in
      RegisterPair(
        name: name.rawValue,
        believed: UInt32(truncatingIfNeeded: machine.value(of: name, .believed)),
        real: machine.monitor == nil
          ? nil : UInt32(truncatingIfNeeded: machine.value(of: name, .real)))
    }
  }

  /// Words of the guest's memory just before or behind an event, by linear address, as far as
  /// something is mapped there.
  public func words(
    _ count: Int, from address: UInt32, at event: Transition, isBefore: Bool
  ) throws(LabProblem) -> [UInt32] {
    let machine = try machine(at: event, isBefore: isBefore)
    var words: [UInt32] = []
    for index in 0..<UInt32(count) {
      var word: UInt32 = 0
      for byte in 0..<4 as Range<UInt32> {
        guard let value = machine.cpu.peekByte(address &+ index * 4 &+ byte) else { return words }
        word |= UInt32(value) << (8 * byte)
      }
      words.append(word)
    }
    return words
  }
}
