import Chipset
import X86

/// A machine between two instructions without its memory and its inputs, as a value.
struct MachineState {
  let processor: ProcessorState
  let log: TransitionLogState
  /// All devices, without what is on their media.
  let board: [UInt8]
  /// What the guest has written to each of `Machine.disks`.
  let disks: [[UInt64: [UInt8]]]
  let checkedEvents: UInt64
  let ticks: UInt64
  let instructions: UInt64
}

extension Machine {
  /// The moment between two instructions at which the machine is now, with the newest `logLimit`
  /// transitions.
  func moment(logLimit: Int) -> MachineState {
    var writer = StateWriter(omittingMedia: true)
    board.save(into: &writer)
    return MachineState(
      processor: cpu.state, log: cpu.log.state(limit: logLimit), board: writer.bytes,
      disks: disks.map(\.changed), checkedEvents: checkedEvents, ticks: ticks,
      instructions: instructions)
  }

  /// Makes everything but memory and inputs what it was.
  func restore(_ moment: MachineState) {
    var reader = StateReader(moment.board, omittingMedia: true)
    do {
      try board.load(from: &reader)
    } catch {
      preconditionFailure("a board takes back what it has saved: \(error)")
    }
    for (disk, changed) in zip(disks, moment.disks) { disk.changed = changed }
    cpu.state = moment.processor
    cpu.log.restore(moment.log)
    checkedEvents = moment.checkedEvents
    condition?.checked = cpu.log.end
    condition?.passedTick = .max
    _ = cpu.takeWatchedAccesses()
  }

  /// Gives a page of RAM other contents; nil means zeros. The page must have contents of its own.
  func write(_ page: Page?, at address: PhysicalAddress) {
    guard let host = cpu.memory.host(at: address) else { return }
    if let page {
      guard let bytes = page.bytes else { preconditionFailure("memory does not have this page") }
      host.copyMemory(from: bytes, byteCount: 4096)
    } else {
      host.initializeMemory(as: UInt8.self, repeating: 0, count: 4096)
    }
    cpu.memoryChanged(at: address, size: 4096)
  }
}
