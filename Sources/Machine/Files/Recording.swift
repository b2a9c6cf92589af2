import Chipset
import X86

/// A run that can be repeated: the machine that was started, all that came in from outside, and
/// how it ended.
public struct Recording: Sendable, Equatable {
  /// How a run ended.
  public struct End: Sendable, Equatable {
    /// Machine ticks.
    public var ticks: UInt64
    /// Guest instructions executed.
    public var instructions: UInt64
    /// Transitions recorded.
    public var events: UInt64
    /// The digest of the machine.
    public var digest: UInt64
    /// Why, in the word of `Stop.name`.
    public var stop: String

    /// The end of a machine's run.
    public init(of machine: Machine, stop: String) {
      ticks = machine.ticks
      instructions = machine.instructions
      events = machine.cpu.log.count
      digest = machine.digest
      self.stop = stop
    }

    fileprivate init(from reader: inout StateReader) throws(StateError) {
      ticks = try reader.read()
      instructions = try reader.read()
      events = try reader.read()
      digest = try reader.read()
      stop = try reader.readText()
    }
  }

  /// What was started.
  public var machine: MachineDescription
  /// What came in when.
  public var journal: Journal
  /// How it ended.
  public var end: End

  /// A run.
  public init(machine: MachineDescription, journal: Journal, end: End) {
    self.machine = machine
    self.journal = journal
    self.end = end
  }

  /// Reads a recording. Throws for anything but an intact one.
  public init(path: String) throws(FileError) {
    let reader = try ChunkReader(path: path, kind: .recording)
    machine = try reader.description()
    journal = try reader.one("JRNL") { reader throws(StateError) in try Journal(from: &reader) }
    end = try reader.one("LAST") { reader throws(StateError) in try End(from: &reader) }
    if let last = journal.entries.last, last.tick > end.ticks { throw reader.senseless("JRNL") }
  }

  /// Writes the recording; the file is there whole or as it was before.
  public func write(path: String) throws(FileError) {
    let writer = try ChunkWriter(path: path, kind: .recording)
    try writer.add(machine)
    var inputs = StateWriter()
    journal.save(into: &inputs)
    try writer.add("JRNL", inputs.bytes)
    var last = StateWriter()
    for number in [end.ticks, end.instructions, end.events, end.digest] { last.write(number) }
    last.write(end.stop)
    try writer.add("LAST", last.bytes)
    try writer.finish()
  }
}

extension Journal {
  /// How the kinds of input are numbered in files.
  private enum Kind: UInt8 { case serial = 1, keys, secondSerial, memory, register, controlBlock }

  fileprivate func save(into writer: inout StateWriter) {
    for entry in entries {
      writer.write(entry.tick)
      switch entry.input {
      case .serial(let bytes):
        writer.write(Kind.serial.rawValue)
        writer.write(bytes)
      case .keys(let text):
        writer.write(Kind.keys.rawValue)
        writer.write(text)
      case .secondSerial(let bytes):
        writer.write(Kind.secondSerial.rawValue)
        writer.write(bytes)
      case .memory(let address, let bytes):
        writer.write(Kind.memory.rawValue)
        writer.write(address)
        writer.write(bytes)
      case .register(let register, let value):
        writer.write(Kind.register.rawValue)
        writer.write(register.number)
        writer.write(value)
      case .controlBlock(let field, let value):
        writer.write(Kind.controlBlock.rawValue)
        writer.write(UInt16(field.rawValue))
        writer.write(value)
      }
    }
  }

  fileprivate init(from reader: inout StateReader) throws(StateError) {
    self.init()
    while !reader.isAtEnd {
      let tick: UInt64 = try reader.read()
      guard tick >= entries.last?.tick ?? 0, let kind = Kind(rawValue: try reader.read()) else {
        throw .malformed
      }
      switch kind {
      case .serial: append(.serial(try reader.readArray()), at: tick)
      case .keys: append(.keys(try reader.readText()), at: tick)
      case .secondSerial: append(.secondSerial(try reader.readArray()), at: tick)
      case .memory:
        let address: PhysicalAddress = try reader.read()
        guard address < 1 << 32 else { throw .malformed }
        append(.memory(address, try reader.readArray()), at: tick)
      case .register:
        guard let register = WritableRegister(number: try reader.read()) else { throw .malformed }
        append(.register(register, try reader.read()), at: tick)
      case .controlBlock:
        let offset: UInt16 = try reader.read()
        guard let field = VMCBField(rawValue: Int(offset)) else { throw .malformed }
        append(.controlBlock(field, try reader.read()), at: tick)
      }
    }
  }
}
