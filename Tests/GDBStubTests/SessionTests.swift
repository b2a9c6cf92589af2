import Machine
import Testing
import X86

@testable import GDBStub

/// What gdb sends and gets, without a gdb.
@Suite struct SessionTests {
  /// A session about Ringlet before its first instruction.
  private static func session() throws -> Session {
    let library = try #require(GuestLibrary(program: CommandLine.arguments[0]))
    let image = try FileContents(path: try #require(library.path(of: "ringlet")))
    var configuration = Machine.Configuration()
    configuration.memory = 16
    return Session(History(try Machine(configuration, guest: Guest(image: image))))
  }

  /// Sends a packet, lets the machine run until it stops, and takes the reply out of its frame.
  private static func ask(_ session: Session, _ body: String) -> String {
    var output = session.receive(Packet.framed(Array(body.utf8)))
    var rounds = 0
    while session.isRunning && rounds < 500 {
      output += session.run(instructions: 200_000)
      rounds += 1
    }
    return Self.bodies(output).last ?? ""
  }

  /// The bodies of packets in a stream.
  private static func bodies(_ bytes: [UInt8]) -> [String] {
    var reader = PacketReader()
    return bytes.compactMap { byte in
      guard case .packet(let body) = reader.take(byte) else { return nil }
      return String(decoding: body, as: UTF8.self)
    }
  }

  private static func register(_ session: Session, _ name: String) throws -> UInt32 {
    let number = try #require(Registers.all.firstIndex { $0.name == name })
    let digits = Array(ask(session, "p" + String(number, radix: 16)).utf8)
    return try #require(Hex.bytes(digits)).reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  @Test func packetsSurviveTheirFrame() {
    for body in ["", "OK", "a#b$c}d*e", String(repeating: "x", count: 5_000)] {
      #expect(Self.bodies(Packet.framed(Array(body.utf8))) == [body])
    }
    var reader = PacketReader()
    let arrivals = Array("$g#00\u{3}-+$g#67".utf8).compactMap { reader.take($0) }
    #expect(arrivals == [.broken, .interrupt, .again, .packet(Array("g".utf8))])
  }

  @Test func registersAreThoseOfTheDescription() throws {
    let session = try Self.session()
    let size = Registers.core.reduce(0) { $0 + $1.size / 8 }
    #expect(size == 16 * 4 + 8 * 10 + 8 * 4, "what gdb expects of an i386")
    let all = Self.ask(session, "g")
    #expect(all.utf8.count == 2 * (size + Registers.system.count * 4))
    #expect(try Self.register(session, "eax") == 0x2BAD_B002)
    #expect(try Self.register(session, "cs") == 0x10)
    #expect(try Self.register(session, "cr0") & 1 == 1)
    #expect(Self.ask(session, "P0=78563412") == "OK")
    #expect(try Self.register(session, "eax") == 0x1234_5678)
    #expect(Self.ask(session, "P" + String(10, radix: 16) + "=08000000") == "E01", "CS is not ours")
    #expect(Self.ask(session, "G" + all) == "OK")
    #expect(try Self.register(session, "eax") == 0x2BAD_B002)
  }

  @Test func theDescriptionComesInParts() throws {
    let session = try Self.session()
    var document = ""
    while true {
      let offset = String(document.utf8.count, radix: 16)
      let part = Self.ask(session, "qXfer:features:read:target.xml:\(offset),80")
      document += part.dropFirst()
      if part.first == "l" { break }
      try #require(part.first == "m")
    }
    #expect(document == TargetDescription.document)
    #expect(Self.ask(session, "qXfer:features:read:target.xml:fffff,80") == "l")
    #expect(Self.ask(session, "qXfer:features:read:other.xml:0,80") == "E00")
  }

  @Test func memoryIsReadAndWritten() throws {
    let session = try Self.session()
    let before = Self.ask(session, "m100000,8")
    #expect(before.utf8.count == 16)
    #expect(Self.ask(session, "M200000,4:deadbeef") == "OK")
    #expect(Self.ask(session, "m200000,4") == "deadbeef")
    #expect(Self.ask(session, "X200000,2:#A") == "OK")
    #expect(Self.ask(session, "m200000,4") == "2341beef")
    #expect(Self.ask(session, "mf0000000,4") == "E01")
    #expect(Self.ask(session, "Mf0000000,1:00") == "E01")
    #expect(Self.ask(session, "M200000,4:dead") == "E01")
  }

  @Test func stepsAndBreakpointsGoBothWays() throws {
    let session = try Self.session()
    let entry = try Self.register(session, "eip")
    var trail = [entry]
    for _ in 0..<50 {
      #expect(Self.ask(session, "vCont;s:1") == "T05thread:1;")
      trail.append(try Self.register(session, "eip"))
    }
    let goal = trail[40]
    for eip in trail.dropLast().reversed() {
      #expect(Self.ask(session, "bs") == "T05thread:1;")
      #expect(try Self.register(session, "eip") == eip)
    }
    #expect(Self.ask(session, "bs").contains("replaylog:begin"))
    let address = String(goal, radix: 16)
    #expect(Self.ask(session, "Z0,\(address),1") == "OK")
    #expect(Self.ask(session, "c") == "T05thread:1;swbreak:;")
    #expect(try Self.register(session, "eip") == goal)
    let first = session.machine.ticks
    #expect(Self.ask(session, "z0,\(address),1") == "OK")
    for _ in 0..<100 { _ = Self.ask(session, "s") }
    #expect(Self.ask(session, "Z1,\(address),1") == "OK")
    #expect(Self.ask(session, "bc") == "T05thread:1;hwbreak:;")
    #expect(try Self.register(session, "eip") == goal && session.machine.ticks >= first)
    while session.machine.ticks > first { _ = Self.ask(session, "bc") }
    #expect(session.machine.ticks == first)
    #expect(Self.ask(session, "bc") == "T05thread:1;replaylog:begin;")
    #expect(try Self.register(session, "eip") == entry)
  }

  @Test func watchpointsStopBehindTheWriteAndBeforeItOnTheWayBack() throws {
    let session = try Self.session()
    // A place on Ringlet's stack that is written to soon.
    for _ in 0..<2_000 { _ = Self.ask(session, "s") }
    let esp = try Self.register(session, "esp") - 4
    let address = String(esp, radix: 16)
    #expect(Self.ask(session, "Z2,\(address),4") == "OK")
    #expect(Self.ask(session, "c") == "T05thread:1;watch:\(address);")
    let behind = session.machine.ticks
    let value = Self.ask(session, "m\(address),4")
    for _ in 0..<3 { _ = Self.ask(session, "s") }
    while session.machine.ticks > behind - 1 {
      #expect(Self.ask(session, "bc") == "T05thread:1;watch:\(address);")
    }
    #expect(session.machine.ticks == behind - 1)
    #expect(Self.ask(session, "s") == "T05thread:1;watch:\(address);")
    #expect(Self.ask(session, "m\(address),4") == value)
    #expect(Self.ask(session, "z2,\(address),4") == "OK")
  }

  /// Whatever gdb looked at on the way, the guest's run is what it would have been.
  @Test func watchingLeavesNoTrace() throws {
    let session = try Self.session()
    #expect(Self.ask(session, "Z0,0,1") == "OK")
    #expect(Self.ask(session, "Z3,100000,1000") == "OK")
    let entry = try Self.register(session, "eip")
    for offset in UInt32(0)..<40 {
      _ = Self.ask(session, "Z1,\(String(entry + offset, radix: 16)),1")
    }
    for _ in 0..<100 { _ = Self.ask(session, "c") }
    for _ in 0..<10 { _ = Self.ask(session, "bc") }
    session.close()
    session.history.go(to: .tick(3_000_000))
    let plain = try Self.session()
    _ = plain.machine.run(until: 3_000_000)
    #expect(session.machine.digest == plain.machine.digest)
  }

  @Test func aRunningGuestIsInterrupted() throws {
    let session = try Self.session()
    _ = session.receive(Packet.framed(Array("c".utf8)))
    #expect(session.run(instructions: 100_000).isEmpty && session.isRunning)
    #expect(Self.bodies(session.receive([3])) == ["T02thread:1;"])
    #expect(!session.isRunning)
  }

  @Test func detachAndKillEndTheSession() throws {
    let session = try Self.session()
    #expect(Self.ask(session, "D;1") == "OK" && session.ending == .detached)
    let other = try Self.session()
    #expect(Self.ask(other, "vKill;1") == "OK" && other.ending == .killed)
  }

  /// Bytes of all kinds, most of them in frames with right checksums and known letters.
  @Test func hostilePacketsDoNoHarm() throws {
    var generator = SystemNumbers(seed: 3)
    let letters = Array("?gGpPmMXZzsScCbvqQHTDk!aAdFiIrRtBjJ".utf8)
    let words = [
      "vCont;", "vCont?", "qXfer:features:read:target.xml:", "qRcmd,", "qSupported:", "Z0,", "Z2,",
      "Z4,", "m", "M", "X", "bs", "bc", "P", "vKill;", "qfThreadInfo", "QStartNoAckMode", "Hg",
    ]
    let alphabet = Array("0123456789abcdefABCDEF,;:=#$}*-\u{0}\u{3}\u{FF}".utf8)
    var session = try Self.session()
    for round in 0..<2_000 {
      var body: [UInt8] = []
      if round % 2 == 0 {
        body.append(letters[generator.below(letters.count)])
      } else {
        body += Array(words[generator.below(words.count)].utf8)
      }
      for _ in 0..<generator.below(24) { body.append(alphabet[generator.below(alphabet.count)]) }
      var bytes = Packet.framed(body)
      if round % 7 == 0 { bytes[generator.below(bytes.count)] = UInt8(generator.below(256)) }
      _ = session.receive(bytes)
      _ = session.run(instructions: 2_000)
      if session.isRunning { _ = session.receive([3]) }
      if session.ending != nil { session = try Self.session() }
    }
    for _ in 0..<200 {
      _ = session.receive((0..<500).map { _ in UInt8(generator.below(256)) })
      if session.ending != nil { session = try Self.session() }
    }
    _ = session.receive([UInt8(ascii: "$")] + [UInt8](repeating: 65, count: 100_000))
    #expect(Self.bodies(session.receive(Packet.framed(Array("?".utf8)))).last == "T05thread:1;")
  }
}

/// Numbers that look random and are the same in every run.
private struct SystemNumbers {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func below(_ limit: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % limit
  }
}
