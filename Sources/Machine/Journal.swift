public import X86

/// Everything that came into a machine from outside, stamped with the machine tick at which it
/// did. The same guest with the same journal does the same again, instruction by instruction.
public struct Journal: Sendable, Equatable {
  /// One input.
  public struct Entry: Sendable, Equatable {
    /// The machine tick before which it arrived.
    public var tick: UInt64
    /// What arrived.
    public var input: Input

    /// An input at a tick.
    public init(tick: UInt64, input: Input) {
      self.tick = tick
      self.input = input
    }
  }

  /// The ways into a machine.
  public enum Input: Sendable, Equatable {
    /// Bytes for the first serial line; they arrive one after the other at the line's speed.
    case serial([UInt8])
    /// The same for the second serial line.
    case secondSerial([UInt8])
    /// Keys pressed and released on the keyboard, named by what they type.
    case keys(String)
    /// Bytes put into memory at a physical address by a debugger.
    case memory(PhysicalAddress, [UInt8])
    /// A register given another value by a debugger.
    case register(WritableRegister, UInt32)
    /// A field of the guest's VMCB given another value, where AMD-V runs it.
    case controlBlock(VMCBField, UInt64)
  }

  /// The inputs, in order of arrival.
  public internal(set) var entries: [Entry] = []

  /// A journal of nothing.
  public init() {}

  /// Writes an input down. Ticks never decrease.
  public mutating func append(_ input: Input, at tick: UInt64) {
    precondition(entries.last.map { $0.tick <= tick } ?? true, "time does not run backwards")
    entries.append(Entry(tick: tick, input: input))
  }
}
