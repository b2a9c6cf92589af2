/// A physical address. 64 bits wide from the start: PAE uses 36 of them, nested paging more.
public typealias PhysicalAddress = UInt64

/// What the processor reaches outside itself: ports, memory-mapped devices, the interrupt controller.
///
/// RAM and ROM never come this way: they are mapped in `PhysicalMemory`. Widths are in bytes
/// (1, 2 or 4); values are zero-extended. `tick` is the exact machine tick of the access.
public protocol Bus: AnyObject {
  func readPort(_ port: UInt16, width: Int, at tick: UInt64) -> UInt32
  func writePort(_ port: UInt16, width: Int, value: UInt32, at tick: UInt64)
  func readMemory(_ address: PhysicalAddress, width: Int, at tick: UInt64) -> UInt32
  func writeMemory(_ address: PhysicalAddress, width: Int, value: UInt32, at tick: UInt64)
  /// The INTA cycle: the interrupt controller names the vector it requests.
  func acknowledgeInterrupt(at tick: UInt64) -> UInt8
  /// Whether whoever drives the processor has to look at the bus before the next instruction: a
  /// line to the processor or a deadline has changed, or something is asked of the machine.
  ///
  /// Asked after each access. A bus that does not keep account says yes.
  var needsAttention: Bool { get }
}

extension Bus {
  public var needsAttention: Bool { true }
}
