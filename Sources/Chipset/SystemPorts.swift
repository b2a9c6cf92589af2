/// The board's own small ports: system control 61h and 92h, POST, the debug consoles E9h and
/// 402h, the coprocessor's error latch F0h, exit F4h and reset control CF9h.
final class SystemPorts: Device {
  /// What the guest asked of the machine.
  struct Requests {
    var exitCode: UInt8?
    var reset = false
  }

  /// Port 80h. Without POST it is a latch that software writes to pass a microsecond.
  static let delayPort: UInt16 = 0x80
  /// How many POST codes are kept, at least; the oldest go first.
  static let postHistory = 256

  private let timer: IntervalTimer
  private let postPort: UInt16
  private var control61: UInt8 = 0
  private var control92: UInt8 = 0
  private var resetControl: UInt8 = 0
  private var latch80: UInt8 = 0

  /// Address line 20, which the keyboard controller and port 92h both switch.
  var isA20Open = true
  /// FERR# of the processor; when it rises, IRQ 13 stays up until port F0h is written.
  var coprocessorError = false {
    didSet { if coprocessorError && !oldValue { interruptLine = true } }
  }
  /// IRQ 13.
  private(set) var interruptLine = false
  private(set) var lastPOST: UInt8?
  /// The latest codes, a repetition of the one before left out.
  private(set) var postCodes: [UInt8] = []
  private(set) var debugOutput: [UInt8] = []
  private(set) var requests = Requests()

  init(timer: IntervalTimer, postPort: UInt16) {
    self.timer = timer
    self.postPort = postPort
  }

  func reset() {
    control61 = 0
    control92 = 0
    resetControl = 0
    latch80 = 0
    isA20Open = true
    coprocessorError = false
    interruptLine = false
  }

  /// The tone that bit 1 of port 61h lets through to the speaker.
  var speakerTone: UInt32? { control61 & 0x02 != 0 ? timer.speakerTone : nil }

  func takeRequests() -> Requests {
    defer { requests = Requests() }
    return requests
  }

  func takeDebugOutput() -> [UInt8] {
    defer { debugOutput = [] }
    return debugOutput
  }

  /// The guest has asked for something that has not been taken.
  var hasRequests: Bool { requests.reset || requests.exitCode != nil }

  func requestReset() { requests.reset = true }

  func read(_ port: UInt16, at tick: UInt64) -> UInt8 {
    switch port {
    case 0x61:
      return control61 & 0x0E | (timer.speakerGate ? 0x01 : 0)
        | (timer.refreshToggle(at: tick) ? 0x10 : 0)
        | (timer.speakerOutput(at: tick) ? 0x20 : 0)
    case 0x92: return control92 & 0xFD | (isA20Open ? 0x02 : 0)
    case 0xE9, 0x402: return 0xE9  // How software finds out that a console is here.
    case 0xCF9: return resetControl
    case postPort where port != Self.delayPort: return lastPOST ?? 0xFF
    case Self.delayPort: return latch80
    default: return 0xFF  // F0h and F4h are for writing.
    }
  }

  func write(_ port: UInt16, _ value: UInt8, at tick: UInt64) {
    if port == postPort { recordPOST(value) }
    switch port {
    case 0x61:
      control61 = value
      timer.setSpeakerGate(value & 1 != 0, at: tick)
    case 0x92:
      if value & ~control92 & 0x01 != 0 { requestReset() }
      control92 = value
      isA20Open = value & 0x02 != 0
    case 0xE9, 0x402: debugOutput.append(value)
    case 0xF0: interruptLine = false
    case 0xF4: requests.exitCode = requests.exitCode ?? value
    case 0xCF9:
      // Bit 2 resets the processor when it rises; bit 1 says how thoroughly.
      if value & ~resetControl & 0x04 != 0 { requestReset() }
      resetControl = value & 0x06
    case Self.delayPort: latch80 = value
    default: break
    }
  }

  private func recordPOST(_ code: UInt8) {
    guard code != lastPOST else { return }
    lastPOST = code
    if postCodes.count == 2 * Self.postHistory { postCodes.removeFirst(Self.postHistory) }
    postCodes.append(code)
  }

  func save(into writer: inout StateWriter) {
    for register in [control61, control92, resetControl, latch80] { writer.write(register) }
    writer.write(isA20Open)
    writer.write(coprocessorError)
    writer.write(interruptLine)
    writer.write(lastPOST)
    writer.write(postCodes)
  }

  func load(from reader: inout StateReader) throws(StateError) {
    control61 = try reader.read()
    control92 = try reader.read()
    resetControl = try reader.read()
    latch80 = try reader.read()
    isA20Open = try reader.readFlag()
    coprocessorError = try reader.readFlag()
    interruptLine = try reader.readFlag()
    lastPOST = try reader.readOptional()
    postCodes = try reader.readArray()
    guard postCodes.count <= 2 * Self.postHistory else { throw .malformed }
    debugOutput = []
    requests = Requests()
  }
}
