import Testing
import X86

@testable import Machine

/// Recordings and snapshots in files: what was written is read, and nothing else is.
@Suite struct StoredFileTests {
  private static func machine(
    _ name: String = "ringlet", _ mode: Mode = .emulation
  ) throws -> Machine {
    var configuration = Machine.Configuration()
    configuration.mode = mode
    if mode != .emulation {
      configuration.labProfile = mode.usesVirtualMachines ? .amdSVM : .virtualizable
    }
    configuration.memory = name == "ringlet" ? 16 : 2
    return try Machine(configuration, guest: Guest(image: try ImageFiles.built(name)))
  }

  private static func description() throws -> MachineDescription {
    MachineDescription(
      options: ["memory": "64", "append": "a b"],
      files: [.init(.image, name: "ringlet", contents: try ImageFiles.built("ringlet"))])
  }

  private static func recording() throws -> Recording {
    let machine = try machine()
    _ = machine.run(until: 3_000_000)
    machine.receive(.serial(Array("help\r".utf8)))
    _ = machine.run(until: 4_000_000)
    machine.receive(.keys("ps\n\u{F700}"))
    _ = machine.run(until: 5_000_000)
    return Recording(
      machine: try description(), journal: machine.journal, end: .init(of: machine, stop: "until"))
  }

  private static func bytes(_ path: String) throws -> [UInt8] {
    let file = try FileContents(path: path)
    return withExtendedLifetime(file) { Array(file.bytes) }
  }

  /// The sentence with which a file of these bytes is refused; nil if it is taken.
  private static func refusal(_ bytes: [UInt8], _ open: (String) throws -> Void) throws -> String? {
    try ImageFiles.withFile(bytes) { path in
      do {
        try open(path)
        return nil
      } catch let error as FileError {
        return error.description
      }
    }
  }

  @Test func hashesAreThoseOfTheStandard() {
    func digits(_ text: String) -> String {
      Array(text.utf8).withUnsafeBytes { SHA256.digits(of: $0) }
    }
    #expect(
      digits("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(digits("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      digits(String(repeating: "a", count: 1_000_000))
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    var checksum = CRC32()
    Array("123456789".utf8).withUnsafeBytes { checksum.combine($0) }
    #expect(checksum.value == 0xCBF4_3926)
  }

  @Test func aRecordingIsReadAsItWasWritten() throws {
    try ImageFiles.withName { path in
      let recording = try Self.recording()
      try recording.write(path: path)
      #expect(try Recording(path: path) == recording)
      let machine = try Self.machine()
      machine.replay(try Recording(path: path).journal)
      _ = machine.run(until: recording.end.ticks)
      #expect(Recording.End(of: machine, stop: "until") == recording.end)
    }
  }

  @Test(arguments: Mode.allCases) func aSnapshotIsTheWholeMachine(mode: Mode) throws {
    try ImageFiles.withName { path in
      let machine = try Self.machine("ringlet", mode)
      _ = machine.run(until: 3_000_000)
      machine.receive(.serial(Array("ls | wc\rspin 2\rps\r".utf8)))
      _ = machine.run(until: 3_456_789)
      try machine.writeSnapshot(of: try Self.description(), path: path)
      let file = try SnapshotFile(path: path)
      #expect(file.description == (try Self.description()))
      let clone = try Self.machine("ringlet", mode)
      try file.apply(to: clone)
      #expect(clone.digest == machine.digest)
      #expect(clone.cpu.log.count == machine.cpu.log.count)
      for end in [3_456_790, 3_500_000, 9_000_000] as [UInt64] {
        _ = machine.run(until: end)
        _ = clone.run(until: end)
        #expect(clone.digest == machine.digest)
        // Translations are no part of a snapshot, and making them anew is in the ledger.
        if mode != .fullTranslate { #expect(clone.cpu.log.count == machine.cpu.log.count) }
      }
      clone.receive(.serial(Array("help\r".utf8)))
      _ = clone.run(until: 12_000_000)
      _ = machine.run(until: 12_000_000)
      #expect(clone.digest != machine.digest, "a clone goes its own way")
    }
  }

  @Test func aSnapshotKeepsWhatIsOnTheDisks() throws {
    try ImageFiles.withFile([UInt8](repeating: 7, count: 4096)) { disk in
      try ImageFiles.withName { path in
        func machine() throws -> Machine {
          let file = try DiskFile(path: disk, writable: false)
          return try Machine(ImageFiles.kernel()) {
            $0.disks = [file]
          }
        }
        let first = try machine()
        let sector = [UInt8](repeating: 9, count: 512)
        _ = sector.withUnsafeBytes { first.disks[0].write(3, from: $0) }
        try first.writeSnapshot(of: MachineDescription(options: [:], files: []), path: path)
        let second = try machine()
        try SnapshotFile(path: path).apply(to: second)
        #expect(second.disks[0].changed == [3: sector])
        #expect(second.digest == first.digest)
        let other = try Machine(ImageFiles.kernel())
        let digest = other.digest
        #expect(throws: FileError.self) { try SnapshotFile(path: path).apply(to: other) }
        #expect(other.digest == digest, "a machine that cannot take it stays as it is")
      }
    }
  }

  @Test func truncationsAndFlippedBitsAreRefused() throws {
    try ImageFiles.withName { path in
      try Self.recording().write(path: path)
      let recording = try Self.bytes(path)
      for length in 0..<recording.count {
        #expect(
          try Self.refusal(Array(recording[..<length])) { _ = try Recording(path: $0) } != nil)
      }
      for bit in stride(from: 0, to: recording.count * 8, by: 3) {
        var damaged = recording
        damaged[bit / 8] ^= 1 << UInt8(bit % 8)
        let refusal = try Self.refusal(damaged) { _ = try Recording(path: $0) }
        #expect(refusal?.contains("\n") == false, "bit \(bit)")
      }
      let machine = try Self.machine("hello")
      _ = machine.run(until: 1_000)
      try machine.writeSnapshot(of: try Self.description(), path: path)
      let snapshot = try Self.bytes(path)
      var generator = SplitMix(seed: 1)
      for _ in 0..<500 {
        var damaged = snapshot
        if generator.next() & 1 == 0 {
          let bit = Int(generator.next() % UInt64(snapshot.count * 8))
          damaged[bit / 8] ^= 1 << UInt8(bit % 8)
        } else {
          damaged.removeLast(Int(generator.next() % UInt64(snapshot.count - 1)) + 1)
        }
        #expect(try Self.refusal(damaged) { _ = try SnapshotFile(path: $0) } != nil)
      }
    }
  }

  /// With the checksums made to fit, nonsense reaches further in. It may be taken for a strange
  /// machine, but nothing breaks, and a machine that refuses it is what it was.
  @Test(arguments: Mode.allCases) func wellMadeNonsenseDoesNoHarm(mode: Mode) throws {
    // A hypervisor takes no kernel but one that knows it, and to start that takes longer.
    let (guest, rounds) = mode == .para ? ("ringlet", 400) : ("hello", 400)
    try ImageFiles.withName { path in
      let machine = try Self.machine(guest, mode)
      _ = machine.run(until: 1_000)
      try machine.writeSnapshot(of: try Self.description(), path: path)
      let snapshot = try Self.bytes(path)
      let chunks = Chunk.all(in: snapshot)
      var generator = SplitMix(seed: 2)
      var (refused, taken) = (0, 0)
      for round in 0..<rounds {
        let small = chunks.filter { $0.name != "RAM " && !$0.bytes.isEmpty }
        let victim = small[round % small.count]
        var bytes = victim.bytes
        let place = Int(generator.next() % UInt64(bytes.count))
        bytes[place] = round % 3 == 0 ? 0xFF : UInt8(truncatingIfNeeded: generator.next())
        let file =
          Array(snapshot[..<victim.start])
          + Chunk.encoded(victim.name, bytes) + snapshot[victim.end...]
        let target = try Self.machine(guest, mode)
        let before = target.digest
        if try Self.refusal(file, { try SnapshotFile(path: $0).apply(to: target) }) != nil {
          refused += 1
          #expect(target.digest == before)
        } else {
          taken += 1
          _ = target.run(until: target.ticks + 2_000)
        }
      }
      #expect(refused > 50 && taken > 30, "\(refused) refused, \(taken) taken")
    }
  }

  @Test func chunksOfAnotherTimeAreSkipped() throws {
    try ImageFiles.withName { path in
      let recording = try Self.recording()
      try recording.write(path: path)
      let bytes = try Self.bytes(path)
      let news = Chunk.encoded("NEWS", [1, 2, 3])
      let first = try #require(Chunk.all(in: bytes).first)
      let longer = Array(bytes[..<first.start]) + news + bytes[first.start...]
      let read = try ImageFiles.withFile(longer) { try Recording(path: $0) }
      #expect(read == recording)
    }
  }

  @Test func otherFilesAreToldApart() throws {
    try ImageFiles.withName { path in
      func sentence(_ body: () throws -> Void) -> String {
        do { try body() } catch { return "\(error)" }
        return ""
      }
      #expect(sentence { _ = try Recording(path: "/nonexistent") }.contains("no such file"))
      #expect(sentence { _ = try Recording(path: "/tmp") }.contains("cannot be read"))
      #expect(sentence { _ = try Recording(path: "/etc/passwd") }.contains("is no recording"))
      try Self.recording().write(path: path)
      #expect(sentence { _ = try SnapshotFile(path: path) }.contains("ringside replay"))
      var newer = try Self.bytes(path)
      newer[12] = 77
      #expect(
        try Self.refusal(newer) { _ = try Recording(path: $0) }?.contains("version 77") == true)
    }
  }

  @Test func aFileThatCannotBeWrittenLeavesTheOldOne() throws {
    try ImageFiles.withName { path in
      try Self.recording().write(path: path)
      let before = try Self.bytes(path)
      #expect(throws: FileError.self) {
        try Self.recording().write(path: path + "/nothing")
      }
      #expect(throws: FileError.self) { try Self.recording().write(path: "/nonexistent/x") }
      #expect(try Self.bytes(path) == before)
      let folder = String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
      #expect(try ImageFiles.files(in: folder) == ["file"], "nothing half written stays behind")
    }
  }
}

/// A chunk as Documentation/Files.md describes it, taken apart and put together anew.
private struct Chunk {
  var name: String
  var bytes: [UInt8]
  var start: Int
  var end: Int

  static func all(in file: [UInt8]) -> [Chunk] {
    var chunks: [Chunk] = []
    var start = 16
    while start < file.count {
      let length = (0..<8).reduce(0) { $0 | Int(file[start + 4 + $1]) << ($1 * 8) }
      let name = String(decoding: file[start..<start + 4], as: UTF8.self)
      let end = start + 12 + length + 4
      chunks.append(
        Chunk(name: name, bytes: Array(file[start + 12..<end - 4]), start: start, end: end))
      start = end
    }
    return chunks
  }

  static func encoded(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
    var chunk = Array(name.utf8)
    for place in 0..<8 { chunk.append(UInt8(truncatingIfNeeded: bytes.count >> (place * 8))) }
    chunk += bytes
    var checksum = CRC32()
    chunk.withUnsafeBytes { checksum.combine($0) }
    for place in 0..<4 { chunk.append(UInt8(truncatingIfNeeded: checksum.value >> (place * 8))) }
    return chunk
  }
}
