import X86

/// What a lab processor is wired to: no device, and the line by which the hosted process makes it
/// leave the guest.
final class LabBus: Bus {
  /// The vector of that line.
  static let kickVector: UInt8 = 0xF0

  private var wasAcknowledged = false

  /// Whether the processor has taken the interrupt since the last call.
  func takeAcknowledgement() -> Bool {
    defer { wasAcknowledged = false }
    return wasAcknowledged
  }

  func readPort(_ port: UInt16, width: Int, at tick: UInt64) -> UInt32 { .max }
  func writePort(_ port: UInt16, width: Int, value: UInt32, at tick: UInt64) {}
  func readMemory(_ address: PhysicalAddress, width: Int, at tick: UInt64) -> UInt32 { .max }
  func writeMemory(_ address: PhysicalAddress, width: Int, value: UInt32, at tick: UInt64) {}
  func acknowledgeInterrupt(at tick: UInt64) -> UInt8 {
    wasAcknowledged = true
    return Self.kickVector
  }
}
