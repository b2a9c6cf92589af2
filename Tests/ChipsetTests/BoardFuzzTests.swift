import Testing

@testable import Chipset

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Guests that mean no good: programs of port accesses at random, with every device on the board.
///
/// `make fuzz-devices SEEDS="1 1000"` runs more of them; a failure names its seed.
@Suite struct BoardFuzzTests {
  /// An environment variable's number.
  private static func setting(_ name: String) -> UInt64? {
    getenv(name).flatMap { UInt64(String(cString: $0)) }
  }

  private static let seeds: ClosedRange<UInt64> = {
    let first = setting("RINGSIDE_FUZZ_FIRST") ?? 1
    return first...max(first, setting("RINGSIDE_FUZZ_LAST") ?? first + 3)
  }()
  private static let steps = Int(setting("RINGSIDE_FUZZ_STEPS") ?? 5000)

  /// Nothing crashes or hangs; a board whose state was saved and loaded does the same as the one
  /// it came from, access by access; and after a reset the state is sound.
  @Test(arguments: seeds)
  func boardsSurviveAndRepeatThemselves(seed: UInt64) throws {
    var random = Random(seed: seed)
    var tick: UInt64 = 0
    let board = HostileBoard(kind: seed)
    var twin: HostileBoard?
    for step in 0..<Self.steps {
      if step % 1000 == 500 { twin = try board.copy() }
      if step % 1000 == 700, let copy = twin {
        try #require(copy.state == board.state, "seed \(seed), step \(step): the twin differs")
        twin = nil
      }
      tick += random.wait(until: board.board.nextDeadline, from: tick)
      let accesses = random.program()
      for access in accesses {
        let seen = board.perform(access, at: tick)
        guard let twin else { continue }
        try #require(
          twin.perform(access, at: tick) == seen, "seed \(seed), step \(step): \(access)")
      }
      if random.next(4096) == 0 {
        board.board.reset()
        twin?.board.reset()
      }
    }
    board.board.reset()
    _ = try board.copy()
  }

  /// A saved state with damaged bytes is refused, or is one to go on from.
  @Test(arguments: seeds)
  func damagedStatesAreRefusedOrHarmless(seed: UInt64) throws {
    var random = Random(seed: seed &+ 1000)
    let board = HostileBoard(kind: seed)
    var tick: UInt64 = 0
    for _ in 0..<Self.steps / 100 {
      for _ in 0..<30 {
        tick += random.wait(until: board.board.nextDeadline, from: tick)
        for access in random.program() { _ = board.perform(access, at: tick) }
      }
      var writer = StateWriter()
      board.board.save(into: &writer)
      var bytes = writer.bytes
      for _ in 0...random.next(3) { bytes[Int(random.next(UInt64(bytes.count)))] = random.byte() }
      let other = HostileBoard(kind: seed)
      var reader = StateReader(bytes)
      guard (try? other.board.load(from: &reader)) != nil else { continue }
      var later = tick
      for _ in 0..<30 {
        later += random.wait(until: other.board.nextDeadline, from: later)
        for access in random.program() { _ = other.perform(access, at: later) }
      }
    }
  }
}

/// One thing that a hostile guest, or its user, does.
private enum Access {
  case read(UInt16, width: Int)
  case write(UInt16, width: Int, UInt32)
  case type(String)
  case receive([UInt8])
  case acknowledge
  case look
}

/// A board with all drives, and memory for its DMA.
private final class HostileBoard {
  let board: Board
  private let kind: UInt64
  private let memory = Memory()

  init(kind: UInt64) {
    self.kind = kind
    board = Board.sample()
    board.directMemory = memory
    board.attach(disk: Medium(sectors: 300 + kind % 5 * 1000), at: 0)
    if kind & 1 != 0 { board.attach(disk: Medium(sectors: 1), at: 1) }
    board.attach(disc: Medium(sectors: 1 + kind * 7 % 4000), at: 2)
    if kind & 2 != 0 { board.attach(disc: Medium(sectors: 64), at: 3) }
    board.attach(floppy: Medium(sectors: [2880, 5760, 720, 2400, 100][Int(kind % 5)]))
    board.attach(firmwareFile: "a/file", [1, 2, 3])
  }

  /// The devices' state; memory and screen beside it.
  var state: [UInt8] {
    var writer = StateWriter()
    board.save(into: &writer)
    return writer.bytes + memory.bytes
  }

  /// Another board in the same state.
  func copy() throws -> HostileBoard {
    var writer = StateWriter()
    board.save(into: &writer)
    let copy = HostileBoard(kind: kind)
    var reader = StateReader(writer.bytes)
    try copy.board.load(from: &reader)
    try #require(reader.isAtEnd)
    copy.memory.bytes = memory.bytes
    copy.board.videoMemory.copyMemory(from: board.videoMemory, byteCount: Board.videoMemorySize)
    return copy
  }

  /// What the guest sees of it.
  func perform(_ access: Access, at tick: UInt64) -> [UInt64] {
    switch access {
    case .read(let port, let width):
      return [UInt64(board.readPort(port, width: width, at: tick)), board.nextDeadline]
    case .write(let port, let width, let value):
      board.writePort(port, width: width, value: value, at: tick)
    case .type(let text): board.keyboard.type(text)
    case .receive(let bytes):
      board.receiveSerial(bytes, on: bytes.count & 1 == 0 ? .com1 : .com2, at: tick)
    case .acknowledge:
      board.advance(to: tick)
      return board.interruptLine ? [UInt64(board.acknowledgeInterrupt(at: tick))] : []
    case .look:
      let screen = board.textScreen()
      precondition(screen.cells.count == screen.columns * screen.rows)
      precondition(screen.cursor.map { screen.cells.indices.contains($0) } ?? true)
      _ = board.takeSerialOutput()
      _ = board.takeSerialOutput(of: .com2)
      _ = board.takeDebugOutput()
      _ = board.takeSounds()
      return [UInt64(screen.rows)]
    }
    return [board.nextDeadline, board.interruptLine ? 1 : 0]
  }

  /// Sectors that fail now and then, with changes that are part of the state.
  private final class Medium: DiskMedium {
    let sectorCount: UInt64
    private var changes: [UInt64: [UInt8]] = [:]

    init(sectors: UInt64) { sectorCount = sectors }

    func read(_ sector: UInt64, into bytes: UnsafeMutableRawBufferPointer) -> Bool {
      precondition(sector < sectorCount && bytes.count == 512)
      if let sectorBytes = changes[sector] {
        bytes.copyBytes(from: sectorBytes)
      } else {
        bytes.initializeMemory(as: UInt8.self, repeating: UInt8(truncatingIfNeeded: sector))
      }
      return sector % 61 != 60
    }

    func write(_ sector: UInt64, from bytes: UnsafeRawBufferPointer) -> Bool {
      precondition(sector < sectorCount && bytes.count == 512)
      changes[sector] = Array(bytes)
      return sector % 59 != 58
    }

    func flush() -> Bool { true }

    func save(into writer: inout StateWriter) {
      writer.write(UInt32(changes.count))
      for sector in changes.keys.sorted() {
        writer.write(sector)
        writer.write(changes[sector] ?? [])
      }
    }

    func load(from reader: inout StateReader) throws(StateError) {
      changes = [:]
      for _ in 0..<(try reader.read(UInt32.self)) {
        let sector: UInt64 = try reader.read()
        changes[sector] = try reader.readArray()
      }
    }
  }

  private final class Memory: DirectMemory {
    var bytes = [UInt8](repeating: 0, count: 0x1_0000)
    func read(_ address: UInt32) -> UInt8 { bytes[Int(address & 0xFFFF)] }
    func write(_ address: UInt32, _ byte: UInt8) { bytes[Int(address & 0xFFFF)] = byte }
  }
}

/// Numbers at random, the same for the same seed, and what a hostile guest makes of them.
private struct Random {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next(_ bound: UInt64) -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return (state &* 0x2545_F491_4F6C_DD1D) >> 33 % bound
  }

  mutating func byte() -> UInt8 { UInt8(next(256)) }

  mutating func pick<T>(_ values: [T]) -> T { values[Int(next(UInt64(values.count)))] }

  /// How long until the next accesses: often up to what happens next by itself.
  mutating func wait(until deadline: UInt64, from tick: UInt64) -> UInt64 {
    switch next(8) {
    case 0, 1, 2: return next(50)
    case 3: return next(100_000)
    case 4 where next(50) == 0: return next(1 << 36)
    default:
      guard deadline > tick, deadline < .max else { return next(10) }
      return min(deadline - tick, 1 << 36)
    }
  }

  /// A few accesses that belong together.
  mutating func program() -> [Access] {
    switch next(24) {
    case 0...4: return [anywhere()]
    case 5...7: return disk()
    case 8...10: return packet()
    case 11...13: return floppy()
    case 14: return timer()
    case 15, 16: return keyboard()
    case 17: return clock()
    case 18: return serial()
    case 19, 20: return video()
    case 21: return interrupts()
    case 22: return [.look]
    default: return [.acknowledge]
    }
  }

  private func out(_ port: UInt16, _ value: UInt8) -> Access {
    .write(port, width: 1, UInt32(value))
  }

  private static let ports: [UInt16] =
    Array(0x00...0x0F) + [0x20, 0x21, 0xA0, 0xA1, 0x4D0, 0x4D1] + Array(0x40...0x43)
    + [0x60, 0x61, 0x64, 0x70, 0x71, 0x92, 0xE9, 0xF0, 0xF4, 0x402, 0x510, 0x511, 0xCF9]
    + Array(0x80...0x8F) + Array(0xC0...0xDF) + Array(0x170...0x177) + Array(0x1F0...0x1F7)
    + Array(0x2F8...0x2FF) + Array(0x3B0...0x3DF) + Array(0x3F0...0x3FF) + [0x376]

  private mutating func anywhere() -> Access {
    let port = next(16) == 0 ? UInt16(next(0x1_0000)) : pick(Self.ports)
    let width = pick([1, 1, 1, 1, 2, 4])
    let value = UInt32(next(next(2) == 0 ? 16 : 1 << 31)) &* 3
    return next(2) == 0 ? .read(port, width: width) : .write(port, width: width, value)
  }

  /// Moves words through a data port: as many as there are, fewer or more.
  private mutating func pump(_ port: UInt16) -> [Access] {
    let count = pick([0, 1, 5, 128, 256, 256, 300, 1024, 1024])
    let width = pick([2, 2, 2, 4, 1])
    let isRead = next(2) == 0
    return (0..<count).map { _ in
      isRead ? .read(port, width: width) : .write(port, width: width, UInt32(next(1 << 31)))
    } + [.read(port + 7, width: 1)]
  }

  private mutating func disk() -> [Access] {
    let base: UInt16 = pick([0x1F0, 0x1F0, 0x170])
    let commands: [UInt8] = [
      0x20, 0x20, 0x21, 0x30, 0x30, 0x40, 0x70, 0x90, 0x91, 0xC4, 0xC5, 0xC6, 0xE7, 0xEC, 0xEF,
      0xE5,
      0x08, 0xA0, 0xA1, 0x10,
    ]
    var accesses = [
      out(base + 6, pick([0xA0, 0xB0, 0xE0, 0xF0]) | (next(4) == 0 ? byte() & 15 : 0))
    ]
    for register: UInt16 in 1...5 where next(3) > 0 {
      accesses.append(out(base + register, next(2) == 0 ? UInt8(next(5)) : byte()))
    }
    accesses.append(out(base + 7, next(16) == 0 ? byte() : pick(commands)))
    if next(24) == 0 { accesses.append(out(base + 0x206, byte())) }
    return accesses + pump(base)
  }

  private mutating func packet() -> [Access] {
    let base: UInt16 = next(8) == 0 ? 0x1F0 : 0x170
    guard next(3) > 0 else { return pump(base) }
    let commands: [UInt8] = [
      0x00, 0x03, 0x12, 0x1B, 0x1E, 0x25, 0x28, 0x28, 0x28, 0x2B, 0x43, 0x44, 0x4E, 0x5A, 0xA8,
      0xB9,
      0xBB, 0xBD, 0xBE,
    ]
    var bytes = (0..<12).map { _ in next(2) == 0 ? 0 : UInt8(next(4)) }
    bytes[0] = next(16) == 0 ? byte() : pick(commands)
    bytes[Int(1 + next(11))] = byte()
    var accesses = [
      out(base + 6, pick([0xA0, 0xA0, 0xB0])), out(base + 1, UInt8(next(8) == 0 ? 1 : 0)),
      out(base + 4, byte()), out(base + 5, UInt8(next(16))), out(base + 7, 0xA0),
      .read(base + 7, width: 1), .type(""),
    ]
    if next(3) > 0 { accesses.append(.acknowledge) }
    for index in 0..<6 {
      let word = UInt32(bytes[index * 2]) | UInt32(bytes[index * 2 + 1]) << 8
      accesses.append(.write(base, width: 2, word))
    }
    return accesses
  }

  private mutating func floppy() -> [Access] {
    var accesses: [Access] = []
    if next(3) == 0 { accesses += [out(0x3F2, pick([0x1C, 0x1C, 0x1C, 0x18, 0x0C, 0x2D]))] }
    if next(6) == 0 { accesses += [out(0x3F7, UInt8(next(4)))] }
    if next(2) == 0 {
      accesses += [
        out(0x0A, 6), out(0x0C, 0), out(0x0B, pick([0x46, 0x4A, 0x56, 0x42, 0x66, byte()])),
      ]
      for _ in 0..<2 { accesses.append(out(0x04, byte())) }
      for value in [byte(), UInt8(next(8))] { accesses.append(out(0x05, value)) }
      accesses += [out(0x81, byte()), out(0x0A, 2)]
    }
    let commands: [UInt8] = [
      0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x08, 0x09, 0x0A, 0x0C, 0x0D, 0x0E, 0x0F, 0x10, 0x11,
      0x12,
      0x13, 0x14, 0x16, 0x18, 0x19, 0x1D, 0x02, 0xE6, 0xC5, 0x46, 0x45, 0x8F, 0xCF,
    ]
    accesses.append(out(0x3F5, next(16) == 0 ? byte() : pick(commands)))
    for _ in 0..<next(10) {
      accesses.append(out(0x3F5, next(4) == 0 ? byte() : pick([0, 0, 1, 2, 2, 18, 4])))
    }
    for _ in 0..<next(12) { accesses.append(.read(0x3F5, width: 1)) }
    return accesses
  }

  private mutating func timer() -> [Access] {
    let counter = next(3)
    return [
      out(0x43, UInt8(counter << 6) | byte() & 0x3F), out(0x40 + UInt16(counter), byte()),
      out(0x40 + UInt16(counter), UInt8(next(4))), .read(0x40 + UInt16(counter), width: 1),
      out(0x61, byte()), .read(0x61, width: 1), out(0x43, 0xC0 | byte()),
      .read(0x40 + UInt16(next(3)), width: 1),
    ]
  }

  private mutating func keyboard() -> [Access] {
    let text = (0..<next(4)).compactMap { _ in
      Unicode.Scalar(next(2) == 0 ? UInt32(next(128)) : 0xF700 + UInt32(next(0x200)))
    }.reduce(into: "") { $0.unicodeScalars.append($1) }
    return pick([
      [.type(text)], [.type(text), .read(0x60, width: 1)],
      [
        out(
          0x60,
          pick([0xED, 0xF0, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF9, 0xFB, 0xFC, 0xFE, 0xFF, byte()]))
      ],
      [out(0x64, byte()), out(0x60, byte())], [.read(0x64, width: 1), .read(0x60, width: 1)],
      [out(0x64, 0x60), out(0x60, pick([0x47, 0x07, 0x57]))], [out(0x64, 0xAE)],
    ])
  }

  private mutating func clock() -> [Access] {
    let register = next(2) == 0 ? UInt8(next(16)) : byte()
    return next(3) == 0
      ? [out(0x70, register), .read(0x71, width: 1)] : [out(0x70, register), out(0x71, byte())]
  }

  private mutating func serial() -> [Access] {
    let base: UInt16 = pick([0x3F8, 0x2F8])
    let received = (0..<next(40)).map { _ in byte() }
    return [
      out(base + 3, pick([0x03, 0x83, byte()])), out(base + UInt16(next(8)), byte()),
      .receive(received), .read(base + UInt16(next(8)), width: 1),
      out(base + 4, pick([0x0B, byte()])),
    ]
  }

  private mutating func video() -> [Access] {
    let port: UInt16 = pick([0x3C4, 0x3CE, 0x3D4, 0x3B4])
    return pick([
      [.write(port, width: 2, UInt32(next(1 << 16)))],
      [.read(0x3DA, width: 1), out(0x3C0, byte())],
      [out(0x3C0, byte()), out(0x3C0, byte())], [out(0x3C2, byte())], [.read(port + 1, width: 1)],
      [out(0x3C8, byte()), out(0x3C9, byte()), .read(0x3C9, width: 1)], [out(0x3C0, 0x20), .look],
    ])
  }

  private mutating func interrupts() -> [Access] {
    let base: UInt16 = pick([0x20, 0xA0])
    return pick([
      [
        out(base, 0x11 | byte() & 0x0E), out(base + 1, byte()), out(base + 1, byte()),
        out(base + 1, byte()),
      ],
      [out(base, byte())], [out(base + 1, byte())], [out(base, 0x0C), .read(base, width: 1)],
      [out(base, 0x20), .acknowledge],
    ])
  }
}
