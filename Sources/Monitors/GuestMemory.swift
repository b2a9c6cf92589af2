public import X86

/// A part of the guest's memory: where its bytes are, and its guest-physical address.
public struct GuestMemory {
  var start: UnsafeMutableRawPointer
  var size: Int
  var address: PhysicalAddress
  var isReadOnly: Bool

  /// `size` and `address` are multiples of 4096.
  public init(
    _ start: UnsafeMutableRawPointer, size: Int, at address: PhysicalAddress,
    isReadOnly: Bool = false
  ) {
    (self.start, self.size, self.address) = (start, size, address)
    self.isReadOnly = isReadOnly
  }

  /// Machine-physical minus guest-physical address of the guest's RAM. What is below belongs to the
  /// monitor.
  static let offset: UInt64 = 0x40_0000
  /// ROM at the top of the guest's 4 GiB is at the top of the machine's, too.
  static let romStart: UInt64 = 0xF000_0000

  /// Where the guest's memory is in the machine.
  static func machineAddress(of guest: PhysicalAddress) -> PhysicalAddress {
    guest < romStart ? guest + offset : guest
  }

  /// The guest's address of its memory in the machine; nil for the monitor's own.
  static func guestAddress(of machine: PhysicalAddress) -> PhysicalAddress? {
    if machine >= romStart { return machine }
    return machine < offset ? nil : machine - offset
  }
}
