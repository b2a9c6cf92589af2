import Chipset
import Monitors
import X86

/// A machine between two instructions without its memory and its inputs, as a value.
struct MachineState {
  let processor: ProcessorState
  /// What the monitor saves, see `Monitor.save`; nil without one.
  let monitor: [UInt64]?
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
      processor: cpu.state, monitor: monitor?.save(cpu), log: cpu.log.state(limit: logLimit),
      board: writer.bytes,
      disks: disks.map(\.changed), checkedEvents: checkedEvents, ticks: ticks,
      instructions: instructions)
  }

  /// Makes everything but memory and inputs what it was. False if the monitor cannot have been that.
  func restore(_ moment: MachineState) -> Bool {
    var reader = StateReader(moment.board, omittingMedia: true)
    do {
      try board.load(from: &reader)
    } catch {
      preconditionFailure("a board takes back what it has saved: \(error)")
    }
    for (disk, changed) in zip(disks, moment.disks) { disk.changed = changed }
    cpu.state = moment.processor
    cpu.log.restore(moment.log)
    let isTaken = monitor?.restore(moment.monitor ?? [], &cpu) ?? true
    checkedEvents = moment.checkedEvents
    condition?.checked = cpu.log.end
    condition?.passedTick = .max
    _ = cpu.takeWatchedAccesses()
    return isTaken
  }

  /// From now on keeps what is in a page before it changes, whichever processor writes to it. Returns
  /// the pages written to so far, see `CPU.keepOldPages`.
  func keepOldPages() -> [PhysicalAddress] {
    monitor?.withdrawWrites()
    return cpu.keepOldPages()
  }

  /// The pages written to since the last call, see `CPU.takeChanges`.
  func takeChanges() -> [PageChange] {
    monitor?.withdrawWrites()
    return cpu.takeChanges()
  }

  /// Gives a page of RAM other contents; nil means zeros. The page must have contents of its own.
  func write(_ page: Page?, at address: PhysicalAddress) {
    if let page, page.bytes == nil { preconditionFailure("memory does not have this page") }
    write(bytes: page?.bytes, at: address)
  }

  /// The same from 4096 bytes somewhere.
  func write(bytes: UnsafeRawPointer?, at address: PhysicalAddress) {
    guard let host = cpu.memory.host(at: address) else { return }
    if let bytes {
      host.copyMemory(from: bytes, byteCount: 4096)
    } else {
      host.initializeMemory(as: UInt8.self, repeating: 0, count: 4096)
    }
    cpu.memoryChanged(at: address, size: 4096)
    monitor?.memoryChanged(at: address, size: 4096)
  }
}
