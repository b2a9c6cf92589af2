/// The 8042 keyboard controller at ports 60h and 64h, on IRQ 1.
///
/// It has no mouse port: commands for one are answered as by a controller that lacks it. Its
/// output port switches address line 20 and the reset line. After reset it is as firmware leaves
/// it: translating, with its interrupt enabled.
final class KeyboardController: Device {
  /// Status register, port 64h.
  private enum Status {
    static let outputFull: UInt8 = 0x01, system: UInt8 = 0x04, command: UInt8 = 0x08
    static let unlocked: UInt8 = 0x10, timeout: UInt8 = 0x40
  }
  /// Configuration byte, byte 0 of the controller's RAM.
  private enum Configuration {
    static let interrupt: UInt8 = 0x01, system: UInt8 = 0x04, keyboardOff: UInt8 = 0x10
    static let mouseOff: UInt8 = 0x20, translates: UInt8 = 0x40
    static let afterFirmware = interrupt | system | mouseOff | translates
  }

  private let keyboard: Keyboard
  private let system: SystemPorts
  /// Ticks that a byte takes from the keyboard: 11 bits at about 11 kHz.
  private let byteTicks: UInt64
  /// Ticks that the controller takes to answer when it could not at once.
  private let answerTicks: UInt64

  private var memory = [UInt8](repeating: 0, count: 32)
  private var outputByte: UInt8 = 0
  private var isOutputFull = false
  private var hasTimedOut = false
  private var lastWriteWasCommand = false
  /// The command whose argument comes next at port 60h.
  private var command: UInt8?
  private var answers = ByteQueue()
  /// Translation: F0h was seen, the next code is a release.
  private var isRelease = false
  private(set) var deadline = UInt64.max
  /// The deadline is a repetition of a held key; anything else comes before it.
  private var awaitsRepeat = false

  init(keyboard: Keyboard, system: SystemPorts, ticksPerSecond: UInt64) {
    self.keyboard = keyboard
    self.system = system
    byteTicks = max(1, ticksPerSecond / 1000)
    answerTicks = max(1, ticksPerSecond / 50_000)
    reset()
  }

  func reset() {
    memory = [UInt8](repeating: 0, count: 32)
    memory[0] = Configuration.afterFirmware
    outputByte = 0
    isOutputFull = false
    hasTimedOut = false
    lastWriteWasCommand = false
    command = nil
    answers = ByteQueue()
    isRelease = false
    deadline = .max
    awaitsRepeat = false
    keyboard.reset()
  }

  private var isKeyboardOff: Bool { memory[0] & Configuration.keyboardOff != 0 }

  /// IRQ 1: the output buffer is full.
  var interruptLine: Bool { isOutputFull && memory[0] & Configuration.interrupt != 0 }

  // MARK: Time

  /// Something could be on its way to the output buffer but has no deadline yet: a key was typed.
  var needsSchedule: Bool { (deadline == .max || awaitsRepeat) && canFill }

  private var canFill: Bool {
    !isOutputFull && (!answers.isEmpty || !isKeyboardOff && keyboard.hasByte)
  }

  func schedule(at tick: UInt64) {
    if canFill {
      guard deadline == .max || awaitsRepeat else { return }
      awaitsRepeat = false
      deadline = tick + (answers.isEmpty ? byteTicks : answerTicks)
    } else if !isOutputFull, !isKeyboardOff, let next = keyboard.nextRepeat {
      awaitsRepeat = true
      deadline = max(next, tick + byteTicks)
    } else {
      awaitsRepeat = false
      deadline = .max
    }
  }

  func advance(to tick: UInt64) {
    guard deadline <= tick else { return }
    deadline = .max
    awaitsRepeat = false
    if !isOutputFull {
      if let answer = answers.removeFirst() {
        fill(answer)
      } else if !isKeyboardOff, let byte = keyboard.takeByte(at: tick) {
        receive(byte)
      }
    }
    schedule(at: tick)
  }

  /// A byte from the keyboard.
  private func receive(_ byte: UInt8) {
    guard memory[0] & Configuration.translates != 0 else {
      fill(byte)
      return
    }
    if byte == 0xF0 {
      isRelease = true
      return
    }
    fill(KeyCode.translated(byte) | (isRelease ? 0x80 : 0))
    isRelease = false
  }

  private func fill(_ byte: UInt8) {
    outputByte = byte
    isOutputFull = true
  }

  /// The controller's own answer: at once when the buffer is free, else after it was read.
  private func answer(_ byte: UInt8) {
    if isOutputFull || !answers.isEmpty { answers.append([byte]) } else { fill(byte) }
  }

  // MARK: Registers

  func read(_ port: UInt16, at tick: UInt64) -> UInt8 {
    if port == 0x60 {
      isOutputFull = false
      hasTimedOut = false
      schedule(at: tick)
      return outputByte
    }
    return Status.unlocked | (isOutputFull ? Status.outputFull : 0)
      | memory[0] & Configuration.system | (lastWriteWasCommand ? Status.command : 0)
      | (hasTimedOut ? Status.timeout : 0)
  }

  func write(_ port: UInt16, _ value: UInt8, at tick: UInt64) {
    lastWriteWasCommand = port == 0x64
    if port == 0x64 {
      command = nil
      perform(value)
    } else if let pending = command {
      command = nil
      performWithArgument(pending, value)
    } else {
      // Talking to the keyboard switches it on.
      memory[0] &= ~Configuration.keyboardOff
      keyboard.receive(value)
    }
    schedule(at: tick)
  }

  private func perform(_ value: UInt8) {
    switch value {
    case 0x20...0x3F: answer(memory[Int(value & 0x1F)])
    case 0x60...0x7F, 0xD1...0xD4: command = value
    case 0xA4: answer(0xF1)  // No password.
    case 0xA7: memory[0] |= Configuration.mouseOff
    case 0xA8: memory[0] &= ~Configuration.mouseOff
    case 0xA9: answer(0x01)  // Mouse port test: the clock line is stuck low.
    case 0xAA:
      memory[0] |= Configuration.system
      answer(0x55)
    case 0xAB: answer(0x00)  // Keyboard port test: no error.
    case 0xAD: memory[0] |= Configuration.keyboardOff
    case 0xAE: memory[0] &= ~Configuration.keyboardOff
    case 0xC0: answer(0x80)  // Input port: the keyboard is not locked.
    case 0xD0: answer(outputPort)
    // Test inputs: the keyboard's clock, which is held low while it is off, and its data.
    case 0xE0: answer(isKeyboardOff ? 0x02 : 0x03)
    case 0xDD: system.isA20Open = false
    case 0xDF: system.isA20Open = true
    case 0xF0...0xFF:
      // Pulses the output lines whose bits are 0; line 0 is reset.
      if value & 1 == 0 { system.requestReset() }
    default: break
    }
  }

  private func performWithArgument(_ command: UInt8, _ value: UInt8) {
    switch command {
    case 0x60...0x7F: memory[Int(command & 0x1F)] = value
    case 0xD1:
      system.isA20Open = value & 0x02 != 0
      if value & 0x01 == 0 { system.requestReset() }
    // To the keyboard's output buffer; and to the mouse's, which comes out of the only one.
    case 0xD2, 0xD3: answer(value)
    default:
      // Nobody takes the byte for the mouse.
      hasTimedOut = true
      answer(Keyboard.resend)
    }
  }

  /// Output port: keyboard data and clock, output buffer full, address line 20, not reset.
  private var outputPort: UInt8 {
    0xCD | (system.isA20Open ? 0x02 : 0) | (isOutputFull ? 0x10 : 0)
  }

  // MARK: State

  func save(into writer: inout StateWriter) {
    writer.write(memory)
    writer.write(outputByte)
    writer.write(isOutputFull)
    writer.write(hasTimedOut)
    writer.write(lastWriteWasCommand)
    writer.write(command)
    writer.write(answers.bytes)
    writer.write(isRelease)
    writer.write(deadline)
    writer.write(awaitsRepeat)
    keyboard.save(into: &writer)
  }

  func load(from reader: inout StateReader) throws(StateError) {
    memory = try reader.readArray(count: 32)
    outputByte = try reader.read()
    isOutputFull = try reader.readFlag()
    hasTimedOut = try reader.readFlag()
    lastWriteWasCommand = try reader.readFlag()
    command = try reader.readOptional()
    answers = ByteQueue(try reader.readArray())
    isRelease = try reader.readFlag()
    deadline = try reader.read()
    awaitsRepeat = try reader.readFlag()
    try keyboard.load(from: &reader)
  }
}
