/// One counter of an 8254 (Intel 231164, "Mode Definitions").
///
/// Nothing is counted: the counting element and OUT are worked out from the clock at which the
/// element was loaded. Clocks are those of the timer's own oscillator; counting begins with the
/// clock after the one in which the count was written.
struct Counter {
  /// 0...5.
  private(set) var mode: UInt8 = 0
  /// Which bytes of a count are moved: 1 low, 2 high, 3 low then high.
  private var access: UInt8 = 3
  private var isDecimal = false
  private(set) var gate: Bool

  /// The last complete count, 1...modulus.
  private var written = 0
  /// The low byte of a count whose high byte is still to come.
  private var firstByte: UInt8?
  private var hasCount = false
  /// Modes 1 and 5: a count waits for its trigger.
  private var isUntriggered = false
  /// Modes 2 and 3: the count that takes over at the end of this period or half of it.
  private var pending: Int?

  private var isCounting = false
  /// The clock at which the element holds `value`.
  private var origin: Int64 = 0
  private var value = 0
  /// The element while not counting.
  private var held = 0
  /// OUT while not counting, and until `origin`.
  private var heldOutput = true
  /// Terminal count was reached before `origin`.
  private var hasExpired = false

  private var latchedCount: UInt16?
  private var latchedStatus: UInt8?
  private var readsHighByte = false

  init(gate: Bool) { self.gate = gate }

  private var modulus: Int { isDecimal ? 10_000 : 0x1_0000 }

  // MARK: Time

  private func elapsed(at clock: Int64) -> Int { Int(clock - origin) }

  /// The clocks for which OUT is high in a period of mode 3.
  private func highHalf(of count: Int) -> Int { (count + 1) / 2 }

  /// Lets a pending count take over, and keeps `origin` inside the current period.
  mutating func settle(to clock: Int64) {
    guard isCounting, clock >= origin, mode == 2 || mode == 3 else { return }
    if let next = pending {
      let high = highHalf(of: value)
      let isFirstHalf = mode == 3 && pendingBoundary == origin + Int64(high)
      let boundary = pendingBoundary
      guard clock >= boundary else { return }
      origin = isFirstHalf ? boundary - Int64(highHalf(of: next)) : boundary
      value = next
      pending = nil
    }
    origin += Int64(elapsed(at: clock) / value * value)
  }

  /// Where a pending count takes over; fixed when it was written.
  private var pendingBoundary: Int64 = 0

  private func element(at clock: Int64) -> Int {
    guard isCounting else { return held }
    // A new count shows before the clock that loads it: software counts on port accesses taking
    // longer than that clock, and here they take one tick.
    let elapsed = max(0, elapsed(at: clock))
    switch mode {
    case 2: return value - elapsed % value
    case 3:
      let phase = elapsed % value
      let high = highHalf(of: value)
      return value & ~1 - 2 * (phase < high ? phase : phase - high)
    default:
      let rest = (value - elapsed) % modulus
      return rest < 0 ? rest + modulus : rest
    }
  }

  /// The OUT pin.
  func output(at clock: Int64) -> Bool {
    guard isCounting, clock >= origin else { return heldOutput }
    let elapsed = elapsed(at: clock)
    switch mode {
    case 0: return hasExpired || elapsed >= value
    case 1: return elapsed >= value
    case 2: return elapsed % value != value - 1
    case 3: return elapsed % value < highHalf(of: value)
    default: return hasExpired || elapsed != value
    }
  }

  /// The next clock at which OUT may change by itself. The counter is settled.
  func nextEdge(after clock: Int64) -> Int64? {
    guard isCounting else { return nil }
    if clock < origin && heldOutput != output(at: origin) { return origin }
    let clock = max(clock, origin)
    let elapsed = elapsed(at: clock)
    switch mode {
    case 0, 1: return hasExpired || elapsed >= value ? nil : origin + Int64(value)
    case 2, 3:
      // A count of 1 is illegal in these modes and moves nothing.
      guard value > 1 else { return pending == nil ? nil : pendingBoundary }
      let phase = elapsed % value
      let turn = mode == 2 ? value - 1 : highHalf(of: value)
      return clock + Int64(phase < turn ? turn - phase : value - phase)
    default:
      if hasExpired || elapsed > value { return nil }
      return origin + Int64(elapsed < value ? value : value + 1)
    }
  }

  /// The period in clocks while a square wave is made; nil otherwise. Of a count that waits for the
  /// end of a period, it is the new one.
  var squareWave: Int? { mode == 3 && hasCount && gate && written > 1 ? written : nil }

  // MARK: Gate

  /// The GATE pin.
  mutating func setGate(_ level: Bool, at clock: Int64) {
    guard level != gate else { return }
    settle(to: clock)
    gate = level
    switch (mode, level) {
    case (0, true), (4, true):
      if hasCount { start(held, at: clock) }
    case (0, false), (4, false): stop(at: clock)
    case (2, false), (3, false):
      stop(at: clock)
      heldOutput = true
    case (_, true):
      guard hasCount else { break }
      heldOutput = mode == 1 ? output(at: clock) : true
      hasExpired = false
      isUntriggered = false
      pending = nil
      start(written, at: clock + 1)
    default: break
    }
  }

  private mutating func start(_ count: Int, at clock: Int64) {
    value = count
    origin = clock
    isCounting = true
  }

  private mutating func stop(at clock: Int64) {
    guard isCounting else { return }
    let isExpired = clock >= origin && elapsed(at: clock) >= value
    let element = element(at: clock)
    heldOutput = mode == 0 ? output(at: clock) : true
    if mode == 0 || mode == 4 { hasExpired = hasExpired || isExpired }
    held = element
    isCounting = false
  }

  // MARK: Writing

  /// A control word with this counter's number in it.
  mutating func control(_ word: UInt8, at clock: Int64) {
    if word & 0x30 == 0 {
      latchCount(at: clock)
      return
    }
    settle(to: clock)
    held = element(at: clock)
    isCounting = false
    hasCount = false
    isUntriggered = false
    hasExpired = false
    pending = nil
    firstByte = nil
    latchedCount = nil
    latchedStatus = nil
    readsHighByte = false
    access = word >> 4 & 3
    // Modes 6 and 7 are 2 and 3: bit 2 does not count there.
    let number = word >> 1 & 7
    mode = number > 5 ? number - 4 : number
    isDecimal = word & 1 != 0
    heldOutput = mode != 0
  }

  /// A byte of a count.
  mutating func write(_ byte: UInt8, at clock: Int64) {
    switch access {
    case 1: load(UInt16(byte), at: clock)
    case 2: load(UInt16(byte) << 8, at: clock)
    default:
      if let low = firstByte {
        firstByte = nil
        load(UInt16(byte) << 8 | UInt16(low), at: clock)
      } else {
        firstByte = byte
        guard mode == 0 else { return }
        // The first of two bytes stops mode 0 and takes OUT down.
        held = element(at: clock)
        heldOutput = false
        isCounting = false
        hasCount = false
      }
    }
  }

  private mutating func load(_ raw: UInt16, at clock: Int64) {
    settle(to: clock)
    let count = isDecimal ? decimal(raw) : Int(raw)
    written = count == 0 ? modulus : count
    hasCount = true
    switch mode {
    case 0, 4:
      hasExpired = false
      held = written
      heldOutput = mode == 4
      isCounting = false
      if gate { start(written, at: clock + 1) }
    case 1, 5: isUntriggered = true
    default:
      if isCounting && clock >= origin {
        pending = written
        let phase = elapsed(at: clock)
        let high = highHalf(of: value)
        pendingBoundary = origin + Int64(mode == 3 && phase < high ? high : value)
      } else if gate {
        start(written, at: clock + 1)
      }
    }
  }

  private func decimal(_ raw: UInt16) -> Int {
    (0..<4).reversed().reduce(0) { $0 * 10 + Int(raw >> UInt16($1 * 4) & 15) } % 10_000
  }

  // MARK: Reading

  private func count(at clock: Int64) -> UInt16 {
    let number = element(at: clock) % modulus
    guard isDecimal else { return UInt16(number) }
    var rest = number
    var digits: UInt16 = 0
    for shift in stride(from: UInt16(0), to: 16, by: 4) {
      digits |= UInt16(rest % 10) << shift
      rest /= 10
    }
    return digits
  }

  /// Keeps the count until it is read. A latch that was not read yet stays.
  mutating func latchCount(at clock: Int64) {
    settle(to: clock)
    if latchedCount == nil { latchedCount = count(at: clock) }
  }

  /// Keeps OUT, null count and the control word until they are read.
  mutating func latchStatus(at clock: Int64) {
    settle(to: clock)
    guard latchedStatus == nil else { return }
    let isNull = !hasCount || isUntriggered || pending != nil || isCounting && clock < origin
    latchedStatus =
      (output(at: clock) ? 0x80 : 0) | (isNull ? 0x40 : 0) | access << 4 | mode << 1
      | (isDecimal ? 1 : 0)
  }

  /// The status if latched, else a byte of the latched or running count.
  mutating func read(at clock: Int64) -> UInt8 {
    if let status = latchedStatus {
      latchedStatus = nil
      return status
    }
    settle(to: clock)
    let number = latchedCount ?? count(at: clock)
    let isHigh = access == 2 || access == 3 && readsHighByte
    if access == 3 { readsHighByte.toggle() }
    if access != 3 || isHigh { latchedCount = nil }
    return UInt8(truncatingIfNeeded: isHigh ? number >> 8 : number)
  }
}

extension Counter {
  func save(into writer: inout StateWriter) {
    writer.write(mode)
    writer.write(access)
    writer.write(isDecimal)
    writer.write(gate)
    writer.write(Int32(written))
    writer.write(firstByte)
    writer.write(hasCount)
    writer.write(isUntriggered)
    writer.write(pending.map(Int32.init))
    writer.write(pendingBoundary)
    writer.write(isCounting)
    writer.write(origin)
    writer.write(Int32(value))
    writer.write(Int32(held))
    writer.write(heldOutput)
    writer.write(hasExpired)
    writer.write(latchedCount)
    writer.write(latchedStatus)
    writer.write(readsHighByte)
  }

  mutating func load(from reader: inout StateReader) throws(StateError) {
    mode = try reader.read()
    access = try reader.read()
    isDecimal = try reader.readFlag()
    gate = try reader.readFlag()
    written = Int(try reader.read(Int32.self))
    firstByte = try reader.readOptional()
    hasCount = try reader.readFlag()
    isUntriggered = try reader.readFlag()
    pending = try reader.readOptional(Int32.self).map { Int($0) }
    pendingBoundary = try reader.read()
    isCounting = try reader.readFlag()
    origin = try reader.read()
    value = Int(try reader.read(Int32.self))
    held = Int(try reader.read(Int32.self))
    heldOutput = try reader.readFlag()
    hasExpired = try reader.readFlag()
    latchedCount = try reader.readOptional()
    latchedStatus = try reader.readOptional()
    readsHighByte = try reader.readFlag()
    let clocks: ClosedRange<Int64> = -(1 << 50)...(1 << 50)
    let counts = [written, value, held] + (pending.map { [$0] } ?? [])
    guard mode <= 5, (1...3).contains(access), !isCounting || mode == 0 || mode == 4 || value > 0,
      clocks.contains(origin), clocks.contains(pendingBoundary),
      counts.allSatisfy({ (0...0x1_0000).contains($0) }), pending != 0
    else { throw .malformed }
  }
}
