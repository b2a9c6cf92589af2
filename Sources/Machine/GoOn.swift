import Chipset
import Monitors
import X86

extension Machine {
  /// Goes on where another machine of the same guest is, between two instructions: with its processor,
  /// memory, devices, time and input so far. So a guest changes its mode while it runs; for it nothing
  /// changes. Not for `para`, whose guests are others.
  public func goOn(from other: Machine) {
    for address in cpu.memory.writablePages {
      guard let source = other.cpu.memory.host(at: address), let host = cpu.memory.host(at: address)
      else { continue }
      cpu.memory.changes.willWrite(at: address, size: 1)
      host.copyMemory(from: source, byteCount: 4096)
    }
    var writer = StateWriter(omittingMedia: true)
    other.board.save(into: &writer)
    var reader = StateReader(writer.bytes, omittingMedia: true)
    do {
      try board.load(from: &reader)
    } catch {
      preconditionFailure("a board takes what another one of its kind has saved: \(error)")
    }
    for (disk, source) in zip(disks, other.disks) { disk.changed = source.changed }
    cpu.state = other.cpu.state
    cpu.log.restore(other.cpu.log.state(limit: other.cpu.log.capacity))
    checkedEvents = other.checkedEvents
    journal = other.journal
    replay = []
    replayed = 0
    cpu.memoryChanged(at: 0, size: ram.size)
    monitor?.memoryChanged(at: 0, size: ram.size)
    monitor?.reset(&cpu)
  }
}
