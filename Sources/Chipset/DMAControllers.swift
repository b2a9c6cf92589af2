/// RAM as a device on the bus sees it.
public protocol DirectMemory: AnyObject {
  /// A byte of RAM; all ones where there is none.
  func read(_ address: UInt32) -> UInt8
  /// Writes a byte of RAM; no effect where there is none.
  func write(_ address: UInt32, _ byte: UInt8)
}

/// The two 8237A DMA controllers at 00h–0Fh and C0h–DEh with the page registers at 81h–8Fh.
///
/// A device moves its bytes in one go when it has them; there are no bus cycles here. Channels 4
/// to 7 keep their registers, but there is no 16-bit device to use them.
final class DMAControllers: Device {
  private struct Channel {
    var baseAddress: UInt16 = 0
    var baseCount: UInt16 = 0
    var address: UInt16 = 0
    var count: UInt16 = 0
    var mode: UInt8 = 0
    var page: UInt8 = 0
  }
  private struct Controller {
    var command: UInt8 = 0
    var mask: UInt8 = 0x0F
    var reached: UInt8 = 0
    var isHighByte = false
  }
  /// Which page register, by the low bits of its port, belongs to which channel.
  private static let pageChannels: [Int?] = [
    nil, 2, 3, 1, nil, nil, nil, 0, nil, 6, 7, 5, nil, nil, nil, 4,
  ]

  var memory: (any DirectMemory)?
  /// Memory was written to, and the processor has not been told.
  var hasWritten = false
  private var channels = [Channel](repeating: Channel(), count: 8)
  private var controllers = [Controller(), Controller()]
  private var spare = [UInt8](repeating: 0, count: 16)

  init() { reset() }

  /// Firmware leaves channel 4 open, behind which the first controller is.
  func reset() {
    controllers = [Controller(), Controller()]
    controllers[1].mask = 0x0E
    channels[4].mode = 0xC0
  }

  // MARK: Transfers

  /// Bits 3 and 2 of a channel's mode.
  private enum Kind {
    static let verify: UInt8 = 0x00, toMemory: UInt8 = 0x04, fromMemory: UInt8 = 0x08
  }

  /// Whether a channel's requests are answered, and its transfers are of one of these kinds.
  private func isOpen(_ channel: Int, _ kinds: UInt8...) -> Bool {
    let isMasked = controllers[channel / 4].mask & 1 << UInt8(channel & 3) != 0
    let isOff = controllers[channel / 4].command & 0x04 != 0
    // The first controller's requests pass through channel 4.
    guard channel >= 4 || controllers[1].mask & 1 == 0 && controllers[1].command & 0x04 == 0 else {
      return false
    }
    return !isMasked && !isOff && kinds.contains(channels[channel].mode & 0x0C)
  }

  /// Moves bytes of a device into memory. Returns how many were taken, and whether the count ended.
  func send(_ bytes: [UInt8], channel: Int) -> (count: Int, isLast: Bool) {
    guard isOpen(channel, Kind.toMemory, Kind.verify) else { return (0, false) }
    // A verifying channel counts and leaves memory alone.
    let isWriting = channels[channel].mode & 0x0C == Kind.toMemory
    for (index, byte) in bytes.enumerated() {
      if isWriting {
        memory?.write(address(of: channel), byte)
        hasWritten = true
      }
      if step(channel) { return (index + 1, true) }
    }
    return (bytes.count, false)
  }

  /// Moves up to `limit` bytes of memory to a device, and says whether the count ended.
  func fetch(_ limit: Int, channel: Int) -> (bytes: [UInt8], isLast: Bool) {
    guard isOpen(channel, Kind.fromMemory) else { return ([], false) }
    var bytes: [UInt8] = []
    while bytes.count < limit {
      bytes.append(memory?.read(address(of: channel)) ?? 0xFF)
      if step(channel) { return (bytes, true) }
    }
    return (bytes, false)
  }

  private func address(of channel: Int) -> UInt32 {
    UInt32(channels[channel].page) << 16 | UInt32(channels[channel].address)
  }

  /// Goes on by a byte within the 64 KiB of the page. True at terminal count.
  private func step(_ channel: Int) -> Bool {
    let goesDown = channels[channel].mode & 0x20 != 0
    channels[channel].address =
      goesDown
      ? channels[channel].address &- 1 : channels[channel].address &+ 1
    channels[channel].count &-= 1
    guard channels[channel].count == 0xFFFF else { return false }
    let bit: UInt8 = 1 << UInt8(channel & 3)
    controllers[channel / 4].reached |= bit
    if channels[channel].mode & 0x10 != 0 {
      channels[channel].address = channels[channel].baseAddress
      channels[channel].count = channels[channel].baseCount
    } else {
      controllers[channel / 4].mask |= bit
    }
    return true
  }

  // MARK: Registers

  /// The controller and its register, 0 to 15; nil for page registers.
  private func register(_ port: UInt16) -> (controller: Int, number: Int)? {
    switch port {
    case 0x00...0x0F: (0, Int(port))
    case 0xC0...0xDF: (1, Int(port - 0xC0) / 2)
    default: nil
    }
  }

  func read(_ port: UInt16, at tick: UInt64) -> UInt8 {
    guard let (which, number) = register(port) else {
      let place = Int(port & 15)
      return Self.pageChannels[place].map { channels[$0].page } ?? spare[place]
    }
    switch number {
    case 0..<8:
      let channel = channels[which * 4 + number / 2]
      let value = number & 1 == 0 ? channel.address : channel.count
      controllers[which].isHighByte.toggle()
      return UInt8(truncatingIfNeeded: controllers[which].isHighByte ? value : value >> 8)
    case 8:
      defer { controllers[which].reached = 0 }
      return controllers[which].reached
    case 15: return controllers[which].mask | 0xF0
    default: return 0
    }
  }

  func write(_ port: UInt16, _ value: UInt8, at tick: UInt64) {
    guard let (which, number) = register(port) else {
      let place = Int(port & 15)
      if let channel = Self.pageChannels[place] {
        channels[channel].page = value
      } else {
        spare[place] = value
      }
      return
    }
    let bit: UInt8 = 1 << (value & 3)
    switch number {
    case 0..<8: writeWord(which, number, value)
    case 8: controllers[which].command = value
    case 10 where value & 4 != 0: controllers[which].mask |= bit
    case 10: controllers[which].mask &= ~bit
    case 11: channels[which * 4 + Int(value & 3)].mode = value
    case 12: controllers[which].isHighByte = false
    case 13: controllers[which] = Controller()
    case 14: controllers[which].mask = 0
    case 15: controllers[which].mask = value & 0x0F
    default: break
    }
  }

  private func writeWord(_ which: Int, _ number: Int, _ value: UInt8) {
    let index = which * 4 + number / 2
    func merge(_ word: UInt16) -> UInt16 {
      controllers[which].isHighByte
        ? word & 0x00FF | UInt16(value) << 8 : word & 0xFF00 | UInt16(value)
    }
    if number & 1 == 0 {
      channels[index].baseAddress = merge(channels[index].baseAddress)
      channels[index].address = channels[index].baseAddress
    } else {
      channels[index].baseCount = merge(channels[index].baseCount)
      channels[index].count = channels[index].baseCount
    }
    controllers[which].isHighByte.toggle()
  }

  // MARK: State

  func save(into writer: inout StateWriter) {
    for channel in channels {
      for word in [channel.baseAddress, channel.baseCount, channel.address, channel.count] {
        writer.write(word)
      }
      writer.write(channel.mode)
      writer.write(channel.page)
    }
    for controller in controllers {
      for byte in [controller.command, controller.mask, controller.reached] { writer.write(byte) }
      writer.write(controller.isHighByte)
    }
    writer.write(spare)
  }

  func load(from reader: inout StateReader) throws(StateError) {
    for index in channels.indices {
      channels[index].baseAddress = try reader.read()
      channels[index].baseCount = try reader.read()
      channels[index].address = try reader.read()
      channels[index].count = try reader.read()
      channels[index].mode = try reader.read()
      channels[index].page = try reader.read()
    }
    for index in controllers.indices {
      controllers[index].command = try reader.read()
      controllers[index].mask = try reader.read()
      controllers[index].reached = try reader.read()
      controllers[index].isHighByte = try reader.readFlag()
    }
    spare = try reader.readArray(count: 16)
  }
}
