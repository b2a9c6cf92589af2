public import X86

/// The least PC: everything on the board besides the processor and its memory.
///
/// Devices never look at the processor and never act on their own. The machine lets time reach
/// them with `advance(to:)`; port accesses carry their own tick. Everything that happens follows
/// from the accesses, their ticks, and what came in by `receiveSerial` and the keyboard.
public final class Board: Bus {
  /// What kind of board.
  public struct Configuration: Sendable {
    /// RAM in bytes, as firmware would report it in the CMOS memory.
    public var ramSize: UInt64
    /// Machine ticks in a second of the devices' time.
    public var ticksPerSecond: UInt64
    /// What the real-time clock says at tick 0, in seconds since January 1, 1970, 00:00 UTC.
    public var startTime: Int64 = 1_767_225_600
    /// The port at which firmware reports its progress.
    public var postPort: UInt16 = 0x80
    /// Whether the serial lines take their time to send. If not, characters leave at once.
    public var isSerialPaced = false

    /// A board that starts on January 1, 2026.
    public init(ramSize: UInt64, ticksPerSecond: UInt64) {
      self.ramSize = ramSize
      self.ticksPerSecond = ticksPerSecond
    }
  }

  /// What the guest asked of the machine.
  public struct Requests: Sendable, Equatable {
    /// The first byte written to port F4h: the guest is done.
    public var exitCode: UInt8?
    /// The reset line was pulled: by port CF9h, port 92h or the keyboard controller.
    public var reset = false
  }

  /// How the board was built.
  public let configuration: Configuration
  /// 128 KiB for A0000h–BFFFFh, aligned to 4096 bytes. The machine maps it as RAM.
  public let videoMemory: UnsafeMutableRawPointer
  /// The keyboard, on which one can type.
  public let keyboard: Keyboard
  /// What was tried at ports where nothing is.
  public internal(set) var unclaimedPorts = UnclaimedPorts()

  let interruptControllers = InterruptControllers()
  let timer: IntervalTimer
  /// COM1 and COM2.
  let serial: SerialPort
  let secondSerial: SerialPort
  let clock: RealTimeClock
  let system: SystemPorts
  let keyboardController: KeyboardController
  let video: VideoAdapter
  /// The ATA channels at 1F0h and 170h.
  let diskChannel: DiskChannel
  let secondDiskChannel: DiskChannel
  let firmwareFiles = FirmwareFiles()
  let dma = DMAControllers()
  let floppy: FloppyController
  let speaker = Speaker()
  /// The earliest deadline of all devices.
  private var deviceDeadline = UInt64.max
  /// The devices' lines to the interrupt controllers, by IRQ, as `settle` has carried them.
  private var lines: UInt16 = 0
  /// What the machine knows of the board, since `lookedAt`.
  private var known = (interruptLine: false, isA20Open: true, deadline: UInt64.max)
  public private(set) var needsAttention = true

  /// Builds a board in the state after reset.
  public init(configuration: Configuration) {
    let rate = configuration.ticksPerSecond
    precondition(rate >= IntervalTimer.frequency, "the timer's edges must be ticks apart")
    self.configuration = configuration
    videoMemory = .allocate(byteCount: Self.videoMemorySize, alignment: 4096)
    videoMemory.initializeMemory(as: UInt8.self, repeating: 0, count: Self.videoMemorySize)
    timer = IntervalTimer(ticksPerSecond: rate)
    serial = SerialPort(ticksPerSecond: rate, isPaced: configuration.isSerialPaced)
    secondSerial = SerialPort(ticksPerSecond: rate, isPaced: configuration.isSerialPaced)
    clock = RealTimeClock(
      ticksPerSecond: rate, startTime: configuration.startTime, ramSize: configuration.ramSize)
    system = SystemPorts(timer: timer, postPort: configuration.postPort)
    keyboard = Keyboard(ticksPerSecond: rate)
    keyboardController = KeyboardController(
      keyboard: keyboard, system: system, ticksPerSecond: rate)
    video = VideoAdapter(memory: videoMemory, ticksPerSecond: rate)
    diskChannel = DiskChannel(base: 0x1F0, ticksPerSecond: rate)
    secondDiskChannel = DiskChannel(base: 0x170, ticksPerSecond: rate)
    floppy = FloppyController(dma: dma, ticksPerSecond: rate)
    settleAll()
  }

  deinit { videoMemory.deallocate() }

  /// The size of `videoMemory` in bytes.
  public static let videoMemorySize = 0x2_0000

  /// All devices, in the order in which they act when they are due at the same tick.
  private var devices: [any Device] {
    [
      timer, keyboardController, serial, secondSerial, clock, interruptControllers, system, video,
      diskChannel, secondDiskChannel, firmwareFiles, dma, floppy,
    ]
  }

  // MARK: Time and lines

  /// INTR: an interrupt waits for the processor.
  public var interruptLine: Bool { interruptControllers.output }

  /// The IRQ, 0–15, for which INTR is up.
  public var requestedInterrupt: UInt8 { interruptControllers.requestedLine }

  /// Address line 20 works; otherwise it is held low.
  public var isA20Open: Bool { system.isA20Open }

  /// The next tick at which something happens on the board by itself; `.max` if nothing will.
  public var nextDeadline: UInt64 { keyboardController.needsSchedule ? 0 : deviceDeadline }

  /// Lets everything happen that is due at `tick` or before it, in the order of the deadlines.
  public func advance(to tick: UInt64) {
    while deviceDeadline <= tick {
      let due = deviceDeadline
      if timer.deadline <= due { timer.advance(to: due) }
      if keyboardController.deadline <= due { keyboardController.advance(to: due) }
      if serial.deadline <= due { serial.advance(to: due) }
      if secondSerial.deadline <= due { secondSerial.advance(to: due) }
      if clock.deadline <= due { clock.advance(to: due) }
      if floppy.deadline <= due { floppy.advance(to: due) }
      if diskChannel.deadline <= due { diskChannel.advance(to: due) }
      if secondDiskChannel.deadline <= due { secondDiskChannel.advance(to: due) }
      settle()
    }
    if keyboardController.needsSchedule {
      keyboardController.schedule(at: tick)
      settle()
    }
  }

  /// Carries the devices' lines to the interrupt controllers and looks for the next deadline.
  func settle() {
    let now = deviceLines
    if now != lines {
      interruptControllers.setLines(now, changed: now ^ lines)
      lines = now
    }
    deviceDeadline = min(
      min(timer.deadline, keyboardController.deadline, clock.deadline),
      min(serial.deadline, secondSerial.deadline),
      min(diskChannel.deadline, secondDiskChannel.deadline, floppy.deadline))
    // A deadline that moves away does no harm: at the old one nothing will be found.
    needsAttention =
      interruptLine != known.interruptLine || deviceDeadline < known.deadline
      || isA20Open != known.isA20Open || system.hasRequests || speaker.hasSounds
      || dma.hasWritten || keyboardController.needsSchedule
  }

  /// The IRQs that a device is wired to.
  private static let wiredLines: UInt16 = 0xE15B

  /// The interrupt lines of all devices, by IRQ.
  private var deviceLines: UInt16 {
    (timer.interruptLine ? 1 : 0)
      | (keyboardController.interruptLine ? 1 << 1 : 0)
      | (secondSerial.interruptLine ? 1 << 3 : 0)
      | (serial.interruptLine ? 1 << 4 : 0)
      | (floppy.interruptLine ? 1 << 6 : 0)
      | (clock.interruptLine ? 1 << 8 : 0)
      | (system.interruptLine ? 1 << 13 : 0)
      | (diskChannel.interruptLine ? 1 << 14 : 0)
      | (secondDiskChannel.interruptLine ? 1 << 15 : 0)
  }

  /// The machine has seen the lines to the processor and the next deadline, and has taken what
  /// was asked of it.
  public func lookedAt() {
    known = (interruptLine, isA20Open, deviceDeadline)
    dma.hasWritten = false
    needsAttention = false
  }

  /// As `settle`, when nothing that was known holds any longer.
  private func settleAll() {
    lines = ~deviceLines & Self.wiredLines
    settle()
    needsAttention = true
  }

  /// The INTA cycles: the vector of the most urgent interrupt.
  public func acknowledgeInterrupt(at tick: UInt64) -> UInt8 {
    advance(to: tick)
    return interruptControllers.acknowledge()
  }

  /// What the reset line does. Video memory, the clock's time and bytes on the serial lines
  /// stay.
  public func reset() {
    for device in devices { device.reset() }
    speaker.reset()
    settleAll()
  }

  /// The processor's FERR#, which becomes IRQ 13 until the guest writes to port F0h.
  public var coprocessorError: Bool {
    get { system.coprocessorError }
    set {
      guard newValue != system.coprocessorError else { return }
      system.coprocessorError = newValue
      settle()
    }
  }

  // MARK: Drives

  /// How many disk and CD-ROM drives have a place: two on each channel.
  public static let drivePlaces = 4

  private func channel(of place: Int) -> DiskChannel {
    place < 2 ? diskChannel : secondDiskChannel
  }

  /// Puts a disk drive at a place, 0 to 3: master and slave of the first channel, then of the
  /// second. To be done before the machine runs.
  public func attach(disk: any DiskMedium, at place: Int) {
    channel(of: place).attach(disk, unit: place % 2)
    clock.describe(disk: place, sectorCount: disk.sectorCount)
  }

  /// Puts a CD-ROM drive with a disc in it at a place, 0 to 3. To be done before the machine runs.
  public func attach(disc: any DiskMedium, at place: Int) {
    channel(of: place).attach(disc: disc, unit: place % 2)
  }

  /// Puts a disk into the floppy drive A, which is there only if this is called. To be done before
  /// the machine runs.
  public func attach(floppy disk: any DiskMedium) {
    clock.describe(floppy: floppy.insert(disk).driveType)
  }

  /// What devices with DMA transfer to and from.
  public var directMemory: (any DirectMemory)? {
    get { dma.memory }
    set { dma.memory = newValue }
  }

  /// A kind of drive to start from, by the letter that DOS gives it.
  public enum BootDrive: String, CaseIterable, Sendable {
    /// The floppy drive.
    case floppy = "a"
    /// The first disk.
    case disk = "c"
    /// The first CD-ROM.
    case disc = "d"
  }

  /// Tells firmware, through the CMOS memory, what to try first; the other kinds follow.
  public func setBootDrive(_ drive: BootDrive) { clock.describe(bootDrive: drive) }

  /// Puts a file where firmware made for QEMU looks for it. The name has at most 55 bytes. To be
  /// done before the machine runs.
  public func attach(firmwareFile name: String, _ bytes: [UInt8]) {
    firmwareFiles.add(name, bytes)
  }

  // MARK: What goes in and comes out

  /// What the guest asked for since the last call.
  public func takeRequests() -> Requests {
    let requests = system.takeRequests()
    return Requests(exitCode: requests.exitCode, reset: requests.reset)
  }

  /// A serial line.
  public enum SerialLine: Sendable {
    /// At 3F8h, on IRQ 4.
    case com1
    /// At 2F8h, on IRQ 3.
    case com2
  }

  private func port(of line: SerialLine) -> SerialPort {
    switch line {
    case .com1: serial
    case .com2: secondSerial
    }
  }

  /// What the guest sent over a serial line since the last call.
  public func takeSerialOutput(of line: SerialLine = .com1) -> [UInt8] {
    port(of: line).takeOutput()
  }

  /// How many bytes the guest has sent over the serial line in its whole life, those taken and
  /// those not.
  public var serialOutputCount: UInt64 { serial.sent }

  /// What the guest wrote to ports E9h and 402h since the last call.
  public func takeDebugOutput() -> [UInt8] { system.takeDebugOutput() }

  /// The speaker begins a tone, changes it or falls silent.
  public struct Sound: Sendable, Equatable {
    /// The machine tick of the access that did it.
    public var tick: UInt64
    /// The timer's 1193182 Hz are divided by this, 2 to 65536; nil for silence.
    public var divisor: UInt32?
    /// In hertz, rounded; 0 for silence.
    public var frequency: UInt32 {
      divisor.map { (UInt32(IntervalTimer.frequency) + $0 / 2) / $0 } ?? 0
    }
  }

  /// What the speaker did since the last call; at most the last 256 sounds.
  public func takeSounds() -> [Sound] { speaker.takeSounds() }

  /// Bytes come in over a serial line, from `tick` on, at the speed the guest has set.
  public func receiveSerial(_ bytes: [UInt8], on line: SerialLine = .com1, at tick: UInt64) {
    advance(to: tick)
    port(of: line).receive(bytes, at: tick)
    settle()
  }

  /// Whether everything given to `receiveSerial` has reached the receivers.
  public var serialQueueIsEmpty: Bool { serial.queueIsEmpty && secondSerial.queueIsEmpty }

  /// The last code written to the POST port.
  public var lastPOST: UInt8? { system.lastPOST }

  /// The latest codes written to the POST port, at least 256 of them, oldest first. A code that
  /// repeats the one before it is left out.
  public var postCodes: [UInt8] { system.postCodes }

  /// What the screen shows.
  public func textScreen() -> TextScreen { video.textScreen() }

  // MARK: State

  /// Appends the state of all devices. Video memory is not in it, nor output not yet taken.
  public func save(into writer: inout StateWriter) {
    for device in devices { device.save(into: &writer) }
    speaker.save(into: &writer)
    unclaimedPorts.save(into: &writer)
  }

  /// The state of each device by the device's name, as `save` has them one after the other.
  public var deviceStates: [(name: String, bytes: [UInt8])] {
    func state(_ save: (inout StateWriter) -> Void) -> [UInt8] {
      var writer = StateWriter(omittingMedia: true)
      save(&writer)
      return writer.bytes
    }
    return devices.map { device in ("\(type(of: device))", state { device.save(into: &$0) }) } + [
      ("Speaker", state { speaker.save(into: &$0) }),
      ("UnclaimedPorts", state { unclaimedPorts.save(into: &$0) }),
    ]
  }

  /// Takes a state back that a board of the same configuration has saved.
  ///
  /// Throws a `StateError` if it is none; the board is then to be reset.
  public func load(from reader: inout StateReader) throws(StateError) {
    for device in devices { try device.load(from: &reader) }
    try speaker.load(from: &reader)
    try unclaimedPorts.load(from: &reader)
    settleAll()
  }
}
