/// One 8259A interrupt controller (Intel 231468).
///
/// A request counts while its line is high: in edge mode the rise is remembered until it is
/// acknowledged or the line falls; in level mode the line itself is the request.
struct InterruptController {
  /// Interrupt mask register.
  private(set) var mask: UInt8 = 0xFF
  /// In-service register.
  private(set) var inService: UInt8 = 0
  /// Lines that are level-triggered (ELCR).
  var levelTriggered: UInt8 = 0
  private var lines: UInt8 = 0
  private var edges: UInt8 = 0
  private var vectorBase: UInt8 = 0
  /// The level of lowest priority; the next one has the highest.
  private var lowest: UInt8 = 7

  /// Initialization command words still expected.
  private enum Expecting: UInt8 { case nothing, icw2, icw3, icw4 }
  private var expecting = Expecting.nothing
  private var needsICW4 = false
  private var isSingle = false
  private var allLevelTriggered = false
  private var isAutoEOI = false
  private var rotatesOnAutoEOI = false
  private var isSpecialMask = false
  private var isSpecialFullyNested = false
  private var isPolled = false
  private var readsInService = false
  /// ICW3. Of the first controller: lines with a controller behind them.
  private(set) var cascade: UInt8 = 0

  // MARK: Lines and priorities

  private var levels: UInt8 { allLevelTriggered ? 0xFF : levelTriggered }

  /// Interrupt request register.
  var requests: UInt8 { (edges | levels) & lines }

  mutating func setLine(_ number: Int, _ level: Bool) {
    let bit = UInt8(1) << UInt8(number)
    if level {
      if lines & bit == 0 { edges |= bit }
      lines |= bit
    } else {
      lines &= ~bit
      edges &= ~bit
    }
  }

  /// The highest level in a set, by the current rotation: 0 is the highest rank.
  private func first(of set: UInt8) -> (level: UInt8, rank: UInt8)? {
    guard set != 0 else { return nil }
    for rank in UInt8(0)..<8 {
      let level = (lowest &+ 1 &+ rank) & 7
      if set >> level & 1 != 0 { return (level, rank) }
    }
    return nil
  }

  /// The level that would be acknowledged now.
  var pending: UInt8? {
    guard let request = first(of: requests & ~mask) else { return nil }
    let blocking = isSpecialMask ? inService & ~mask : inService
    guard let current = first(of: blocking) else { return request.level }
    if request.rank < current.rank { return request.level }
    // A controller behind this line may have found something more urgent than what it is doing.
    let mayNest =
      isSpecialFullyNested && request.rank == current.rank && cascade >> request.level & 1 != 0
    return mayNest ? request.level : nil
  }

  /// The INT pin.
  var output: Bool { expecting == .nothing && pending != nil }

  /// The INTA sequence: the level now in service, or nil for a request that went away.
  private mutating func acknowledgeLevel() -> UInt8? {
    guard let level = pending else { return nil }
    let bit = UInt8(1) << level
    edges &= ~bit
    if isAutoEOI {
      if rotatesOnAutoEOI { lowest = level }
    } else {
      inService |= bit
    }
    return level
  }

  /// INTA: the vector, and which level it stands for. A request that went away is level 7.
  mutating func acknowledge() -> (vector: UInt8, level: UInt8) {
    let level = acknowledgeLevel() ?? 7
    return (vectorBase | level, level)
  }

  /// Whether a controller is behind this line.
  func isCascaded(_ level: UInt8) -> Bool { !isSingle && cascade >> level & 1 != 0 }

  // MARK: Registers

  /// `isCommand` is port A0 = 0 (20h, A0h), otherwise the mask port (21h, A1h).
  mutating func read(isCommand: Bool) -> UInt8 {
    if isPolled {
      isPolled = false
      return acknowledgeLevel().map { 0x80 | $0 } ?? 0
    }
    guard isCommand else { return mask }
    return readsInService ? inService : requests
  }

  mutating func write(_ value: UInt8, isCommand: Bool) {
    if isCommand {
      if value & 0x10 != 0 {
        initialize(value)
      } else if value & 0x08 != 0 {
        writeOCW3(value)
      } else {
        writeOCW2(value)
      }
      return
    }
    switch expecting {
    case .nothing: mask = value
    case .icw2:
      vectorBase = value & 0xF8
      expecting = isSingle ? (needsICW4 ? .icw4 : .nothing) : .icw3
    case .icw3:
      cascade = value
      expecting = needsICW4 ? .icw4 : .nothing
    case .icw4:
      isAutoEOI = value & 0x02 != 0
      isSpecialFullyNested = value & 0x10 != 0
      expecting = .nothing
    }
  }

  private mutating func initialize(_ icw1: UInt8) {
    needsICW4 = icw1 & 0x01 != 0
    isSingle = icw1 & 0x02 != 0
    allLevelTriggered = icw1 & 0x08 != 0
    expecting = .icw2
    mask = 0
    inService = 0
    // A line must rise again to be seen.
    edges = 0
    lowest = 7
    isAutoEOI = false
    rotatesOnAutoEOI = false
    isSpecialMask = false
    isSpecialFullyNested = false
    isPolled = false
    readsInService = false
  }

  /// End of interrupt and rotation: R, SL, EOI in bits 7–5, a level in bits 2–0.
  private mutating func writeOCW2(_ value: UInt8) {
    let level = value & 7
    switch value >> 5 {
    case 0b000: rotatesOnAutoEOI = false
    case 0b100: rotatesOnAutoEOI = true
    case 0b001: _ = endInterrupt()
    case 0b101: if let ended = endInterrupt() { lowest = ended }
    case 0b011: inService &= ~(1 << level)
    case 0b111:
      inService &= ~(1 << level)
      lowest = level
    case 0b110: lowest = level
    default: break
    }
  }

  /// Non-specific EOI. In special mask mode, masked levels are passed over.
  private mutating func endInterrupt() -> UInt8? {
    guard let current = first(of: isSpecialMask ? inService & ~mask : inService) else { return nil }
    inService &= ~(1 << current.level)
    return current.level
  }

  private mutating func writeOCW3(_ value: UInt8) {
    if value & 0x40 != 0 { isSpecialMask = value & 0x20 != 0 }
    isPolled = value & 0x04 != 0
    if value & 0x02 != 0 { readsInService = value & 0x01 != 0 }
  }
}

extension InterruptController {
  func save(into writer: inout StateWriter) {
    let registers = [
      mask, inService, levelTriggered, lines, edges, vectorBase, lowest, expecting.rawValue,
      cascade,
    ]
    for register in registers { writer.write(register) }
    let flags = [
      needsICW4, isSingle, allLevelTriggered, isAutoEOI, rotatesOnAutoEOI, isSpecialMask,
      isSpecialFullyNested, isPolled, readsInService,
    ]
    for flag in flags { writer.write(flag) }
  }

  mutating func load(from reader: inout StateReader) throws(StateError) {
    mask = try reader.read()
    inService = try reader.read()
    levelTriggered = try reader.read()
    lines = try reader.read()
    edges = try reader.read()
    vectorBase = try reader.read()
    lowest = try reader.read() & 7
    guard let expecting = Expecting(rawValue: try reader.read()) else { throw .malformed }
    self.expecting = expecting
    cascade = try reader.read()
    needsICW4 = try reader.readFlag()
    isSingle = try reader.readFlag()
    allLevelTriggered = try reader.readFlag()
    isAutoEOI = try reader.readFlag()
    rotatesOnAutoEOI = try reader.readFlag()
    isSpecialMask = try reader.readFlag()
    isSpecialFullyNested = try reader.readFlag()
    isPolled = try reader.readFlag()
    readsInService = try reader.readFlag()
  }
}
