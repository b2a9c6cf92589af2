import Machine
import X86

/// What gdb asks, one packet at a time (gdb manual, E.2). Whatever is not understood is answered
/// with nothing, as the protocol wants it; what is malformed, with an error.
extension Session {
  /// The reply to a packet; nil if it comes later, when the machine stops.
  func answer(_ body: [UInt8]) -> [UInt8]? {
    guard let command = body.first else { return [] }
    let rest = body.dropFirst()
    switch command {
    case UInt8(ascii: "?"): return text("T05thread:1;")
    case UInt8(ascii: "g"): return Registers.all.flatMap { Hex.digits(of: $0.read(machine.cpu)) }
    case UInt8(ascii: "G"): return writeRegisters(rest)
    case UInt8(ascii: "p"): return readRegister(rest)
    case UInt8(ascii: "P"): return writeRegister(rest)
    case UInt8(ascii: "m"): return readMemory(rest)
    case UInt8(ascii: "M"), UInt8(ascii: "X"):
      return writeMemory(rest, isBinary: command == UInt8(ascii: "X"))
    case UInt8(ascii: "Z"), UInt8(ascii: "z"):
      return changePoint(rest, inserts: command == UInt8(ascii: "Z"))
    case UInt8(ascii: "s"), UInt8(ascii: "S"): return resumed(.step)
    case UInt8(ascii: "c"), UInt8(ascii: "C"): return resumed(.forward)
    case UInt8(ascii: "b"): return goBack(rest)
    case UInt8(ascii: "v"): return answerLong(String(decoding: body, as: UTF8.self))
    case UInt8(ascii: "q"), UInt8(ascii: "Q"): return query(String(decoding: body, as: UTF8.self))
    case UInt8(ascii: "H"), UInt8(ascii: "T"): return text("OK")
    case UInt8(ascii: "D"):
      end(.detached)
      return text("OK")
    case UInt8(ascii: "k"):
      end(.killed)
      return nil
    default: return []
    }
  }

  private func text(_ words: String) -> [UInt8] { Array(words.utf8) }
  private var error: [UInt8] { Array("E01".utf8) }

  private func resumed(_ motion: Motion) -> [UInt8]? {
    resume(motion)
    return nil
  }

  private func goBack(_ rest: ArraySlice<UInt8>) -> [UInt8]? {
    switch rest.first {
    case UInt8(ascii: "s"): return stepBack()
    case UInt8(ascii: "c"): return resumed(.back)
    default: return []
    }
  }

  private func answerLong(_ command: String) -> [UInt8]? {
    if command == "vCont?" { return text("vCont;c;C;s;S;t") }
    if command.hasPrefix("vKill") {
      end(.killed)
      return text("OK")
    }
    guard command.hasPrefix("vCont;") else { return [] }
    // There is one thread: the first action is its.
    switch command.dropFirst(6).first {
    case "c", "C": return resumed(.forward)
    case "s", "S": return resumed(.step)
    case "t": return text("OK")
    default: return error
    }
  }

  private func query(_ command: String) -> [UInt8]? {
    let name = command.prefix { $0 != ":" && $0 != "," && $0 != ";" }
    switch name {
    case "qSupported":
      return text(
        "PacketSize=\(String(Packet.limit, radix: 16));qXfer:features:read+;QStartNoAckMode+;"
          + "swbreak+;hwbreak+;vContSupported+;ReverseStep+;ReverseContinue+")
    case "qXfer": return transfer(command)
    case "QStartNoAckMode":
      stopAcknowledging()
      return text("OK")
    case "qAttached": return text("1")
    case "qC": return text("QC1")
    case "qfThreadInfo": return text("m1")
    case "qsThreadInfo": return text("l")
    case "qSymbol": return text("OK")
    case "qRcmd": return monitor(command.dropFirst(6))
    default: return []
    }
  }

  private func transfer(_ command: String) -> [UInt8] {
    let prefix = "qXfer:features:read:target.xml:"
    guard command.hasPrefix(prefix) else { return text("E00") }
    let numbers = command.dropFirst(prefix.count).split(separator: ",")
      .compactMap { Int($0, radix: 16) }
    let document = Array(TargetDescription.document.utf8)
    guard numbers.count == 2, numbers[0] >= 0, numbers[1] > 0 else { return error }
    let part = document.dropFirst(numbers[0]).prefix(min(numbers[1], Packet.limit / 2))
    let isLast = part.endIndex == document.endIndex || part.isEmpty
    return [UInt8(ascii: isLast ? "l" : "m")] + part
  }

  // MARK: Registers

  private func readRegister(_ rest: ArraySlice<UInt8>) -> [UInt8] {
    guard let number = number(rest), Registers.all.indices.contains(number) else { return error }
    return Hex.digits(of: Registers.all[number].read(machine.cpu))
  }

  private func writeRegister(_ rest: ArraySlice<UInt8>) -> [UInt8] {
    let parts = rest.split(separator: UInt8(ascii: "="), maxSplits: 1)
    guard parts.count == 2, let number = number(parts[0]), Registers.all.indices.contains(number),
      let bytes = Hex.bytes(Array(parts[1]))
    else { return error }
    return set(Registers.all[number], bytes) ? text("OK") : error
  }

  private func writeRegisters(_ rest: ArraySlice<UInt8>) -> [UInt8] {
    guard var bytes = Hex.bytes(Array(rest))?[...] else { return error }
    for entry in Registers.all {
      let value = Array(bytes.prefix(entry.size / 8))
      guard value.count == entry.size / 8 else { break }
      bytes = bytes.dropFirst(value.count)
      if value != entry.read(machine.cpu), !set(entry, value) { return error }
    }
    return text("OK")
  }

  private func set(_ entry: Registers.Entry, _ bytes: [UInt8]) -> Bool {
    guard let register = entry.writable, bytes.count == 4 else { return false }
    let value = bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    history.receive(.register(register, value))
    return true
  }

  private func number(_ digits: some Sequence<UInt8>) -> Int? {
    Int(String(decoding: Array(digits), as: UTF8.self), radix: 16)
  }

  // MARK: Memory

  /// `address,length`, both within what there can be.
  func range(_ text: ArraySlice<UInt8>) -> (start: UInt32, size: Int)? {
    let parts = String(decoding: text, as: UTF8.self).split(separator: ",")
    guard parts.count == 2, let start = UInt32(parts[0], radix: 16),
      let size = Int(parts[1], radix: 16), (0...Packet.limit).contains(size)
    else { return nil }
    return (start, size)
  }

  /// As many bytes as can be read; an error if the first one cannot.
  private func readMemory(_ rest: ArraySlice<UInt8>) -> [UInt8] {
    guard let (start, size) = range(rest) else { return error }
    var bytes: [UInt8] = []
    for offset in 0..<min(size, Packet.limit / 2 - 2) {
      guard let byte = machine.cpu.peekByte(start &+ UInt32(offset)) else { break }
      bytes.append(byte)
    }
    return bytes.isEmpty && size > 0 ? error : Hex.digits(of: bytes)
  }

  private func writeMemory(_ rest: ArraySlice<UInt8>, isBinary: Bool) -> [UInt8] {
    guard let colon = rest.firstIndex(of: UInt8(ascii: ":")),
      let (start, size) = range(rest[..<colon]),
      let bytes = isBinary
        ? Array(rest[(colon + 1)...]) : Hex.bytes(Array(rest[(colon + 1)...])),
      bytes.count == size
    else { return error }
    // Page by page, after it is known that all of it goes into RAM.
    var pieces: [(PhysicalAddress, [UInt8])] = []
    for (offset, byte) in bytes.enumerated() {
      guard let address = machine.cpu.peekTranslate(start &+ UInt32(offset)),
        machine.cpu.memory.isWritable(at: address)
      else { return error }
      if let last = pieces.last, last.0 + UInt64(last.1.count) == address {
        pieces[pieces.count - 1].1.append(byte)
      } else {
        pieces.append((address, [byte]))
      }
    }
    for (address, piece) in pieces { history.receive(.memory(address, piece)) }
    return text("OK")
  }

  private func changePoint(_ rest: ArraySlice<UInt8>, inserts: Bool) -> [UInt8] {
    guard let kind = rest.first else { return error }
    let parameters = rest.dropFirst(2).prefix { $0 != UInt8(ascii: ";") }
    guard (UInt8(ascii: "0")...UInt8(ascii: "4")).contains(kind) else { return [] }
    guard let (start, size) = range(parameters),
      points.change(kind - UInt8(ascii: "0"), start, size, inserts: inserts)
    else { return error }
    machine.setWatch(points.watch)
    return text("OK")
  }

  // MARK: Monitor commands

  private func monitor(_ digits: Substring) -> [UInt8] {
    guard let bytes = Hex.bytes(Array(digits.utf8)) else { return error }
    let words = String(decoding: bytes, as: UTF8.self).split(separator: " ")
    let cpu = (cpl: machine.cpu.cpl, cr0: machine.cpu.cr0)
    let reply: String
    switch words.first {
    case "rings":
      let mode = cpu.cr0.contains(.protection) ? "protected mode" : "real mode"
      let paging = cpu.cr0.contains(.paging) ? ", paging" : ""
      let real = machine.ring == cpu.cpl ? "" : "; the processor is in ring \(machine.ring)"
      reply = "CPL \(cpu.cpl), \(mode)\(paging)\(real)\n"
    case "ticks":
      reply =
        "tick \(machine.ticks), instruction \(machine.instructions); history from tick "
        + "\(history.start) to \(history.latest)\n"
    default:
      reply =
        "monitor rings: the ring the guest believes in, and the real one\nmonitor ticks: where in time it is\n"
    }
    return Hex.digits(of: Array(reply.utf8))
  }
}
