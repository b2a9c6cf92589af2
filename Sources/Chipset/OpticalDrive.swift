/// One ATAPI CD-ROM drive: its disc, what IDENTIFY says about it, and its command packets
/// (SFF-8020i; INCITS MMC for what a packet's bytes mean).
///
/// The disc has one data track, in blocks of 2048 bytes. What the drive lacks, audio and raw
/// sectors, it refuses with the sense that a data-only drive has.
struct OpticalDrive {
  /// A sense key with its additional code and qualifier.
  struct Sense: Equatable {
    var key: UInt8
    var code: UInt8
    var qualifier: UInt8 = 0

    static let none = Sense(key: 0, code: 0)
    static let trayOpen = Sense(key: 2, code: 0x3A, qualifier: 2)
    static let unreadable = Sense(key: 3, code: 0x11)
    static let unknownCommand = Sense(key: 5, code: 0x20)
    static let outOfRange = Sense(key: 5, code: 0x21)
    static let invalidField = Sense(key: 5, code: 0x24)
    static let notSaved = Sense(key: 5, code: 0x39)
    static let locked = Sense(key: 5, code: 0x53, qualifier: 2)
    static let discChanged = Sense(key: 6, code: 0x28)
    static let wasReset = Sense(key: 6, code: 0x29)
  }

  /// What a packet asks the channel to do.
  enum Answer {
    /// Nothing more.
    case done
    /// Bytes for the processor.
    case bytes([UInt8])
    /// A range of the disc's bytes for the processor.
    case disc(start: UInt64, count: UInt64)
    /// An error; `sense` says which.
    case refused
  }

  static let blockSize: UInt64 = 2048
  private static let sectorsPerBlock = blockSize / 512
  /// Frames from the beginning of the disc to block 0: two seconds of 75.
  private static let leadIn: UInt64 = 150
  /// Four times the speed of a music disc, in units of 1000 bytes a second.
  private static let speed: UInt16 = 706

  let medium: any DiskMedium
  private(set) var sense = Sense.none
  /// What the next command is told instead of being performed.
  private var attention: Sense? = Sense.wasReset
  private var isOpen = false
  private var isLocked = false

  init(medium: any DiskMedium) { self.medium = medium }

  private var blockCount: UInt64 {
    (medium.sectorCount + Self.sectorsPerBlock - 1) / Self.sectorsPerBlock
  }

  /// Bytes of the disc, which is zero behind the image's end; nil if the image cannot be read.
  mutating func read(at start: UInt64, count: Int) -> [UInt8]? {
    let first = start / 512
    let last = (start + UInt64(count) + 511) / 512
    var bytes = [UInt8](repeating: 0, count: Int(last - first) * 512)
    for sector in first..<min(last, max(first, medium.sectorCount)) {
      let place = Int(sector - first) * 512
      let isRead = bytes.withUnsafeMutableBytes {
        medium.read(sector, into: UnsafeMutableRawBufferPointer(rebasing: $0[place..<place + 512]))
      }
      if !isRead {
        sense = .unreadable
        return nil
      }
    }
    let offset = Int(start - first * 512)
    return Array(bytes[offset..<offset + count])
  }

  // MARK: Packets

  /// Does what a packet of 12 bytes says.
  mutating func perform(_ packet: [UInt8]) -> Answer {
    let packet = Packet(bytes: packet)
    let (requestSense, inquiry): (UInt8, UInt8) = (0x03, 0x12)
    if packet[0] == requestSense { return reportSense(packet) }
    if packet[0] == inquiry { return identify(packet) }
    if let attention {
      self.attention = nil
      return refuse(attention)
    }
    sense = .none
    switch packet[0] {
    case 0x1B: return moveTray(packet)
    case 0x1E:  // PREVENT/ALLOW MEDIUM REMOVAL
      isLocked = packet[4] & 1 != 0
      return .done
    case 0x5A: return senseMode(packet)
    case 0xBB: return .done  // SET CD SPEED
    case 0xBD:  // MECHANISM STATUS
      return reply([0, isOpen ? 0x10 : 0, 0, 0, 0, 0, 0, 0], limit: packet.u16(8))
    default: return isOpen ? refuse(.trayOpen) : useDisc(packet)
    }
  }

  /// The commands that need a disc.
  private mutating func useDisc(_ packet: Packet) -> Answer {
    switch packet[0] {
    case 0x00, 0x4E: return .done  // TEST UNIT READY, STOP PLAY/SCAN
    case 0x25:  // READ CAPACITY
      return .bytes(bytes(blockCount - 1) + bytes(Self.blockSize))
    case 0x28: return read(packet.u32(2), count: UInt64(packet.u16(7)))
    case 0xA8: return read(packet.u32(2), count: packet.u32(6))
    case 0x2B: return packet.u32(2) < blockCount ? .done : refuse(.outOfRange)  // SEEK
    case 0x43: return readContents(packet)
    case 0x44: return readHeader(packet)
    case 0xB9, 0xBE: return readCD(packet)
    default: return refuse(.unknownCommand)
    }
  }

  private mutating func refuse(_ reason: Sense) -> Answer {
    sense = reason
    return .refused
  }

  private func reply(_ bytes: [UInt8], limit: Int) -> Answer { .bytes(Array(bytes.prefix(limit))) }

  /// Four bytes, the highest first, as all numbers in packets.
  private func bytes(_ value: UInt64) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  /// A block's address as a number or, in MSF form, as minute, second and frame.
  private func address(_ block: UInt64, inMSF: Bool) -> [UInt8] {
    guard inMSF else { return bytes(block) }
    let frames = block + Self.leadIn
    let minutes = UInt8(truncatingIfNeeded: frames / 4500)
    return [0, minutes, UInt8(frames / 75 % 60), UInt8(frames % 75)]
  }

  private mutating func reportSense(_ packet: Packet) -> Answer {
    if sense == .none, let attention {
      sense = attention
      self.attention = nil
    }
    defer { sense = .none }
    let bytes: [UInt8] = [
      0x70, 0, sense.key, 0, 0, 0, 0, 10, 0, 0, 0, 0, sense.code, sense.qualifier, 0, 0, 0, 0,
    ]
    return reply(bytes, limit: Int(packet[4]))
  }

  private mutating func identify(_ packet: Packet) -> Answer {
    guard packet[1] & 1 == 0 else { return refuse(.invalidField) }
    // A CD-ROM, removable; the data that follow are those of an ATAPI device.
    let head: [UInt8] = [0x05, 0x80, 0x00, 0x21, 31, 0, 0, 0]
    return reply(head + Array("RINGSIDECD-ROM          1.0 ".utf8), limit: Int(packet[4]))
  }

  /// START STOP UNIT, which also opens and closes the tray.
  private mutating func moveTray(_ packet: Packet) -> Answer {
    switch packet[4] & 3 {
    case 2 where isLocked: return refuse(.locked)
    case 2: isOpen = true
    case 3 where isOpen:
      isOpen = false
      attention = .discChanged
    default: break
    }
    return .done
  }

  private mutating func senseMode(_ packet: Packet) -> Answer {
    let (wanted, control) = (packet[2] & 0x3F, packet[2] >> 6)
    guard control < 3 else { return refuse(.notSaved) }
    let high = UInt8(Self.speed >> 8)
    let low = UInt8(Self.speed & 0xFF)
    let pages: [[UInt8]] = [
      [0x01, 6, 0, 0, 0, 0, 0, 0],  // Errors: no retries, no correction; images have none.
      [0x0D, 6, 0, 0, 0, 60, 0, 75],  // Seconds in a minute, frames in a second.
      // Capabilities: reads data discs; a tray that can be locked and opened by command.
      [0x2A, 18, 0, 0, 0, 0, isLocked ? 0x2B : 0x29, 0, high, low, 0, 0, 0, 0, high, low]
        + [0, 0, 0, 0],
    ]
    let chosen = pages.filter { wanted == 0x3F || $0[0] == wanted }
    guard !chosen.isEmpty else { return refuse(.invalidField) }
    // Of what can be changed, there is nothing.
    let isMask = control == 1
    let data = chosen.flatMap { page in
      isMask ? page[..<2] + [UInt8](repeating: 0, count: page.count - 2) : page[...]
    }
    let head: [UInt8] = [0, UInt8(data.count + 6), isOpen ? 0x71 : 0x01, 0, 0, 0, 0, 0]
    return reply(head + data, limit: packet.u16(7))
  }

  // MARK: Reading the disc

  private mutating func read(_ block: UInt64, count: UInt64) -> Answer {
    guard block + count <= blockCount, block < blockCount else { return refuse(.outOfRange) }
    guard count > 0 else { return .done }
    return .disc(start: block * Self.blockSize, count: count * Self.blockSize)
  }

  /// READ TOC: the tracks, or the sessions; there is one of either.
  private mutating func readContents(_ packet: Packet) -> Answer {
    let inMSF = packet[1] & 2 != 0
    // The format is where MMC has it, or where SFF-8020i had it.
    let format = packet[2] & 15 != 0 ? packet[2] & 15 : packet[9] >> 6
    let (track, leadOut): (UInt8, UInt8) = (packet[6], 0xAA)
    let first: [UInt8] = [0, 0x14, 1, 0] + address(0, inMSF: inMSF)
    let end: [UInt8] = [0, 0x16, leadOut, 0] + address(blockCount, inMSF: inMSF)
    let entries: [UInt8]
    switch format {
    case 0 where track <= 1: entries = first + end
    case 0 where track == leadOut: entries = end
    case 1: entries = first
    default: return refuse(.invalidField)
    }
    return reply([0, UInt8(entries.count + 2), 1, 1] + entries, limit: packet.u16(7))
  }

  private mutating func readHeader(_ packet: Packet) -> Answer {
    let block = packet.u32(2)
    guard block < blockCount else { return refuse(.outOfRange) }
    let isMSF = packet[1] & 2 != 0
    return reply([1, 0, 0, 0] + address(block, inMSF: isMSF), limit: packet.u16(7))
  }

  /// READ CD and READ CD MSF, of which only the 2048 bytes of user data can be had.
  private mutating func readCD(_ packet: Packet) -> Answer {
    let (parts, userData): (UInt8, UInt8) = (packet[9] & 0xF8, 0x10)
    let kind = packet[1] >> 2 & 7
    guard parts & ~userData == 0, packet[9] & 0x06 == 0, packet[10] & 7 == 0, kind == 0 || kind == 2
    else { return refuse(.invalidField) }
    var (block, count) = (packet.u32(2), packet.u32(5) & 0xFF_FFFF)
    if packet[0] == 0xB9 {
      let (start, end) = (packet.frame(3), packet.frame(6))
      guard start >= Self.leadIn, end >= start else { return refuse(.invalidField) }
      (block, count) = (start - Self.leadIn, end - start)
    }
    let answer = read(block, count: count)
    if parts == 0, case .disc = answer { return .done }
    return answer
  }

  // MARK: State

  /// What DEVICE RESET and the reset line do.
  mutating func reset() {
    sense = .none
    attention = .wasReset
    isLocked = false
  }

  /// The 256 words of IDENTIFY PACKET DEVICE (ATA/ATAPI-4, 8.13), as bytes.
  func identity(unit: Int) -> [UInt8] {
    var words = IdentityWords()
    words[0] = 0x85C0  // A CD-ROM with packets of 12 bytes, which it takes at once.
    words.put("RS100\(unit + 1)", at: 10, count: 10)
    words.put("1.0", at: 23, count: 4)
    words.put("Ringside CD-ROM", at: 27, count: 20)
    words[49] = 0x0A00  // LBA and IORDY; no DMA.
    words[51] = 0x0200
    words[53] = 0x0002
    words[64] = 0x0003  // PIO modes 3 and 4.
    words[67] = 120
    words[68] = 120
    words[80] = 0x0010  // ATA/ATAPI-4.
    words[82] = 0x0210  // Packets and DEVICE RESET.
    words[83] = 0x4000
    words[84] = 0x4000
    words[85] = 0x0210
    words[87] = 0x4000
    return words.bytes
  }

  func save(into writer: inout StateWriter) {
    for sense in [sense, attention ?? .none] {
      for byte in [sense.key, sense.code, sense.qualifier] { writer.write(byte) }
    }
    writer.write(isOpen)
    writer.write(isLocked)
    medium.save(into: &writer)
  }

  mutating func load(from reader: inout StateReader) throws(StateError) {
    sense = try Self.readSense(from: &reader)
    let waiting = try Self.readSense(from: &reader)
    attention = waiting == .none ? nil : waiting
    isOpen = try reader.readFlag()
    isLocked = try reader.readFlag()
    try medium.load(from: &reader)
  }

  private static func readSense(from reader: inout StateReader) throws(StateError) -> Sense {
    Sense(key: try reader.read(), code: try reader.read(), qualifier: try reader.read())
  }
}

/// The 12 bytes of a command; numbers have their highest byte first.
private struct Packet {
  let bytes: [UInt8]

  subscript(_ place: Int) -> UInt8 { bytes[place] }

  func u16(_ place: Int) -> Int { Int(bytes[place]) << 8 | Int(bytes[place + 1]) }

  func u32(_ place: Int) -> UInt64 { UInt64(u16(place)) << 16 | UInt64(u16(place + 2)) }

  /// Minute, second and frame as a number of frames.
  func frame(_ place: Int) -> UInt64 {
    (UInt64(bytes[place]) * 60 + UInt64(bytes[place + 1])) * 75 + UInt64(bytes[place + 2])
  }
}
