/// An ATA channel with up to two disk drives, in PIO (ATA-4): registers at 1F0h–1F7h and 3F6h on
/// IRQ 14, or 170h–177h and 376h on IRQ 15.
///
/// A command makes the channel busy for a moment; what it does happens at the end of that. A
/// channel without drives is not there at all. An absent drive beside a present one reads as 0.
final class DiskChannel: Device {
  private enum Status {
    static let error: UInt8 = 0x01, request: UInt8 = 0x08, ready: UInt8 = 0x50
    static let fault: UInt8 = 0x20, busy: UInt8 = 0x80
  }
  private enum Failure {
    static let aborted: UInt8 = 0x04, notFound: UInt8 = 0x10, uncorrectable: UInt8 = 0x40
  }
  /// What happens at the deadline.
  private enum Work: UInt8 {
    case none, reset, command, fill, store
  }
  /// The most sectors that 28 bits can number.
  static let largestDisk: UInt64 = 0x0FFF_FFFF
  private static let sectorSize = 512

  /// The first command port, 1F0h or 170h. The control port is 206h above it.
  let base: UInt16
  /// How long a command or a block takes: 2 µs.
  private let delay: UInt64
  private(set) var drives: [DiskDrive?] = [nil, nil]

  private var features: UInt8 = 0
  private var count: UInt8 = 1
  private var low: UInt8 = 1
  private var middle: UInt8 = 0
  private var high: UInt8 = 0
  private var select: UInt8 = 0
  private var control: UInt8 = 0
  private var status = Status.ready
  private var failure: UInt8 = 1
  private var command: UInt8 = 0
  private var isRequesting = false
  private var work = Work.none
  private(set) var deadline = UInt64.max

  /// The block between drive and processor, how far it got, and whether the processor writes it.
  private var buffer: [UInt8] = []
  private var position = 0
  private var isWriting = false
  /// The transfer's next sector, the sectors left, and how many make a block.
  private var sector: UInt64 = 0
  private var remaining = 0
  private var blockSize = 1

  init(base: UInt16, ticksPerSecond: UInt64) {
    self.base = base
    delay = max(1, ticksPerSecond / 500_000)
  }

  func attach(_ medium: any DiskMedium, unit: Int) { drives[unit] = DiskDrive(medium: medium) }

  var isPresent: Bool { drives[0] != nil || drives[1] != nil }

  /// IRQ 14 or 15: nIEN takes it off the bus.
  var interruptLine: Bool { isRequesting && control & 0x02 == 0 }

  private var unit: Int { Int(select >> 4 & 1) }
  private var drive: DiskDrive? { drives[unit] }

  func reset() {
    control = 0
    for unit in 0..<2 {
      guard let drive = drives[unit] else { continue }
      drives[unit] = DiskDrive(medium: drive.medium)
    }
    finishReset()
  }

  private func finishReset() {
    (count, low, middle, high, select) = (1, 1, 0, 0, 0)
    failure = 1  // The diagnosis: nothing is wrong.
    status = Status.ready
    features = 0
    isRequesting = false
    endTransfer()
  }

  private func endTransfer() {
    work = .none
    deadline = .max
    buffer = []
    position = 0
    isWriting = false
    remaining = 0
  }

  private func plan(_ next: Work, at tick: UInt64) {
    work = next
    status = Status.busy
    deadline = tick + delay
  }

  // MARK: Registers

  func read(_ port: UInt16, at tick: UInt64) -> UInt8 {
    if port == base + 0x206 { return visibleStatus }
    if status & Status.busy != 0 && port != base + 7 { return status }
    switch port - base {
    case 0: return UInt8(truncatingIfNeeded: readData(width: 2, at: tick))
    case 1: return drive == nil ? 0 : failure
    case 2: return count
    case 3: return low
    case 4: return middle
    case 5: return high
    case 6: return select | 0xA0
    default:
      isRequesting = false
      return visibleStatus
    }
  }

  private var visibleStatus: UInt8 { drive == nil ? 0 : status }

  func write(_ port: UInt16, _ value: UInt8, at tick: UInt64) {
    if port == base + 0x206 { return writeControl(value, at: tick) }
    guard status & Status.busy == 0 else { return }
    switch port - base {
    case 0: writeData(UInt32(value), width: 2, at: tick)
    case 1...6 where status & Status.request != 0: break  // Not during a transfer.
    case 1: features = value
    case 2: count = value
    case 3: low = value
    case 4: middle = value
    case 5: high = value
    case 6: select = value & 0x5F
    default:
      isRequesting = false
      let diagnose: UInt8 = 0x90
      guard drive != nil || value == diagnose else { return }
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
    status = Status.busy
    // The drives come back a moment after SRST falls.
    if value & 0x04 == 0 { plan(.reset, at: tick) }
  }

  /// The data register, 16 bits wide; 32 bits are two accesses. All ones without a transfer.
  func readData(width: Int, at tick: UInt64) -> UInt32 {
    var value: UInt32 = 0
    for index in 0..<width {
      var byte: UInt8 = 0xFF
      if !isWriting && status & Status.request != 0 && position < buffer.count {
        byte = buffer[position]
        position += 1
      }
      value |= UInt32(byte) << UInt32(index * 8)
    }
    if !isWriting && status & Status.request != 0 && position == buffer.count {
      if remaining > 0 {
        plan(.fill, at: tick)
      } else {
        endTransfer()
        status = Status.ready
      }
    }
    return value
  }

  /// The data register, written. Without a transfer nothing happens.
  func writeData(_ value: UInt32, width: Int, at tick: UInt64) {
    guard isWriting, status & Status.request != 0 else { return }
    for index in 0..<width where position < buffer.count {
      buffer[position] = UInt8(truncatingIfNeeded: value >> UInt32(index * 8))
      position += 1
    }
    if position == buffer.count { plan(.store, at: tick) }
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
    }
  }

  private func succeed() {
    endTransfer()
    status = Status.ready
    failure = 0
    isRequesting = true
  }

  private func fail(_ bits: UInt8, status more: UInt8 = 0) {
    endTransfer()
    status = Status.ready | Status.error | more
    failure = bits
    isRequesting = true
  }

  private func execute() {
    failure = 0
    if command == 0x90 {
      finishReset()
      isRequesting = true
      return
    }
    guard let drive else { return finishReset() }
    switch command {
    case 0x20, 0x21: start(block: 1, writing: false)
    case 0x30, 0x31: start(block: 1, writing: true)
    case 0xC4 where drive.block > 0: start(block: drive.block, writing: false)
    case 0xC5 where drive.block > 0: start(block: drive.block, writing: true)
    case 0x40, 0x41, 0x70...0x7F: verify()
    case 0xEC: offer(drive.identity(unit: unit))
    case 0x91: setGeometry()
    case 0xC6: setBlock()
    case 0xEF: setFeature()
    case 0xE7:
      if drive.medium.flush() { succeed() } else { fail(Failure.aborted, status: Status.fault) }
    case 0x98, 0xE5:  // CHECK POWER MODE: active.
      count = 0xFF
      succeed()
    case 0x10...0x1F, 0x94...0x97, 0xE0...0xE3: succeed()
    default: fail(Failure.aborted)
    }
  }

  private func setGeometry() {
    guard count > 0 else { return fail(Failure.aborted) }
    drives[unit]?.heads = Int(select & 15) + 1
    drives[unit]?.sectors = Int(count)
    succeed()
  }

  private func setBlock() {
    guard count & (count &- 1) == 0, count <= DiskDrive.largestBlock else {
      return fail(Failure.aborted)
    }
    drives[unit]?.block = Int(count)
    succeed()
  }

  private func setFeature() {
    switch features {
    case 0x02, 0x82, 0x55, 0xAA, 0x66, 0xCC: succeed()
    case 0x03 where count < 2 || (0x08...0x0C).contains(count): succeed()  // PIO modes.
    default: fail(Failure.aborted)
    }
  }

  // MARK: Transfers

  private var address: UInt64? {
    if select & 0x40 != 0 {
      return UInt64(select & 15) << 24 | UInt64(high) << 16 | UInt64(middle) << 8 | UInt64(low)
    }
    return drive?.sector(
      cylinder: Int(high) << 8 | Int(middle), head: Int(select & 15), number: Int(low))
  }

  /// Writes the address of a sector back into the registers, in the form the command had.
  private func setAddress(_ sector: UInt64) {
    func byte(_ value: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: value) }
    if select & 0x40 != 0 {
      (low, middle, high) = (byte(sector), byte(sector >> 8), byte(sector >> 16))
      select = select & 0xF0 | byte(sector >> 24) & 15
    } else if let drive {
      let (track, number) = sector.quotientAndRemainder(dividingBy: UInt64(drive.sectors))
      let (cylinder, head) = track.quotientAndRemainder(dividingBy: UInt64(drive.heads))
      (low, middle, high) = (byte(number + 1), byte(cylinder), byte(cylinder >> 8))
      select = select & 0xF0 | byte(head) & 15
    }
  }

  private func verify() {
    let isSeek = command & 0xF0 == 0x70
    let length = isSeek ? 1 : count == 0 ? 256 : UInt64(count)
    guard let address, let drive, address + length <= drive.sectorCount else {
      return fail(Failure.notFound)
    }
    if !isSeek { setAddress(address + length - 1) }
    succeed()
  }

  private func start(block: Int, writing: Bool) {
    guard let address else { return fail(Failure.notFound) }
    sector = address
    remaining = count == 0 ? 256 : Int(count)
    blockSize = block
    isWriting = writing
    if writing { prepare(firstBlock: true) } else { fill() }
  }

  /// Sectors of the block that comes next; nil, after saying so, if the disk ends before it does.
  private func nextBlock() -> Int? {
    let length = min(remaining, blockSize)
    guard let drive, sector + UInt64(length) <= drive.sectorCount else {
      setAddress(max(sector, min(sector + UInt64(length), drive?.sectorCount ?? 0)))
      fail(Failure.notFound)
      return nil
    }
    return length
  }

  private func fill() {
    guard let length = nextBlock(), let medium = drive?.medium else { return }
    var bytes = [UInt8](repeating: 0, count: length * Self.sectorSize)
    for index in 0..<length {
      let start = index * Self.sectorSize
      let isRead = bytes.withUnsafeMutableBytes { all in
        medium.read(
          sector + UInt64(index),
          into: UnsafeMutableRawBufferPointer(rebasing: all[start..<start + Self.sectorSize]))
      }
      if !isRead {
        setAddress(sector + UInt64(index))
        return fail(Failure.uncorrectable)
      }
    }
    finishBlock(length)
    offer(bytes)
  }

  /// Puts bytes where the processor reads them.
  private func offer(_ bytes: [UInt8]) {
    buffer = bytes
    position = 0
    status = Status.ready | Status.request
    isRequesting = true
  }

  /// Asks the processor for a block. There is no interrupt for the first one.
  private func prepare(firstBlock: Bool) {
    guard let length = nextBlock() else { return }
    buffer = [UInt8](repeating: 0, count: length * Self.sectorSize)
    position = 0
    status = Status.ready | Status.request
    isRequesting = !firstBlock
  }

  private func store() {
    guard let medium = drive?.medium else { return fail(Failure.aborted) }
    let length = buffer.count / Self.sectorSize
    for index in 0..<length {
      let start = index * Self.sectorSize
      let isKept = buffer.withUnsafeBytes { all in
        medium.write(
          sector + UInt64(index),
          from: UnsafeRawBufferPointer(rebasing: all[start..<start + Self.sectorSize]))
      }
      if !isKept {
        setAddress(sector + UInt64(index))
        return fail(Failure.aborted, status: Status.fault)
      }
    }
    finishBlock(length)
    if remaining > 0 { prepare(firstBlock: false) } else { succeed() }
  }

  private func finishBlock(_ length: Int) {
    setAddress(sector + UInt64(length) - 1)
    sector += UInt64(length)
    remaining -= length
    count = UInt8(truncatingIfNeeded: remaining)
  }

  // MARK: State

  func save(into writer: inout StateWriter) {
    for register in [
      features, count, low, middle, high, select, control, status, failure, command,
    ] { writer.write(register) }
    writer.write(isRequesting)
    writer.write(work.rawValue)
    writer.write(deadline)
    writer.write(buffer)
    writer.write(UInt32(position))
    writer.write(isWriting)
    writer.write(sector)
    writer.write(UInt32(remaining))
    writer.write(UInt32(blockSize))
    for drive in drives {
      writer.write(drive != nil)
      drive?.save(into: &writer)
    }
  }

  func load(from reader: inout StateReader) throws(StateError) {
    features = try reader.read()
    count = try reader.read()
    low = try reader.read()
    middle = try reader.read()
    high = try reader.read()
    select = try reader.read()
    control = try reader.read()
    status = try reader.read()
    failure = try reader.read()
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
    guard buffer.count <= DiskDrive.largestBlock * Self.sectorSize,
      buffer.count % Self.sectorSize == 0, position <= buffer.count,
      remaining <= 256, (1...DiskDrive.largestBlock).contains(blockSize),
      sector <= Self.largestDisk + 256
    else { throw .malformed }
    for unit in 0..<2 {
      guard try reader.readFlag() == (drives[unit] != nil) else { throw .malformed }
      try drives[unit]?.load(from: &reader)
    }
    // A block to be stored must lie on the disk.
    guard let drive else { return }
    guard work != .store || sector + UInt64(buffer.count / Self.sectorSize) <= drive.sectorCount,
      work != .store || buffer.count / Self.sectorSize <= remaining
    else { throw .malformed }
  }
}
