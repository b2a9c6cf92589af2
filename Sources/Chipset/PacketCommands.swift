/// What ATA commands do to a CD-ROM drive: a packet of 12 bytes in, bytes out in portions no larger
/// than the processor asked for (ATA/ATAPI-4, 9.5, "PACKET").
extension DiskChannel {
  /// The interrupt reason, which takes the place of the sector count.
  private enum Reason {
    static let command: UInt8 = 1, data: UInt8 = 2, completion: UInt8 = 3
  }
  private static let packetSize = 12

  func executeOnOptical() {
    guard let drive = opticalDrives[unit] else { return finishReset() }
    switch command {
    case Command.packet: acceptPacket()
    case Command.identifyPacketDevice: offer(drive.identity(unit: unit))
    case Command.identifyDevice, 0x20:
      // The signature tells a driver for disks that this is none.
      sign(unit)
      fail(Failure.aborted)
    case 0xEF: setFeature()
    case 0x98, 0xE5:  // CHECK POWER MODE: active.
      file.count = 0xFF
      succeed()
    case 0x94...0x97, 0xE0...0xE3: succeed()
    default: fail(Failure.aborted)
    }
  }

  /// DEVICE RESET, which a drive obeys even when it is busy, and without an interrupt.
  func resetDevice() {
    endTransfer()
    isRequesting = false
    opticalDrives[unit]?.reset()
    sign(unit)
  }

  private func acceptPacket() {
    // Neither DMA nor overlapped commands.
    guard features & 0x03 == 0 else { return fail(Failure.aborted) }
    let limit = UInt16(file.high) << 8 | UInt16(file.middle)
    buffer = [UInt8](repeating: 0, count: Self.packetSize)
    isWriting = true
    // Portions end at a word; none and FFFFh stand for as much as possible.
    packetState.limit = limit == 0 ? 0xFFFE : Int(max(2, limit & ~1))
    file.count = Reason.command
    file.status = Status.ready | Status.request
  }

  func performPacket() {
    let packet = buffer
    let limit = packetState.limit
    endTransfer()
    packetState.limit = limit
    switch opticalDrives[unit]?.perform(packet) {
    case .bytes(let bytes): packetState.bytes = bytes
    case .disc(let start, let count):
      (packetState.start, packetState.count) = (start, count)
    case .done: break
    case .refused, nil: return refusePacket()
    }
    fillPacket()
  }

  /// Offers the next portion, or ends the command.
  func fillPacket() {
    var portion = packetState.bytes
    if packetState.count > 0 {
      let block = Int(OpticalDrive.blockSize)
      let most =
        packetState.limit < block
        ? packetState.limit : packetState.limit - packetState.limit % block
      let length = Int(min(UInt64(most), packetState.count))
      guard let bytes = opticalDrives[unit]?.read(at: packetState.start, count: length) else {
        return refusePacket()
      }
      portion = bytes
      packetState.start += UInt64(length)
      packetState.count -= UInt64(length)
    } else {
      portion = Array(portion.prefix(packetState.limit))
      packetState.bytes.removeFirst(portion.count)
    }
    guard !portion.isEmpty else {
      succeed()
      file.count = Reason.completion
      return
    }
    file.count = Reason.data
    file.middle = UInt8(truncatingIfNeeded: portion.count)
    file.high = UInt8(portion.count >> 8)
    offer(portion)
  }

  private func refusePacket() {
    let key = opticalDrives[unit]?.sense.key ?? 0
    fail(key << 4 | Failure.aborted)
    file.count = Reason.completion
  }

  /// Whether a loaded state of a channel with a CD-ROM selected is one to go on from.
  var isPacketConsistent: Bool {
    guard work != .fill, work != .store, remaining == 0 else { return false }
    guard packetState.isActive else { return work != .packet && work != .fillPacket && !isWriting }
    let isPacket = isWriting && buffer.count == Self.packetSize
    return work == .packet ? isPacket : isPacket || !isWriting
  }
}

/// What a packet command has still to give.
struct PacketState {
  /// The most bytes in a portion, even; 0 while no packet command is going on.
  var limit = 0
  /// Bytes of the drive's own, not offered yet.
  var bytes: [UInt8] = []
  /// A range of the disc's bytes, not offered yet.
  var start: UInt64 = 0
  var count: UInt64 = 0

  var isActive: Bool { limit > 0 }

  func save(into writer: inout StateWriter) {
    writer.write(UInt16(limit))
    writer.write(bytes)
    writer.write(start)
    writer.write(count)
  }

  mutating func load(from reader: inout StateReader) throws(StateError) {
    limit = Int(try reader.read(UInt16.self))
    bytes = try reader.readArray()
    start = try reader.read()
    count = try reader.read()
    // No disc is larger than a disk; reading behind its end gives zeros.
    let largest = DiskChannel.largestDisk * 512 + OpticalDrive.blockSize
    guard limit & 1 == 0, bytes.count <= 0x1_0000, start <= largest, count <= largest else {
      throw .malformed
    }
  }
}
