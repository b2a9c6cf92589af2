import Monitors
import X86

/// What a debugger does to a machine. Waiting for something leaves no trace in it; changing
/// something is an input like any other, so that it happens again when the run is repeated.
extension Machine {
  /// What `run` is to come back for, as `.watched`, from now on. In place of a predicate, see
  /// `stop(when:)`. The next run goes on behind what was reported.
  public func setWatch(_ watch: Watch) {
    stop(when: nil)
    self.watch = watch.isEmpty ? nil : watch
    let code = watch.instructions.sorted().map { $0...$0 }
    let data = watch.areas.map(\.range)
    cpu.watch(code: code, data: data, kinds: 0)
    monitor?.watch(code: code, data: data)
  }

  /// Lets the next instruction pass although it is waited for.
  public func passWatch() {
    cpu.passWatchedInstruction()
    monitor?.passWatchedInstruction()
  }

  /// The access that the last single step made and that was waited for.
  public func takeWatchHit() -> Watch.Hit? {
    defer { stepHit = nil }
    return stepHit
  }

  /// What a run that ended this way has met.
  func watchHit(_ exit: RunExit) -> Watch.Hit? {
    guard let watch else { return nil }
    if exit == .breakpoint {
      return .instruction(cpu.segment(SegmentRegister.cs).base &+ cpu.eip)
    }
    return watch.hit(cpu.takeWatchedAccesses())
  }

  /// Puts bytes into RAM from outside.
  func poke(_ address: PhysicalAddress, _ bytes: [UInt8]) {
    cpu.memory.changes.willWrite(at: address, size: bytes.count)
    for (offset, byte) in bytes.enumerated() {
      let place = address + UInt64(offset)
      guard cpu.memory.isWritable(at: place) else { continue }
      cpu.memory.host(at: place)?.storeBytes(of: byte, as: UInt8.self)
    }
    cpu.memoryChanged(at: address, size: bytes.count)
    monitor?.memoryChanged(at: address, size: bytes.count)
  }
}
