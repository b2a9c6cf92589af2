/// The MC146818 real-time clock with its CMOS memory at ports 70h and 71h, on IRQ 8.
///
/// It starts at a fixed time and advances with machine ticks. The registers hold what the guest
/// sees; they are brought up to date when somebody looks.
final class RealTimeClock: Device {
  private enum Register {
    static let seconds = 0, secondsAlarm = 1, minutes = 2, minutesAlarm = 3, hours = 4
    static let hoursAlarm = 5, weekday = 6, day = 7, month = 8, year = 9
    static let a = 10, b = 11, c = 12, d = 13, century = 0x32
  }
  private static let updateEnds: UInt8 = 0x10
  private static let alarm: UInt8 = 0x20
  private static let periodic: UInt8 = 0x40

  /// The crystal; a second is 32768 cycles.
  private static let second: Int64 = 32768
  /// Before the second turns, UIP is up for 244 µs, and then for the 1984 µs of the update.
  private static let updateCycles: Int64 = 8 + 65

  private let oscillator: Oscillator
  private var memory: [UInt8]
  private var index: UInt8 = 0
  /// The cycle at which the divider chain started; seconds and periods are counted from it.
  private var origin: Int64 = 0
  /// The last cycle whose events are in the registers.
  private var settled: Int64 = 0
  private(set) var deadline = UInt64.max

  init(ticksPerSecond: UInt64, startTime: Int64, ramSize: UInt64) {
    oscillator = Oscillator(frequency: UInt64(Self.second), ticksPerSecond: ticksPerSecond)
    memory = [UInt8](repeating: 0, count: 128)
    memory[Register.a] = 0x26
    memory[Register.b] = 0x02
    setTime(startTime)
    describe(ramSize: ramSize)
    describe(bootDrive: .floppy)
  }

  /// What firmware's setup keeps here.
  private func describe(ramSize: UInt64) {
    func store(_ value: UInt64, at place: Int) {
      memory[place] = UInt8(truncatingIfNeeded: value)
      memory[place + 1] = UInt8(truncatingIfNeeded: value >> 8)
    }
    memory[0x14] = 0x02  // Equipment: a coprocessor, a VGA, no floppy drive.
    let kibibytes = ramSize >> 10
    store(min(640, kibibytes), at: 0x15)
    let extended = min(0xFFFF, kibibytes > 1024 ? kibibytes - 1024 : 0)
    store(extended, at: 0x17)
    store(extended, at: 0x30)
    // From 16 MiB on, in units of 64 KiB.
    let high = ramSize > 16 << 20 ? (ramSize - 16 << 20) >> 16 : 0
    store(min(0xFFFF, high), at: 0x34)
    checkSetup()
  }

  /// Enters a disk drive, 0 to 3, of this many sectors.
  func describe(disk: Int, sectorCount: UInt64) {
    let cylinders = min(16383, max(1, sectorCount / (16 * 63)))
    // The first two drives have a type, 47, with parameters of their own.
    if disk < 2 {
      memory[0x12] |= disk == 0 ? 0xF0 : 0x0F
      memory[0x19 + disk] = 47
      let place = 0x1B + disk * 9
      let parameters: [UInt8] = [
        UInt8(truncatingIfNeeded: cylinders), UInt8(cylinders >> 8), 16, 0xFF, 0xFF, 0x08,
        UInt8(truncatingIfNeeded: cylinders), UInt8(cylinders >> 8), 63,
      ]
      memory.replaceSubrange(place..<place + 9, with: parameters)
    }
    // How firmware is to number cylinders, two bits a drive: as they are, or from sectors (LBA).
    if cylinders > 1024 { memory[0x39] |= 1 << UInt8(disk * 2) }
    checkSetup()
  }

  /// Enters a floppy drive A of this type.
  func describe(floppy type: UInt8) {
    memory[0x10] = type << 4
    memory[0x14] |= 0x01
    checkSetup()
  }

  /// The order in which firmware for QEMU tries to boot, four bits each: 1 is the floppy drive, 2
  /// the first disk, 3 the first CD-ROM.
  func describe(bootDrive first: Board.BootDrive) {
    let order = [first] + Board.BootDrive.allCases.filter { $0 != first }
    let numbers: [Board.BootDrive: UInt8] = [.floppy: 1, .disk: 2, .disc: 3]
    let digits = order.compactMap { numbers[$0] }
    memory[0x3D] = digits[1] << 4 | digits[0]
    memory[0x38] = digits[2] << 4
  }

  private func checkSetup() {
    let sum = memory[0x10...0x2D].reduce(UInt64(0)) { $0 + UInt64($1) }
    memory[0x2E] = UInt8(truncatingIfNeeded: sum >> 8)
    memory[0x2F] = UInt8(truncatingIfNeeded: sum)
  }

  /// The reset line stops interrupts; the battery keeps the rest.
  func reset() {
    memory[Register.b] &= 0x87
    memory[Register.c] = 0
    deadline = .max
  }

  // MARK: Calendar

  private var isBinary: Bool { memory[Register.b] & 0x04 != 0 }
  private var is24Hours: Bool { memory[Register.b] & 0x02 != 0 }
  private var isStopped: Bool { memory[Register.b] & 0x80 != 0 || !dividerRuns }
  private var dividerRuns: Bool { memory[Register.a] >> 4 & 7 == 2 }

  private func decode(_ value: UInt8) -> Int {
    isBinary ? Int(value) : Int(value >> 4) * 10 + Int(value & 15)
  }

  private func encode(_ value: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: isBinary ? value : (value / 10) << 4 | value % 10)
  }

  private func decodeHours(_ value: UInt8) -> Int {
    if is24Hours { return decode(value) }
    return decode(value & 0x7F) % 12 + (value & 0x80 != 0 ? 12 : 0)
  }

  private func encodeHours(_ hours: Int) -> UInt8 {
    if is24Hours { return encode(hours) }
    return encode((hours + 11) % 12 + 1) | (hours >= 12 ? 0x80 : 0)
  }

  private var secondOfDay: Int {
    decodeHours(memory[Register.hours]) * 3600 + decode(memory[Register.minutes]) * 60
      + decode(memory[Register.seconds])
  }

  private var date: CalendarDate {
    // The century is a byte of memory, in BCD whatever the mode.
    let century = memory[Register.century]
    return CalendarDate(
      year: (Int(century >> 4) * 10 + Int(century & 15)) * 100 + decode(memory[Register.year]),
      month: decode(memory[Register.month]), day: decode(memory[Register.day]))
  }

  private func setTime(_ time: Int64) {
    let days = Int((time >= 0 ? time : time - 86_399) / 86_400)
    setDate(CalendarDate(daysSince1970: days))
    setSecondOfDay(Int(time - Int64(days) * 86_400))
    memory[Register.weekday] = encode((((days + 4) % 7) + 7) % 7 + 1)
  }

  private func setDate(_ date: CalendarDate) {
    memory[Register.day] = encode(date.day)
    memory[Register.month] = encode(date.month)
    memory[Register.year] = encode(date.year % 100)
    memory[Register.century] = UInt8((date.year / 1000 % 10) << 4 | date.year / 100 % 10)
  }

  private func setSecondOfDay(_ second: Int) {
    memory[Register.hours] = encodeHours(second / 3600)
    memory[Register.minutes] = encode(second / 60 % 60)
    memory[Register.seconds] = encode(second % 60)
  }

  private func addSeconds(_ count: Int) {
    let total = secondOfDay + count
    setSecondOfDay(total % 86_400)
    let days = total / 86_400
    guard days > 0 else { return }
    setDate(CalendarDate(daysSince1970: date.daysSince1970 + days))
    memory[Register.weekday] = encode((decode(memory[Register.weekday]) - 1 + days) % 7 + 1)
  }

  /// Whether an alarm rings in the `count` seconds that follow the present one.
  private func rings(within count: Int) -> Bool {
    /// Values with both upper bits set are "any".
    func matches(_ alarm: UInt8, _ value: UInt8) -> Bool { alarm >= 0xC0 || alarm == value }
    let start = secondOfDay
    for offset in 1...min(count, 86_400) {
      let second = (start + offset) % 86_400
      if matches(memory[Register.secondsAlarm], encode(second % 60)),
        matches(memory[Register.minutesAlarm], encode(second / 60 % 60)),
        matches(memory[Register.hoursAlarm], encodeHours(second / 3600))
      {
        return true
      }
    }
    return false
  }

  // MARK: Time

  /// Cycles between periodic events; nil when switched off.
  private var period: Int64? {
    let rate = memory[Register.a] & 15
    if rate == 0 || !dividerRuns { return nil }
    return 1 << Int64(rate < 3 ? rate + 6 : rate - 1)
  }

  private func settle(to tick: UInt64) {
    let cycle = oscillator.cycle(at: tick)
    guard cycle > settled else { return }
    func count(_ length: Int64) -> Int64 {
      (cycle - origin) / length - (settled - origin) / length
    }
    if let period, count(period) > 0 { memory[Register.c] |= Self.periodic }
    if !isStopped {
      let seconds = Int(count(Self.second))
      if seconds > 0 {
        memory[Register.c] |= Self.updateEnds
        if rings(within: seconds) { memory[Register.c] |= Self.alarm }
        addSeconds(seconds)
      }
    }
    settled = cycle
  }

  private var enabledFlags: UInt8 { memory[Register.c] & memory[Register.b] & 0x70 }

  /// IRQ 8.
  var interruptLine: Bool { enabledFlags != 0 }

  private func schedule() {
    var next = Int64.max
    // A line that is up already needs no waking.
    if !interruptLine {
      let elapsed = settled - origin
      if memory[Register.b] & Self.periodic != 0, let period {
        next = origin + (elapsed / period + 1) * period
      }
      if memory[Register.b] & (Self.updateEnds | Self.alarm) != 0 && !isStopped {
        next = min(next, origin + (elapsed / Self.second + 1) * Self.second)
      }
    }
    deadline = next == .max ? .max : oscillator.tick(of: next)
  }

  func advance(to tick: UInt64) {
    settle(to: tick)
    schedule()
  }

  // MARK: Registers

  func read(_ port: UInt16, at tick: UInt64) -> UInt8 {
    guard port & 1 == 1 else { return 0xFF }  // The index cannot be read.
    settle(to: tick)
    defer { schedule() }
    let register = Int(index & 0x7F)
    switch register {
    case Register.a: return memory[Register.a] | (isUpdating(at: tick) ? 0x80 : 0)
    case Register.c:
      defer { memory[Register.c] = 0 }
      return memory[Register.c] | (interruptLine ? 0x80 : 0)
    case Register.d: return 0x80  // The battery is good.
    default: return memory[register]
    }
  }

  func write(_ port: UInt16, _ value: UInt8, at tick: UInt64) {
    guard port & 1 == 1 else {
      index = value
      return
    }
    settle(to: tick)
    let register = Int(index & 0x7F)
    switch register {
    case Register.a:
      let wasRunning = dividerRuns
      memory[Register.a] = value & 0x7F
      // The first update comes half a second after the chain is released.
      if dividerRuns && !wasRunning { origin = settled - Self.second / 2 }
    case Register.b:
      // SET takes back the update interrupt with it.
      memory[Register.b] = value & 0x80 != 0 ? value & ~Self.updateEnds : value
    case Register.c, Register.d: break
    default: memory[register] = value
    }
    schedule()
  }

  private func isUpdating(at tick: UInt64) -> Bool {
    guard !isStopped else { return false }
    let phase = (oscillator.cycle(at: tick) - origin) % Self.second
    return phase >= Self.second - Self.updateCycles
  }

  // MARK: State

  func save(into writer: inout StateWriter) {
    writer.write(memory)
    writer.write(index)
    writer.write(origin)
    writer.write(settled)
    writer.write(deadline)
  }

  func load(from reader: inout StateReader) throws(StateError) {
    memory = try reader.readArray(count: 128)
    index = try reader.read()
    origin = try reader.read()
    settled = try reader.read()
    deadline = try reader.read()
    let cycles: ClosedRange<Int64> = -Self.second...(1 << 50)
    guard cycles.contains(origin), cycles.contains(settled) else { throw .malformed }
  }
}
