import Chipset
import X86

/// A snapshot in a file: which machine, and what it was between two instructions.
public struct SnapshotFile {
  /// Which machine it is of.
  public let description: MachineDescription
  private let snapshot: Machine.Snapshot
  private let path: String

  /// Reads a snapshot. Throws for anything but an intact one.
  public init(path: String) throws(FileError) {
    self.path = path
    let file = try ChunkReader(path: path, kind: .snapshot)
    description = try file.description()
    snapshot = Machine.Snapshot(
      moment: try file.moment(), pages: try file.pages(), journal: Journal(), replay: [])
  }

  /// Makes a machine, built from the description, what the snapshot's was. Throws, and leaves the
  /// machine alone, if the snapshot is not one of such a machine.
  public func apply(to machine: Machine) throws(FileError) {
    guard machine.takes(snapshot) else {
      throw FileError(path, .damaged("it is none of the machine that it describes"))
    }
  }
}

extension Machine {
  /// Writes the machine as it is now to a file, which is there whole or as it was before. The
  /// machine may go on.
  public func writeSnapshot(of description: MachineDescription, path: String) throws(FileError) {
    let writer = try ChunkWriter(path: path, kind: .snapshot)
    try writer.add(description)
    try writer.add(moment(logLimit: 0))
    for address in cpu.memory.writablePages where address & 0xF_FFFF == 0 {
      try writer.add("RAM ", pages(in: address))
    }
    try writer.finish()
  }

  /// The pages of a MiB that are not zeros: for each its address and its bytes.
  private func pages(in start: PhysicalAddress) -> [UInt8] {
    var bytes: [UInt8] = []
    for address in stride(from: start, to: start + 1 << 20, by: 4096) {
      guard cpu.memory.isWritable(at: address), let host = cpu.memory.host(at: address) else {
        continue
      }
      let page = UnsafeRawBufferPointer(start: host, count: 4096)
      guard page.contains(where: { $0 != 0 }) else { continue }
      withUnsafeBytes(of: UInt64(address).littleEndian) { bytes.append(contentsOf: $0) }
      bytes.append(contentsOf: page)
    }
    return bytes
  }

  /// Becomes what a snapshot says, or stays what it is and answers false.
  fileprivate func takes(_ snapshot: Snapshot) -> Bool {
    guard snapshot.moment.disks.count == disks.count, !writesThrough,
      zip(disks, snapshot.moment.disks).allSatisfy({ disk, changed in
        changed.keys.allSatisfy { $0 < disk.sectorCount }
      })
    else { return false }
    var fits = true
    snapshot.pages.forEachPage { address, _ in
      fits = fits && cpu.memory.isWritable(at: address)
    }
    guard fits else { return false }
    guard (snapshot.moment.monitor == nil) == (monitor == nil) else { return false }
    // Only the devices can tell whether a state is theirs, and only the monitor whether it is its.
    let before = self.snapshot()
    var reader = StateReader(snapshot.moment.board, omittingMedia: true)
    guard (try? board.load(from: &reader)) != nil, reader.isAtEnd, take(snapshot) else {
      restore(before)
      return false
    }
    return true
  }
}

// MARK: - Chunks

extension ChunkWriter {
  /// The chunks `TIME`, `CPU `, `LEDG`, `MNTR`, `BORD` and `DISK`.
  fileprivate func add(_ moment: MachineState) throws(FileError) {
    var time = StateWriter()
    for number in [moment.ticks, moment.instructions, moment.checkedEvents] { time.write(number) }
    try add("TIME", time.bytes)
    var states = [("CPU ", moment.processor.words), ("LEDG", moment.log.counts)]
    if let words = moment.monitor { states.append(("MNTR", words)) }
    for (name, words) in states {
      var writer = StateWriter()
      for word in words { writer.write(word) }
      try add(name, writer.bytes)
    }
    try add("BORD", moment.board)
    for (place, sectors) in moment.disks.enumerated() {
      var writer = StateWriter()
      writer.write(UInt32(place))
      for (number, bytes) in sectors.sorted(by: { $0.key < $1.key }) {
        writer.write(number)
        for byte in bytes { writer.write(byte) }
      }
      try add("DISK", writer.bytes)
    }
  }
}

extension ChunkReader {
  fileprivate func moment() throws(FileError) -> MachineState {
    let (ticks, instructions, checkedEvents) = try one("TIME") { reader throws(StateError) in
      (try reader.read(UInt64.self), try reader.read(UInt64.self), try reader.read(UInt64.self))
    }
    guard let processor = ProcessorState(words: try words("CPU ")) else { throw senseless("CPU ") }
    guard let log = TransitionLogState(counts: try words("LEDG")) else { throw senseless("LEDG") }
    guard processor.time == (ticks, instructions), checkedEvents <= log.count else {
      throw senseless("TIME")
    }
    let monitor = all("MNTR").isEmpty ? nil : try words("MNTR")
    let board = try one("BORD") { reader throws(StateError) in reader.takeRest() }
    return MachineState(
      processor: processor, monitor: monitor, log: log, board: board, disks: try disks(),
      checkedEvents: checkedEvents, ticks: ticks, instructions: instructions)
  }

  private func words(_ name: String) throws(FileError) -> [UInt64] {
    try one(name) { reader throws(StateError) in
      var words: [UInt64] = []
      while !reader.isAtEnd { words.append(try reader.read()) }
      return words
    }
  }

  private func disks() throws(FileError) -> [[UInt64: [UInt8]]] {
    var disks: [[UInt64: [UInt8]]] = []
    for bytes in all("DISK") {
      let size = Int(DiskFile.sectorSize)
      guard bytes.count >= 4, (bytes.count - 4) % (8 + size) == 0,
        bytes.loadUnaligned(as: UInt32.self).littleEndian == disks.count
      else { throw senseless("DISK") }
      var sectors: [UInt64: [UInt8]] = [:]
      for place in stride(from: 4, to: bytes.count, by: 8 + size) {
        let number = bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self).littleEndian
        sectors[number] = Array(bytes[place + 8..<place + 8 + size])
      }
      disks.append(sectors)
    }
    return disks
  }

  /// The pages of all chunks `RAM `.
  fileprivate func pages() throws(FileError) -> PageTable {
    var table = PageTable(end: 1 << 32)
    for bytes in all("RAM ") {
      guard bytes.count % 4104 == 0, let start = bytes.baseAddress else {
        if bytes.isEmpty { continue }
        throw senseless("RAM ")
      }
      for place in stride(from: 0, to: bytes.count, by: 4104) {
        let address = bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self).littleEndian
        guard address & 0xFFF == 0, address < 1 << 32 else { throw senseless("RAM ") }
        let page = Page(meter: table.meter)
        page.keep(copying: start + place + 8)
        table[address] = page
      }
    }
    return table
  }
}
