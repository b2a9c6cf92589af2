/// A serial line: a 16550A (National PC16550D). COM1 is at 3F8h–3FFh on IRQ 4, COM2 at 2F8h–2FFh
/// on IRQ 3.
///
/// What is sent leaves at once, or at the line's speed if the board was configured so. What is
/// received comes at the line's speed and waits, as with hardware handshake, while there is no
/// room. The other end has CTS, DSR and DCD up.
final class SerialPort: Device {
  /// Baud rate of a divisor of 1.
  static let highestBaud: UInt64 = 115_200
  static let fifoSize = 16

  private let ticksPerSecond: UInt64
  private let isPaced: Bool

  private var enables: UInt8 = 0
  private var fifoControl: UInt8 = 0
  private var lineControl: UInt8 = 0
  private var modemControl: UInt8 = 0
  private var scratch: UInt8 = 0
  private var divisor: UInt16 = 12
  /// Overrun, break and the other errors in line status, until it is read.
  private var errors: UInt8 = 0
  /// Bits 7–4 of modem status as last seen, and the changes in 3–0.
  private var modemStatus: UInt8 = 0xB0

  private var received: [UInt8] = []
  private var incoming = ByteQueue()
  /// When the next incoming byte is complete.
  private var receiveTick = UInt64.max
  /// When waiting bytes have been left alone for four characters.
  private var timeoutTick = UInt64.max
  private var hasTimedOut = false

  private var transmitting: [UInt8] = []
  private var transmitTick = UInt64.max
  /// The transmitter became empty and nobody was told yet.
  private var isEmptyPending = false

  private(set) var output: [UInt8] = []
  /// How many bytes ever went to `output`.
  private(set) var sent: UInt64 = 0

  init(ticksPerSecond: UInt64, isPaced: Bool) {
    self.ticksPerSecond = ticksPerSecond
    self.isPaced = isPaced
  }

  func reset() {
    enables = 0
    fifoControl = 0
    lineControl = 0
    modemControl = 0
    scratch = 0
    divisor = 12
    errors = 0
    modemStatus = 0xB0
    received = []
    receiveTick = .max
    timeoutTick = .max
    hasTimedOut = false
    transmitting = []
    transmitTick = .max
    isEmptyPending = false
  }

  // MARK: The line

  /// Bits on their way: everything from outside that did not reach the receiver yet.
  var queueIsEmpty: Bool { incoming.isEmpty }

  /// Bytes come in over the line, one after the other.
  func receive(_ bytes: [UInt8], at tick: UInt64) {
    incoming.append(bytes)
    scheduleReceiver(at: tick)
  }

  func takeOutput() -> [UInt8] {
    defer { output = [] }
    return output
  }

  /// Ticks for one character: start bit, 5–8 data bits, parity if any, 1, 1½ or 2 stop bits.
  private var characterTicks: UInt64 {
    let data = UInt64(lineControl & 3) + 5
    let parity: UInt64 = lineControl & 0x08 != 0 ? 1 : 0
    let stopHalves: UInt64 = lineControl & 0x04 == 0 ? 2 : data == 5 ? 3 : 4
    let halves = (1 + data + parity) * 2 + stopHalves
    let divisor = divisor == 0 ? 0x1_0000 : UInt64(divisor)
    return max(1, halves * divisor * ticksPerSecond / (2 * Self.highestBaud))
  }

  private var hasFIFO: Bool { fifoControl & 1 != 0 }
  private var capacity: Int { hasFIFO ? Self.fifoSize : 1 }
  private var isLooped: Bool { modemControl & 0x10 != 0 }
  private var trigger: Int { hasFIFO ? [1, 4, 8, 14][Int(fifoControl >> 6)] : 1 }

  private func scheduleReceiver(at tick: UInt64) {
    let isReady = !incoming.isEmpty && received.count < capacity && !isLooped
    if !isReady {
      receiveTick = .max
    } else if receiveTick == .max {
      receiveTick = tick + characterTicks
    }
  }

  private func scheduleTimeout(at tick: UInt64) {
    hasTimedOut = false
    timeoutTick = hasFIFO && !received.isEmpty ? tick + 4 * characterTicks : .max
  }

  private func accept(_ byte: UInt8, at tick: UInt64) {
    if received.count == capacity {
      errors |= 0x02
      // Without FIFO the newer character takes the place; a full FIFO keeps what it has.
      if !hasFIFO { received[0] = byte }
    } else {
      received.append(byte)
    }
    scheduleTimeout(at: tick)
  }

  private func transmit(_ byte: UInt8, at tick: UInt64) {
    let data = byte & (0xFF >> (3 - lineControl & 3))
    if isLooped { return accept(data, at: tick) }
    output.append(data)
    sent += 1
  }

  // MARK: Interrupts

  /// INTRPT, which OUT2 connects to the interrupt controllers.
  var interruptLine: Bool {
    modemControl & 0x18 == 0x08 && interrupt != nil
  }

  /// The most urgent enabled interrupt, as bits 3–0 of the identification register.
  private var interrupt: UInt8? {
    if enables & 0x04 != 0 && errors != 0 { return 0x06 }
    if enables & 0x01 != 0 {
      if received.count >= trigger { return 0x04 }
      if hasTimedOut { return 0x0C }
    }
    if enables & 0x02 != 0 && isEmptyPending { return 0x02 }
    if enables & 0x08 != 0 && modemStatus & 0x0F != 0 { return 0x00 }
    return nil
  }

  // MARK: Time

  var deadline: UInt64 { min(receiveTick, timeoutTick, transmitTick) }

  func advance(to tick: UInt64) {
    if transmitTick <= tick {
      let byte = transmitting.removeFirst()
      transmit(byte, at: tick)
      transmitTick = transmitting.isEmpty ? .max : tick + characterTicks
      // The holding register is empty as soon as the last character is being shifted out.
      if transmitting.count == 1 { isEmptyPending = true }
    }
    if timeoutTick <= tick {
      hasTimedOut = true
      timeoutTick = .max
    }
    if receiveTick <= tick {
      receiveTick = .max
      if let byte = incoming.removeFirst() { accept(byte, at: tick) }
      scheduleReceiver(at: tick)
    }
  }

  // MARK: Registers

  private var selectsDivisor: Bool { lineControl & 0x80 != 0 }

  func read(_ port: UInt16, at tick: UInt64) -> UInt8 {
    switch port & 7 {
    case 0:
      if selectsDivisor { return UInt8(truncatingIfNeeded: divisor) }
      guard !received.isEmpty else { return 0 }
      let byte = received.removeFirst()
      scheduleTimeout(at: tick)
      scheduleReceiver(at: tick)
      return byte
    case 1: return selectsDivisor ? UInt8(divisor >> 8) : enables
    case 2:
      let identification = interrupt
      if identification == 0x02 { isEmptyPending = false }
      return (identification ?? 0x01) | (hasFIFO ? 0xC0 : 0)
    case 3: return lineControl
    case 4: return modemControl
    case 5:
      let isHoldingEmpty = transmitting.count <= 1
      let status =
        errors | (received.isEmpty ? 0 : 0x01) | (isHoldingEmpty ? 0x20 : 0)
        | (transmitting.isEmpty ? 0x40 : 0)
      errors = 0
      return status
    case 6:
      let status = modemStatus
      modemStatus &= 0xF0
      return status
    default: return scratch
    }
  }

  func write(_ port: UInt16, _ value: UInt8, at tick: UInt64) {
    switch port & 7 {
    case 0 where selectsDivisor: divisor = divisor & 0xFF00 | UInt16(value)
    case 0: send(value, at: tick)
    case 1 where selectsDivisor: divisor = divisor & 0x00FF | UInt16(value) << 8
    case 1:
      // Enabling the transmitter interrupt while it is empty raises it.
      if value & ~enables & 0x02 != 0 && transmitting.count <= 1 { isEmptyPending = true }
      enables = value & 0x0F
    case 2: controlFIFO(value, at: tick)
    case 3: lineControl = value
    case 4:
      modemControl = value & 0x1F
      updateModemStatus()
    case 5, 6: break  // Status registers; only factories write them.
    default: scratch = value
    }
    scheduleReceiver(at: tick)
  }

  private func send(_ byte: UInt8, at tick: UInt64) {
    isEmptyPending = false
    guard isPaced else {
      transmit(byte, at: tick)
      isEmptyPending = true
      return
    }
    // One more than the buffer holds: the character in the shift register.
    if transmitting.count > capacity { transmitting.removeLast() }
    transmitting.append(byte)
    if transmitTick == .max {
      transmitTick = tick + characterTicks
      isEmptyPending = true
    }
  }

  private func controlFIFO(_ value: UInt8, at tick: UInt64) {
    let isSwitched = (value ^ fifoControl) & 1 != 0
    fifoControl = value & 1 != 0 ? value & 0xC9 : 0
    if isSwitched || value & 0x03 == 0x03 {
      received = []
      scheduleTimeout(at: tick)
    }
    if isSwitched || value & 0x05 == 0x05, transmitting.count > 1 {
      // What is being shifted out goes on.
      transmitting = [transmitting[0]]
      isEmptyPending = true
    }
  }

  /// The inputs: the other end's, or in loopback our own outputs DTR, RTS, OUT1, OUT2.
  private func updateModemStatus() {
    var inputs: UInt8 = 0xB0
    if isLooped {
      inputs =
        (modemControl & 0x02) << 3 | (modemControl & 0x01) << 5 | (modemControl & 0x0C) << 4
    }
    let changes = (inputs ^ modemStatus) >> 4
    // RI reports only its trailing edge.
    let delta = changes & 0x0B | (modemStatus & ~inputs & 0x40) >> 4
    modemStatus = inputs | modemStatus & 0x0F | delta
  }

  // MARK: State

  func save(into writer: inout StateWriter) {
    let registers = [
      enables, fifoControl, lineControl, modemControl, scratch, errors, modemStatus,
    ]
    for register in registers { writer.write(register) }
    writer.write(divisor)
    writer.write(received)
    writer.write(incoming.bytes)
    writer.write(receiveTick)
    writer.write(timeoutTick)
    writer.write(hasTimedOut)
    writer.write(transmitting)
    writer.write(transmitTick)
    writer.write(isEmptyPending)
    writer.write(sent)
  }

  func load(from reader: inout StateReader) throws(StateError) {
    enables = try reader.read()
    fifoControl = try reader.read()
    lineControl = try reader.read()
    modemControl = try reader.read()
    scratch = try reader.read()
    errors = try reader.read()
    modemStatus = try reader.read()
    divisor = try reader.read()
    received = try reader.readArray()
    incoming = ByteQueue(try reader.readArray())
    receiveTick = try reader.read()
    timeoutTick = try reader.read()
    hasTimedOut = try reader.readFlag()
    transmitting = try reader.readArray()
    transmitTick = try reader.read()
    isEmptyPending = try reader.readFlag()
    sent = try reader.read()
    guard received.count <= Self.fifoSize, transmitting.count <= Self.fifoSize + 1,
      transmitting.isEmpty == (transmitTick == .max)
    else { throw .malformed }
    output = []
  }
}
