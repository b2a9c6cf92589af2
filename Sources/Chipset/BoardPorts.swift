public import X86

/// Which device is at which port, and what a bus with nobody on it reads.
extension Board {
  /// A read of 1, 2 or 4 bytes. Devices are 8 bits wide, but for the disks' data: wider
  /// accesses are taken apart, lowest port first. Ports without a device read all ones.
  public func readPort(_ port: UInt16, width: Int, at tick: UInt64) -> UInt32 {
    advance(to: tick)
    if width > 1, let channel = diskChannel(withDataAt: port) {
      let value = channel.readData(width: width, at: tick)
      settle()
      return value
    }
    var value: UInt32 = 0
    var isClaimed = false
    for offset in 0..<width {
      let number = port &+ UInt16(offset)
      var byte: UInt8 = 0xFF
      if let device = device(at: number, width: width) {
        byte = device.read(number, at: tick)
        isClaimed = true
      }
      value |= UInt32(byte) << UInt32(offset * 8)
    }
    if isClaimed { settle() } else { unclaimedPorts.countRead(port) }
    return value
  }

  /// A write of 1, 2 or 4 bytes, taken apart as reads are. Without a device it has no effect.
  public func writePort(_ port: UInt16, width: Int, value: UInt32, at tick: UInt64) {
    advance(to: tick)
    if width > 1, let channel = diskChannel(withDataAt: port) {
      channel.writeData(value, width: width, at: tick)
      return settle()
    }
    var isClaimed = false
    for offset in 0..<width {
      let number = port &+ UInt16(offset)
      guard let device = device(at: number, width: width) else { continue }
      let byte = UInt8(truncatingIfNeeded: value >> UInt32(offset * 8))
      device.write(number, byte, at: tick)
      isClaimed = true
    }
    guard isClaimed else { return unclaimedPorts.countWrite(port) }
    speaker.play(system.speakerTone, at: tick)
    settle()
  }

  /// Memory where nothing is mapped: all ones.
  public func readMemory(_ address: PhysicalAddress, width: Int, at tick: UInt64) -> UInt32 {
    width == 4 ? .max : 1 << UInt32(width * 8) - 1
  }

  /// Memory where nothing is mapped: no effect.
  public func writeMemory(
    _ address: PhysicalAddress, width: Int, value: UInt32, at tick: UInt64
  ) {}

  /// The one register of the board that is 16 bits wide.
  private func diskChannel(withDataAt port: UInt16) -> DiskChannel? {
    switch port {
    case 0x1F0 where diskChannel.isPresent: diskChannel
    case 0x170 where secondDiskChannel.isPresent: secondDiskChannel
    default: nil
    }
  }

  /// The port map. Wider accesses at CF8h mean the PCI bus, which is not there; only a byte at
  /// CF9h means reset control.
  private func device(at port: UInt16, width: Int) -> (any Device)? {
    switch port {
    case 0x20, 0x21, 0xA0, 0xA1, 0x4D0, 0x4D1: interruptControllers
    case 0x40...0x43: timer
    case 0x60, 0x64: keyboardController
    case 0x70, 0x71: clock
    case 0x3F8...0x3FF: serial
    case 0x2F8...0x2FF: secondSerial
    case 0x61, 0x92, SystemPorts.delayPort, 0xE9, 0xF0, 0xF4, 0x402: system
    case 0xCF9 where width == 1: system
    case 0x1F0...0x1F7, 0x3F6: diskChannel.isPresent ? diskChannel : nil
    case 0x170...0x177, 0x376: secondDiskChannel.isPresent ? secondDiskChannel : nil
    case 0x510, 0x511: firmwareFiles.isPresent ? firmwareFiles : nil
    case _ where video.claims(port): video
    case configuration.postPort: system
    case 0x00...0x0F, 0xC0...0xDF, 0x81...0x8F: dma
    case 0x3F0...0x3F5, 0x3F7: floppy.isPresent ? floppy : nil
    default: nil
    }
  }
}
