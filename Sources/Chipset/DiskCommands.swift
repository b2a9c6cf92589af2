/// What ATA commands do to a disk: registers with an address in, sectors out (ATA-4, 8).
extension DiskChannel {
  func execute(on drive: DiskDrive) {
    switch command {
    case 0x20, 0x21: start(block: 1, writing: false)
    case 0x30, 0x31: start(block: 1, writing: true)
    case 0xC4 where drive.block > 0: start(block: drive.block, writing: false)
    case 0xC5 where drive.block > 0: start(block: drive.block, writing: true)
    case 0x40, 0x41, 0x70...0x7F: verify()
    case Command.identifyDevice: offer(drive.identity(unit: unit))
    case 0x91: setGeometry()
    case 0xC6: setBlock()
    case 0xEF: setFeature()
    case 0xE7:
      if drive.medium.flush() { succeed() } else { fail(Failure.aborted, status: Status.fault) }
    case 0x98, 0xE5:  // CHECK POWER MODE: active.
      file.count = 0xFF
      succeed()
    case 0x10...0x1F, 0x94...0x97, 0xE0...0xE3: succeed()
    default: fail(Failure.aborted)
    }
  }

  private func setGeometry() {
    guard file.count > 0 else { return fail(Failure.aborted) }
    drives[unit]?.heads = Int(select & 15) + 1
    drives[unit]?.sectors = Int(file.count)
    succeed()
  }

  private func setBlock() {
    guard file.count & (file.count &- 1) == 0, file.count <= DiskDrive.largestBlock else {
      return fail(Failure.aborted)
    }
    drives[unit]?.block = Int(file.count)
    succeed()
  }

  // MARK: Transfers

  private var address: UInt64? {
    if select & 0x40 != 0 {
      return UInt64(select & 15) << 24 | UInt64(file.high) << 16 | UInt64(file.middle) << 8
        | UInt64(file.low)
    }
    return drive?.sector(
      cylinder: Int(file.high) << 8 | Int(file.middle), head: Int(select & 15),
      number: Int(file.low))
  }

  /// Writes the address of a sector back into the registers, in the form the command had.
  private func setAddress(_ sector: UInt64) {
    func byte(_ value: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: value) }
    if select & 0x40 != 0 {
      (file.low, file.middle, file.high) = (byte(sector), byte(sector >> 8), byte(sector >> 16))
      select = select & 0xF0 | byte(sector >> 24) & 15
    } else if let drive {
      let (track, number) = sector.quotientAndRemainder(dividingBy: UInt64(drive.sectors))
      let (cylinder, head) = track.quotientAndRemainder(dividingBy: UInt64(drive.heads))
      (file.low, file.middle, file.high) = (byte(number + 1), byte(cylinder), byte(cylinder >> 8))
      select = select & 0xF0 | byte(head) & 15
    }
  }

  private func verify() {
    let isSeek = command & 0xF0 == 0x70
    let length = isSeek ? 1 : file.count == 0 ? 256 : UInt64(file.count)
    guard let address, let drive, address + length <= drive.sectorCount else {
      return fail(Failure.notFound)
    }
    if !isSeek { setAddress(address + length - 1) }
    succeed()
  }

  private func start(block: Int, writing: Bool) {
    guard let address else { return fail(Failure.notFound) }
    sector = address
    remaining = file.count == 0 ? 256 : Int(file.count)
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

  func fill() {
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

  /// Asks the processor for a block. There is no interrupt for the first one.
  private func prepare(firstBlock: Bool) {
    guard let length = nextBlock() else { return }
    buffer = [UInt8](repeating: 0, count: length * Self.sectorSize)
    position = 0
    file.status = Status.ready | Status.request
    isRequesting = !firstBlock
  }

  func store() {
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
    file.count = UInt8(truncatingIfNeeded: remaining)
  }
}
