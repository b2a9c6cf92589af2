/// An ATA channel with up to two drives, disks or CD-ROMs, in PIO (ATA/ATAPI-4): registers at
/// 1F0h–1F7h and 3F6h on IRQ 14, or 170h–177h and 376h on IRQ 15.
///
/// A command makes the channel busy for a moment; what it does happens at the end of that. A
/// channel without drives is not there at all. An absent drive beside a present one reads as 0.
/// What commands do to disks is in DiskCommands, to CD-ROMs in PacketCommands.
final class DiskChannel: Device {
  enum Status {
    static let error: UInt8 = 0x01, request: UInt8 = 0x08, ready: UInt8 = 0x50
    static let fault: UInt8 = 0x20, busy: UInt8 = 0x80
  }
  enum Failure {
    static let aborted: UInt8 = 0x04, notFound: UInt8 = 0x10, uncorrectable: UInt8 = 0x40
  }
  enum Command {
    static let deviceReset: UInt8 = 0x08, diagnose: UInt8 = 0x90, packet: UInt8 = 0xA0
    static let identifyPacketDevice: UInt8 = 0xA1, identifyDevice: UInt8 = 0xEC
  }
  /// What happens at the deadline.
  enum Work: UInt8 {
    case none, reset, command, fill, store, packet, fillPacket
  }
  /// A drive's registers. The processor's writes reach those of both drives.
  struct Registers {
    var count: UInt8 = 1
    var low: UInt8 = 1
    var middle: UInt8 = 0
    var high: UInt8 = 0
    var status = Status.ready
    var failure: UInt8 = 1
  }
  /// The most sectors that 28 bits can number.
  static let largestDisk: UInt64 = 0x0FFF_FFFF
  static let sectorSize = 512

  /// The first command port, 1F0h or 170h. The control port is 206h above it.
  let base: UInt16
  /// How long a command or a block takes: 2 µs.
  private let delay: UInt64
  var drives: [DiskDrive?] = [nil, nil]
  var opticalDrives: [OpticalDrive?] = [nil, nil]

  var files = [Registers(), Registers()]
  var features: UInt8 = 0
  var select: UInt8 = 0
  private var control: UInt8 = 0
  private(set) var command: UInt8 = 0
  var isRequesting = false
  private(set) var work = Work.none
  private(set) var deadline = UInt64.max

  /// The block between drive and processor, how far it got, and whether the processor writes it.
  var buffer: [UInt8] = []
  var position = 0
  var isWriting = false
  /// A disk transfer's next sector, the sectors left, and how many make a block.
  var sector: UInt64 = 0
  var remaining = 0
  var blockSize = 1
  /// What a packet command has still to give: bytes of the drive's own, then a range of the disc.
  var packetState = PacketState()

  init(base: UInt16, ticksPerSecond: UInt64) {
    self.base = base
    delay = max(1, ticksPerSecond / 500_000)
    reset()
  }

  func attach(_ medium: any DiskMedium, unit: Int) {
    drives[unit] = DiskDrive(medium: medium)
    reset()
  }

  func attach(disc medium: any DiskMedium, unit: Int) {
    opticalDrives[unit] = OpticalDrive(medium: medium)
    reset()
  }

  private func hasDrive(_ unit: Int) -> Bool { drives[unit] != nil || opticalDrives[unit] != nil }

  var isPresent: Bool { hasDrive(0) || hasDrive(1) }

  /// IRQ 14 or 15: nIEN takes it off the bus.
  var interruptLine: Bool { isRequesting && control & 0x02 == 0 }

  /// The drive that the select register names, and its registers.
  var unit: Int { Int(select >> 4 & 1) }
  var drive: DiskDrive? { drives[unit] }
  var file: Registers {
    get { files[unit] }
    set { files[unit] = newValue }
  }

  func reset() {
    control = 0
    for unit in 0..<2 {
      drives[unit]?.reset()
      opticalDrives[unit]?.reset()
    }
    finishReset()
  }

  /// What follows every kind of reset, and the diagnosis: nothing is wrong.
  func finishReset() {
    select = 0
    for unit in 0..<2 { sign(unit) }
    features = 0
    isRequesting = false
    endTransfer()
  }

  /// Puts into a drive's registers what tells a disk from a CD-ROM.
  func sign(_ unit: Int) {
    files[unit] = Registers()
    guard opticalDrives[unit] != nil else { return }
    (files[unit].middle, files[unit].high, files[unit].status) = (0x14, 0xEB, 0)
  }

  func endTransfer() {
    work = .none
    deadline = .max
    buffer = []
    position = 0
    isWriting = false
    remaining = 0
    packetState = PacketState()
  }

  func plan(_ next: Work, at tick: UInt64) {
    work = next
    file.status = Status.busy
    deadline = tick + delay
  }

  // MARK: Registers

  func read(_ port: UInt16, at tick: UInt64) -> UInt8 {
    if port == base + 0x206 { return visibleStatus }
    if visibleStatus & Status.busy != 0 && port != base + 7 { return visibleStatus }
    switch port - base {
    case 0: return UInt8(truncatingIfNeeded: readData(width: 2, at: tick))
    case 1: return hasDrive(unit) ? file.failure : 0
    case 2: return file.count
    case 3: return file.low
    case 4: return file.middle
    case 5: return file.high
    case 6: return select | 0xA0
    default:
      isRequesting = false
      return visibleStatus
    }
  }

  private var visibleStatus: UInt8 { hasDrive(unit) ? file.status : isInReset ? Status.busy : 0 }
  private var isInReset: Bool { control & 0x04 != 0 || work == .reset }

  func write(_ port: UInt16, _ value: UInt8, at tick: UInt64) {
    if port == base + 0x206 { return writeControl(value, at: tick) }
    let isDeviceReset = port == base + 7 && value == Command.deviceReset
    if isDeviceReset && opticalDrives[unit] != nil && !isInReset { return resetDevice() }
    guard file.status & Status.busy == 0 else { return }
    switch port - base {
    case 0: writeData(UInt32(value), width: 2, at: tick)
    case 1...6 where file.status & Status.request != 0: break  // Not during a transfer.
    case 1: features = value
    case 2: for unit in 0..<2 { files[unit].count = value }
    case 3: for unit in 0..<2 { files[unit].low = value }
    case 4: for unit in 0..<2 { files[unit].middle = value }
    case 5: for unit in 0..<2 { files[unit].high = value }
    case 6: select = value & 0x5F
    default:
      isRequesting = false
      guard hasDrive(unit) || value == Command.diagnose else { return }
      endTransfer()
      command = value
      plan(.command, at: tick)
    }
  }

  private func writeControl(_ value: UInt8, at tick: UInt64) {
    let changed = value ^ control
    control = value & 0x06
    guard changed & 0x04 != 0 else { return }
    endTransfer()
    isRequesting = false
    for unit in 0..<2 { files[unit].status = Status.busy }
    // The drives come back a moment after SRST falls.
    if value & 0x04 == 0 { plan(.reset, at: tick) }
  }

  private var isTransferring: Bool { file.status & Status.request != 0 }

  /// The data register, 16 bits wide; 32 bits are two accesses. All ones without a transfer.
  func readData(width: Int, at tick: UInt64) -> UInt32 {
    guard !isWriting, isTransferring else { return width == 4 ? .max : 0xFFFF }
    var value: UInt32 = 0
    for index in 0..<width {
      var byte: UInt8 = 0xFF
      if position < buffer.count {
        byte = buffer[position]
        position += 1
      }
      value |= UInt32(byte) << UInt32(index * 8)
    }
    if position == buffer.count {
      if packetState.isActive {
        plan(.fillPacket, at: tick)
      } else if remaining > 0 {
        plan(.fill, at: tick)
      } else {
        endTransfer()
        file.status = Status.ready
      }
    }
    return value
  }

  /// The data register, written. Without a transfer nothing happens.
  func writeData(_ value: UInt32, width: Int, at tick: UInt64) {
    guard isWriting, isTransferring else { return }
    for index in 0..<width where position < buffer.count {
      buffer[position] = UInt8(truncatingIfNeeded: value >> UInt32(index * 8))
      position += 1
    }
    if position == buffer.count { plan(packetState.isActive ? .packet : .store, at: tick) }
  }

  /// Puts bytes where the processor reads them.
  func offer(_ bytes: [UInt8]) {
    buffer = bytes
    position = 0
    file.status = Status.ready | Status.request
    isRequesting = true
  }

  // MARK: Work

  func advance(to tick: UInt64) {
    guard deadline <= tick else { return }
    let due = work
    work = .none
    deadline = .max
    switch due {
    case .none: break
    case .reset: finishReset()
    case .command: execute()
    case .fill: fill()
    case .store: store()
    case .packet: performPacket()
    case .fillPacket: fillPacket()
    }
  }

  private func execute() {
    file.failure = 0
    if command == Command.diagnose {
      finishReset()
      isRequesting = true
    } else if let drive {
      execute(on: drive)
    } else {
      executeOnOptical()
    }
  }

  func succeed() {
    endTransfer()
    file.status = Status.ready
    file.failure = 0
    isRequesting = true
  }

  func fail(_ bits: UInt8, status more: UInt8 = 0) {
    endTransfer()
    file.status = Status.ready | Status.error | more
    file.failure = bits
    isRequesting = true
  }

  /// SET FEATURES: what a drive in PIO can take; the others it does not have.
  func setFeature() {
    switch features {
    case 0x02, 0x82, 0x55, 0xAA, 0x66, 0xCC: succeed()
    // PIO modes.
    case 0x03 where file.count < 2 || (0x08...0x0C).contains(file.count): succeed()
    default: fail(Failure.aborted)
    }
  }

  // MARK: State

  func save(into writer: inout StateWriter) {
    for file in files {
      for register in [file.count, file.low, file.middle, file.high, file.status, file.failure] {
        writer.write(register)
      }
    }
    for register in [features, select, control, command] { writer.write(register) }
    writer.write(isRequesting)
    writer.write(work.rawValue)
    writer.write(deadline)
    writer.write(buffer)
    writer.write(UInt32(position))
    writer.write(isWriting)
    writer.write(sector)
    writer.write(UInt32(remaining))
    writer.write(UInt32(blockSize))
    packetState.save(into: &writer)
    for unit in 0..<2 {
      writer.write(UInt8(drives[unit] != nil ? 1 : opticalDrives[unit] != nil ? 2 : 0))
      drives[unit]?.save(into: &writer)
      opticalDrives[unit]?.save(into: &writer)
    }
  }

  func load(from reader: inout StateReader) throws(StateError) {
    for unit in 0..<2 {
      files[unit] = Registers(
        count: try reader.read(), low: try reader.read(), middle: try reader.read(),
        high: try reader.read(), status: try reader.read(), failure: try reader.read())
    }
    features = try reader.read()
    select = try reader.read()
    control = try reader.read()
    command = try reader.read()
    isRequesting = try reader.readFlag()
    guard let work = Work(rawValue: try reader.read()) else { throw .malformed }
    self.work = work
    deadline = try reader.read()
    buffer = try reader.readArray()
    position = Int(try reader.read(UInt32.self))
    isWriting = try reader.readFlag()
    sector = try reader.read()
    remaining = Int(try reader.read(UInt32.self))
    blockSize = Int(try reader.read(UInt32.self))
    try packetState.load(from: &reader)
    for unit in 0..<2 {
      let kind: UInt8 = try reader.read()
      guard kind == (drives[unit] != nil ? 1 : opticalDrives[unit] != nil ? 2 : 0) else {
        throw .malformed
      }
      try drives[unit]?.load(from: &reader)
      try opticalDrives[unit]?.load(from: &reader)
    }
    guard isConsistent else { throw .malformed }
  }

  /// Whether a loaded state is one that this code can go on from.
  private var isConsistent: Bool {
    guard position <= buffer.count, buffer.count <= 0x1_0000, (work == .none) == (deadline == .max)
    else { return false }
    guard opticalDrives[unit] == nil else { return isPacketConsistent }
    guard !packetState.isActive, work != .packet, work != .fillPacket,
      buffer.count <= DiskDrive.largestBlock * Self.sectorSize,
      buffer.count % Self.sectorSize == 0, remaining <= 256,
      (1...DiskDrive.largestBlock).contains(blockSize), sector <= Self.largestDisk + 256
    else { return false }
    // A block to be stored must lie on the disk.
    guard let drive else { return work == .none || work == .reset || work == .command }
    let sectors = buffer.count / Self.sectorSize
    guard work != .fill || remaining > 0, work != .store || isWriting else { return false }
    return !isWriting
      || sector + UInt64(sectors) <= drive.sectorCount && (1...max(1, remaining)).contains(sectors)
  }
}
