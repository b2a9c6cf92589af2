public import X86

/// Where two machines that should do the same first did not.
public struct Divergence: Sendable {
  /// What is different behind it.
  public enum Difference: Sendable, Equatable {
    /// A register of the guest's processor.
    case register(name: String, expected: UInt64, seen: UInt64, digits: Int)
    /// Four bytes of memory at a physical address.
    case memory(address: PhysicalAddress, expected: UInt32, seen: UInt32)
    /// A device's state.
    case device(String)
    /// What the guest has written to a disk, by its place.
    case disk(Int)
    /// One machine goes on, or they ended in different ways; in words for programs.
    case end(expected: String, seen: String)
  }

  /// The tick before it: up to here there was no difference.
  public var tick: UInt64
  /// Guest instructions executed until then.
  public var instructions: UInt64
  /// The instruction that came next, by CS and EIP, and up to 15 bytes of it.
  public var cs: UInt16
  public var eip: UInt32
  public var bytes: [UInt8]
  public var is32Bit: Bool
  /// The ring that the guest was in, as it believes.
  public var ring: UInt8
  /// What the first machine, the one to go by, wrote down in this tick: an interrupt, say.
  public var events: [Transition]
  /// In the order registers, memory, devices; at most 16 of memory.
  public var differences: [Difference]
}
