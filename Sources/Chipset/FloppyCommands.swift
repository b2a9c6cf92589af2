/// What the 82077AA's commands do to the disk (Intel 290166, "Command Set/Descriptions").
extension FloppyController {
  /// Status register 1.
  private enum Failure {
    static let noAddressMark: UInt8 = 0x01, notWritable: UInt8 = 0x02, noData: UInt8 = 0x04
    static let overrun: UInt8 = 0x10, dataError: UInt8 = 0x20, endOfCylinder: UInt8 = 0x80
  }
  /// Status register 2.
  private enum Mark {
    static let scanFailed: UInt8 = 0x04, scanEqual: UInt8 = 0x08, control: UInt8 = 0x40
  }
  /// Commands by the low five bits of their first byte.
  private enum Code {
    static let readTrack: UInt8 = 0x02, writeData: UInt8 = 0x05, readData: UInt8 = 0x06
    static let recalibrate: UInt8 = 0x07, writeDeleted: UInt8 = 0x09, readID: UInt8 = 0x0A
    static let readDeleted: UInt8 = 0x0C, format: UInt8 = 0x0D, seek: UInt8 = 0x0F
    static let scanEqual: UInt8 = 0x11, verify: UInt8 = 0x16, scanLow: UInt8 = 0x19
    static let scanHigh: UInt8 = 0x1D
  }
  /// The farthest that the head goes.
  static let lastTrack: UInt8 = 83
  /// 512 bytes, as the size field of a sector's address has it.
  private static let sizeCode: UInt8 = 2

  func perform(_ code: UInt8) {
    switch code & 0x1F {
    case Code.recalibrate: seek(to: 0)
    case Code.seek where code & 0x80 != 0: seekRelative(inward: code & 0x40 != 0)
    case Code.seek: seek(to: command[2])
    case Code.readID: identify()
    case Code.format: format()
    case Code.writeDeleted:
      // An image has no place for the mark.
      finish(st1: Failure.notWritable, Array(command[2...5]))
    default: transfer(code & 0x1F)
    }
  }

  private var unit: UInt8 { command[1] & 7 }

  /// Drive A is meant, by the command and by the select lines of DOR.
  private var isSelected: Bool { unit & 3 == 0 && output & 3 == 0 }

  private func seek(to cylinder: UInt8) {
    guard isSelected else {
      senses = [0x70 | unit & 3]  // Track 0 was never found.
      return
    }
    track = min(cylinder, Self.lastTrack)
    senses = [0x20 | unit]
  }

  private func seekRelative(inward: Bool) {
    let distance = command[2]
    let outward = track - min(track, distance)
    seek(to: inward ? track + min(distance, Self.lastTrack - track) : outward)
  }

  /// The seven bytes of a result: ST0 to ST2, then the sector that would be next.
  private func finish(st1: UInt8 = 0, st2: UInt8 = 0, _ place: [UInt8]) {
    let isGood = st1 == 0 && st2 & Mark.scanFailed == 0
    result = [(isGood ? 0 : 0x40) | (place[1] & 1) << 2 | unit & 3, st1, st2] + place
  }

  /// The disk turns, has this side of this track, and is read at the right rate.
  private var canRead: Bool {
    isSelected && output & 0x10 != 0 && geometry.isRead(at: rate)
      && Int(track) < geometry.cylinders && Int(unit >> 2) < geometry.heads
  }

  private func identify() {
    finish(st1: canRead ? 0 : Failure.noAddressMark, [track, unit >> 2, 1, Self.sizeCode])
  }

  private func sector(head: UInt8, number: UInt8) -> UInt64 {
    UInt64((Int(track) * geometry.heads + Int(head)) * geometry.sectors + Int(number) - 1)
  }

  // MARK: Formatting

  /// FORMAT TRACK: addresses come by DMA, four bytes each. An image has room for the usual ones only.
  private func format() {
    let (size, count, filler) = (command[2], command[3], command[5])
    let head = unit >> 2
    let place = [track, head, 1, Self.sizeCode]
    guard canRead else { return finish(st1: Failure.noAddressMark, place) }
    guard hasDMA else { return finish(st1: Failure.overrun, place) }
    guard size == Self.sizeCode, Int(count) == geometry.sectors else {
      return finish(st1: Failure.notWritable, place)
    }
    let sectorBytes = [UInt8](repeating: filler, count: 512)
    for _ in 0..<count {
      let (address, _) = dma.fetch(4, channel: 2)
      guard address.count == 4 else { return finish(st1: Failure.overrun, place) }
      let isUsual = address[0] == track && address[1] == head && address[3] == Self.sizeCode
      guard isUsual, (1...geometry.sectors).contains(Int(address[2])),
        write(sectorBytes, to: sector(head: head, number: address[2]))
      else { return finish(st1: Failure.notWritable, place) }
    }
    finish(place)
  }

  // MARK: Transfers

  /// What SPECIFY says about how data moves.
  private var hasDMA: Bool { timing[1] & 1 == 0 }

  /// What became of one sector.
  private struct Outcome {
    var failure: UInt8 = 0
    var mark: UInt8 = 0
    /// The DMA's count ended.
    var isLast = false
    /// The scan has found what it looked for.
    var isFound = false
  }

  /// Commands that go from sector to sector until the DMA or the track ends.
  private func transfer(_ code: UInt8) {
    let isMultiTrack = command[0] & 0x80 != 0
    let isScan = [Code.scanEqual, Code.scanLow, Code.scanHigh].contains(code)
    var (head, number) = (command[3], command[4])
    let (cylinder, last) = (command[2], command[6])
    func place() -> [UInt8] { [cylinder, head, number, Self.sizeCode] }
    // Implied seeks are an option of CONFIGURE.
    if configuration[1] & 0x40 != 0 && isSelected { track = min(cylinder, Self.lastTrack) }
    guard canRead else { return finish(st1: Failure.noAddressMark, place()) }
    guard hasDMA || code == Code.verify else { return finish(st1: Failure.overrun, place()) }
    guard cylinder == track, command[5] == Self.sizeCode, head == unit >> 2 else {
      return finish(st1: Failure.noData, place())
    }
    if code == Code.readTrack { number = 1 }
    // VERIFY has no DMA to end it; it may have a number of sectors.
    var left = code == Code.verify && command[1] & 0x80 != 0 ? Int(command[8]) : .max
    while true {
      guard (1...geometry.sectors).contains(Int(number)), Int(head) < geometry.heads else {
        return finish(st1: Failure.noData, place())
      }
      var outcome = move(code, sector(head: head, number: number))
      left -= 1
      if left <= 0 { outcome.isLast = true }
      guard outcome.failure == 0 else { return finish(st1: outcome.failure, place()) }
      let isEnd = outcome.isLast || outcome.isFound || outcome.mark & Mark.control != 0
      if isScan && outcome.isFound { return finish(st2: outcome.mark, place()) }
      let step = isScan ? max(1, command[8]) : 1
      if number < last && last - number >= step {
        number += step
      } else if isMultiTrack && head == 0 && geometry.heads == 2 {
        (head, number) = (1, 1)
      } else if isEnd || isScan {
        return finish(
          st2: outcome.mark, [cylinder &+ 1, isMultiTrack ? 0 : head, 1, Self.sizeCode])
      } else {
        // The track ends before the DMA.
        return finish(st1: code == Code.verify ? 0 : Failure.endOfCylinder, place())
      }
      if isEnd { return finish(st2: outcome.mark, place()) }
    }
  }

  private func move(_ code: UInt8, _ sector: UInt64) -> Outcome {
    switch code {
    case Code.writeData: return store(sector)
    case Code.verify:
      return read(sector) == nil ? Outcome(failure: Failure.dataError) : Outcome()
    case Code.scanEqual, Code.scanLow, Code.scanHigh: return scan(code, sector)
    // A sector without the deleted mark is given, and the command ends.
    case Code.readDeleted: return load(sector, mark: Mark.control)
    default: return load(sector, mark: 0)
    }
  }

  /// A sector's bytes; nil if it cannot be read. A file that ends early is a disk with zeros at its
  /// end.
  private func read(_ sector: UInt64) -> [UInt8]? {
    guard let medium else { return nil }
    var bytes = [UInt8](repeating: 0, count: 512)
    guard sector < medium.sectorCount else { return bytes }
    return bytes.withUnsafeMutableBytes({ medium.read(sector, into: $0) }) ? bytes : nil
  }

  private func write(_ bytes: [UInt8], to sector: UInt64) -> Bool {
    guard let medium, sector < medium.sectorCount else { return false }
    return bytes.withUnsafeBytes { medium.write(sector, from: $0) }
  }

  private func load(_ sector: UInt64, mark: UInt8) -> Outcome {
    guard let bytes = read(sector) else { return Outcome(failure: Failure.dataError) }
    let (count, isLast) = dma.send(bytes, channel: 2)
    let isTaken = isLast || count == bytes.count
    return Outcome(failure: isTaken ? 0 : Failure.overrun, mark: mark, isLast: isLast)
  }

  private func store(_ sector: UInt64) -> Outcome {
    var (bytes, isLast) = dma.fetch(512, channel: 2)
    guard isLast || bytes.count == 512 else { return Outcome(failure: Failure.overrun) }
    bytes += [UInt8](repeating: 0, count: 512 - bytes.count)
    let isKept = write(bytes, to: sector)
    return Outcome(failure: isKept ? 0 : Failure.notWritable, isLast: isLast)
  }

  /// Compares a sector with bytes from memory, of which FFh equals anything.
  private func scan(_ code: UInt8, _ sector: UInt64) -> Outcome {
    guard let disk = read(sector) else { return Outcome(failure: Failure.dataError) }
    let (bytes, isLast) = dma.fetch(512, channel: 2)
    guard isLast || bytes.count == 512 else { return Outcome(failure: Failure.overrun) }
    let pairs = zip(disk, bytes).filter { $0.0 != 0xFF && $0.1 != 0xFF }
    let isEqual = pairs.allSatisfy { $0.0 == $0.1 }
    let isFound =
      switch code {
      case Code.scanLow: pairs.allSatisfy { $0.0 <= $0.1 }
      case Code.scanHigh: pairs.allSatisfy { $0.0 >= $0.1 }
      default: isEqual
      }
    let mark = isEqual ? Mark.scanEqual : isFound ? 0 : Mark.scanFailed
    return Outcome(mark: mark, isLast: isLast, isFound: isFound)
  }
}
