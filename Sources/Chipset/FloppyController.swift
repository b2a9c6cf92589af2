/// The 82077AA floppy controller at 3F0h–3F5h and 3F7h, on IRQ 6 and DMA channel 2, with one
/// drive, A.
///
/// A command that moves the head or data takes a millisecond, all of it at its end. Without a
/// drive the ports are not there. Data moves by DMA only; a command without it overruns at its
/// first byte. What commands do to the disk is in FloppyCommands.
final class FloppyController: Device {
  let dma: DMAControllers
  private let delay: UInt64
  private(set) var medium: (any DiskMedium)?
  private(set) var geometry = FloppyGeometry(sectorCount: 2880)

  private(set) var output: UInt8 = 0
  var rate: UInt8 = 0
  private var tape: UInt8 = 0
  private var lock: UInt8 = 0
  var configuration: [UInt8] = [0, 0, 0]
  var timing: [UInt8] = [0, 0]
  var track: UInt8 = 0
  private(set) var command: [UInt8] = []
  var result: [UInt8] = []
  /// Interrupts that SENSE INTERRUPT STATUS has yet to explain.
  var senses: [UInt8] = []
  private var isRequesting = false
  private var isBusy = false
  private(set) var deadline = UInt64.max

  init(dma: DMAControllers, ticksPerSecond: UInt64) {
    self.dma = dma
    delay = max(1, ticksPerSecond / 1000)
  }

  func insert(_ disk: any DiskMedium) -> FloppyGeometry {
    medium = disk
    geometry = FloppyGeometry(sectorCount: disk.sectorCount)
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
    case 0x02, 0x05, 0x06, 0x09, 0x0C, 0x11, 0x16, 0x19, 0x1D: 8
    case 0x08, 0x0E, 0x10, 0x14: 0
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
    case 0x02, 0x05...0x07, 0x09, 0x0A, 0x0C, 0x0D, 0x0F, 0x11, 0x16, 0x19, 0x1D:
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
    perform(code)
    command = []
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
    guard result.count <= 10, senses.count <= 4, lock < 2, rate < 4, track <= Self.lastTrack,
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
