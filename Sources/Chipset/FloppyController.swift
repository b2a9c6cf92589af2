/// The 82077AA floppy controller at 3F0h–3F5h and 3F7h, on IRQ 6 and DMA channel 2, with one
/// drive, A.
///
/// A command that moves the head or data takes a millisecond, all of it at its end. Without a
/// drive the ports are not there. Data moves by DMA only.
final class FloppyController: Device {
  /// What a disk's size says about its tracks.
  struct Geometry: Equatable {
    var cylinders: Int
    var heads: Int
    var sectors: Int
    /// The kind of drive it fits, as the CMOS memory numbers them.
    var driveType: UInt8

    /// Sizes in sectors that are not found here are taken for a 1.44 MB disk that ends early.
    init(sectorCount: UInt64) {
      switch sectorCount {
      case 320: self.init(40, 1, 8, 1)
      case 360: self.init(40, 1, 9, 1)
      case 640: self.init(40, 2, 8, 1)
      case 720: self.init(40, 2, 9, 1)
      case 1440: self.init(80, 2, 9, 4)
      case 2400: self.init(80, 2, 15, 2)
      case 2880...: self.init(80, 2, sectorCount > 2880 ? 36 : 18, sectorCount > 2880 ? 5 : 4)
      default: self.init(80, 2, 18, 4)
      }
    }

    private init(_ cylinders: Int, _ heads: Int, _ sectors: Int, _ driveType: UInt8) {
      (self.cylinders, self.heads, self.sectors) = (cylinders, heads, sectors)
      self.driveType = driveType
    }

    /// Whether the disk can be read at the data rate in the CCR.
    func isRead(at rate: UInt8) -> Bool {
      switch sectors {
      case 36: rate == 3
      case 15, 18: rate == 0
      default: rate == 1 || rate == 2
      }
    }
  }

  private let dma: DMAControllers
  private let delay: UInt64
  private var medium: (any DiskMedium)?
  private var geometry = Geometry(sectorCount: 2880)

  private var output: UInt8 = 0
  private var rate: UInt8 = 0
  private var tape: UInt8 = 0
  private var lock: UInt8 = 0
  private var configuration: [UInt8] = [0, 0, 0]
  private var timing: [UInt8] = [0, 0]
  private var track: UInt8 = 0
  private var command: [UInt8] = []
  private var result: [UInt8] = []
  /// Interrupts that SENSE INTERRUPT STATUS has yet to explain.
  private var senses: [UInt8] = []
  private var isRequesting = false
  private var isBusy = false
  private(set) var deadline = UInt64.max

  init(dma: DMAControllers, ticksPerSecond: UInt64) {
    self.dma = dma
    delay = max(1, ticksPerSecond / 1000)
  }

  func insert(_ disk: any DiskMedium) -> Geometry {
    medium = disk
    geometry = Geometry(sectorCount: disk.sectorCount)
    return geometry
  }

  var isPresent: Bool { medium != nil }

  /// IRQ 6, which DOR lets through.
  var interruptLine: Bool { isRequesting && output & 0x08 != 0 }

  func reset() {
    output = 0
    rate = 0
    timing = [0, 0]
    configuration = [0, 0, 0]
    lock = 0
    stop()
  }

  private func stop() {
    command = []
    result = []
    senses = []
    isRequesting = false
    isBusy = false
    deadline = .max
  }

  // MARK: Registers

  func read(_ port: UInt16, at tick: UInt64) -> UInt8 {
    switch port & 7 {
    case 2: return output
    case 3: return tape
    case 4: return mainStatus
    case 5: return readResult()
    // The disk stays in, and there is none in the drives that do not exist.
    case 7: return output & 3 == 0 ? 0x00 : 0x80
    default: return 0
    }
  }

  private var mainStatus: UInt8 {
    guard output & 0x04 != 0 else { return 0 }
    if isBusy { return 0x10 }
    if !result.isEmpty { return 0xD0 }
    return command.isEmpty ? 0x80 : 0x90
  }

  private func readResult() -> UInt8 {
    guard !result.isEmpty, !isBusy else { return 0xFF }
    isRequesting = false
    return result.removeFirst()
  }

  func write(_ port: UInt16, _ value: UInt8, at tick: UInt64) {
    switch port & 7 {
    case 2: writeOutput(value, at: tick)
    case 3: tape = value & 3
    case 4:
      rate = value & 3
      if value & 0x80 != 0 { startReset(at: tick) }
    case 5: accept(value, at: tick)
    case 7: rate = value & 3
    default: break
    }
  }

  private func writeOutput(_ value: UInt8, at tick: UInt64) {
    let rises = value & ~output & 0x04 != 0
    output = value
    if value & 0x04 == 0 { stop() }
    if rises { startReset(at: tick) }
  }

  private func startReset(at tick: UInt64) {
    stop()
    if lock == 0 { configuration = [0, 0, 0] }
    isBusy = true
    deadline = tick + delay
  }

  /// Bytes of each command after the first; nil for what the chip does not know.
  private func parameters(of code: UInt8) -> Int? {
    switch code & 0x1F {
    case 0x03, 0x0F: 2
    case 0x04, 0x07, 0x0A, 0x12: 1
    case 0x05, 0x06, 0x16: 8
    case 0x08, 0x0E, 0x10, 0x14, 0x18: 0
    case 0x0D: 5
    case 0x13: 3
    default: nil
    }
  }

  private func accept(_ value: UInt8, at tick: UInt64) {
    guard output & 0x04 != 0, !isBusy, result.isEmpty else { return }
    command.append(value)
    guard let count = parameters(of: command[0]) else {
      command = []
      result = [0x80]
      return
    }
    guard command.count == count + 1 else { return }
    switch command[0] & 0x1F {
    case 0x05, 0x06, 0x07, 0x0A, 0x0D, 0x0F, 0x16:
      isBusy = true
      deadline = tick + delay
    default:
      answerAtOnce()
      command = []
    }
  }

  private func answerAtOnce() {
    switch command[0] & 0x1F {
    case 0x03: timing = Array(command[1...2])
    case 0x04:
      let isHere = command[1] & 3 == 0
      result = [command[1] & 7 | 0x28 | (isHere && track == 0 ? 0x10 : 0)]
    case 0x08:
      isRequesting = false
      result = senses.isEmpty ? [0x80] : [senses.removeFirst(), track]
    case 0x0E: result = [track, 0, 0, 0] + timing + [18, lock << 7] + configuration[1...2]
    case 0x10: result = [0x90]
    case 0x13: configuration = Array(command[1...3])
    case 0x14:
      lock = command[0] >> 7
      result = [lock << 4]
    case 0x18: result = [0x41]
    default: break  // PERPENDICULAR MODE.
    }
  }

  // MARK: Work

  func advance(to tick: UInt64) {
    guard deadline <= tick else { return }
    deadline = .max
    isBusy = false
    isRequesting = true
    guard let code = command.first else {
      senses = [0xC0, 0xC1, 0xC2, 0xC3]  // After a reset, each drive has something to say.
      return
    }
    switch code & 0x1F {
    case 0x07: seek(to: 0)
    case 0x0F: seek(to: command[2])
    case 0x0A: identify()
    case 0x0D: finish(st1: 0x02)  // FORMAT TRACK: an image cannot be formatted, only written.
    default: transfer(code & 0x1F)
    }
    command = []
  }

  private var unit: UInt8 { command[1] & 7 }

  private func seek(to cylinder: UInt8) {
    guard unit & 3 == 0 else {
      senses = [0x70 | unit & 3]  // Track 0 was never found.
      return
    }
    track = min(cylinder, 83)
    senses = [0x20 | unit]
  }

  /// The seven bytes of a result: ST0 to ST2, then where the head is.
  private func finish(st1: UInt8, _ place: [UInt8] = [0, 0, 1, 2]) {
    result = [(st1 == 0 ? 0 : 0x40) | unit, st1, 0] + place
  }

  private var canRead: Bool {
    unit & 3 == 0 && geometry.isRead(at: rate) && Int(track) < geometry.cylinders
      && Int(unit >> 2) < geometry.heads
  }

  private func identify() {
    finish(st1: canRead ? 0 : 0x01, [track, unit >> 2, 1, 2])
  }

  /// READ DATA, WRITE DATA and VERIFY, sector by sector until the DMA or the track ends.
  private func transfer(_ code: UInt8) {
    let isMultiTrack = command[0] & 0x80 != 0
    var (head, number) = (command[3], command[4])
    let (cylinder, last) = (command[2], command[6])
    func place() -> [UInt8] { [cylinder, head, number, 2] }
    guard canRead else { return finish(st1: 0x01, place()) }
    guard timing[1] & 1 == 0 else { return finish(st1: 0x10, place()) }
    guard cylinder == track, command[5] == 2, head == unit >> 2 else {
      return finish(st1: 0x04, place())
    }
    while true {
      guard (1...geometry.sectors).contains(Int(number)), Int(head) < geometry.heads else {
        return finish(st1: 0x04, place())
      }
      let sector = UInt64(
        (Int(cylinder) * geometry.heads + Int(head)) * geometry.sectors + Int(number) - 1)
      let step: (failure: UInt8, isLast: Bool) =
        switch code {
        case 0x05: store(sector)
        case 0x06: load(sector)
        default: (0, false)
        }
      guard step.failure == 0 else { return finish(st1: step.failure, place()) }
      if number != last {
        number += 1
      } else if isMultiTrack && head == 0 && geometry.heads == 2 {
        (head, number) = (1, 1)
      } else if step.isLast {
        return finish(st1: 0, [cylinder &+ 1, isMultiTrack ? 0 : head, 1, 2])
      } else {
        return finish(st1: code == 0x16 ? 0 : 0x80, place())  // The track ends before the DMA.
      }
      if step.isLast { return finish(st1: 0, place()) }
    }
  }

  private func load(_ sector: UInt64) -> (failure: UInt8, isLast: Bool) {
    guard let medium else { return (0x01, false) }
    var bytes = [UInt8](repeating: 0, count: 512)
    // A file that ends early is a disk with zeros at its end.
    if sector < medium.sectorCount {
      guard bytes.withUnsafeMutableBytes({ medium.read(sector, into: $0) }) else {
        return (0x20, false)
      }
    }
    let (count, isLast) = dma.send(bytes, channel: 2)
    return (isLast || count == bytes.count ? 0 : 0x10, isLast)
  }

  private func store(_ sector: UInt64) -> (failure: UInt8, isLast: Bool) {
    guard let medium, sector < medium.sectorCount else { return (0x02, false) }
    var (bytes, isLast) = dma.fetch(512, channel: 2)
    guard isLast || bytes.count == 512 else { return (0x10, false) }
    bytes += [UInt8](repeating: 0, count: 512 - bytes.count)
    let isKept = bytes.withUnsafeBytes { medium.write(sector, from: $0) }
    return (isKept ? 0 : 0x02, isLast)
  }

  // MARK: State

  func save(into writer: inout StateWriter) {
    for register in [output, rate, tape, lock, track] { writer.write(register) }
    for bytes in [configuration, timing, command, result, senses] { writer.write(bytes) }
    writer.write(isRequesting)
    writer.write(isBusy)
    writer.write(deadline)
    writer.write(isPresent)
    medium?.save(into: &writer)
  }

  func load(from reader: inout StateReader) throws(StateError) {
    output = try reader.read()
    rate = try reader.read()
    tape = try reader.read()
    lock = try reader.read()
    track = try reader.read()
    configuration = try reader.readArray(count: 3)
    timing = try reader.readArray(count: 2)
    command = try reader.readArray()
    result = try reader.readArray()
    senses = try reader.readArray()
    isRequesting = try reader.readFlag()
    isBusy = try reader.readFlag()
    deadline = try reader.read()
    guard result.count <= 10, senses.count <= 4, lock < 2, rate < 4,
      isBusy == (deadline != .max)
    else { throw .malformed }
    if let code = command.first {
      guard let count = parameters(of: code), command.count <= count + 1,
        !isBusy || command.count == count + 1
      else { throw .malformed }
    }
    guard try reader.readFlag() == isPresent else { throw .malformed }
    try medium?.load(from: &reader)
  }
}
